"""All devices of a session: whatever happens to one, the others go on, and one that comes back is read again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from .device import Device, State
from .discovery import Found
from .errors import DeviceError
from .families import open_device
from .health import SensorHealth
from .radio import Radio
from .reading import Reading
from .sensor import SensorDevice


@dataclass(frozen=True)
class DeviceStatus:
    """One device and its sensors; `fault` is the last thing that went wrong, None where nothing did."""

    name: str
    state: State
    fault: DeviceError | None
    sensors: tuple[SensorHealth, ...]


class Roster:
    """Devices by address. Closing it closes them all; the `radio` stays the caller's."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self._devices: dict[str, SensorDevice] = {}
        self._failed: dict[str, DeviceError] = {}

    @property
    def held(self) -> frozenset[str]:
        """Addresses that are open: a search must leave them alone."""
        return frozenset(self._devices)

    def add(self, found: Iterable[Found]) -> Sequence[DeviceError]:
        """Connect to what can be used and is not connected; what could not be connected, which is no harm to the rest.

        Called again with what a new search found, it takes in what was plugged in since, and what failed before.
        """
        errors = []
        for thing in found:
            if not thing.usable or thing.address in self._devices:
                continue
            assert thing.family is not None
            try:
                device = open_device(thing.family, thing.transport, thing.address, self._radio)
                device.connect()
            except DeviceError as error:
                self._failed[thing.address] = error
                errors.append(error)
            else:
                self._failed.pop(thing.address, None)
                self._devices[thing.address] = device
        return errors

    def read_unread(self) -> Sequence[Reading]:
        """What all said since the last call, without waiting. A device that gave up is let go and kept as failed."""
        readings: list[Reading] = []
        for address, device in list(self._devices.items()):
            try:
                readings += device.read_unread()
            except DeviceError as error:
                self._let_go(address, device)
                self._failed[address] = error
        return readings

    def _let_go(self, address: str, device: Device[Reading]) -> None:
        del self._devices[address]
        device.close()

    def status(self) -> Sequence[DeviceStatus]:
        """How every device is doing, those that failed too."""
        working = [
            DeviceStatus(device.name, device.state, device.faults[-1] if device.faults else None, device.health)
            for device in self._devices.values()
        ]
        return working + [DeviceStatus(error.device, State.FAILED, error, ()) for error in self._failed.values()]

    def reset_heading(self) -> Sequence[DeviceError]:
        """Of all; those that cannot."""
        errors = []
        for device in self._devices.values():
            try:
                device.reset_heading()
            except DeviceError as error:
                errors.append(error)
        return errors

    def close(self) -> None:
        """Close all, whatever single ones say; then raise the first of that."""
        errors = []
        for address, device in list(self._devices.items()):
            try:
                self._let_go(address, device)
            except DeviceError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
