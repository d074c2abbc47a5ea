"""How far limbs are turned about themselves, where only the plane of a bent joint or a sensor tells it."""

import numpy as np

from ..quaternion import Array, cross, from_axis_angle, multiply, rotate
from .tridiagonal import tridiagonal

NEUTRAL = 0.004  # how much no twist at all is believed in, against 1 for a joint bent at a right angle
STRAIGHT = 0.02  # squared sine of a bend (8 degrees) below which its plane is the joints' trembling
STEADY = 12.0  # how much neighbouring frames at 60 Hz are believed to be alike


def bend_twist(swung: Array, axis: Array, front: Array, bone: Array) -> tuple[Array, Array]:
    """Angle about `axis (..., 3)` that brings `front (..., 3)`, the side a joint bends to, into the plane of the next
    bone `bone (T, ..., 3)`; how much the bend tells (0 to 1), `(T, ...)` each. `swung (T, ..., 4)`: the limb's rotation
    without twist."""
    long = np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-6)
    local = rotate(swung * np.array([1, -1, -1, -1]), bone / long)
    towards, sideways = (local * front).sum(axis=-1), (local * cross(axis, front)).sum(axis=-1)
    told: Array = np.clip((towards**2 + sideways**2 - STRAIGHT) / (1 - STRAIGHT), 0, 1)
    angle: Array = np.arctan2(sideways, towards)
    return angle, told


def sensor_twist(swung: Array, axis: Array, turned: Array) -> Array:
    """Angle about `axis (..., 3)` from `swung` to `turned (T, ..., 4)`, which point the same way, `(T, ...)`."""
    between = multiply(swung * np.array([1, -1, -1, -1]), turned)
    angle: Array = 2.0 * np.arctan2((between[..., 1:] * axis).sum(axis=-1), between[..., 0])
    return angle


def settled(angles: Array, weights: Array, rate: float) -> Array:
    """`angles (T,)` as far as `weights (T,)` believe in them; between, as steady as may be, and neutral at last.

    Least squares over unit complex numbers: nothing flips where an angle passes half a turn or a bend vanishes.
    """
    steady = STEADY * (rate / 60) ** 2
    right = weights * np.exp(1j * angles) + NEUTRAL
    diagonal = weights + NEUTRAL + 2 * steady
    if len(angles) > 1:
        diagonal[[0, -1]] -= steady
    else:
        diagonal -= 2 * steady
    return np.asarray(np.angle(tridiagonal(diagonal, -steady, right)), np.float64)


def twisted(swung: Array, axis: Array, angles: Array) -> Array:
    """`swung (T, ..., 4)` turned by `angles (T, ...)` about its own `axis (..., 3)`."""
    return multiply(swung, from_axis_angle(axis, angles))
