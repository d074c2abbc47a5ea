"""A motion: the pose of one performer over time."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .kinematics import forward_kinematics
from .quaternion import Array
from .skeleton import Skeleton

SOLVE_RATE = 60.0  # frames per second


@dataclass(frozen=True)
class Origin:
    """What made a motion, so that a pose can be traced: ids of network, weights and calibration."""

    network: str = ""
    weights: str = ""
    calibration: str = ""


@dataclass(frozen=True, eq=False)
class Motion:
    """World Y up, metres, facing +Z at the start.

    `rotations (T, 24, 4)` parent-relative w, x, y, z; `translation (T, 3)` of the pelvis;
    `t_ns (T,)` int64 nanoseconds, rising; `confidence (T,)` in [0, 1]; `contact (T, 2)` how surely the left and
    the right foot stand, in [0, 1], None where what made the motion does not say.
    """

    rotations: NDArray[np.float32]
    translation: NDArray[np.float32]
    t_ns: NDArray[np.int64]
    skeleton: Skeleton
    confidence: NDArray[np.float32]
    origin: Origin = field(default_factory=Origin)
    contact: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.t_ns)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return float(self.t_ns[-1] - self.t_ns[0]) / 1e9

    @property
    def rate(self) -> float:
        """Mean frames per second."""
        return (len(self) - 1) / self.duration if len(self) > 1 else SOLVE_RATE

    def part(self, rows: slice | NDArray[np.intp]) -> "Motion":
        """Some of the frames, at their own times."""
        return replace(
            self,
            rotations=self.rotations[rows],
            translation=self.translation[rows],
            t_ns=self.t_ns[rows],
            confidence=self.confidence[rows],
            contact=None if self.contact is None else self.contact[rows],
        )

    def joint_positions(self) -> NDArray[np.float32]:
        """World positions `(T, 24, 3)`, metres."""
        return forward_kinematics(self.rotations, self.translation, self.skeleton).astype(np.float32)


def evenly_timed(rotations: Array, translation: Array, skeleton: Skeleton, rate: float = SOLVE_RATE) -> Motion:
    """A `Motion` whose frames are 1/`rate` seconds apart, starting at 0, with full confidence."""
    count = len(rotations)
    t_ns = np.round(np.arange(count) * (1e9 / rate)).astype(np.int64)
    return Motion(
        rotations.astype(np.float32), translation.astype(np.float32), t_ns, skeleton, np.ones(count, np.float32)
    )
