"""MDTF's bones: polar classes of 3D bones, and the spherical features made from a class and the 2D bone.

A bone is the vector from a joint's parent to the joint, in normalised image units, z along the view. Its polar angle is
measured from that axis: 0 points away from the camera, π towards it.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

CLASSES = 6  # of 30° each


def bone_vectors(positions: Tensor, parents: Sequence[int]) -> Tensor:
    """`positions (…, J, C)` to bones `(…, J - 1, C)`; bone k ends in joint k + 1."""
    return positions[..., 1:, :] - positions[..., _rows(positions.device, tuple(parents[1:])), :]


@lru_cache(maxsize=16)
def _rows(device: torch.device, rows: tuple[int, ...]) -> Tensor:
    """Indices where the positions are: a list would be copied to a GPU, and waited for, at every call."""
    return torch.tensor(rows, device=device)


def polar_classes(bones: Tensor) -> Tensor:
    """Class 0 to 5 of each bone `(…, 3)`. A bone of exactly 180° is of the last class, not of a seventh."""
    angle = torch.atan2(bones[..., :2].norm(dim=-1), bones[..., 2])
    return (angle * (CLASSES / math.pi)).long().clamp(max=CLASSES - 1)


def spherical_features(flat: Tensor, classes: Tensor) -> Tensor:
    """Azimuth/π, polar angle/π and length `(…, 3)` of bones seen as `flat (…, 2)`, of known polar classes.

    The angle is the middle of the class, the length the one that a bone of this angle must have to be seen so.
    """
    azimuth = torch.atan2(flat[..., 1], flat[..., 0]) / math.pi
    polar = (2 * classes + 1).to(flat.dtype) / (2 * CLASSES)
    length = flat.norm(dim=-1) / torch.sin(polar * math.pi)
    return torch.stack([azimuth, polar, length], dim=-1)
