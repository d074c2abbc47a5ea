"""The SMPL-24 skeleton: names, parents and rest offsets, and the default performer `SMPL24`.

Identity rotations are a geometric T-pose: legs straight down, arms straight out, feet flat. The rest
offsets are Mocamba's own; no SMPL file is needed or shipped.
"""

from dataclasses import dataclass, replace
from functools import cached_property

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
# Row of `Skeleton.ends` for the joints that have one.
ENDS: dict[int, int] = {15: 0, 10: 1, 11: 2}
# Depth of the sole under the toe joint as a share of thigh plus shin: in recorded motion of 40 people the toe
# joint of the standing foot lies 0.035 to 0.048 m above the floor (one clip 0.062), at legs of 0.76 to 0.89 m.
SOLE_TO_LEG = 0.045


def joint(name: str) -> int:
    """Index of an SMPL joint by name."""
    return JOINTS.index(name)


Offset = tuple[float, float, float]


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

    @cached_property
    def sole_depth(self) -> float:
        """How far the sole lies under the toe joint, metres: feet flat, as in the rest pose."""
        leg = float(np.linalg.norm(self.offsets[[4, 5, 7, 8]], axis=-1).sum()) / 2
        return SOLE_TO_LEG * leg

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


def _mirrored(centre: dict[str, Offset], left: dict[str, Offset]) -> NDArray[np.float32]:
    offsets = np.zeros((len(JOINTS), 3), np.float32)
    for name, offset in {**centre, **left}.items():
        offsets[joint(name)] = offset
        offsets[MIRROR[joint(name)]] = np.multiply(offset, (1 if name in centre else -1, 1, 1))
    return offsets


# An adult of 1.70 m: the joints of the free body in rig/data (see tools/build_body.py), to the millimetre.
SMPL24 = Skeleton(
    offsets=_mirrored(
        centre={
            "spine1": (0.0, 0.085, -0.002),
            "spine2": (0.0, 0.081, 0.001),
            "spine3": (0.0, 0.132, -0.012),
            "neck": (0.0, 0.183, 0.029),
            "head": (0.0, 0.102, 0.037),
        },
        left={
            "left_hip": (0.098, -0.076, 0.013),
            "left_knee": (0.0, -0.394, 0.0),
            "left_ankle": (0.0, -0.423, 0.0),
            "left_foot": (0.0, -0.039, 0.132),
            "left_collar": (0.025, 0.109, 0.044),
            "left_shoulder": (0.148, 0.012, -0.002),
            "left_elbow": (0.264, 0.0, 0.0),
            "left_wrist": (0.237, 0.0, 0.0),
            "left_hand": (0.085, 0.0, 0.0),
        },
    ),
    ends=np.array([[0.0, 0.148, 0.010], [0.0, 0.0, 0.070], [0.0, 0.0, 0.070]], np.float32),
)
