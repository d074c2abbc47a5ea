"""What lifting networks are given and asked for: keypoints, bone orientations, positions; and all of it mirrored."""

from typing import NamedTuple

import torch
from torch import Tensor

from ..rig.h36m import HEAD_TOP, MIRROR, SMPL_JOINTS
from ..rig.skeleton import SMPL24
from .cameras import Cameras, project, to_camera
from .rotations import matrix_to_quaternion

# The SMPL joint that each sensor's bone begins at; the first six are VIMCAN's set, all eight its larger one
SENSOR_JOINTS: dict[str, int] = {
    "left_forearm": 18,
    "right_forearm": 19,
    "left_shin": 4,
    "right_shin": 5,
    "sternum": 9,
    "pelvis": 0,
    "left_upper_arm": 16,
    "right_upper_arm": 17,
}
SENSOR_MIRROR = (1, 0, 3, 2, 4, 5, 7, 6)


class LiftingClips(NamedTuple):
    """Clips of one camera each.

    `keypoints (B, T, 17, 2)` normalised; `orientation (B, T, S, 4)` of the sensors' bones in the camera's frame, unit
    quaternions with w ≥ 0; `positions (B, T, 17, 3)` relative to the pelvis in the camera's frame, metres;
    `scale (B, T)` normalised image units a metre at the pelvis' distance.
    """

    keypoints: Tensor
    orientation: Tensor
    positions: Tensor
    scale: Tensor


def h36m_of(global_rotations: Tensor, positions: Tensor, offsets: Tensor) -> Tensor:
    """The 17 joints `(B, T, 17, 3)` of world rotations `(B, T, 24, 3, 3)` and positions `(B, T, 24, 3)`.

    The head's top is as far from its joint, for the neck's length `offsets (B, 24, 3)`, as on the default performer.
    """
    neck = offsets[:, 15].norm(dim=-1) / float((SMPL24.offsets[15] ** 2).sum() ** 0.5)
    top = torch.as_tensor(SMPL24.ends[0], dtype=positions.dtype, device=positions.device) * neck[:, None]
    found = positions[:, :, list(SMPL_JOINTS)]
    found[:, :, HEAD_TOP] = positions[:, :, 15] + torch.einsum("btij,bj->bti", global_rotations[:, :, 15], top)
    return found


def film(
    global_rotations: Tensor, joints: Tensor, cameras: Cameras, sensors: tuple[str, ...] = tuple(SENSOR_JOINTS)
) -> LiftingClips:
    """What each camera and the named sensors say of `joints (B, T, 17, 3)` in the world."""
    seen = to_camera(joints, cameras)
    bones = global_rotations[:, :, [SENSOR_JOINTS[sensor] for sensor in sensors]]
    turned = cameras.rotation[:, None, None] @ bones
    return LiftingClips(
        project(seen, cameras.focal),
        matrix_to_quaternion(turned),
        seen - seen[:, :, :1],
        cameras.focal[:, None] / seen[:, :, 0, 2].clamp(min=0.1),
    )


def mirrored(clips: LiftingClips) -> LiftingClips:
    """The same seen in a mirror: left and right exchanged, x negated."""
    sensors = list(SENSOR_MIRROR[: clips.orientation.shape[2]])
    return LiftingClips(
        mirror_points(clips.keypoints),
        clips.orientation[:, :, sensors] * clips.orientation.new_tensor([1, 1, -1, -1]),
        mirror_points(clips.positions),
        clips.scale,
    )


def mirror_points(points: Tensor) -> Tensor:
    """`(…, 17, 2 or 3)` of 17 joints in a mirror."""
    return points[..., list(MIRROR), :] * points.new_tensor([-1, 1, 1][: points.shape[-1]])
