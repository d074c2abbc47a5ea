"""The newest samples of every sensor, and which of them move now. Time is the samples' own."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...devices.log import SensorLog
from ...rig.motion import SOLVE_RATE
from ...rig.quaternion import Array, angle_between
from ..clock import Resampled, resample
from ..stillness import STILL, mean_orientation

KEPT = 60.0  # seconds
SILENT = 1.0  # seconds without a sample after which a sensor counts as silent
LOOK_BACK = 0.5  # seconds that tell whether something moves now
STEADY = 0.6  # m/s²: acceleration of a sensor at rest varies by less

Sample = tuple[int, tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class Block:
    """A stretch of time on even frames: sensors by name, those alone that said something in it."""

    sensors: Mapping[str, Resampled]
    t_ns: NDArray[np.int64]

    def mean(self, name: str, frames: slice = slice(None)) -> Array:
        """Mean orientation `(4,)` of a sensor that rests."""
        return mean_orientation(self.sensors[name].orientation[frames])


class SampleBuffer:
    """Of `slots`, by the sensors' names; samples of others, and those that do not come later, are left out."""

    def __init__(self, slots: Mapping[str, str]) -> None:
        self.slots = dict(slots)
        self.newest_ns: int | None = None
        self._samples: dict[str, deque[Sample]] = {name: deque() for name in slots}

    def add(self, name: str, t_ns: int, orientation: tuple[float, ...], acceleration: tuple[float, ...]) -> None:
        """As `SensorLog` has them: w, x, y, z sensor to its world, Y up; free acceleration there, m/s²."""
        samples = self._samples.get(name)
        if samples is None or (samples and t_ns <= samples[-1][0]):
            return
        if not all(map(math.isfinite, (*orientation, *acceleration))):
            return
        samples.append((t_ns, orientation, acceleration))
        self.newest_ns = t_ns if self.newest_ns is None else max(t_ns, self.newest_ns)
        while t_ns - samples[0][0] > KEPT * 1e9:
            samples.popleft()

    def silent(self) -> tuple[str, ...]:
        """Sensors that say nothing now."""
        last = (self.newest_ns or 0) - round(SILENT * 1e9)
        return tuple(name for name, samples in self._samples.items() if not samples or samples[-1][0] < last)

    def block(self, start_ns: int, end_ns: int) -> Block:
        """The stretch from `start_ns` to `end_ns`."""
        t_ns = np.arange(start_ns, end_ns, round(1e9 / SOLVE_RATE), dtype=np.int64)
        sensors = {}
        for name, samples in self._samples.items():
            rows = [sample for sample in samples if start_ns - 50_000_000 <= sample[0] <= end_ns + 50_000_000]
            if len(rows) > 1 and len(t_ns):
                sensors[name] = resample(_log(name, self.slots[name], rows), t_ns)
        return Block(sensors, t_ns)

    def moving(self) -> dict[str, float]:
        """Sensors that move now, and their speed (degrees per second)."""
        found = {}
        start = (self.newest_ns or 0) - round(LOOK_BACK * 1e9)
        for name, samples in self._samples.items():
            recent = _since(samples, start)
            if len(recent) < 3:
                continue
            speed = _speed(recent)
            shaken = np.array([sample[2] for sample in recent]).std(axis=0).max()
            if speed > STILL or shaken > STEADY:
                found[name] = float(np.degrees(speed))
        return found


def _since(samples: deque[Sample], start_ns: int) -> list[Sample]:
    recent = []
    for sample in reversed(samples):
        if sample[0] < start_ns:
            break
        recent.append(sample)
    return recent[::-1]


def _speed(recent: list[Sample]) -> float:
    """Rad/s over either half of the stretch, the faster."""
    ends = (recent[0], recent[len(recent) // 2], recent[-1])
    q = np.array([sample[1] for sample in ends])
    seconds = np.maximum(np.diff([sample[0] for sample in ends]) / 1e9, 1e-3)
    return float((angle_between(q[:-1], q[1:]) / seconds).max())


def _log(name: str, slot: str, rows: list[Sample]) -> SensorLog:
    t_ns = np.array([row[0] for row in rows], np.int64)
    orientation = np.array([row[1] for row in rows], np.float64)
    return SensorLog(name, slot, t_ns, t_ns, orientation, np.array([row[2] for row in rows], np.float64))
