"""Virtual cameras on simulated performers: what a perfect keypoint detector would say.

A camera looks along +Z with x to the right and y down (OpenCV). Image points are normalised by the width alone:
x' = 2x/w − 1 and y' = 2y/w − h/w, so that a focal length of f pixels is 2f/w.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .random_source import RandomSource


class Cameras(NamedTuple):
    """`rotation (B, 3, 3)` world to camera, `position (B, 3)` in the world, metres, `focal (B,)` normalised."""

    rotation: Tensor
    position: Tensor
    focal: Tensor


def place_cameras(target: Tensor, random: RandomSource) -> Cameras:
    """Around `target (B, 3)`, each at 2.5 to 6 m, 0.6 to 2 m up, looking at it give or take a hand, not quite level."""
    count = len(target)
    away = 2.5 + 3.5 * random.uniform(count)
    bearing = 2 * torch.pi * random.uniform(count)
    height = 0.6 + 1.4 * random.uniform(count)
    flat = torch.stack([away * bearing.sin(), torch.zeros_like(away), away * bearing.cos()], dim=-1)
    position = target * target.new_tensor([1, 0, 1]) + flat
    position[:, 1] = height
    aim = target + 0.1 * random.normal(count, 3)
    roll = torch.deg2rad(3 * random.normal(count))
    # a webcam to a long phone lens; the whole performer is in the picture from 2.5 m at 1.1
    focal = 1.1 + 1.2 * random.uniform(count)
    return Cameras(look_at(position, aim, roll), position, focal)


def look_at(position: Tensor, aim: Tensor, roll: Tensor) -> Tensor:
    """World to camera `(B, 3, 3)` from `position` to `aim (B, 3)`, turned about the line of sight by `roll (B,)`."""
    forward = torch.nn.functional.normalize(aim - position, dim=-1)
    right = torch.nn.functional.normalize(
        torch.linalg.cross(forward, forward.new_tensor([0.0, 1, 0]).expand_as(forward)), dim=-1
    )
    down = torch.linalg.cross(forward, right)
    c, s = roll.cos()[:, None], roll.sin()[:, None]
    return torch.stack([c * right + s * down, c * down - s * right, forward], dim=1)


def to_camera(points: Tensor, cameras: Cameras) -> Tensor:
    """World points `(B, …, 3)` in each camera's frame, metres."""
    extra = [1] * (points.dim() - 2)
    moved = points - cameras.position.view(-1, *extra, 3)
    return torch.einsum("bij,b...j->b...i", cameras.rotation, moved)


def project(seen: Tensor, focal: Tensor) -> Tensor:
    """Normalised image points `(B, …, 2)` of `seen (B, …, 3)` in the camera's frame."""
    focal = focal.view(-1, *[1] * (seen.dim() - 1))
    return focal * seen[..., :2] / seen[..., 2:].clamp(min=0.1)
