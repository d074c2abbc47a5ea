"""The performer's bone lengths, estimated once from joints that were seen."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInputError
from ..h36m import PARENTS
from ..quaternion import Array
from ..skeleton import SMPL24, Skeleton, joint

# Joints of the body whose offsets add up to one of the 17's bones, by the bone's child; both sides are one length
CHAINS: dict[tuple[int, ...], tuple[str, ...]] = {
    (2, 5): ("knee",),
    (3, 6): ("ankle",),
    (7,): ("spine1", "spine2"),
    (8,): ("spine3", "neck"),
    (9,): ("head",),
    (12, 15): ("elbow",),
    (13, 16): ("wrist",),
}
LEAST, MOST = 0.6, 1.6  # of the default performer's bone of the same height: beyond, the joints are no body's


def performer_of(positions: Array, default: Skeleton = SMPL24) -> Skeleton:
    """The skeleton whose bones have the median lengths in `positions (T, 17, 3)`, metres; NaN frames are left out.

    What the 17 joints do not hold (feet, hands, the toes' tips) is scaled like the legs and forearms. Raises
    BadInputError where nothing was seen or the lengths are no body's.
    """
    lengths = np.full(len(PARENTS), np.nan)
    for child, parent in enumerate(PARENTS):
        bone = np.linalg.norm(positions[:, child] - positions[:, parent], axis=-1)
        lengths[child] = np.median(bone[np.isfinite(bone)]) if np.isfinite(bone).any() else np.nan
    if not np.isfinite(lengths).all():
        raise BadInputError("Not every joint was seen, so that nobody's bones can be measured. Show the whole body.")
    size = float(lengths[[2, 3, 5, 6]].sum()) / 2 / float(-default.offsets[[4, 7], 1].sum())
    if not 0.3 < size < 2.5:
        raise BadInputError(f"The legs are {size:.1f} times as long as a person's. Are the positions in metres?")
    sized = default.scaled_to(default.height * size)
    offsets = sized.offsets.copy()
    for children, names in CHAINS.items():
        rows = [[joint(f"{side}{name}") for name in names] for side in _sides(children)]
        rest = float(np.linalg.norm(sized.offsets[rows[0]].sum(axis=0)))
        factor = np.clip(float(lengths[list(children)].mean()) / rest, LEAST, MOST)
        for row in rows:
            offsets[row] *= np.float32(factor)
    top = sized.ends.copy()
    top[0] *= np.float32(np.clip(lengths[10] / np.linalg.norm(top[0]), LEAST, MOST))
    _set_hips(offsets, positions)
    _set_shoulders(offsets, positions)
    return replace(sized, offsets=offsets, ends=top)


def _sides(children: tuple[int, ...]) -> tuple[str, ...]:
    return ("left_", "right_") if len(children) == 2 else ("",)


def _set_hips(offsets: NDArray[np.float32], positions: Array) -> None:
    """Where the hips were seen, from the pelvis, in axes of hips and spine."""
    up = offsets[joint("spine1")] + offsets[joint("spine2")]
    hip = _seen_from(positions[:, 0], positions[:, 4], positions[:, 1], positions[:, 7] - positions[:, 0], up)
    offsets[joint("left_hip")], offsets[joint("right_hip")] = hip, hip * [-1, 1, 1]


def _set_shoulders(offsets: NDArray[np.float32], positions: Array) -> None:
    """Where the shoulders were seen, from the neck, in axes of shoulders and spine; collar bones keep their share."""
    up = offsets[joint("spine3")] + offsets[joint("neck")]
    seen = _seen_from(positions[:, 8], positions[:, 11], positions[:, 14], positions[:, 8] - positions[:, 7], up)
    shoulder = offsets[joint("neck")] + seen - offsets[joint("left_collar")]
    offsets[joint("left_shoulder")], offsets[joint("right_shoulder")] = shoulder, shoulder * [-1, 1, 1]


def _seen_from(origin: Array, left: Array, right: Array, upward: Array, rest: Array) -> Array:
    """Median offset `(3,)` of a left joint from `origin`, mean of both sides, in the axes of the T-pose, in which
    `upward` is along `rest (3,)`."""
    x = left - right
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    y = upward - np.sum(upward * x, axis=-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    axes = np.stack([x, y, np.cross(x, y)], axis=-1)
    sides = [np.einsum("tij,ti->tj", axes, side - origin) for side in (left, right)]
    both = np.nanmedian((sides[0] + sides[1] * [-1, 1, 1]) / 2, axis=0)
    tilt = np.arctan2(rest[2], rest[1])  # the rest spine leans forward by this
    y, z = both[1] * np.cos(tilt) - both[2] * np.sin(tilt), both[1] * np.sin(tilt) + both[2] * np.cos(tilt)
    return np.array([both[0], y, z])
