"""Device clocks: counters that wrap, and what their steps tell of lost samples."""

from collections import deque
from statistics import median

LONGEST_GAP = 60_000_000_000  # ns; a longer step is a clock that was set, not a gap
STEPS = 32  # that the usual step is taken from


class WrappingClock:
    """A counter of `bits` whose unit is `unit_ns`; a fall by over half its range is a wrap, a smaller one a restart."""

    def __init__(self, unit_ns: int = 1000, bits: int = 32) -> None:
        self._unit_ns = unit_ns
        self._range = 1 << bits
        self._turns = 0
        self._last: int | None = None

    def unwrapped(self, count: int) -> int:
        """Nanoseconds since the counter was zero, on the turn it was first seen."""
        if self._last is not None:
            fall = self._last - count
            if fall > self._range // 2:
                self._turns += 1
            elif fall < -(self._range // 2):
                self._turns -= 1  # a late packet from before the wrap
        self._last = count
        return (self._turns * self._range + count) * self._unit_ns


class StampGaps:
    """How many samples are missing before each, by stamps in ns; `rate` where it is known, else the usual step."""

    def __init__(self, rate: float | None = None) -> None:
        self._period = 1e9 / rate if rate else None
        self._steps: deque[int] = deque(maxlen=STEPS)
        self._last: int | None = None

    def before(self, stamp_ns: int) -> int:
        """Lost samples between the last stamp and this one; none where the clock ran back or was restarted."""
        last, self._last = self._last, stamp_ns
        if last is None or not 0 < stamp_ns - last < LONGEST_GAP:
            return 0
        step = stamp_ns - last
        self._steps.append(step)
        if self._period is None and len(self._steps) < STEPS // 4:
            return 0
        period = self._period or median(self._steps)
        return max(0, round(step / period) - 1)
