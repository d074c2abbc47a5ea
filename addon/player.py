"""A motion as time goes by."""

import time
from collections.abc import Callable

import numpy as np

from ..rig.motion import Motion
from .pose_target import Floats


class Player:
    """Plays `motion` over and over, at its own speed, from the moment it is made."""

    def __init__(self, motion: Motion, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.motion, self.name = motion, name
        self._clock, self._began = clock, clock()

    @property
    def seconds(self) -> float:
        """Since the first pose, within the motion."""
        return float((self._clock() - self._began) % max(self.motion.duration, 1e-3))

    def pose(self) -> tuple[Floats, Floats]:
        """The one of this moment, `(24, 4)` and `(3,)`."""
        t_ns = self.motion.t_ns
        row = int(np.searchsorted(t_ns, t_ns[0] + int(self.seconds * 1e9), side="right")) - 1
        return self.motion.rotations[row], self.motion.translation[row]
