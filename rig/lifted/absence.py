"""Frames in which nobody knows the pose: it is held, and goes over to the next known one in time."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..contacts import spans
from ..motion import Motion
from ..quaternion import make_continuous, slerp

RETURN = 0.6  # seconds before the performer comes back in which the pose goes over to theirs


def bridge_absences(motion: Motion, present: NDArray[np.bool_]) -> Motion:
    """`motion` with confidence 0 and a pose that waits where `present (T,)` is False."""
    if present.all() or not present.any():
        return motion
    rotations, place = motion.rotations.copy(), motion.translation.copy()
    confidence = np.where(present, motion.confidence, 0).astype(np.float32)
    for begin, end in spans(~present):
        before, after = max(begin - 1, 0), min(end, len(motion) - 1)
        first = before if begin > 0 else after
        last = after if end < len(motion) else before
        length = min(end - begin, max(1, round(RETURN * motion.rate)))
        t = np.clip((np.arange(begin, end) - (end - length)) / length, 0, 1)
        share = (t * t * (3 - 2 * t)).astype(np.float32)
        rotations[begin:end] = slerp(motion.rotations[first], motion.rotations[last], share[:, None])
        place[begin:end] = motion.translation[first] + share[:, None] * (
            motion.translation[last] - motion.translation[first]
        )
    return replace(motion, rotations=make_continuous(rotations), translation=place, confidence=confidence)
