"""Two-bone inverse kinematics for legs that stand where the feet are."""

import numpy as np

from ...rig.quaternion import Array
from ...rig.rotation import matrix_to_quaternion


def _unit(v: Array) -> Array:
    return np.asarray(v / np.linalg.norm(v, axis=-1, keepdims=True))


def _frame(down: Array, across: Array) -> Array:
    """World rotation of a bone whose rest direction is -Y: along `down`, flexing about `across`."""
    y = -down
    x = _unit(across - np.sum(across * y, axis=-1, keepdims=True) * y)
    return matrix_to_quaternion(np.stack([x, y, np.cross(x, y)], axis=-1))


def solve_leg(hip: Array, ankle: Array, forward: Array, thigh: float, shin: float) -> tuple[Array, Array]:
    """World rotations `(T, 4)` of thigh and shin that put the ankle at `ankle (T, 3)`, the knee towards `forward`.

    The target must lie within reach; where it does not, the leg is straight and points at it.
    """
    line = ankle - hip
    distance = np.clip(np.linalg.norm(line, axis=-1), abs(thigh - shin) + 1e-6, thigh + shin)
    direction = _unit(line)
    across = _unit(np.cross(forward, direction))
    ahead = np.cross(direction, across)
    cosine = np.clip((thigh**2 + distance**2 - shin**2) / (2 * thigh * distance), -1, 1)[:, None]
    knee = hip + thigh * (cosine * direction + np.sqrt(1 - cosine**2) * ahead)
    foot = hip + distance[:, None] * direction
    # forward × down points to the performer's left, the bone's own +X
    return _frame(_unit(knee - hip), across), _frame(_unit(foot - knee), across)
