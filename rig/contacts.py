"""Which foot stands when, from a motion alone: a standing foot is slow and low."""

import numpy as np
from numpy.typing import NDArray

from .motion import Motion
from .smooth import gaussian

FEET = (10, 11)  # toe joints, left and right
SLOW, FAST = 0.25, 0.60  # m/s: surely standing under the one, surely not above the other
LOW, HIGH = 0.03, 0.09  # metres above the lowest it usually is
STAND, LEAVE = 0.6, 0.4  # contact from which a foot stands, and under which it no longer does
SHORTEST = 0.08  # seconds


def estimate_contact(motion: Motion) -> NDArray[np.float32]:
    """`(T, 2)` in [0, 1], left and right foot, by speed and height of the toe joint."""
    toes = motion.joint_positions()[:, FEET].astype(np.float64)
    if len(motion) < 3:
        return np.ones((len(motion), 2), np.float32)
    speed = gaussian(np.linalg.norm(np.gradient(toes, 1 / motion.rate, axis=0), axis=-1), 1.5)
    floor = np.percentile(toes[..., 1].min(axis=1), 10)
    return seeming_contact(speed, toes[..., 1] - floor)


def seeming_contact(speed: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.float32]:
    """`(..., 2)` in [0, 1] of feet at `speed` m/s and `height` metres above the floor."""
    slow = np.clip((FAST - speed) / (FAST - SLOW), 0, 1)
    low = np.clip((HIGH - height) / (HIGH - LOW), 0, 1)
    return np.asarray(slow * low, np.float32)


def standing(contact: NDArray[np.float32], rate: float) -> NDArray[np.bool_]:
    """Contacts `(T, 2)` as yes or no, without flutter."""
    stands = np.zeros(contact.shape, bool)
    for foot in range(2):
        now = bool(len(contact)) and contact[0, foot] > 0.5
        for t, value in enumerate(contact[:, foot]):
            now = value >= STAND or (now and value > LEAVE)
            stands[t, foot] = now
        for start, end in spans(stands[:, foot]):
            if end - start < SHORTEST * rate:
                stands[start:end, foot] = False
    return stands


def spans(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of True, from the first frame to the one after the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
