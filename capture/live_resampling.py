"""Sensors brought to one even rate while they are read: as `clock.resample`, frame by frame."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..rig.motion import SOLVE_RATE
from ..rig.quaternion import slerp
from .clock import LONGEST_FILL

STEPS = 32  # that the usual one is taken from
FRESH = 2.0  # seconds without a word after which nobody waits for a sensor


@dataclass(frozen=True, eq=False)
class EvenFrame:
    """One moment of all sensors, in the order they were named: `orientation (S, 4)`, `acceleration (S, 3)`.

    `present (S,)` is False where nothing was measured within `LONGEST_FILL` samples: values are the last ones.
    """

    t_ns: int
    orientation: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    present: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Sample:
    t_ns: int
    orientation: NDArray[np.float64]
    acceleration: NDArray[np.float64]


class _Track:
    """The last samples of one sensor."""

    def __init__(self) -> None:
        self.samples: deque[_Sample] = deque()
        self._steps: deque[int] = deque(maxlen=STEPS)

    @property
    def newest_ns(self) -> int:
        return self.samples[-1].t_ns if self.samples else -1

    def add(self, sample: _Sample) -> None:
        if self.samples:
            if sample.t_ns <= self.newest_ns:
                return
            self._steps.append(sample.t_ns - self.newest_ns)
        self.samples.append(sample)

    def at(self, t_ns: int) -> tuple[_Sample, bool]:
        """The sensor at `t_ns`, and whether that is known; after its last sample that is held."""
        while len(self.samples) > 1 and self.samples[1].t_ns <= t_ns:
            self.samples.popleft()
        step = self._step()
        before = self.samples[0]
        if t_ns <= before.t_ns:
            return before, before.t_ns - t_ns <= step / 2
        if len(self.samples) == 1:
            return before, t_ns - before.t_ns <= (LONGEST_FILL + 0.5) * step
        after = self.samples[1]
        span = after.t_ns - before.t_ns
        share = np.array((t_ns - before.t_ns) / span)
        near = min(t_ns - before.t_ns, after.t_ns - t_ns) <= step / 2
        turned = slerp(before.orientation, after.orientation, share)
        moved = before.acceleration + share * (after.acceleration - before.acceleration)
        return _Sample(t_ns, turned, moved), span <= (LONGEST_FILL + 1.5) * step or near

    def _step(self) -> float:
        """Nanoseconds between samples where none is lost."""
        steps = sorted(self._steps)
        return steps[len(steps) // 4] if steps else 1e9 / SOLVE_RATE


class LiveResampler:
    """Even frames of `sensors` at `rate` Hz. A frame waits `patience` seconds at most for sensors that are behind.

    Within that time what comes is interpolated, as in a recording; afterwards the last sample is held, up to
    `LONGEST_FILL` samples long. The first frame is at the first sample that comes.
    """

    def __init__(self, sensors: Sequence[str], rate: float = SOLVE_RATE, patience: float = 0.02) -> None:
        self._tracks = {name: _Track() for name in sensors}
        self._period = 1e9 / rate
        self._patience = patience * 1e9
        self._start: int | None = None
        self._count = 0

    def add(self, sensor: str, t_ns: int, orientation: Sequence[float], acceleration: Sequence[float]) -> None:
        """A sample: host time as a clock mapped it, as in `SensorLog`. Sensors that were not named are passed over."""
        if sensor not in self._tracks:
            return
        self._start = t_ns if self._start is None else self._start
        self._tracks[sensor].add(_Sample(t_ns, np.array(orientation, float), np.array(acceleration, float)))

    def frames(self, now_ns: int) -> list[EvenFrame]:
        """Those that became ready, by the host's clock; a long silence makes no frames."""
        made: list[EvenFrame] = []
        while self._start is not None:
            self._skip_silence()
            t_ns = self._due()
            newest = max(track.newest_ns for track in self._tracks.values())
            if newest < t_ns or not (self._all_have(t_ns, newest) or now_ns - t_ns > self._patience):
                return made
            made.append(self._frame(t_ns))
            self._count += 1
        return made

    def _due(self) -> int:
        return (self._start or 0) + round(self._count * self._period)

    def _skip_silence(self) -> None:
        """Go on with the first frame after a silence of all sensors."""
        t_ns = self._due()
        later = [sample.t_ns for track in self._tracks.values() for sample in track.samples if sample.t_ns > t_ns]
        if later and min(later) - t_ns > FRESH * 1e9:
            self._count += int((min(later) - t_ns) / self._period)

    def _all_have(self, t_ns: int, newest: int) -> bool:
        heard = (track for track in self._tracks.values() if newest - track.newest_ns < FRESH * 1e9)
        return all(track.newest_ns >= t_ns for track in heard)

    def _frame(self, t_ns: int) -> EvenFrame:
        count = len(self._tracks)
        orientation = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))
        acceleration, present = np.zeros((count, 3)), np.zeros(count, bool)
        for row, track in enumerate(self._tracks.values()):
            if track.samples:
                sample, present[row] = track.at(t_ns)
                orientation[row], acceleration[row] = sample.orientation, sample.acceleration
        return EvenFrame(t_ns, orientation, acceleration, present)
