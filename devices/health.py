"""How sensors are doing: rate, loss, battery, and whether the magnetic field about them is disturbed."""

import math
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from .reading import Reading

WINDOW = 5.0  # seconds that rate and loss are taken over
FIELD_SECONDS = 10.0  # of undisturbed field that later field is compared with
SHAKE_SECONDS = 0.7  # that shaking is told from
DISTURBED = 0.2  # share by which a field's strength may differ from before


@dataclass(frozen=True)
class SensorHealth:
    """`rate` Hz over the last seconds; `loss` 0 to 1; `battery` 0 to 1; `age` seconds since its last reading.

    `loss` is None where the device neither counts nor stamps its samples and has no known rate. `field` is the
    strength of the magnetic field relative to what the sensor measured first; `disturbed` where it is far from 1.
    `nominal` Hz is what the device was set to; `shaking` how much the strength of its acceleration varies, m/s²: by it
    the one sensor that is shaken is told from those that lie still.
    """

    sensor: str
    rate: float
    loss: float | None
    battery: float | None
    field: float | None
    disturbed: bool
    age: float
    readings: int
    lost: int
    nominal: float | None = None
    shaking: float = 0.0


class _Monitor:
    """One sensor's."""

    def __init__(self, sensor: str) -> None:
        self.sensor = sensor
        self.battery: float | None = None
        self.readings = self.lost = 0
        self.last_ns = 0
        self._recent: deque[tuple[int, int]] = deque()  # arrival, samples lost before it
        self._recent_lost = 0
        self._tells_loss = False
        self._field: float | None = None
        self._usual: float | None = None
        self._field_from = 0
        self._pull: deque[tuple[int, float]] = deque()  # arrival, strength of acceleration

    def add(self, reading: Reading) -> None:
        if reading.battery is not None:
            self.battery = reading.battery
        if reading.magnetic is not None:
            self._add_field(reading.magnetic, reading.host_ns)
        if reading.acceleration is not None:
            self._pull.append((reading.host_ns, math.hypot(*reading.acceleration)))
        if not reading.is_motion:
            return
        lost = reading.lost or 0
        self.readings += 1
        self.lost += lost
        self.last_ns = reading.host_ns
        self._tells_loss |= reading.lost is not None
        self._recent.append((reading.host_ns, lost))
        self._recent_lost += lost
        self._forget(reading.host_ns)

    def _forget(self, now: int) -> None:
        while self._recent and now - self._recent[0][0] > WINDOW * 1e9:
            self._recent_lost -= self._recent.popleft()[1]
        while self._pull and now - self._pull[0][0] > SHAKE_SECONDS * 1e9:
            self._pull.popleft()

    def _add_field(self, magnetic: tuple[float, float, float], now: int) -> None:
        strength = math.hypot(*magnetic)
        self._field = strength if self._field is None else 0.95 * self._field + 0.05 * strength
        self._field_from = self._field_from or now
        if now - self._field_from < FIELD_SECONDS * 1e9:
            self._usual = self._field

    def report(self, now: int, nominal: float | None) -> SensorHealth:
        self._forget(now)
        rate = 0.0
        if len(self._recent) > 1 and (span := self._recent[-1][0] - self._recent[0][0]) > 0:
            rate = (len(self._recent) - 1) / (span / 1e9)
        field = self._field / self._usual if self._field is not None and self._usual else None
        return SensorHealth(
            self.sensor,
            rate,
            self._loss(rate, nominal),
            self.battery,
            field,
            field is not None and abs(field - 1) > DISTURBED,
            (now - self.last_ns) / 1e9 if self.last_ns else math.inf,
            self.readings,
            self.lost,
            nominal,
            statistics.pstdev(pull for _, pull in self._pull) if len(self._pull) > 1 else 0.0,
        )

    def _loss(self, rate: float, nominal: float | None) -> float | None:
        """By count or stamp where there is one, else by what is missing from the nominal rate."""
        if self._tells_loss:
            came = len(self._recent)
            return self._recent_lost / (came + self._recent_lost) if came + self._recent_lost else None
        if nominal is None or not self._recent:
            return None
        return min(1.0, max(0.0, 1 - rate / nominal))


class HealthMonitor:
    """Fed by the reader's thread, asked by others."""

    def __init__(self) -> None:
        self._monitors: dict[str, _Monitor] = {}
        self._nominal: float | None = None
        self._lock = threading.Lock()

    def set_rate(self, nominal: float | None) -> None:
        """Samples a second that the device was set to."""
        self._nominal = nominal

    def add(self, readings: Iterable[Reading]) -> None:
        """What came."""
        with self._lock:
            for reading in readings:
                self._monitors.setdefault(reading.sensor, _Monitor(reading.sensor)).add(reading)

    def report(self) -> tuple[SensorHealth, ...]:
        """Every sensor that was ever heard, by name."""
        now = time.monotonic_ns()
        with self._lock:
            return tuple(self._monitors[name].report(now, self._nominal) for name in sorted(self._monitors))
