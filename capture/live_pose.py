"""A pose of a running session."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .dropouts import Slot
from .latency import StageTimes


@dataclass(frozen=True, eq=False)
class LivePose:
    """`rotations (24, 4)` local w, x, y, z; `translation (3,)` metres; `t_ns` on `time.monotonic_ns()`.

    `times`: what went before sinks were given the pose, at `answered_ns`; `link` there is 0.
    """

    number: int
    t_ns: int
    rotations: NDArray[np.float32]
    translation: NDArray[np.float32]
    confidence: float
    slots: tuple[Slot, ...]
    times: StageTimes
    answered_ns: int
