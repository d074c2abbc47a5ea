"""Flips: a joint that is turned by more than a limb can turn within a frame, because two frames were understood
differently.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..motion import Motion
from ..quaternion import Array, angle_between, make_continuous, slerp

MOST = np.radians(22.0)  # a frame at 60 Hz: 1,300 degrees a second, a thrower's forearm
ROUNDS = 4


def without_jumps(motion: Motion, most: float = MOST) -> Motion:
    """`motion` whose joints turn by about `most` radians a frame at most: a flip is spread over frames around it."""
    rotations = motion.rotations.copy()
    limit = most * 60 / motion.rate
    for _ in range(ROUNDS):
        steps = angle_between(rotations[1:], rotations[:-1])
        if not (steps > limit).any():
            break
        for j in np.flatnonzero((steps > limit).any(axis=0)):
            _spread(rotations[:, j], steps[:, j], limit)
    return replace(motion, rotations=make_continuous(rotations))


def _spread(q: NDArray[np.float32], steps: Array, limit: float) -> None:
    """In place: around every step over `limit`, one turn from a frame before it to one after."""
    for t in np.flatnonzero(steps > limit):
        reach = int(np.ceil(steps[t] / limit)) + 1
        begin, end = max(0, t - reach), min(len(q) - 1, t + 1 + reach)
        share = (np.arange(begin, end + 1) - begin) / (end - begin)
        q[begin : end + 1] = slerp(q[begin], q[end], share.astype(np.float32))
