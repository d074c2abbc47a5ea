"""From what a device said to what a take keeps: host time, orientation and free acceleration, world Y up."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..devices.orientation import LiveOrientation
from ..devices.reading import Reading
from .device_clock import SECOND, DeviceClock, VirtualClock


@dataclass(frozen=True, slots=True)
class Stamped:
    """`t_ns` on `time.monotonic_ns()`; `values` as `TakeWriter.add_sample` takes them; `host_ns` of its arrival."""

    sensor: str
    t_ns: int
    t_device: int
    host_ns: int
    values: tuple[float, ...]


@dataclass
class _Heard:
    """One sensor: its clock, and how its orientation is found; before that, how often it was heard since when."""

    clock: DeviceClock | VirtualClock
    since_ns: int
    count: int = 0
    orientation: LiveOrientation | None = None


class Stamper:
    """All sensors of a session."""

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}

    def stamp_all(self, readings: Sequence[Reading]) -> list[Stamped]:
        """Those that came together: of sensors that stamp, each is heard before the first is placed."""
        for reading in readings:
            if not reading.is_motion or reading.stamp_ns is None:
                continue
            clock = self._of(reading).clock
            if isinstance(clock, DeviceClock):
                clock.hear(reading.stamp_ns, reading.host_ns)
        return [stamped for reading in readings if (stamped := self.stamp(reading)) is not None]

    def stamp(self, reading: Reading) -> Stamped | None:
        """None for what says too little, and in the first second of a sensor whose orientation is found here.

        Raises ConnectError where the library for that is missing.
        """
        if not reading.is_motion:
            return None
        heard = self._of(reading)
        t_ns = _host_time(heard.clock, reading)
        heard.count += 1
        if heard.orientation is None and not self._knows_rate(heard, reading):
            return None
        assert heard.orientation is not None
        posture = heard.orientation.add(reading)
        if posture is None:
            return None
        device = reading.host_ns if reading.stamp_ns is None else reading.stamp_ns
        values = (*posture.orientation.tolist(), *posture.acceleration.tolist())
        return Stamped(reading.sensor, t_ns, device, reading.host_ns, values)

    def _of(self, reading: Reading) -> _Heard:
        """What is known of its sensor, from its first reading on."""
        if reading.sensor not in self._heard:
            clock = VirtualClock() if reading.stamp_ns is None else DeviceClock()
            self._heard[reading.sensor] = _Heard(clock, reading.host_ns)
        return self._heard[reading.sensor]

    @staticmethod
    def _knows_rate(heard: _Heard, reading: Reading) -> bool:
        """Sensors that fuse by themselves need none; of others it is counted for a second."""
        passed = reading.host_ns - heard.since_ns
        if reading.orientation is None and passed < SECOND:
            return False
        heard.orientation = LiveOrientation(reading.sensor, heard.count * SECOND / max(passed, SECOND))
        return True


def _host_time(clock: DeviceClock | VirtualClock, reading: Reading) -> int:
    if isinstance(clock, VirtualClock):
        return clock.host_time(reading.host_ns, reading.lost or 0)
    # a device that stamps its samples stamps them all
    return clock.host_time(reading.host_ns if reading.stamp_ns is None else reading.stamp_ns, reading.host_ns)
