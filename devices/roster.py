"""All devices of a session: whatever happens to one, the others go on, and one that comes back is read again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from .device import Device, State
from .discovery import Found
from .errors import DeviceError
from .families import FamilyOptions, open_device
from .health import SensorHealth
from .radio import Radio
from .reading import Reading
from .sensor import SensorDevice


@dataclass(frozen=True)
class DeviceStatus:
    """One device and its sensors; `fault` is the last thing that went wrong, None where nothing did. `address` as
    `Found` has it."""

    name: str
    state: State
    fault: DeviceError | None
    sensors: tuple[SensorHealth, ...]
    address: str = ""


class Roster:
    """Devices by address. Closing it closes them all; the `radio` stays the caller's. `options` by family."""

    def __init__(self, radio: Radio, options: Mapping[str, FamilyOptions] | None = None) -> None:
        self._radio = radio
        self._options = options or {}
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
            try:
                self.admit(thing.address, self.connected(thing))
            except DeviceError as error:
                self.refuse(thing.address, error)
                errors.append(error)
        return errors

    def connected(self, thing: Found) -> SensorDevice:
        """The device of `thing`, for `admit`; takes seconds; from any thread. Raises ConnectError."""
        device = open_device(
            thing.family or "", thing.transport, thing.address, self._radio, self._options.get(thing.family or "")
        )
        device.connect()
        return device

    def admit(self, address: str, device: SensorDevice) -> None:
        """Read it from now on; it is closed with the others."""
        self._failed.pop(address, None)
        self._devices[address] = device

    def refuse(self, address: str, error: DeviceError) -> None:
        """Keep why it could not be connected."""
        self._failed[address] = error

    def forget(self, address: str) -> bool:
        """Close the device at `address` and tell no more of it; whether there was one."""
        known = self._failed.pop(address, None) is not None
        device = self._devices.get(address)
        if device is not None:
            self._let_go(address, device)
        return known or device is not None

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
            DeviceStatus(
                device.name, device.state, device.faults[-1] if device.faults else None, device.health, address
            )
            for address, device in self._devices.items()
        ]
        failed = self._failed.items()
        return working + [DeviceStatus(error.device, State.FAILED, error, (), address) for address, error in failed]

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
