"""Rotation maths on tensors, the parts of `rig` that training needs on the GPU."""

import torch
from torch import Tensor

from ..rig.skeleton import PARENTS
from .constants import constant


def quaternion_to_matrix(q: Tensor) -> Tensor:
    """`(..., 4)` w, x, y, z to `(..., 3, 3)`; any scale, as if normalised."""
    w, x, y, z = q.unbind(-1)
    s = 2 / (q * q).sum(-1)
    entries = [
        1 - s * (y * y + z * z),
        s * (x * y - w * z),
        s * (x * z + w * y),
        s * (x * y + w * z),
        1 - s * (x * x + z * z),
        s * (y * z - w * x),
        s * (x * z - w * y),
        s * (y * z + w * x),
        1 - s * (x * x + y * y),
    ]
    return torch.unflatten(torch.stack(entries, dim=-1), -1, (3, 3))


def matrix_to_quaternion(m: Tensor) -> Tensor:
    """`(..., 3, 3)` rotations to unit `(..., 4)` w, x, y, z with w ≥ 0; the largest component is solved for first."""
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    squares = torch.stack([1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz], dim=-1)
    wx, wy, wz = (m[..., i, j] - m[..., j, i] for i, j in ((2, 1), (0, 2), (1, 0)))
    xy, xz, yz = (m[..., i, j] + m[..., j, i] for i, j in ((0, 1), (0, 2), (1, 2)))
    s0, s1, s2, s3 = squares.unbind(-1)
    rows = torch.stack([s0, wx, wy, wz, wx, s1, xy, xz, wy, xy, s2, yz, wz, xz, yz, s3], dim=-1)
    rows = torch.unflatten(rows, -1, (4, 4))
    best = squares.argmax(-1)[..., None, None].expand(*squares.shape[:-1], 1, 4)
    q = torch.nn.functional.normalize(rows.gather(-2, best)[..., 0, :], dim=-1)
    return torch.where(q[..., :1] < 0, -q, q)


def rotation_vector_to_matrix(v: Tensor) -> Tensor:
    """Axis times angle `(..., 3)`, radians, to `(..., 3, 3)`."""
    half = v.norm(dim=-1, keepdim=True) / 2
    return quaternion_to_matrix(torch.cat([half.cos(), v * torch.sinc(half / torch.pi) / 2], dim=-1))


def about_y(angle: Tensor) -> Tensor:
    """Change of heading `(...)`, radians, to `(..., 3, 3)`."""
    zero = torch.zeros_like(angle)
    return rotation_vector_to_matrix(torch.stack([zero, angle, zero], dim=-1))


def local_to_global(rotations: Tensor) -> Tensor:
    """Parent-relative `(..., 24, 3, 3)` to world ones."""
    world = [rotations[..., 0, :, :]]
    for child, parent in enumerate(PARENTS[1:], start=1):
        world.append(world[parent] @ rotations[..., child, :, :])
    return torch.stack(world, dim=-3)


def joint_positions(global_rotations: Tensor, offsets: Tensor) -> Tensor:
    """Positions `(B, T, 24, 3)` relative to the pelvis; `offsets (B, 24, 3)`.

    Linear in the matrices, so it is meaningful (and differentiable) before they are orthonormal.
    """
    children = torch.arange(1, 24, device=offsets.device)
    parents = constant(PARENTS[1:], torch.long, offsets.device)
    bones = torch.einsum("btjac,bjc->btja", global_rotations[:, :, parents], offsets[:, children])
    positions = [torch.zeros_like(bones[:, :, 0])]
    for child, parent in enumerate(PARENTS[1:], start=1):
        positions.append(positions[parent] + bones[:, :, child - 1])
    return torch.stack(positions, dim=2)
