"""What a family knows: how its devices are set up and what their bytes mean. The rest is the same for all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol

from .errors import DeviceError
from .link import Chunk, Link
from .reading import Packet, Parse, Sample


@dataclass(frozen=True, slots=True)
class Heard:
    """A `sample` of the sensor `part` of a device ("" where it has only one); `lost` as in `Reading`."""

    sample: Sample
    part: str = ""
    lost: int | None = None


Note = Callable[[DeviceError], None]


class Driver(Protocol):
    """One connection's worth of a family; made anew for every connection, so that nothing is left of the one before.

    `rate`: samples a second of each sensor as set up, None where only the device knows. `complaint`: why what came
    last cannot be read, for the case that nothing else comes; else "".
    """

    rate: float | None
    complaint: str

    def start(self, link: Link) -> None:
        """Set the device up and start its stream. Raises DeviceError."""

    def feed(self, chunk: Chunk) -> Sequence[Heard]:
        """What `chunk` completes, in the order of sampling."""

    def tick(self, link: Link, now_ns: int) -> Sequence[Heard]:
        """Called several times a second, for heartbeats and questions; what it learned by asking."""

    def stop(self, link: Link) -> None:
        """Tell the device to stop, where that is polite. It may be gone already."""

    def reset_heading(self, link: Link) -> None:
        """Make the present heading the new zero. Raises DeviceError with Reason.UNSUPPORTED where it cannot."""


class Streams(Generic[Packet]):
    """The unread rest of each source, and the packets that each chunk completes."""

    def __init__(self, parse: Parse[Packet]) -> None:
        self._parse = parse
        self._rests: dict[str, bytes] = {}

    def packets(self, chunk: Chunk) -> Iterator[Packet]:
        """Whole packets of the chunk's source."""
        found, rest = self._parse(self._rests.get(chunk.source, b"") + chunk.data)
        if not chunk.whole:
            self._rests[chunk.source] = rest
        yield from found
