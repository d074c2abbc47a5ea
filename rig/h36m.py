"""The 17 joints of Human3.6M, which keypoint detectors and lifting networks speak, and where a SMPL-24 body has them.

Names, order and parents are those of the Human3.6M preprocessing that MotionBERT and PoseMamba train on.
"""

import numpy as np
from numpy.typing import NDArray

from .kinematics import joint_positions, local_to_global
from .motion import Motion
from .quaternion import rotate

JOINTS: tuple[str, ...] = (
    "pelvis",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "spine",
    "neck",
    "nose",
    "head_top",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
)
PARENTS: tuple[int, ...] = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
BONES: tuple[tuple[int, int], ...] = tuple((parent, child) for child, parent in enumerate(PARENTS) if parent >= 0)
# Row i of a mirrored body is row MIRROR[i] of this one, with x negated
MIRROR: tuple[int, ...] = (0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13)
# The body's joint at each place but the last of the head, which is no joint: `HEAD_TOP` hangs on the head
SMPL_JOINTS: tuple[int, ...] = (0, 2, 5, 8, 1, 4, 7, 6, 12, 15, 15, 16, 18, 20, 17, 19, 21)
HEAD_TOP = 10


def h36m_positions(motion: Motion) -> NDArray[np.float32]:
    """World positions `(T, 17, 3)`, metres."""
    world = local_to_global(motion.rotations)
    positions = joint_positions(world, motion.translation, motion.skeleton).astype(np.float32)
    turned = rotate(world[:, 15], motion.skeleton.ends[0])
    found = positions[:, list(SMPL_JOINTS)]
    found[:, HEAD_TOP] = positions[:, 15] + turned
    return found
