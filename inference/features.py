"""What a network reads from six calibrated sensors (HiPoser; TransPose section 3.1), and in which frame it answers.

Accelerations and rotations are taken relative to the pelvis, as in the paper, with two changes:

- The pelvis' heading is removed. Which way the performer faces in the room says nothing about the pose, and
  little motion must not be spent on learning that.
- "Relative to the pelvis" means to a smoothed pelvis, the binomial mean of its last five frames. Answers in the
  frame of the sensor itself would carry every tremor of that one sensor into the whole body: jitter 3.2 times the
  truth's instead of below it (docs/networks/hiposer.md).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

ACCELERATION_SCALE = 10.0  # m/s² per unit of the network's input
ACCELERATION_LIMIT = 10.0  # units: a glitch of a sensor or of recorded motion must not flood the network
FRAME_TAPS = tuple(math.comb(4, k) / 16 for k in range(5))


class SensorFrames(NamedTuple):
    """`features (B, T, 72)`; `root (B, T, 3, 3)` pelvis sensor to world, `frame` the same smoothed, in which the
    network answers, `heading` the part of `frame` about +Y; `past (B, 4, 3, 3)` for the next call."""

    features: Tensor
    root: Tensor
    frame: Tensor
    heading: Tensor
    past: Tensor


def heading_matrix(rotation: Tensor) -> Tensor:
    """Twist of `rotation (..., 3, 3)` about +Y: tan = (m02 - m20) / (m00 + m22)."""
    angle = torch.atan2(rotation[..., 0, 2] - rotation[..., 2, 0], rotation[..., 0, 0] + rotation[..., 2, 2])
    c, s, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    return torch.unflatten(torch.stack([c, zero, s, zero, one, zero, -s, zero, c], dim=-1), -1, (3, 3))


def sensor_features(
    orientation: Tensor, acceleration: Tensor, present: Tensor, past: Tensor | None = None
) -> SensorFrames:
    """`orientation (B, T, 6, 3, 3)` bone to world, `acceleration (B, T, 6, 3)` m/s², `present (B, T, 6)` bool.

    Slots in the order of `rig.imu.SLOTS`, pelvis last. Absent slots become zeros, which no rotation is.
    """
    root = orientation[:, :, 5]
    frame, past = _smoothed(root, past)
    heading = heading_matrix(frame)
    limbs = frame.transpose(-1, -2)[:, :, None] @ orientation[:, :, :5]
    pelvis = heading.transpose(-1, -2) @ root
    rotations = torch.cat([limbs, pelvis[:, :, None]], dim=2).flatten(-2)
    pelvis_acceleration = acceleration[:, :, 5:] * present[:, :, 5:, None]
    free = torch.cat([acceleration[:, :, :5] - pelvis_acceleration, pelvis_acceleration], dim=2)
    free = (free @ frame) / ACCELERATION_SCALE  # row vectors: aᵀR = (Rᵀa)ᵀ
    free = free.clamp(-ACCELERATION_LIMIT, ACCELERATION_LIMIT)
    seen = present[..., None].to(free.dtype)
    features = torch.cat([(free * seen).flatten(-2), (rotations * seen).flatten(-2)], dim=-1)
    return SensorFrames(features, root, frame, heading, past)


def _smoothed(root: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
    """Causal binomial mean over the frames of `root (B, T, 3, 3)`, made a rotation again, and its last frames."""
    reach = len(FRAME_TAPS) - 1
    padded = torch.cat([root[:, :1].expand(-1, reach, -1, -1) if past is None else past, root], dim=1)
    frames = root.shape[1]
    mean = FRAME_TAPS[0] * padded[:, :frames]
    for k in range(1, reach + 1):
        mean = mean + FRAME_TAPS[k] * padded[:, k : k + frames]
    x = torch.nn.functional.normalize(mean[..., 0], dim=-1)
    y = mean[..., 1] - (x * mean[..., 1]).sum(-1, keepdim=True) * x
    y = torch.nn.functional.normalize(y, dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1), padded[:, padded.shape[1] - reach :]
