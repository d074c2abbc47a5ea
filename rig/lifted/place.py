"""Where a body of known size is before a camera: its joints from the pelvis, and where they are in the picture."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..h36m import BONES, h36m_positions
from ..motion import SOLVE_RATE, evenly_timed
from ..quaternion import IDENTITY, Array
from ..skeleton import JOINTS, Skeleton
from ..smooth import gaussian

ROUNDS = 6  # of reweighting
OUTLIER = 0.08  # metres: a joint this far off its ray counts half
DEPTH_STEADY = 0.2  # seconds over which the distance to the camera is smoothed
SCALE_STEADY = 0.5
NEAREST = 0.3  # metres from the camera
PARENTS, CHILDREN = (list(ends) for ends in zip(*BONES, strict=True))  # of the bones


@lru_cache(4)
def bone_lengths(skeleton: Skeleton) -> Array:
    """`(16,)` of the 17 joints' bones in the order of `BONES`, metres."""
    rest = evenly_timed(np.tile(IDENTITY, (1, len(JOINTS), 1)), np.zeros((1, 3)), skeleton)
    places = h36m_positions(rest)[0].astype(np.float64)
    lengths: Array = np.linalg.norm(places[CHILDREN] - places[PARENTS], axis=-1)
    lengths.setflags(write=False)  # kept for the next call
    return lengths


def in_metres(joints: Array, skeleton: Skeleton, sure: Array) -> Array:
    """`joints (T, 17, 3)` of unknown scale, frame by frame, as large as `skeleton`; `sure (T, 17)` weights joints.

    The scale is that of all bones together, smoothed: a distance to the camera does not jump.
    """
    lengths = bone_lengths(skeleton)
    own = np.linalg.norm(joints[:, CHILDREN] - joints[:, PARENTS], axis=-1)
    trust = np.minimum(sure[:, PARENTS], sure[:, CHILDREN]) + 1e-3
    # of logarithms: the scale changes by a share, not by a length
    scale = np.log((trust * lengths * own).sum(axis=1) / np.maximum((trust * own**2).sum(axis=1), 1e-12))
    weight = trust.sum(axis=1)
    frames = SCALE_STEADY * SOLVE_RATE
    smooth = gaussian((weight * scale)[:, None], frames) / gaussian(weight[:, None], frames)
    return np.asarray(joints * np.exp(smooth)[:, :, None])


def place_pelvis(joints: Array, rays: Array, sure: Array) -> Array:
    """Pelvis `(T, 3)` in the camera's frame, metres, that brings `joints (T, 17, 3)` from it nearest to their `rays
    (T, 17, 2)`, x and y at z = 1; `sure (T, 17)` weights them. Where nothing is seen it goes straight on.

    Least squares a frame, linear in the place, outliers weighted down; the distance, which small errors in the picture
    move most, is smoothed before the rest is found.
    """
    known = np.flatnonzero(sure.sum(axis=1) > 1e-6)
    if not len(known):
        return np.tile([0.0, 0.0, 3.0], (len(joints), 1))
    found, weight = _nearest(joints[known], rays[known], sure[known])
    depth = _smoothed(np.log(np.maximum(found[:, 2], NEAREST)), sure[known].sum(axis=1), known, len(joints))
    place = np.empty((len(joints), 3))
    place[:, 2] = np.exp(depth)
    z = joints[known, :, 2] + place[known, None, 2]
    for axis in range(2):
        aside = rays[known, :, axis] * z - joints[known, :, axis]
        own = (weight * aside).sum(axis=1) / weight.sum(axis=1)
        place[:, axis] = np.interp(np.arange(len(joints)), known, own / place[known, 2]) * place[:, 2]
    return place


def _nearest(joints: Array, rays: Array, sure: Array) -> tuple[Array, Array]:
    """Places `(T, 3)` and the weights `(T, 17)` that the joints had in the end."""
    lines = misses_of(rays)
    off_there = (lines @ joints[..., None])[..., 0]  # (T, 17, 2) m, with the pelvis at the camera
    pairs, goals = lines.swapaxes(-1, -2) @ lines, (off_there[..., None, :] @ lines)[..., 0, :]
    weight = sure + 1e-6
    for _ in range(ROUNDS):
        normal = np.einsum("tk,tkij->tij", weight, pairs) + 1e-9 * np.eye(3)
        place = np.linalg.solve(normal, -np.einsum("tk,tki->ti", weight, goals)[..., None])
        off = off_there + (lines @ place[:, None])[..., 0]
        weight = (sure + 1e-6) / (1 + (off**2).sum(axis=-1) / OUTLIER**2)
    return place[..., 0], weight


def misses_of(rays: Array) -> Array:
    """`(..., 2, 3)`: what takes a point to how far, across and down, it is off `rays (..., 2)`, x and y at z = 1."""
    lines = np.zeros((*rays.shape, 3))
    lines[..., 0, 0] = lines[..., 1, 1] = 1
    lines[..., 2] = -rays
    return lines


def _smoothed(values: Array, weight: Array, known: NDArray[np.intp], length: int) -> Array:
    """`values` of the frames `known`, smoothed by their `weight` and carried over frames between."""
    frames = np.arange(length)
    full = np.zeros(length)
    full[known] = weight
    filled = np.interp(frames, known, values)
    sigma = DEPTH_STEADY * SOLVE_RATE
    full = np.maximum(full, 1e-3 * weight.max())
    # around a line: a weighted mean would bend at the ends of a way towards the camera
    about = gaussian(filled[:, None], sigma, onward=True)[:, 0]
    smooth: Array = (gaussian((full * (filled - about))[:, None], sigma) / gaussian(full[:, None], sigma))[:, 0]
    return about + smooth
