"""From what a device said to what a take keeps: a stamp on the host's clock, orientation and free acceleration, Y up.

A sensor's own stamps are even and its arrivals are not. An arrival is never early, so the smallest difference between
the two lately is the offset of the clocks. Stamps of one sensor always rise.
"""

from dataclasses import dataclass
from math import sqrt

from ..devices.log import GRAVITY
from ..devices.reading import Acceleration, Quaternion, Reading, Vector

FORGET = 200e-6  # by which the offset is let grow, seconds a second: more than any crystal runs off
RESTART = 1_000_000_000  # ns that an arrival may differ from its stamp before the sensor's clock counts as set anew
_H = sqrt(0.5)


@dataclass(frozen=True, slots=True)
class Stamped:
    """`t_ns` on `time.monotonic_ns()`; `values` as `TakeWriter.add_sample` takes them; `host_ns` of its arrival."""

    sensor: str
    t_ns: int
    t_device: int
    host_ns: int
    values: tuple[float, ...]


@dataclass(slots=True)
class _Clock:
    offset: float
    heard_ns: int
    last_ns: int = 0


class Stamper:
    """All sensors of a session."""

    def __init__(self) -> None:
        self._clocks: dict[str, _Clock] = {}
        self.without_orientation: set[str] = set()

    def stamp(self, reading: Reading) -> Stamped | None:
        """None for what holds no orientation and no acceleration; such sensors are in `without_orientation`."""
        if reading.orientation is None or reading.acceleration is None or reading.acceleration_kind is None:
            if reading.is_motion and reading.orientation is None:
                self.without_orientation.add(reading.sensor)
            return None
        t_ns = self._time(reading)
        free = free_acceleration(reading.orientation, reading.acceleration, reading.acceleration_kind)
        values = (*_to_y_up(reading.orientation), free[0], free[2], -free[1])
        device = reading.stamp_ns if reading.stamp_ns is not None else reading.host_ns
        return Stamped(reading.sensor, t_ns, device, reading.host_ns, values)

    def _time(self, reading: Reading) -> int:
        host = reading.host_ns
        stamp = host if reading.stamp_ns is None else reading.stamp_ns
        clock = self._clocks.get(reading.sensor)
        if clock is None or abs(host - stamp - clock.offset) > RESTART:
            last = 0 if clock is None else clock.last_ns
            clock = self._clocks[reading.sensor] = _Clock(host - stamp, host, last)
        grown = clock.offset + FORGET * (host - clock.heard_ns)
        clock.offset, clock.heard_ns = min(grown, host - stamp), host
        clock.last_ns = max(clock.last_ns + 1, round(stamp + clock.offset))
        return clock.last_ns


def free_acceleration(orientation: Quaternion, acceleration: Vector, kind: Acceleration) -> Vector:
    """Without gravity, in the sensor's world (Z up)."""
    if kind is Acceleration.FREE_WORLD:
        return acceleration
    x, y, z = _rotate(orientation, acceleration)
    return (x, y, z - GRAVITY) if kind is Acceleration.RAW else (x, y, z)


def _rotate(q: Quaternion, v: Vector) -> Vector:
    # plain numbers: NumPy's calls would take most of the time on single samples
    w, x, y, z = q
    a, b, c = v
    i, j, k = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return a + w * i + y * k - z * j, b + w * j + z * i - x * k, c + w * k + x * j - y * i


def _to_y_up(q: Quaternion) -> Quaternion:
    """A turn by -90° about x, put before."""
    w, x, y, z = q
    return _H * (w + x), _H * (x - w), _H * (y + z), _H * (z - y)
