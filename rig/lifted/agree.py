"""Joints on which picture, networks and bones agree best.

A picture tells well what lies across the line of sight and nothing along it; networks tell both fairly; bones do not
change their length. Each has its errors in metres, and the joints are those most probable of all (Gauss-Newton, all
frames at once).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..h36m import BONES
from ..quaternion import Array
from .place import CHILDREN, PARENTS, misses_of

ROUNDS = 5
KEYPOINT = 0.045  # metres across the line of sight: a keypoint's error that is fully sure
OUTLIER = 3.0  # times that: a keypoint this far off counts half
DEPTH = 0.03  # metres: of the distance found before
RIGID, LOOSE = 0.01, 0.03  # metres: bones between two joints, and those that stand for several
LIMB_BONES = frozenset({(1, 2), (2, 3), (4, 5), (5, 6), (11, 12), (12, 13), (14, 15), (15, 16)})
AT_ONCE = 1000  # frames


@dataclass(frozen=True, eq=False)
class Opinion:
    """`joints (T, 17, 3)` from the pelvis in the camera's frame, wrong by about `error (T, 17)` metres an axis."""

    joints: Array
    error: Array

    @property
    def weight(self) -> Array:
        """`(T, 17)`, one over the squared error."""
        return np.asarray(np.maximum(self.error, 1e-4) ** -2.0)


def agreed_joints(opinions: Sequence[Opinion], pelvis: Array, rays: Array, sure: Array, lengths: Array) -> Array:
    """Joints `(T, 17, 3)` in the camera's frame, metres.

    `pelvis (T, 3)`: where it is about; its distance is kept. `rays (T, 17, 2)`: x and y at z = 1; `sure (T, 17)` 0 for
    what was not seen. `lengths (16,)` of `BONES`.
    """
    parts = [slice(first, first + AT_ONCE) for first in range(0, len(pelvis), AT_ONCE)]
    return np.concatenate(
        [
            _agreed([Opinion(o.joints[p], o.error[p]) for o in opinions], pelvis[p], rays[p], sure[p], lengths)
            for p in parts
        ]
    )


def _agreed(opinions: Sequence[Opinion], pelvis: Array, rays: Array, sure: Array, lengths: Array) -> Array:
    joints: Array = pelvis[:, None] + mean_opinion(opinions)
    lines = misses_of(rays)
    for _ in range(ROUNDS):
        wishes = (
            _of_picture(joints, pelvis, lines, sure),
            _of_opinions(joints, opinions),
            _of_bones(joints, lengths),
        )
        joints = joints + _step(*(np.concatenate(parts, axis=1) for parts in zip(*wishes, strict=True)))
    return joints


def mean_opinion(opinions: Sequence[Opinion]) -> Array:
    """Joints `(T, 17, 3)` from the pelvis, each opinion weighted by how little it errs."""
    sums = np.sum([opinion.weight[..., None] * opinion.joints for opinion in opinions], axis=0)
    mean = sums / np.sum([opinion.weight for opinion in opinions], axis=0)[..., None]
    return np.asarray(mean - mean[:, :1])


# What wishes are about, a column each: the 17 joints, each from the pelvis, each bone's child from its parent
_ENDS: Array = np.zeros((17, 17 + 16 + len(BONES)))
_ENDS[:, :17] = np.eye(17)
_ENDS[0, 17:33], _ENDS[1:, 17:33] = -1, np.eye(16)
for _column, _bone in enumerate(BONES, start=33):
    _ENDS[_bone, _column] = -1, 1
_PAIRS = np.einsum("aw,bw->abw", _ENDS, _ENDS).reshape(17 * 17, -1)
_BONE_WEIGHTS = np.array([(RIGID if bone in LIMB_BONES else LOOSE) ** -2 for bone in BONES])[:, None]


def _step(blocks: Array, off: Array) -> Array:
    """`(T, 17, 3)` by the normal equations of wishes: matrices `(T, 49, 3, 3)`, and weights times misses `(T, 49,
    3)`."""
    count = len(blocks)
    matrix = (_PAIRS @ blocks.reshape(count, -1, 9)).reshape(count, 17, 17, 3, 3).swapaxes(2, 3)
    step = np.linalg.solve(matrix.reshape(count, 51, 51), -(_ENDS @ off).reshape(count, 51, 1))
    return np.asarray(step.reshape(count, 17, 3))


def _of_picture(joints: Array, pelvis: Array, lines: Array, sure: Array) -> tuple[Array, Array]:
    """Joints on their rays; the pelvis as far away as it was found; and hardly anything that holds the rest."""
    off = (lines @ joints[..., None])[..., 0]
    weight = sure * KEYPOINT**-2 / (1 + (off**2).sum(axis=-1) / (OUTLIER * KEYPOINT) ** 2)
    weighted = weight[..., None, None] * lines
    blocks = weighted.swapaxes(-1, -2) @ lines + 1e-3 * np.eye(3)
    blocks[:, 0, 2, 2] += DEPTH**-2
    pulls = (off[..., None, :] @ weighted)[..., 0, :]
    pulls[:, 0, 2] += (joints[:, 0, 2] - pelvis[:, 2]) * DEPTH**-2
    return blocks, pulls


def _of_opinions(joints: Array, opinions: Sequence[Opinion]) -> tuple[Array, Array]:
    """Joints where the opinions have them, from the pelvis."""
    weights = [opinion.weight[:, 1:, None] for opinion in opinions]
    own = [opinion.joints[:, 1:] - opinion.joints[:, :1] for opinion in opinions]
    total = np.sum(weights, axis=0)
    wanted = np.sum([weight * where for weight, where in zip(weights, own, strict=True)], axis=0)
    return total[..., None] * np.eye(3), total * (joints[:, 1:] - joints[:, :1]) - wanted


def _of_bones(joints: Array, lengths: Array) -> tuple[Array, Array]:
    """Bones of their `lengths (16,)`."""
    bone = joints[:, CHILDREN] - joints[:, PARENTS]
    long = np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-6)
    along = bone / long
    pull = _BONE_WEIGHTS * along
    return pull[..., None] * along[..., None, :], pull * (long - lengths[:, None])
