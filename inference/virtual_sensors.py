"""Six simulated sensors on SMPL-24 motion, with the errors that worn ones have, as tensors.

Orientations are the world rotations of the slots' joints; accelerations those of points on the limbs.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..rig.imu import CLEAN, SLOT_JOINTS, ImuSequence, SensorErrors
from ..rig.kinematics import local_to_global as quaternions_to_global
from ..rig.motion import Motion
from ..rig.rotation import matrix_to_quaternion, quaternion_to_matrix
from .random_source import RandomSource
from .rotations import about_y, rotation_vector_to_matrix

# Share of the way to the child joint: forearms to the wrist, shins to the ankle.
LIMB_SHARE = (0.8, 0.8, 0.5, 0.5)
LIMB_CHILDREN = (20, 21, 7, 8)
# Head and pelvis sensors: up and forward from the joint, metres.
HEAD_SITE = (0.0, 0.08, 0.08)
PELVIS_SITE = (0.0, 0.03, -0.1)
REACH = 4  # frames to each side of a central difference (TransPose)


class Readings(NamedTuple):
    """`orientation (B, T, 6, 3, 3)`, `acceleration (B, T, 6, 3)` m/s², world; `present (B, T, 6)`."""

    orientation: Tensor
    acceleration: Tensor
    present: Tensor


def sensor_sites(global_rotations: Tensor, positions: Tensor, offsets: Tensor, shift: Tensor | None = None) -> Tensor:
    """World positions `(B, T, 6, 3)` of the sensors; `shift (B, 6, 3)` moves them, in the bone's frame."""
    share = torch.tensor(LIMB_SHARE, device=positions.device)[:, None]
    limbs = share * offsets[:, list(LIMB_CHILDREN)]
    trunk = torch.tensor([HEAD_SITE, PELVIS_SITE], device=positions.device).expand(len(limbs), 2, 3)
    sites = torch.cat([limbs, trunk], dim=1)
    if shift is not None:
        sites = sites + shift
    slots = list(SLOT_JOINTS)
    return positions[:, :, slots] + torch.einsum("btsij,bsj->btsi", global_rotations[:, :, slots], sites)


def central_acceleration(sites: Tensor, reach: int) -> Tensor:
    """Second difference over ±`reach` frames at 60 Hz, m/s²; nearer the ends over ±1, zero on the end frames.

    Recorded motion is noisy, so the field smooths over ±4 frames; a real sensor does not smooth at all.
    """
    result = torch.zeros_like(sites)
    for k in sorted({1, reach}):
        if sites.shape[1] > 2 * k:
            result[:, k:-k] = (sites[:, 2 * k :] + sites[:, : -2 * k] - 2 * sites[:, k:-k]) * (3600 / k**2)
    return result


def disturb(readings: Readings, errors: SensorErrors, level: Tensor, random: RandomSource) -> Readings:
    """Errors of size `level (B,)` times `errors`, drawn for each clip of the batch."""
    orientation, acceleration, _ = readings
    count, frames = orientation.shape[:2]
    size = level[:, None, None, None]
    axis = torch.nn.functional.normalize(random.normal(count, 1, 6, 3), dim=-1)
    mounting = axis * random.uniform(count, 1, 6, 1) * errors.mounting
    tissue = torch.unflatten(random.smooth(count, frames, 18, 5.0), -1, (6, 3)) * errors.soft_tissue
    jitter = random.normal(count, frames, 6, 3) * errors.orientation_noise
    orientation = orientation @ rotation_vector_to_matrix(torch.deg2rad((mounting + tissue + jitter) * size))
    # a walk of σ/60 a frame is σ after the 3,600 frames of a minute
    walk = random.normal(count, 1, 6) + random.normal(count, frames, 6).cumsum(1) / 60
    turn = about_y(torch.deg2rad(walk * errors.heading_drift * level[:, None, None]))
    noise = random.normal(count, frames, 6, 3) * errors.acceleration_noise
    noise = noise + random.normal(count, 1, 6, 3) * errors.acceleration_bias
    acceleration = (turn @ (acceleration + noise * size)[..., None])[..., 0]
    return Readings(turn @ orientation, acceleration, presence(count, frames, errors, random))


def presence(count: int, frames: int, errors: SensorErrors, random: RandomSource) -> Tensor:
    """Slots absent throughout, and bursts of up to a second; the pelvis is always there."""
    absent = random.chance(count, errors.missing_slots)[:, None] & (random.uniform(count, 6) < 0.5)
    begin = random.uniform(count, 1, 6) * frames
    end = begin + random.uniform(count, 1, 6) * 60
    t = torch.arange(frames, device=random.device)[None, :, None]
    burst = (t >= begin) & (t < end) & (random.uniform(count, 1, 6) < errors.dropout)
    present = ~(absent[:, None] | burst)
    present[..., 5] = True
    return present


def simulate_imu(motion: Motion, errors: SensorErrors = CLEAN, seed: int = 0) -> ImuSequence:
    """Calibrated six-sensor signals of a motion, for evaluation."""
    rotations = quaternion_to_matrix(quaternions_to_global(motion.rotations))
    global_rotations = torch.from_numpy(rotations).float()[None]
    positions = torch.from_numpy(motion.joint_positions())[None]
    sites = sensor_sites(global_rotations, positions, torch.from_numpy(motion.skeleton.offsets)[None])
    readings = Readings(
        global_rotations[:, :, list(SLOT_JOINTS)],
        central_acceleration(sites, REACH),
        torch.ones(1, len(motion), 6, dtype=torch.bool),
    )
    if errors != CLEAN:
        random = RandomSource(torch.Generator().manual_seed(seed))
        readings = disturb(readings, errors, torch.ones(1), random)
    orientation = matrix_to_quaternion(readings.orientation[0].numpy().astype(np.float64)).astype(np.float32)
    return ImuSequence(orientation, readings.acceleration[0].numpy(), readings.present[0].numpy(), motion.t_ns)
