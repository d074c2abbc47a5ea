"""What is done to signals and poses of a live session, where it is asked for."""

import numpy as np
from numpy.typing import NDArray

from ..rig.one_euro import OneEuro, OneEuroState, one_euro
from .calibrating.drift import DriftCorrector
from .dropouts import HOLD

Floats = NDArray[np.float32]
BLOCK = 60  # frames from which drift is learnt at once


class LiveFilter:
    """`drift`: headings are corrected as they drift; `smooth`: poses go through the One Euro filter."""

    def __init__(self, drift: bool, smooth: bool) -> None:
        self._drift_wanted, self._smooth = drift, smooth
        self.forget()

    def forget(self) -> None:
        """The calibration is new, and so is whatever drifts."""
        self._drift = DriftCorrector() if self._drift_wanted else None
        self._block: list[tuple[Floats, NDArray[np.bool_]]] = []
        self._state: OneEuroState | None = None
        self._last_ns = 0

    def sensed(self, orientation: Floats, acceleration: Floats, age: NDArray[np.float64]) -> tuple[Floats, Floats]:
        """A calibrated frame `(6, 4)`, `(6, 3)` whose samples are `age (6,)` s old."""
        if self._drift is None:
            return orientation, acceleration
        self._block.append((orientation, age < HOLD))
        if len(self._block) == BLOCK:
            orientations, present = (np.stack(column) for column in zip(*self._block, strict=True))
            self._drift.learn(orientations.astype(np.float64), present)
            self._block = []
        turned, pushed = self._drift.correct(
            orientation[None].astype(np.float64), acceleration[None].astype(np.float64)
        )
        return turned[0].astype(np.float32), pushed[0].astype(np.float32)

    def posed(self, t_ns: int, rotations: Floats, place: Floats) -> tuple[Floats, Floats]:
        """A pose `(24, 4)`, `(3,)` at `t_ns`."""
        if not self._smooth:
            return rotations, place
        seconds = max(1e-3, (t_ns - self._last_ns) / 1e9)
        self._last_ns = t_ns
        turned, moved, self._state = one_euro(
            rotations.astype(np.float64), place.astype(np.float64), seconds, self._state, OneEuro()
        )
        return turned.astype(np.float32), moved.astype(np.float32)
