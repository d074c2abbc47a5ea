"""What can be asked of a session, by whichever process."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias

from ..devices.discovery import Found
from ..inference.device_choice import Wish
from .calibrating.start import Start
from .run import Run

Answer: TypeAlias = Future[Mapping[str, Any]]
Request: TypeAlias = Callable[[Run], Mapping[str, Any]]


class Requests(ABC):
    """Each gives a `Future`; what is refused raises BadInputError there."""

    @abstractmethod
    def request(self, what: Request) -> Answer:
        """To be done by the session's thread between two turns. `what` can be pickled."""

    def record(self, name: str) -> Answer:
        """Start the take `name`; its path is `take` in the answer."""
        return self.request(partial(Run.start_recording, name=name))

    def stop_recording(self) -> Answer:
        """Finish it; the session stays live."""
        return self.request(Run.stop_recording)

    def calibrate(self, start: Start | None = None, only: Sequence[str] = ()) -> Answer:
        """Once more, from the next seconds on: as `start` says, or only the sensors named in `only`."""
        return self.request(partial(Run.start_calibration, start=start, only=frozenset(only)))

    def use_kept(self) -> Answer:
        """While calibrating: the calibration kept for the performer, instead of the whole sequence."""
        return self.request(Run.use_kept)

    def reset(self, full: bool = False) -> Answer:
        """While live: the way the performer faces becomes forward. With `full`, from a T-pose held at rest, headings
        and mountings anew."""
        return self.request(partial(Run.reset, full=full))

    def swap_network(self, network: str, device: Wish | None = None) -> Answer:
        """Change to another network, or the place it runs; the one at hand goes on until that is ready, and if it
        cannot be used."""
        return self.request(partial(Run.swap, network=network, device=device))

    def connect(self, found: Sequence[Found]) -> Answer:
        """Connect to more devices beside those that are open; what cannot be connected is told in `status.devices`."""
        return self.request(partial(Run.connect_more, found=tuple(found)))

    def forget(self, address: str) -> Answer:
        """Close the device at `address`, and tell no more of it."""
        return self.request(partial(Run.forget, address=address))

    def wear(self, slots: Mapping[str, str]) -> Answer:
        """Say where sensors are worn, by name; it counts from the next calibration on."""
        return self.request(partial(Run.wear, slots=dict(slots)))
