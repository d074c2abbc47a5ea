"""Conversions between quaternions (w, x, y, z), matrices, the 6D form and Euler angles.

Named `<from>_to_<to>`; inputs are taken as valid rotations, only `sixd_to_matrix` repairs.
"""

import numpy as np

from .quaternion import Array, from_axis_angle, multiply, normalise


def quaternion_to_matrix(q: Array) -> Array:
    """`(..., 4)` to `(..., 3, 3)`."""
    w, x, y, z = (q[..., k] for k in range(4))
    matrix: Array = np.empty((*q.shape[:-1], 3, 3), q.dtype)
    matrix[..., 0, 0] = 1 - 2 * (y * y + z * z)
    matrix[..., 0, 1] = 2 * (x * y - w * z)
    matrix[..., 0, 2] = 2 * (x * z + w * y)
    matrix[..., 1, 0] = 2 * (x * y + w * z)
    matrix[..., 1, 1] = 1 - 2 * (x * x + z * z)
    matrix[..., 1, 2] = 2 * (y * z - w * x)
    matrix[..., 2, 0] = 2 * (x * z - w * y)
    matrix[..., 2, 1] = 2 * (y * z + w * x)
    matrix[..., 2, 2] = 1 - 2 * (x * x + y * y)
    return matrix


def matrix_to_quaternion(m: Array) -> Array:
    """`(..., 3, 3)` to `(..., 4)`, w not negative. Takes the largest of the four components as pivot."""
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    a, b, c = m[..., 2, 1], m[..., 0, 2], m[..., 1, 0]
    d, e, f = m[..., 1, 2], m[..., 2, 0], m[..., 0, 1]
    candidates = np.empty((*m.shape[:-2], 4, 4), m.dtype)
    candidates[..., 0, 0] = 1 + xx + yy + zz
    candidates[..., 1, 1] = 1 + xx - yy - zz
    candidates[..., 2, 2] = 1 - xx + yy - zz
    candidates[..., 3, 3] = 1 - xx - yy + zz
    candidates[..., 0, 1] = candidates[..., 1, 0] = a - d
    candidates[..., 0, 2] = candidates[..., 2, 0] = b - e
    candidates[..., 0, 3] = candidates[..., 3, 0] = c - f
    candidates[..., 1, 2] = candidates[..., 2, 1] = c + f
    candidates[..., 1, 3] = candidates[..., 3, 1] = b + e
    candidates[..., 2, 3] = candidates[..., 3, 2] = a + d
    pivot = np.argmax(np.diagonal(candidates, axis1=-2, axis2=-1), axis=-1)
    q = normalise(np.take_along_axis(candidates, pivot[..., None, None], axis=-2)[..., 0, :])
    return np.where(q[..., :1] < 0, -q, q).astype(m.dtype)


def matrix_to_sixd(m: Array) -> Array:
    """First two columns of the matrix, one after the other (Zhou et al., CVPR 2019)."""
    return np.concatenate([m[..., :, 0], m[..., :, 1]], axis=-1)


def sixd_to_matrix(d: Array) -> Array:
    """Gram-Schmidt of two columns `(..., 6)`; scale does not matter, parallel columns give NaN."""
    x = d[..., :3] / np.linalg.norm(d[..., :3], axis=-1, keepdims=True)
    y = d[..., 3:] - np.sum(x * d[..., 3:], axis=-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def euler_to_quaternion(angles: Array, order: str) -> Array:
    """Radians `(..., 3)` in the order they are applied to a column of BVH channels, e.g. `"ZXY"`.

    Intrinsic: the first letter is the outermost rotation, R = R_Z R_X R_Y.
    """
    axes = np.eye(3, dtype=angles.dtype)
    turns = [from_axis_angle(axes["XYZ".index(letter)], angles[..., k]) for k, letter in enumerate(order)]
    return multiply(multiply(turns[0], turns[1]), turns[2])


def quaternion_to_euler(q: Array, order: str) -> Array:
    """Inverse of `euler_to_quaternion` for three different letters; the middle angle is in [-π/2, π/2].

    At gimbal lock the third angle is set to zero.
    """
    i, j, k = ("XYZ".index(letter) for letter in order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    # in float32 the unit length is off by 1e-7, which is 5e-4 radians at the lock
    m = quaternion_to_matrix(normalise(q.astype(np.float64)))
    middle = np.arcsin(np.clip(sign * m[..., i, k], -1, 1))
    locked = np.abs(m[..., i, k]) > 1 - 1e-9
    first = np.where(
        locked,
        np.arctan2(sign * m[..., k, j], m[..., j, j]),
        np.arctan2(-sign * m[..., j, k], m[..., k, k]),
    )
    third = np.where(locked, 0.0, np.arctan2(-sign * m[..., i, j], m[..., i, i]))
    angles: Array = np.stack([first, middle, third], axis=-1).astype(q.dtype)
    return angles
