"""Virtual cameras that look at the performer, as those did that the networks were trained with.

A camera turned about its own place sees the same along every ray: its keypoints are exact, and answers turn back.
"""

import numpy as np
from numpy.typing import NDArray

from ..rig.quaternion import Array, cross
from ..rig.rotation import matrix_to_quaternion

FOCAL = 1.7  # normalised: the middle of what networks were trained with
LEVEL: Array = np.array([0.0, -1.0, 0.0])  # up, to a camera that is held straight
NEAREST = 0.1  # of the line of sight: keypoints further aside than 84 degrees are held there


def aim(directions: Array, up: Array = LEVEL) -> Array:
    """Rotations `(..., 3, 3)` from the camera to a level one that looks along `directions (..., 2)`, x and y at z = 1.

    `up (3,)`: against gravity, in the camera's frame.
    """
    forward = _unit(np.concatenate([directions, np.ones_like(directions[..., :1])], axis=-1))
    right = _unit(cross(forward, up))
    return np.stack([right, cross(forward, right), forward], axis=-2)


def aimed(rays: Array, turn: Array, focal: float = FOCAL) -> NDArray[np.float32]:
    """`rays (T, 17, 2)` as normalised keypoints of cameras turned by `turn (T or 1, 3, 3)`."""
    full = np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1)
    seen = np.einsum("tij,tkj->tki", np.broadcast_to(turn, (len(rays), 3, 3)), full)
    return np.asarray(focal * seen[..., :2] / np.maximum(seen[..., 2:], NEAREST), np.float32)


def turn_quaternion(turn: Array) -> Array:
    """`turn (..., 3, 3)` as a quaternion that broadcasts over sensors, `(..., 1, 4)`."""
    return matrix_to_quaternion(turn)[..., None, :]


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))
