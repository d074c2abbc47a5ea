"""Standing feet that stay, frame by frame: a foot is held where it came to stand, and let go softly."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .contacts import FEET, LEAVE, STAND, seeming_contact
from .foot_lock import LEGS, bend_limbs
from .kinematics import global_to_local, joint_positions, local_to_global
from .quaternion import Array
from .skeleton import Skeleton

FARTHEST = 0.10  # metres that a foot is held away from where the pose has it; farther, and it is drawn along
LET_GO = 0.06  # seconds in which a foot that leaves goes back to its pose, by 1/e
SINKING = 0.02  # m/s at which the floor is looked for higher up, where nobody says which foot stands


@dataclass(frozen=True, eq=False)
class FeetState:
    """Left and right: `toes (2, 3)` as the pose has them, `shift (2, 3)` by which they are moved, whether they `stand
    (2,)`, `floor` metres."""

    toes: Array
    shift: Array = field(default_factory=lambda: np.zeros((2, 3)))
    stand: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(2, bool))
    floor: float = np.inf


def hold_feet(
    rotations: Array,
    place: Array,
    contact: NDArray[np.float32] | None,
    seconds: float,
    skeleton: Skeleton,
    state: FeetState | None,
) -> tuple[Array, FeetState]:
    """Parent-relative `rotations (24, 4)` with bent legs, `seconds` after the frame of `state` (None: the first).

    `place (3,)` metres; `contact (2,)` as `Motion` has it, None where the network does not say: then it is seen from
    the feet's speed and height.
    """
    world = local_to_global(rotations)
    positions = joint_positions(world, place, skeleton)
    toes = positions[list(FEET)]
    before = FeetState(toes) if state is None else state
    floor = min(before.floor + SINKING * seconds, float(toes[:, 1].min()))
    if contact is None:
        contact = seeming_contact(np.linalg.norm(toes - before.toes, axis=-1) / seconds, toes[:, 1] - floor)
    stand = np.where(before.stand, contact > LEAVE, contact >= STAND)
    faded = before.shift * np.exp(-seconds / LET_GO)
    held = before.toes + before.shift - toes  # to where the foot was shown
    held *= np.minimum(1, FARTHEST / np.maximum(np.linalg.norm(held, axis=-1, keepdims=True), 1e-9))
    shift = np.where((stand & before.stand)[:, None], held, faded)
    turned = bend_limbs(world[None], positions[None], LEGS, shift[None])[0]
    return global_to_local(turned), FeetState(toes, shift, stand, floor)
