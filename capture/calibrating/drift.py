"""Keeps headings while the sensors' worlds drift, without asking the performer for anything.

Over minutes a bone's heading, as seen from the pelvis, comes back to what it was in the first minutes after the
calibration: people look and reach to either side, and stand on legs that point ahead. What the running mean has moved
by since then is drift. It is followed slowly, far below the speed of any movement. `benchmarks/drift.py` has its worth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...rig.imu import SLOTS
from ...rig.quaternion import Array, about_y, conjugate, heading, multiply, rotate

PELVIS = SLOTS.index("pelvis")


@dataclass(frozen=True)
class DriftOptions:
    """`learn` seconds after calibration in which nothing has drifted yet; `over` seconds of the running mean; `most`
    radians of correction."""

    learn: float = 180.0
    over: float = 240.0
    most: float = float(np.radians(40.0))


class DriftCorrector:
    """Fed with short blocks of calibrated frames; holds no clock and no thread. `turn (6,)`: radians about +Y that each
    slot is thought to have drifted against the pelvis."""

    def __init__(self, options: DriftOptions | None = None) -> None:
        self.options = options or DriftOptions()
        self.turn = np.zeros(len(SLOTS))
        self._seconds = 0.0
        self._mean, self._kept = np.zeros((len(SLOTS), 2)), np.zeros((len(SLOTS), 2))

    def correct(self, orientation: Array, acceleration: Array) -> tuple[Array, Array]:
        """`orientation (T, 6, 4)` and `acceleration (T, 6, 3)` as if nothing had drifted."""
        unturn = conjugate(about_y(self.turn))
        return multiply(unturn, orientation), rotate(np.broadcast_to(unturn, orientation.shape), acceleration)

    def learn(self, orientation: Array, present: NDArray[np.bool_], rate: float = 60.0) -> None:
        """From a block as it was measured, before `correct`; `present (T, 6)`."""
        seconds = len(orientation) / rate
        self._seconds += seconds
        share = min(1.0, seconds / min(self._seconds, self.options.over))
        both = present & present[:, PELVIS : PELVIS + 1]
        level = about_y(heading(orientation[:, PELVIS : PELVIS + 1]))
        away = heading(multiply(conjugate(level), orientation))
        facing = np.where(both[..., None], np.stack([np.cos(away), np.sin(away)], axis=-1), 0).sum(axis=0)
        seen = both.any(axis=0)
        self._mean[seen] += share * (facing / np.maximum(both.sum(axis=0), 1)[:, None] - self._mean)[seen]
        if self._seconds <= self.options.learn:
            self._kept = self._mean.copy()
            return
        now, was = (np.arctan2(mean[:, 1], mean[:, 0]) for mean in (self._mean, self._kept))
        off = np.angle(np.exp(1j * (now - was)))
        known = np.hypot(*self._kept.T) > 0  # heard while it was learnt
        self.turn = np.where(known, np.clip(off, -self.options.most, self.options.most), self.turn)
