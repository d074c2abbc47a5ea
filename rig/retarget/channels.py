"""Rotations as Blender's pose bones keep them: quaternion, any Euler order, axis and angle. Continuous over time."""

import numpy as np

from ..quaternion import Array, make_continuous, normalise, to_rotation_vector
from ..rotation import quaternion_to_euler

PROPERTIES = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
TINY = 1e-6  # radians under which an axis has no direction


def rotation_property(mode: str) -> str:
    """The pose bone's property that holds its rotation in `mode`."""
    return PROPERTIES.get(mode, "rotation_euler")


def rotation_channels(q: Array, mode: str) -> Array:
    """Quaternions `(T, 4)` as `(T, 4)` or, for Euler angles, `(T, 3)`; radians, no jumps from one frame to the next."""
    q = make_continuous(normalise(np.asarray(q, np.float64)))
    if mode == "QUATERNION":
        return q
    return _axis_angle(q) if mode == "AXIS_ANGLE" else _euler(q, mode)


def _euler(q: Array, mode: str) -> Array:
    # Blender's XYZ turns about X first, about fixed axes; that is Z Y X about the bone's own
    angles = quaternion_to_euler(q, mode[::-1])
    # every rotation has two triples; whether the other one is nearer to the frame before
    other = np.stack([angles[:, 0] + np.pi, np.pi - angles[:, 1], angles[:, 2] + np.pi], axis=1)
    changes = _distance(other[1:], angles[:-1]) < _distance(angles[1:], angles[:-1])
    flipped = np.concatenate([[False], np.cumsum(changes) % 2 == 1])
    chosen = np.unwrap(np.where(flipped[:, None], other, angles), axis=0)
    by_axis: Array = np.empty_like(chosen)
    by_axis[:, ["XYZ".index(letter) for letter in mode[::-1]]] = chosen
    return by_axis


def _distance(a: Array, b: Array) -> Array:
    """Sum of the angles `(T,)` between triples, the shorter way round."""
    total: Array = np.abs((a - b + np.pi) % (2 * np.pi) - np.pi).sum(axis=-1)
    return total


def _axis_angle(q: Array) -> Array:
    vector = to_rotation_vector(q)
    angle = np.linalg.norm(vector, axis=1)
    # where there is no rotation the axis stays what it was
    told = np.where(angle > TINY, np.arange(len(q)), -1)
    first = int(np.argmax(told >= 0))
    nearest = np.maximum.accumulate(np.where(np.arange(len(q)) < first, first, told))
    if told.max(initial=-1) < 0:
        return np.tile([0.0, 0.0, 1.0, 0.0], (len(q), 1))
    axis = vector[nearest] / angle[nearest, None]
    signs = np.cumprod(np.where(np.concatenate([[1.0], np.sum(axis[1:] * axis[:-1], axis=1)]) < 0, -1, 1))
    return np.concatenate([np.unwrap(angle * signs)[:, None], axis * signs[:, None]], axis=1)
