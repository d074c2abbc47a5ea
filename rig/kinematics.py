"""Forward kinematics on the SMPL-24 tree."""

import numpy as np

from .quaternion import Array, conjugate, multiply, rotate
from .skeleton import PARENTS, Skeleton


def _fronts() -> list[tuple[list[int], list[int]]]:
    depth = [0] * len(PARENTS)
    for child, parent in enumerate(PARENTS[1:], start=1):
        depth[child] = depth[parent] + 1
    levels = [[j for j, deep in enumerate(depth) if deep == level] for level in range(1, max(depth) + 1)]
    return [(children, [PARENTS[j] for j in children]) for children in levels]


FRONTS = _fronts()  # joints and their parents by depth: one product a level instead of one a joint


def local_to_global(rotations: Array) -> Array:
    """Parent-relative quaternions `(..., 24, 4)` to world ones."""
    world: Array = np.array(rotations)
    for children, parents in FRONTS:
        world[..., children, :] = multiply(world[..., parents, :], rotations[..., children, :])
    return world


def global_to_local(global_rotations: Array) -> Array:
    """Inverse of `local_to_global`."""
    parents = list(PARENTS[1:])
    local = multiply(conjugate(global_rotations[..., parents, :]), global_rotations[..., 1:, :])
    return np.concatenate([global_rotations[..., :1, :], local], axis=-2)


def joint_positions(global_rotations: Array, translation: Array, skeleton: Skeleton) -> Array:
    """World positions `(..., 24, 3)`, metres, with the pelvis at `translation (..., 3)`."""
    offsets = skeleton.offsets.astype(global_rotations.dtype)
    bones = rotate(global_rotations[..., list(PARENTS[1:]), :], offsets[1:])
    positions: Array = np.empty((*global_rotations.shape[:-1], 3), np.result_type(bones, translation))
    positions[..., 0, :], positions[..., 1:, :] = translation, bones
    for children, parents in FRONTS:
        positions[..., children, :] += positions[..., parents, :]
    return positions


def forward_kinematics(rotations: Array, translation: Array, skeleton: Skeleton) -> Array:
    """World joint positions `(..., 24, 3)` of parent-relative `rotations (..., 24, 4)`, metres."""
    return joint_positions(local_to_global(rotations), translation, skeleton)
