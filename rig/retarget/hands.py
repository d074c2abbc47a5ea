"""Hands that stay out of a body of other proportions as they stayed out of the performer's own."""

import numpy as np

from ..motion import Motion
from ..quaternion import Array
from ..skeleton import Skeleton

ARMS = ((16, 18, 20), (17, 19, 21))  # shoulder, elbow, wrist
ELBOWS: Array = np.array([0.0, -0.5e-4, -1e-4])  # where a straight arm bends to
HANDS = (22, 23)
# Capsules: from joint to joint, and the radius as a share of the distance between the hips; of the free body.
CAPSULES = ((0, 9, 0.72), (9, 12, 0.62), (12, 15, 0.42), (1, 4, 0.42), (2, 5, 0.42))


def kept_out(source: Motion, target: Motion) -> Array:
    """How far `(T, 2, 3)` wrists have to go for hands to be no deeper in the target's body than in the source's."""
    before, after = source.joint_positions().astype(np.float64), target.joint_positions().astype(np.float64)
    shift = np.zeros((len(after), 2, 3))
    for hand, joint in enumerate(HANDS):
        for a, b, share in CAPSULES:
            deep = np.minimum(from_line(before, joint, a, b)[0] - share * hip_width(source.skeleton), 0)
            distance, out = from_line(after, joint, a, b)
            need = np.maximum(share * hip_width(target.skeleton) + deep - distance, 0)
            push = need[:, None] * out
            larger = np.linalg.norm(push, axis=1) > np.linalg.norm(shift[:, hand], axis=1)
            shift[larger, hand] = push[larger]
    return shift


def hip_width(skeleton: Skeleton) -> float:
    """Metres between the hip joints."""
    return float(np.linalg.norm(skeleton.offsets[1] - skeleton.offsets[2]))


def from_line(places: Array, joint: int, a: int, b: int) -> tuple[Array, Array]:
    """Of a joint from the line between two others, `(T,)`, and the direction `(T, 3)` away from it."""
    line = places[:, b] - places[:, a]
    along = np.sum((places[:, joint] - places[:, a]) * line, axis=1) / np.maximum(np.sum(line**2, axis=1), 1e-12)
    away = places[:, joint] - places[:, a] - np.clip(along, 0, 1)[:, None] * line
    distance = np.linalg.norm(away, axis=1)
    return distance, away / np.maximum(distance, 1e-9)[:, None]
