"""Worn sensors beside a camera: what is wrong with bone orientations in the camera's frame."""

import torch
from torch import Tensor

from ..rig.imu import SensorErrors
from .random_source import RandomSource
from .rotations import about_y, matrix_to_quaternion, quaternion_to_matrix, rotation_vector_to_matrix


def disturb_orientation(orientation: Tensor, errors: SensorErrors, level: Tensor, random: RandomSource) -> Tensor:
    """`orientation (B, T, S, 4)` with `level (B,)` times `errors`; a sensor that is missing reads zeros.

    Headings drift about the picture's vertical, which is the world's but for the tilt of the camera. Each sensor has
    its own drift and all share one more: what is known of where the camera looks is no better.
    """
    count, frames, sensors = orientation.shape[:3]
    size = level[:, None, None, None]
    axis = torch.nn.functional.normalize(random.normal(count, 1, sensors, 3), dim=-1)
    mounting = axis * random.uniform(count, 1, sensors, 1) * errors.mounting
    tissue = torch.unflatten(random.smooth(count, frames, 3 * sensors, 5.0), -1, (sensors, 3)) * errors.soft_tissue
    jitter = random.normal(count, frames, sensors, 3) * errors.orientation_noise
    on_bone = rotation_vector_to_matrix(torch.deg2rad((mounting + tissue + jitter) * size))
    walk = random.normal(count, 1, sensors) + random.normal(count, 1, 1)
    heading = about_y(torch.deg2rad(walk * errors.heading_drift * level[:, None, None]))
    turned = matrix_to_quaternion(heading @ quaternion_to_matrix(orientation) @ on_bone)
    absent = random.chance(count, errors.missing_slots)[:, None] & (random.uniform(count, sensors) < 0.5)
    return torch.where(absent[:, None, :, None], torch.zeros_like(turned), turned)
