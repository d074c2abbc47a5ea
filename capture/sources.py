"""Which sensors a session reads: what is plugged in, named ones, or simulated ones."""

import re
import socket
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from ..devices.discovery import Found, discover
from ..devices.errors import ConnectError, DeviceError, Reason
from ..devices.families import FAMILIES
from ..devices.log import assign_slots, slot_from_name
from ..devices.radio import Radio
from ..devices.reading import Reading
from ..devices.roster import DeviceStatus, Roster
from ..devices.simulated.cast import Cast, Production
from ..devices.simulated.speaker import Imperfections
from .still_start import no_logs

SIMULATED, ALL = "simulated", "all"
SEARCH = 3.0  # seconds
_BLE_ADDRESS = re.compile(r"([0-9a-f]{2}[:-]){5}[0-9a-f]{2}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def parse_spec(spec: str) -> Found | None:
    """The one device that `FAMILY:ADDRESS` names; None where it has to be searched for."""
    family, colon, address = spec.partition(":")
    if not colon or family not in FAMILIES or not address:
        return None
    if address.startswith("udp:") or address.isdigit():
        return Found("udp", f"udp:{address.removeprefix('udp:')}", family, spec)
    return Found("ble" if _BLE_ADDRESS.fullmatch(address) else "serial", address, family, spec)


class Sensors:
    """Opened in the thread that reads them. `specs`: `simulated`, `all`, a family, an address as `mocamba devices`
    lists it, or `FAMILY:ADDRESS`; `motion`: what the simulated performer does."""

    def __init__(self, specs: Sequence[str], simulated: Imperfections | None = None, motion: str = "walk") -> None:
        self._motion = motion
        self._specs = tuple(specs) or (ALL,)
        self._imperfections = simulated or Imperfections(clock_ppm=30)
        self._radio = Radio()
        self._roster = Roster(self._radio)
        self.cast: Cast | None = None

    @property
    def only_simulated(self) -> bool:
        """Whether nobody wears any of them."""
        return set(self._specs) == {SIMULATED}

    @property
    def expected(self) -> int:
        """Sensors that are sure to speak; 0 where nobody can know."""
        return len(self.cast.stage.actors) if self.cast is not None and self.only_simulated else 0

    def begin_again(self) -> None:
        """A simulated performer starts over; nobody else does."""
        if self.cast is not None:
            self.cast.stage.begin_again()

    def connect(self) -> Sequence[DeviceError]:
        """What could not be connected, as long as something could. Raises the first of that where nothing could."""
        found = [thing for spec in self._specs if (thing := parse_spec(spec)) is not None]
        if SIMULATED in self._specs:
            found.append(self._start_simulation())
        if searched := [spec for spec in self._specs if spec != SIMULATED and parse_spec(spec) is None]:
            found += self._search(searched)
        errors = self._roster.add(found)
        if not self._roster.held:
            raise errors[0] if errors else nothing_found(self._specs)
        return errors

    def _start_simulation(self) -> Found:
        # a port that is free; sensors of text lines over UDP run on every system
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.cast = Cast(Production("csv", "udp", self._motion, imperfections=self._imperfections, rate=100, port=port))
        self.cast.start()
        return Found("udp", f"udp:{port}", "csv", "simulated sensors")

    def _search(self, specs: Sequence[str]) -> Sequence[Found]:
        found = discover(self._radio, SEARCH)
        for spec in specs:
            if spec != ALL and not any(spec in (thing.address, thing.family) for thing in found):
                raise ConnectError(
                    spec, Reason.NOT_FOUND, "no such sensor is within reach.", "`mocamba devices` lists what is."
                )
        return [thing for thing in found if ALL in specs or thing.address in specs or thing.family in specs]

    def read_unread(self) -> Sequence[Reading]:
        """See `Roster.read_unread`."""
        return self._roster.read_unread()

    def status(self) -> Sequence[DeviceStatus]:
        """See `Roster.status`."""
        return self._roster.status()

    def close(self) -> None:
        """All of it, the simulation too."""
        try:
            self._roster.close()
        finally:
            try:
                if self.cast is not None:
                    self.cast.stop()
            finally:
                self._radio.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def nothing_found(specs: Sequence[str]) -> ConnectError:
    """Nothing could be used."""
    return ConnectError(
        ", ".join(specs),
        Reason.NOT_FOUND,
        "no sensor was found.",
        "Switch them on, see `mocamba devices`, or try without any: --imu simulated.",
    )


def slots_of(sensors: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Where each sensor is worn, by its name and what the user says. Raises BadInputError as `assign_slots` does."""
    logs = no_logs(sensors, {name: slot_from_name(name) for name in sensors})
    return {log.name: log.slot for log in assign_slots(logs, given) if log.slot is not None}
