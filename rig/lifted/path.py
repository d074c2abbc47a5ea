"""Where the performer goes: places seen now and then, and steps felt or planted from frame to frame."""

import numpy as np
from numpy.typing import NDArray

from ..contacts import FEET
from ..kinematics import forward_kinematics
from ..motion import Motion
from ..quaternion import Array
from ..smooth import gaussian
from .tridiagonal import tridiagonal

STEP, FELT_STEP = 0.003, 0.005  # metres: error of a step from one frame to the next, seen and felt by sensors
# of the difference to what is seen, smoothed over so many frames: a step that is wrong one way for as long is wrong by
# more than chance would make of it; chosen on the validation people
AGAINST, WRONG = 30.0, 3.0
SEEN = (0.03, 0.03, 0.25)  # metres across the picture, down it and away from the camera: errors that last seconds


def fused_path(
    seen: Array,
    trust: Array,
    steps: Array,
    error: tuple[float, float, float] = SEEN,
    step: Array | float = STEP,
) -> Array:
    """Path `(T, 3)` near `seen (T, 3)`, as far as `trust (T,)` from 0 to 1 goes, with the differences `steps (T-1, 3)`,
    each wrong by `step` metres: `(T-1,)`, or one number for all.

    Least squares; axes are the camera's, across, down and away, each seen with its own `error`. Where nothing is
    trusted the steps alone lead on.
    """
    if len(seen) < 2:
        return seen
    path = np.empty_like(seen)
    beside = np.broadcast_to(np.float64(step) ** -2.0, len(steps))
    for axis in range(3):
        weight = trust / error[axis] ** 2 + 1e-9
        diagonal = weight.copy()
        diagonal[1:] += beside
        diagonal[:-1] += beside
        right = weight * seen[:, axis]
        right[1:] += beside * steps[:, axis]
        right[:-1] -= beside * steps[:, axis]
        path[:, axis] = tridiagonal(diagonal, -beside, right).real
    return path


def felt_errors(seen: Array, trust: Array, steps: Array) -> Array:
    """Error `(T-1,)`, metres, of each of the `steps (T-1, 3)` that sensors felt: larger where they went another way
    for half a second on end than the path `seen (T, 3)` with its `trust (T,)`."""
    sure = np.minimum(trust[1:], trust[:-1])[:, None]
    near = gaussian(sure, AGAINST)
    apart = gaussian((np.diff(seen, axis=0) - steps) * sure, AGAINST) / np.maximum(near, 1e-3)
    errors: Array = np.hypot(FELT_STEP, WRONG * np.linalg.norm(apart, axis=1) * np.minimum(near[:, 0], 1))
    return errors


def planted_steps(motion: Motion, stands: NDArray[np.bool_], otherwise: Array) -> Array:
    """How the pelvis moves `(T-1, 3)`, world, if standing feet, `stands (T, 2)`, do not; where none does, as along the
    path `otherwise (T, 3)`."""
    from_pelvis = forward_kinematics(motion.rotations, np.zeros_like(motion.translation), motion.skeleton)[:, FEET]
    held = -np.diff(from_pelvis.astype(np.float64), axis=0)
    both = (stands[1:] & stands[:-1]).astype(np.float64)
    own = np.diff(otherwise, axis=0)
    count = both.sum(axis=1, keepdims=True)
    planted = np.einsum("tf,tfc->tc", both, held) / np.maximum(count, 1)
    return np.where(count > 0, planted, own)
