"""Even frames at the solve rate from samples as they come: what the network is given, and when.

A frame's time is on a fixed grid. It leaves as soon as every sensor that speaks has a sample after it, so that nothing
need be guessed; at the latest `PATIENCE` after its time, with the newest samples standing in. Between samples,
orientations are interpolated by slerp and accelerations linearly.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..rig.imu import SLOTS
from ..rig.motion import SOLVE_RATE
from ..rig.quaternion import about_y, conjugate, multiply, rotate, slerp
from .calibration import Calibration
from .dropouts import FRESH
from .stamping import Stamped

PATIENCE = 10_000_000  # ns after its time that a frame leaves at the latest
KEPT = 64  # samples of each sensor
GAP = 1_000_000_000  # ns without a look at the clock after which the frames between are not made up


@dataclass(frozen=True, eq=False)
class Frame:
    """Bone-to-world signals `(6, 4)` and `(6, 3)` at `t_ns`; `age (6,)` s of each slot's newest sample.

    `arrived_ns`: when the newest sample in it reached this computer, `made_ns`: when the frame was made.
    """

    number: int
    t_ns: int
    orientation: NDArray[np.float32]
    acceleration: NDArray[np.float32]
    age: NDArray[np.float64]
    arrived_ns: int
    made_ns: int


@dataclass
class _Track:
    """The newest samples of one slot's sensor, and how they become its bone's."""

    slot: int
    unturn: NDArray[np.float64]
    unmount: NDArray[np.float64]
    samples: deque[Stamped] = field(default_factory=lambda: deque(maxlen=KEPT))


class FrameMaker:
    """Fed with samples in the order of arrival; `due` gives the frames whose time has come."""

    def __init__(self, calibration: Calibration, slots: Mapping[str, str]) -> None:
        self._tracks: dict[str, _Track] = {}
        for sensor in calibration.sensors:
            slot = slots.get(sensor.sensor, sensor.slot)
            if slot in SLOTS:
                unturn = conjugate(about_y(np.array(sensor.heading)))
                self._tracks[sensor.sensor] = _Track(SLOTS.index(slot), unturn, conjugate(np.array(sensor.mounting)))
        self._start_ns = self._looked_ns = 0
        self._next = 0
        self.skipped = 0

    def add(self, samples: Iterable[Stamped]) -> None:
        """Samples of sensors that are not worn are passed over."""
        for sample in samples:
            if track := self._tracks.get(sample.sensor):
                track.samples.append(sample)

    def due(self, now_ns: int) -> Sequence[Frame]:
        """In order; after a gap in the clock (the computer slept) they go on from now, and `skipped` counts the rest."""
        if not self._start_ns:
            self._start_ns = self._looked_ns = now_ns
        if now_ns - self._looked_ns > GAP:
            ahead = int((now_ns - self._start_ns) * SOLVE_RATE / 1e9)
            self.skipped += ahead - self._next
            self._next = ahead
        self._looked_ns = now_ns
        frames = []
        while self._is_due(t_ns := self._time(self._next), now_ns):
            frames.append(self._make(t_ns, now_ns))
            self._next += 1
        return frames

    def _time(self, number: int) -> int:
        return self._start_ns + round(number * 1e9 / SOLVE_RATE)

    def _is_due(self, t_ns: int, now_ns: int) -> bool:
        if now_ns < t_ns:
            return False
        speaking = [t.samples[-1].t_ns for t in self._tracks.values() if t.samples]
        speaking = [newest for newest in speaking if t_ns - newest < FRESH * 1e9]
        return now_ns >= t_ns + PATIENCE or (bool(speaking) and min(speaking) >= t_ns)

    def _make(self, t_ns: int, now_ns: int) -> Frame:
        orientation = np.tile(np.array([1, 0, 0, 0], np.float32), (len(SLOTS), 1))
        acceleration = np.zeros((len(SLOTS), 3), np.float32)
        age = np.full(len(SLOTS), np.inf)
        heard = [track for track in self._tracks.values() if track.samples]
        if not heard:
            return Frame(self._next, t_ns, orientation, acceleration, age, now_ns, now_ns)
        slots = [track.slot for track in heard]
        pairs = [_about(track.samples, t_ns) for track in heard]
        before, after = (np.array([pair[k].values for pair in pairs]) for k in (0, 1))
        share = np.array([pair[2] for pair in pairs])
        turned = slerp(before[:, :4], after[:, :4], share)
        moved = before[:, 4:] + share[:, None] * (after[:, 4:] - before[:, 4:])
        unturn = np.array([track.unturn for track in heard])
        unmount = np.array([track.unmount for track in heard])
        orientation[slots] = multiply(multiply(unturn, turned), unmount)
        acceleration[slots] = rotate(unturn, moved)
        newest = [track.samples[-1] for track in heard]
        age[slots] = [max(0.0, (t_ns - sample.t_ns) / 1e9) for sample in newest]
        arrived = max(sample.host_ns for sample in newest)
        return Frame(self._next, t_ns, orientation, acceleration, age, arrived, now_ns)


def _about(samples: deque[Stamped], t_ns: int) -> tuple[Stamped, Stamped, float]:
    """The samples before and after a time, and how far it is from the one to the other; twice the nearest one where
    it is beyond the ends or in a gap."""
    after = before = samples[-1]
    for sample in reversed(samples):
        before = sample
        if sample.t_ns <= t_ns:
            break
        after = sample
    span = after.t_ns - before.t_ns
    if span <= 0 or t_ns <= before.t_ns:
        return before, before, 0.0
    if span > FRESH * 1e9:
        nearest = before if t_ns - before.t_ns < after.t_ns - t_ns else after
        return nearest, nearest, 0.0
    return before, after, (t_ns - before.t_ns) / span
