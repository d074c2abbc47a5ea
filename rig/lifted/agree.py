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
    for _ in range(ROUNDS):
        system = _System(len(pelvis))
        _add_keypoints(system, joints, rays, sure)
        for opinion in opinions:
            _add_opinion(system, joints, opinion)
        _add_bones(system, joints, lengths)
        system.add(0, 0, np.diag([0, 0, DEPTH**-2]) * np.ones((len(pelvis), 1, 1)))
        system.push(0, np.stack([*np.zeros((2, len(pelvis))), (pelvis - joints[:, 0])[:, 2] * DEPTH**-2], axis=-1))
        joints = joints + system.solved()
    return joints


def mean_opinion(opinions: Sequence[Opinion]) -> Array:
    """Joints `(T, 17, 3)` from the pelvis, each opinion weighted by how little it errs."""
    sums = np.sum([opinion.weight[..., None] * opinion.joints for opinion in opinions], axis=0)
    mean = sums / np.sum([opinion.weight for opinion in opinions], axis=0)[..., None]
    return np.asarray(mean - mean[:, :1])


class _System:
    """Normal equations of a step of 17 joints, a frame each."""

    def __init__(self, frames: int) -> None:
        self._matrix = np.zeros((frames, 17, 3, 17, 3))
        self._right = np.zeros((frames, 17, 3))
        diagonal = np.arange(17)
        self._matrix[:, diagonal, :, diagonal] += 1e-3 * np.eye(3)

    def add(self, a: int, b: int, block: Array) -> None:
        self._matrix[:, a, :, b] += block

    def push(self, a: int, force: Array) -> None:
        self._right[:, a] += force

    def solved(self) -> Array:
        count = len(self._matrix)
        step = np.linalg.solve(self._matrix.reshape(count, 51, 51), self._right.reshape(count, 51, 1))
        return np.asarray(step.reshape(count, 17, 3))


def _add_keypoints(system: _System, joints: Array, rays: Array, sure: Array) -> None:
    for k in range(17):
        row = np.zeros((len(joints), 2, 3))
        row[:, 0, 0] = row[:, 1, 1] = 1
        row[:, :, 2] = -rays[:, k]
        off = np.einsum("tci,ti->tc", row, joints[:, k])
        weight = sure[:, k] * KEYPOINT**-2 / (1 + (off**2).sum(axis=-1) / (OUTLIER * KEYPOINT) ** 2)
        system.add(k, k, np.einsum("t,tci,tcj->tij", weight, row, row))
        system.push(k, -np.einsum("t,tci,tc->ti", weight, row, off))


def _add_opinion(system: _System, joints: Array, opinion: Opinion) -> None:
    own, weight = opinion.joints - opinion.joints[:, :1], opinion.weight
    for k in range(1, 17):
        force = weight[:, k, None] * (joints[:, k] - joints[:, 0] - own[:, k])
        _pull(system, 0, k, weight[:, k, None, None] * np.eye(3), force)


def _add_bones(system: _System, joints: Array, lengths: Array) -> None:
    for (parent, child), length in zip(BONES, lengths, strict=True):
        weight = (RIGID if (parent, child) in LIMB_BONES else LOOSE) ** -2
        bone = joints[:, child] - joints[:, parent]
        long = np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-6)
        along = bone / long
        _pull(system, parent, child, weight * along[:, :, None] * along[:, None], weight * (long - length) * along)


def _pull(system: _System, a: int, b: int, block: Array, force: Array) -> None:
    """A wish about joint `b` less joint `a`: its matrix and how far it is off."""
    system.add(a, a, block)
    system.add(b, b, block)
    system.add(a, b, -block)
    system.add(b, a, -block)
    system.push(a, force)
    system.push(b, -force)
