"""What is done to signals and poses of a live session, where it is asked for."""

import numpy as np
from numpy.typing import NDArray

from ..rig.live_feet import FeetState, hold_feet
from ..rig.one_euro import OneEuro, OneEuroState, one_euro
from ..rig.skeleton import SMPL24
from .calibrating.drift import DriftCorrector
from .dropouts import HOLD
from .session_options import SessionOptions

Floats = NDArray[np.float32]
BLOCK = 60  # frames from which drift is learnt at once


class LiveFilter:
    """What `options` switch on: headings mended as they drift, tremor smoothed away, standing feet held."""

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._skeleton = SMPL24.scaled_to(options.height)
        self.forget()

    def forget(self) -> None:
        """The calibration is new, and so is whatever drifts."""
        self._drift = DriftCorrector() if self._options.drift else None
        self._block: list[tuple[Floats, NDArray[np.bool_]]] = []
        self._euro: OneEuroState | None = None
        self._feet: FeetState | None = None
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

    def posed(
        self, t_ns: int, rotations: Floats, place: Floats, contact: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """A pose `(24, 4)`, `(3,)` at `t_ns`; `contact (2,)` of its feet, where the network says."""
        if not (self._options.smooth or self._options.feet):
            return rotations, place
        seconds = max(1e-3, (t_ns - self._last_ns) / 1e9)
        self._last_ns = t_ns
        turned, moved = rotations.astype(np.float64), place.astype(np.float64)
        if self._options.smooth:
            turned, moved, self._euro = one_euro(turned, moved, seconds, self._euro, OneEuro())
        if self._options.feet:
            turned, self._feet = hold_feet(turned, moved, contact, seconds, self._skeleton, self._feet)
        return turned.astype(np.float32), moved.astype(np.float32)
