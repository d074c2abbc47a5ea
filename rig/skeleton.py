"""The SMPL-24 skeleton: names, parents and rest offsets.

Identity rotations are a geometric T-pose: legs straight down, arms straight out, feet flat. The rest
offsets are Mocamba's own; no SMPL file is needed or shipped.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

JOINTS: tuple[str, ...] = (
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hand",
    "right_hand",
)
PARENTS: tuple[int, ...] = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
# Joint whose rotation each joint takes in a mirrored pose.
MIRROR: tuple[int, ...] = (0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20, 23, 22)
# Joints that no sensor sees: they follow their parents (toes, wrists, hands).
END_JOINTS: tuple[int, ...] = (10, 11, 20, 21, 22, 23)


def joint(name: str) -> int:
    """Index of an SMPL joint by name."""
    return JOINTS.index(name)


@dataclass(frozen=True, eq=False)
class Skeleton:
    """`offsets (24, 3)` from each joint's parent in the T-pose, metres, Y up, facing +Z.

    `ends (3, 3)`: head top from `head`, left and right toe tip from `*_foot`.
    """

    offsets: NDArray[np.float32]
    ends: NDArray[np.float32]

    @property
    def height(self) -> float:
        """Metres from sole to head top in the T-pose."""
        rest = self.rest_positions()
        return float(rest[15, 1] + self.ends[0, 1] - rest[10, 1] + self.sole_depth)

    @property
    def sole_depth(self) -> float:
        """How far the sole lies under the toe joint, metres: feet flat, as in the rest pose."""
        return 0.02 * float(np.abs(self.offsets[[4, 7], 1]).sum()) / 0.85

    @property
    def pelvis_height(self) -> float:
        """Metres from the sole to the pelvis joint in the T-pose."""
        return float(-self.rest_positions()[10:12, 1].min() + self.sole_depth)

    def rest_positions(self) -> NDArray[np.float32]:
        """`(24, 3)` joints of the T-pose with the pelvis at the origin, metres."""
        positions = np.zeros_like(self.offsets)
        for child, parent in enumerate(PARENTS[1:], start=1):
            positions[child] = positions[parent] + self.offsets[child]
        return positions

    def scaled_to(self, height: float) -> "Skeleton":
        """The same proportions for a performer of `height` metres."""
        factor = np.float32(height / self.height)
        return replace(self, offsets=self.offsets * factor, ends=self.ends * factor)
