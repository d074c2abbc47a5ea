"""The rest pose of a foreign skeleton seen as our T-pose: where it faces, how each bone is turned and how long."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from .errors import BadInputError
from .quaternion import Array, between_vectors, conjugate, multiply, rotate
from .rotation import matrix_to_quaternion
from .skeleton import ENDS, JOINTS, PARENTS, SMPL24, Skeleton, joint

LEG = float(np.abs(SMPL24.offsets[[4, 7], 1]).sum())
# Bones that are straight in the T-pose: joint, child; parents first. Their direction says how to turn the rest pose.
LIMBS = {joint(f"{side}_{a}"): joint(f"{side}_{b}") for side in ("left", "right")
         for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))}  # fmt: skip
FEET = {joint(f"{side}_ankle"): joint(f"{side}_foot") for side in ("left", "right")}
WRISTS = {joint(f"{side}_wrist"): joint(f"{side}_elbow") for side in ("left", "right")}
TRUNK = [joint(name) for name in ("pelvis", "spine1", "spine2", "spine3", "neck", "head")]
# Pairs of joints, left and right, that tell which way is left
SIDES = [(joint(f"left_{part}"), joint(f"right_{part}")) for part in ("hip", "shoulder", "collar")]
HANGING_FOOT = np.cos(np.radians(35))
UPRIGHT, SQUARE = np.cos(np.radians(35)), np.cos(np.radians(15))  # a rest pose that is meant along an axis


class RestPose:
    """Rest positions `(3,)` by SMPL joint, in a skeleton's own axes and unit; `pelvis` and one joint above it at least.

    `frame` turns our axes into its axes. `turns (24, 4)` turn each bone of our T-pose into its rest pose, so a bone
    that is turned by q from there is turned by q · turn from our T-pose.
    """

    def __init__(self, known: Mapping[int, Array]) -> None:
        self.known = {j: np.asarray(place, np.float64) for j, place in known.items()}
        self.up = self._up()
        self.frame = self._frame()
        self.turns = np.tile(self.frame, (len(JOINTS), 1))
        for index, child in LIMBS.items():
            self._turn_limb(index, child)
        for index, child in FEET.items():
            self._turn_foot(index, child)
        for index, elbow in WRISTS.items():
            self.turns[[index, index + 2]] = self.turns[elbow]
        self.places = self._places()

    @cached_property
    def leg(self) -> float:
        """Thigh plus shin in the skeleton's unit; without a whole leg, what the trunk makes likely."""
        legs = [chain for chain in ((1, 4, 7), (2, 5, 8)) if all(j in self.known for j in chain)]
        if not legs:
            top = self._top()
            usual = float(SMPL24.rest_positions()[top, 1])
            return LEG * float(np.linalg.norm(self.known[top] - self.known[0])) / usual
        hip, knee, ankle = (self.known[j] for j in legs[0])
        return float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))

    def skeleton(self, unit: float, tips: Mapping[int, Array] | None = None) -> Skeleton:
        """Bone lengths in metres, at `unit` metres for one of its units; `tips` are ends of bones from their joint."""
        offsets = np.zeros((len(JOINTS), 3))
        parents = list(PARENTS[1:])
        offsets[1:] = rotate(conjugate(self.turns[parents]), self.places[1:] - self.places[parents]) * unit
        ends = SMPL24.ends * (self.leg * unit / LEG)
        for index, row in ENDS.items():
            tip = (tips or {}).get(index)
            if tip is not None and np.linalg.norm(tip) * unit > 0.01:
                ends[row] = rotate(conjugate(self.turns[index]), tip) * unit
        return Skeleton(offsets.astype(np.float32), ends.astype(np.float32))

    def _top(self) -> int:
        """The highest joint of the trunk that is known."""
        return next((j for j in reversed(TRUNK) if j in self.known), 0)

    def _up(self) -> Array:
        """Direction from pelvis to head in the rest pose."""
        top = self._top()
        direction = (
            self.known[top] - self.known[0]
            if top
            else -sum((self.known[j] - self.known[0] for j in (4, 5, 7, 8) if j in self.known), np.zeros(3))
        )
        length = float(np.linalg.norm(direction))
        if length < 1e-9:
            raise BadInputError("Pelvis and head are in one place, so no direction is up. Choose other bones for them.")
        return _squared(direction / length, UPRIGHT)

    def _frame(self) -> Array:
        pairs = [self.known[a] - self.known[b] for a, b in SIDES if a in self.known and b in self.known]
        for left in pairs:
            left = left - left.dot(self.up) * self.up
            if (width := float(np.linalg.norm(left))) > 1e-9:
                left = _squared(left / width, SQUARE)
                return matrix_to_quaternion(np.stack([left, self.up, np.cross(left, self.up)], axis=-1))
        raise BadInputError(
            "Left and right hip are in one place, so no direction is left. Choose bones for both hips or shoulders."
        )

    def _bone(self, index: int, child: int, turn: Array) -> tuple[Array, Array]:
        """A bone of the T-pose turned by `turn`, and as it is in the rest pose."""
        expected = rotate(turn, SMPL24.offsets[child].astype(np.float64))
        return expected, self.known[child] - self.known[index]

    def _has(self, index: int, child: int) -> bool:
        """Whether the bone is there and has a length."""
        if index not in self.known or child not in self.known:
            return False
        return float(np.linalg.norm(self.known[child] - self.known[index])) > 2e-3 * self.leg

    def _turn_limb(self, index: int, child: int) -> None:
        # the lower bone from where the upper has taken it: so neither is twisted against the other
        before = self.turns[PARENTS[index]] if PARENTS[index] in LIMBS else self.frame
        self.turns[index] = before
        if self._has(index, child):
            self.turns[index] = multiply(between_vectors(*self._bone(index, child, before)), before)

    def _turn_foot(self, index: int, child: int) -> None:
        """Toes forward; the slope is kept, for it is that of the shoe, unless the foot hangs down."""
        if not self._has(index, child):
            return
        expected, found = self._bone(index, child, self.frame)
        if float(expected.dot(found)) < HANGING_FOOT * float(np.linalg.norm(expected) * np.linalg.norm(found)):
            turn = between_vectors(expected, found)
        else:
            level, flat = (v - v.dot(self.up) * self.up for v in (expected, found))
            turn = between_vectors(level, flat)
        self.turns[index] = multiply(turn, self.frame)
        self.turns[child] = self.turns[index]

    def _places(self) -> Array:
        """Rest positions of our 24 joints, in the skeleton's axes and unit."""
        places = np.zeros((len(JOINTS), 3))
        for j, place in self.known.items():
            places[j] = place
        between = self._fill_between(places)
        for index in (j for j in range(1, len(JOINTS)) if j not in self.known):
            self.turns[index] = self.turns[PARENTS[index]]
            if index not in between:
                offset = SMPL24.offsets[index] * (self.leg / LEG)
                places[index] = places[PARENTS[index]] + rotate(self.turns[index], offset.astype(np.float64))
        return places

    def _fill_between(self, places: Array) -> set[int]:
        """Put spine and neck joints that are not known on the line between those that are; gives the joints placed."""
        known = [k for k, index in enumerate(TRUNK) if index in self.known]
        inner = TRUNK[: known[-1] + 1]
        for axis in range(3):
            places[inner, axis] = np.interp(range(len(inner)), known, places[[TRUNK[k] for k in known], axis])
        return set(inner)


def nearest_axis(direction: Array) -> Array:
    """Of the six, the one that `direction (3,)` points along most."""
    axis = np.zeros(3)
    largest = int(np.abs(direction).argmax())
    axis[largest] = np.sign(direction[largest])
    return axis


def _squared(direction: Array, near: float) -> Array:
    """The axis that a unit vector is meant to lie on, itself where it is not near any."""
    return nearest_axis(direction) if np.abs(direction).max() > near else direction
