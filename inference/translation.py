"""Where the pelvis goes: the network's velocity, held by the foot that stands and by the floor.

While a foot stands, the pelvis moves as that foot would have to move backwards (TransPose, section 3.4.2: the two
velocities are blended by how sure the contact is). The floor is y = 0: a standing foot is drawn to it, no foot goes
through it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..rig.skeleton import Skeleton

Array = NDArray[np.float64]
FEET = (10, 11)
SURE = (0.5, 0.9)  # contact from which the foot counts, and from which it alone counts
FLOOR_GAIN = 0.1  # per frame: a standing foot reaches the floor within half a second


class TravelState(NamedTuple):
    """`pelvis (3,)` world, metres, and `feet (2, 3)` relative to it at the last frame."""

    pelvis: Array
    feet: Array


def travel(
    feet: Array, velocity: Array, contact: Array, skeleton: Skeleton, state: TravelState | None, rate: float = 60.0
) -> tuple[Array, TravelState]:
    """Pelvis `(T, 3)` from `feet (T, 2, 3)` relative to it, `velocity (T, 3)` m/s and `contact (T, 2)` in [0, 1].

    World frame. Starts above the origin with the lower foot on the floor.
    """
    if state is None:
        height = skeleton.sole_depth - float(feet[0, :, 1].min())
        state = TravelState(np.array([0.0, height, 0.0]), feet[0])
    before = np.concatenate([state.feet[None], feet[:-1]])
    rows = np.arange(len(feet))
    standing = contact.argmax(axis=1)
    held = (before - feet)[rows, standing]  # how the pelvis moves if that foot does not
    sure = np.clip((contact[rows, standing] - SURE[0]) / (SURE[1] - SURE[0]), 0, 1)
    step = velocity / rate + sure[:, None] * (held - velocity / rate)
    on_floor = skeleton.sole_depth - feet[rows, standing, 1]
    lowest = skeleton.sole_depth - feet[:, :, 1].min(axis=1)
    pelvis = np.empty_like(velocity)
    now = state.pelvis
    for t in range(len(feet)):
        now = now + step[t]
        now[1] += FLOOR_GAIN * sure[t] * (on_floor[t] - now[1])
        now[1] = max(now[1], lowest[t])
        pelvis[t] = now
    return pelvis, TravelState(pelvis[-1].copy(), feet[-1])
