"""What a network reads from six calibrated sensors (HiPoser, TransPose section 3.1).

Accelerations and rotations of the five limb sensors are taken relative to the pelvis sensor. Where the
paper keeps the pelvis' world rotation, its heading is removed here: which way the performer faces in the
room says nothing about the pose, and little motion must not be spent on learning that.
"""

from typing import NamedTuple

import torch
from torch import Tensor

ACCELERATION_SCALE = 10.0  # m/s² per unit of the network's input
ACCELERATION_LIMIT = 10.0  # units: a glitch of a sensor or of recorded motion must not flood the network


class SensorFrames(NamedTuple):
    """`features (..., 72)`; `root (..., 3, 3)` pelvis to world; `heading (..., 3, 3)` its part about +Y."""

    features: Tensor
    root: Tensor
    heading: Tensor


def heading_matrix(rotation: Tensor) -> Tensor:
    """Twist of `rotation (..., 3, 3)` about +Y: tan = (m02 - m20) / (m00 + m22)."""
    angle = torch.atan2(rotation[..., 0, 2] - rotation[..., 2, 0], rotation[..., 0, 0] + rotation[..., 2, 2])
    c, s, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    return torch.stack([c, zero, s, zero, one, zero, -s, zero, c], dim=-1).unflatten(-1, (3, 3))


def sensor_features(orientation: Tensor, acceleration: Tensor, present: Tensor) -> SensorFrames:
    """`orientation (..., 6, 3, 3)` bone to world, `acceleration (..., 6, 3)` m/s², `present (..., 6)` bool.

    Slots in the order of `rig.imu.SLOTS`, pelvis last. Absent slots become zeros, which no rotation is.
    """
    root = orientation[..., 5, :, :]
    heading = heading_matrix(root)
    to_root = root.transpose(-1, -2)
    relative = torch.cat(
        [
            to_root[..., None, :, :] @ orientation[..., :5, :, :],
            (heading.transpose(-1, -2) @ root)[..., None, :, :],
        ],
        dim=-3,
    )
    root_acceleration = acceleration[..., 5:, :] * present[..., 5:, None]
    free = torch.cat([acceleration[..., :5, :] - root_acceleration, root_acceleration], dim=-2)
    free = ((free @ root) / ACCELERATION_SCALE).clamp(-ACCELERATION_LIMIT, ACCELERATION_LIMIT)  # row vectors: a^T R = (R^T a)^T
    seen = present[..., None].to(free.dtype)
    features = torch.cat([(free * seen).flatten(-2), (relative.flatten(-2) * seen).flatten(-2)], dim=-1)
    return SensorFrames(features, root, heading)
