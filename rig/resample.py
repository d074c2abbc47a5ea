"""Motions at another frame rate."""

from dataclasses import replace

import numpy as np

from .motion import Motion, evenly_timed
from .quaternion import make_continuous, slerp


def resample(motion: Motion, fps: float) -> Motion:
    """Whole frames at `fps` from the first pose on, rotations by slerp and translation linear.

    The last frame is the last one that lies within the motion, so the length is kept to less than one frame.
    `t_ns` starts at 0; `confidence` and `contact` are the lower of the two neighbours'.
    """
    seconds = (motion.t_ns - motion.t_ns[0]) / 1e9
    times = np.arange(int(np.floor(seconds[-1] * fps + 1e-6)) + 1) / fps
    before = np.clip(np.searchsorted(seconds, times + 1e-9, side="right") - 1, 0, max(len(motion) - 2, 0))
    after = np.minimum(before + 1, len(motion) - 1)
    gap = np.where(after > before, seconds[after] - seconds[before], 1.0)
    weight = np.clip((times - seconds[before]) / gap, 0, 1).astype(np.float32)
    move = motion.translation[after] - motion.translation[before]
    resampled = evenly_timed(
        make_continuous(slerp(motion.rotations[before], motion.rotations[after], weight[:, None])),
        motion.translation[before] + weight[:, None] * move,
        motion.skeleton,
        fps,
    )
    confidence = np.minimum(motion.confidence[before], motion.confidence[after])
    contact = None if motion.contact is None else np.minimum(motion.contact[before], motion.contact[after])
    return replace(resampled, confidence=confidence, origin=motion.origin, contact=contact)
