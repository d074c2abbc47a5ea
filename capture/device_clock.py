"""Device time on this computer's clock, from when samples arrive.

A sample can only arrive late. So the least of arrival - stamp in every second is close to the true offset of the two
clocks, and a straight line through the last of these minima is offset and drift. Sensors without stamps get a virtual
clock: the count of their samples times a period found in the same way.
"""

from collections import deque
from dataclasses import dataclass

SECOND = 1_000_000_000
MINIMA = 60  # seconds that the line is drawn through: crystals warm up over minutes
# what is believed of clocks before they were heard for long: crystals run off by this (share), minima by this (seconds)
USUAL_DRIFT, USUAL_ERROR = 50e-6, 0.5e-3
OUTLIER = 3.0  # usual deviations above the line at which a minimum is of a second in which everything was late
JUMP = SECOND // 2  # ns by which a clock that was not set anew cannot be off the line
STALL = 5 * SECOND  # ns for which all may come late before the device's clock is taken to have stood still
# of sensors without stamps
LOOSE_DRIFT = 0.05
FEWEST = 32  # arrivals until their period is believed
SETTLED = 3  # seconds until a sample that seems a period off is not put down to the period
LONGEST_LULL = 3  # periods
LATE = 3  # samples that come late in a row until others are taken to be lost
PHASE = 0.6  # of a period: over that, a sample is not late but another one


@dataclass(frozen=True, slots=True)
class _Minimum:
    """The least of arrival - stamp in a second, and the stamp of that sample; ns."""

    stamp: int
    offset: int


class DeviceClock:
    """Of one sensor that stamps its samples. `drift`: share by which its clock may usually be off."""

    def __init__(self, drift: float = USUAL_DRIFT) -> None:
        self._belief = (USUAL_ERROR / drift) ** 2  # s²
        self._start()

    def _start(self) -> None:
        self._minima: deque[_Minimum] = deque(maxlen=MINIMA)
        self._best: _Minimum | None = None  # of the present second
        self._stamp = -1
        self._host = -1
        self._middle, self._height, self._slope = 0, 0.0, 0.0
        self._late_since: int | None = None

    def host_time(self, stamp_ns: int, arrival_ns: int) -> int:
        """When the sample was taken, on the clock of `arrival_ns`; rising, and never after its arrival.

        Starts anew where the device's clock was set: it ran back, or is off the line by half a second.
        """
        if self._was_set(stamp_ns, arrival_ns):
            self._start()
        offset = arrival_ns - stamp_ns
        if self._best is None or stamp_ns // SECOND > self._best.stamp // SECOND:
            if self._best is not None:
                self._minima.append(self._best)
                self._fit()
            self._best = _Minimum(stamp_ns, offset)
        elif offset < self._best.offset:
            self._best = _Minimum(stamp_ns, offset)
        if not self._minima:
            self._middle, self._height = stamp_ns, float(self._best.offset)
        self._stamp = stamp_ns
        self._host = max(min(stamp_ns + self.offset(stamp_ns), arrival_ns), self._host + 1)
        return self._host

    def hear(self, stamp_ns: int, arrival_ns: int) -> None:
        """Of a sample that waits with others to be placed: of a burst the last is the least late.

        It matters in the first second, before there is a line: a stream may begin in a stall.
        """
        offset = arrival_ns - stamp_ns
        if self._minima:
            return
        if self._best is None or self._best.offset - JUMP < offset < self._best.offset:
            self._best = _Minimum(stamp_ns, offset)

    def offset(self, stamp_ns: int) -> int:
        """Host time minus device time by the line, ns."""
        return round(self._height + self._slope * (stamp_ns - self._middle))

    @property
    def seconds(self) -> int:
        """How many the line is drawn through."""
        return len(self._minima)

    def forget_second(self) -> None:
        """The stamps of the present second were wrong: it shall not count."""
        self._best = None

    @property
    def drift(self) -> float:
        """By what share the host's clock is faster than the device's."""
        return self._slope

    def _was_set(self, stamp_ns: int, arrival_ns: int) -> bool:
        if self._stamp < 0:
            return False
        # a late packet may be older than the one before, but not by much
        if stamp_ns < self._stamp - JUMP:
            return True
        off = arrival_ns - stamp_ns - self.offset(stamp_ns)
        if off < -JUMP:
            return True
        if off < JUMP:
            self._late_since = None
            return False
        # samples may come late for a while; when all do, the device's clock stood still
        self._late_since = self._late_since or arrival_ns
        return arrival_ns - self._late_since > STALL

    def _fit(self) -> None:
        kept = list(self._minima)
        for _ in range(2):
            self._draw(kept)
            above = [minimum.offset - self.offset(minimum.stamp) for minimum in kept]
            usual = sorted(map(abs, above))[len(above) // 2]
            kept = [one for one, off in zip(kept, above, strict=True) if off <= OUTLIER * usual] or kept
        self._draw(kept)

    def _draw(self, minima: list[_Minimum]) -> None:
        """Least squares; the slope is held near 0 until there is more evidence than belief."""
        count, first = len(minima), minima[0]
        seconds = [(one.stamp - first.stamp) / SECOND for one in minima]
        offsets = [float(one.offset - first.offset) for one in minima]
        middle, height = sum(seconds) / count, sum(offsets) / count
        spread = sum((s - middle) ** 2 for s in seconds)
        rise = sum((s - middle) * (offset - height) for s, offset in zip(seconds, offsets, strict=True))
        self._middle = first.stamp + round(middle * SECOND)
        self._height = first.offset + height
        self._slope = rise / (spread + self._belief) / SECOND


class VirtualClock:
    """Of one sensor without stamps: its samples are counted and taken to come at an even rate.

    `rate` Hz as it was set, None where only the device knows. Such clocks are allowed to be off by 5 %.
    """

    def __init__(self, rate: float | None = None) -> None:
        self._period = None if rate is None else SECOND / rate
        self._arrival: int | None = None
        self._host = -1
        self._start()

    def _start(self) -> None:
        """Anew, but for the period."""
        self._line = DeviceClock(LOOSE_DRIFT)
        self._count = 0
        self._arrivals: list[int] = []
        self._late: list[float] = []
        self._least: float | None = None  # lateness in the present second, ns
        self._second_end = 0

    def host_time(self, arrival_ns: int, lost: int = 0) -> int:
        """When the sample was taken; rising, never after its arrival. `lost` samples are known to be missing before it.

        After a gap of over three periods the count is put right at the third sample that comes: until then nobody knows
        whether samples were lost or held up. A second of silence starts it anew.
        """
        lull = 0 if self._arrival is None else arrival_ns - self._arrival
        self._arrival = arrival_ns
        if lull > SECOND:
            self._start()
        self._count += 1 + lost
        if self._period is None:
            host = self._guess(arrival_ns)
        else:
            if self._line.seconds >= SETTLED and (missed := self._missed(arrival_ns, lull, self._period)):
                self._count += missed
                self._line.forget_second()
            host = self._line.host_time(round(self._count * self._period), arrival_ns)
        self._host = max(min(host, arrival_ns), self._host + 1)
        return self._host

    def _guess(self, arrival_ns: int) -> int:
        """Arrivals themselves, until there are enough to tell the period."""
        self._arrivals.append(arrival_ns)
        if len(self._arrivals) == FEWEST:
            self._period = (arrival_ns - self._arrivals[0]) / (FEWEST - 1)
        return arrival_ns

    def _missed(self, arrival_ns: int, lull: int, period: float) -> int:
        """Samples by which the count is behind (or, negative, ahead) of what comes."""
        stamp = round(self._count * period)
        late = arrival_ns - stamp - self._line.offset(stamp)
        # samples that were held up come in a bunch; those that come as usual and late tell of others that were lost
        usual = late > LONGEST_LULL * period and lull > period / 2
        self._late = [*self._late, late] if usual else []
        if late < -PHASE * period:
            # samples only arrive late: those that seemed lost were not
            return round(late / period)
        if len(self._late) == LATE:
            missed, self._late = round(min(self._late) / period), []
            return missed
        return self._missed_unnoticed(arrival_ns, late, period)

    def _missed_unnoticed(self, arrival_ns: int, late: float, period: float) -> int:
        """Single losses make no lull, but after them everything is late."""
        self._least = late if self._least is None else min(self._least, late)
        if arrival_ns < self._second_end:
            return 0
        missed = round(self._least / period) if self._second_end and self._least > PHASE * period else 0
        self._least, self._second_end = None, arrival_ns + SECOND
        return missed
