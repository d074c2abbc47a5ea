"""SMPL poses as axis times angle, which every set of this line is made of."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import FileFormatError
from ...rig.motion import Motion, evenly_timed
from ...rig.quaternion import Array, between_vectors, from_rotation_vector, make_continuous, multiply, rotate
from ...rig.skeleton import SMPL24

UP = np.array([0.0, 1.0, 0.0])
SHORTEST = 12  # frames; shorter clips are left out, as the TransPose line does


def motion_of(path: Path, vectors: NDArray[np.generic], place: NDArray[np.generic] | None, rate: float) -> Motion:
    """Of `vectors (T, 72)` or `(T, 24, 3)` in a world with any axis up, and `place (T, 3)` metres; without it the feet
    are put on the floor. Frames with NaN are left out at the ends and refused between. Raises FileFormatError."""
    if not np.ndim(vectors) or not len(vectors):
        raise FileFormatError(path, "has no frames.", "Leave it out.")
    poses = np.asarray(vectors, np.float64).reshape(len(vectors), -1)
    if poses.ndim != 2 or poses.shape[1] != 72:
        raise FileFormatError(path, f"has poses of shape {np.shape(vectors)}, not (frames, 72) or (frames, 24, 3).")
    if place is not None and np.shape(place) != (len(poses), 3):
        raise FileFormatError(path, f"has {len(poses)} poses and translations of shape {np.shape(place)}.")
    known = np.isfinite(poses).all(axis=1)
    if not known.any():
        raise FileFormatError(path, "has no frame without NaN.", "Leave it out.")
    first, last = int(np.argmax(known)), len(known) - int(np.argmax(known[::-1]))
    if not known[first:last].all():
        raise FileFormatError(path, f"has NaN between frames {first} and {last}.", "Fill or cut it, or leave it out.")
    rotations = from_rotation_vector(poses[first:last].reshape(-1, 24, 3))
    where = np.zeros((len(rotations), 3)) if place is None else np.asarray(place, np.float64)[first:last]
    if not np.isfinite(where).all():
        raise FileFormatError(path, "has translations that are not numbers.", "Leave it out.")
    rotations, where = _upright(rotations, where)
    motion = evenly_timed(make_continuous(rotations), where, SMPL24, rate)
    return motion if place is not None else _on_floor(motion)


def _upright(rotations: Array, place: Array) -> tuple[Array, Array]:
    """The axis that pelvises have up, whichever it is, becomes +Y."""
    mean = rotate(rotations[:, 0], np.broadcast_to(UP, (len(rotations), 3))).mean(axis=0)
    axis = np.zeros(3)
    axis[np.abs(mean).argmax()] = np.sign(mean[np.abs(mean).argmax()]) or 1.0
    turn = between_vectors(axis, UP)
    rotations = rotations.copy()
    rotations[:, 0] = multiply(turn, rotations[:, 0])
    return rotations, rotate(turn, place)


def _on_floor(motion: Motion) -> Motion:
    place = motion.translation.copy()
    place[:, 1] -= motion.joint_positions()[:, [7, 8, 10, 11], 1].min(axis=1) - SMPL24.sole_depth
    return evenly_timed(motion.rotations, place, motion.skeleton, motion.rate)
