"""Motions of other programs' skeletons, taken over by SMPL-24."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import FileFormatError
from .joint_names import match_names
from .kinematics import global_to_local
from .motion import Motion, evenly_timed
from .quaternion import Array, between_vectors, conjugate, make_continuous, multiply, rotate
from .rotation import matrix_to_quaternion
from .skeleton import ENDS, JOINTS, PARENTS, SMPL24, Skeleton, joint

# Metres, centimetres, inches, millimetres and the unit of the CMU database's files (1/0.45 inch).
UNITS = (1.0, 0.01, 0.0254, 0.001, 0.0254 / 0.45)
LEG = float(np.abs(SMPL24.offsets[[4, 7], 1]).sum())
REQUIRED = tuple(
    joint(name)
    for name in ("pelvis", *(f"{side}_{part}" for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
                             for side in ("left", "right")))
)  # fmt: skip
# Bones that are straight in the T-pose: joint, child. Their rest direction says how to turn the rest pose.
LIMBS = {joint(f"{side}_{a}"): joint(f"{side}_{b}") for side in ("left", "right")
         for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))}  # fmt: skip
FEET = {joint(f"{side}_ankle"): joint(f"{side}_foot") for side in ("left", "right")}
WRISTS = {joint(f"{side}_wrist"): joint(f"{side}_elbow") for side in ("left", "right")}
TRUNK = [joint(name) for name in ("pelvis", "spine1", "spine2", "spine3", "neck", "head")]
HANGING_FOOT = np.cos(np.radians(35))


@dataclass(frozen=True, eq=False)
class ForeignMotion:
    """World `global_rotations (T, N, 4)`, `positions (T, N, 3)`, rest `offsets (N, 3)`, in the file's axes and unit.

    `ends` are tips of joints without children, from their joint. The rest pose has identity rotations.
    """

    path: Path
    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Array
    ends: dict[int, Array]
    global_rotations: Array
    positions: Array
    rate: float


def adopt(motion: ForeignMotion) -> Motion:
    """The same movement on SMPL-24, with bone lengths from the file.

    Joints the file lacks are put where the default skeleton has them and follow their parents. Raises
    FileFormatError where joints that nothing can stand in for are missing.
    """
    return _Adoption(motion).motion()


class _Adoption:
    def __init__(self, source: ForeignMotion) -> None:
        self.source = source
        self.rest = _rest_positions(source)
        self.index = self._matched()
        self.unit = self._unit()
        self.frame = self._rest_frame()
        self.correction = np.tile(self.frame, (len(JOINTS), 1))  # our T-pose axes to the rest pose, per joint
        self._correct_limbs()
        self.places = self._places()

    def motion(self) -> Motion:
        world = self._to_our_world()
        rotations = np.empty((len(self.source.positions), len(JOINTS), 4))
        for index, parent in enumerate(PARENTS):
            if index in self.index:
                turn = self.source.global_rotations[:, self.index[index]]
                rotations[:, index] = multiply(multiply(world, turn), self.correction[index])
            else:
                rotations[:, index] = rotations[:, parent]
        translation = rotate(world, self.source.positions[:, self.index[0]]) * self.unit
        local = make_continuous(global_to_local(rotations))
        return evenly_timed(local, translation, self._skeleton(), self.source.rate)

    def _matched(self) -> dict[int, int]:
        """SMPL joint to joint of the file, the spine included."""
        index = match_names(self.source.names)
        missing = [JOINTS[j] for j in REQUIRED if j not in index]
        if not {joint("neck"), joint("head")} & index.keys():
            missing.append("neck or head")
        if missing:
            names = ", ".join(self.source.names[:8])
            reason = f"has no joint that is named like {', '.join(missing)} (its joints are {names}, …)."
            raise FileFormatError(self.source.path, reason, "Rename the joints to SMPL's or Mixamo's names.")
        return index | self._spine(index)

    def _spine(self, index: dict[int, int]) -> dict[int, int]:
        """The joints between pelvis and neck, spread over spine1 to spine3 from the bottom."""
        top = index[min({joint("neck"), joint("head")} & index.keys())]
        below_pelvis = set(self._ancestors(index[0])) | {index[0]}
        chain = [node for node in self._ancestors(top) if node not in below_pelvis][::-1]
        if not chain:
            reason = "has no spine joint between pelvis and neck."
            raise FileFormatError(self.source.path, reason, "Export it with the whole skeleton.")
        spread = {1: (0,), 2: (0, None, 1)}.get(len(chain), (0, len(chain) // 2, len(chain) - 1))
        spine = (joint("spine1"), joint("spine2"), joint("spine3"))
        return {j: chain[k] for j, k in zip(spine, spread, strict=False) if k is not None}

    def _ancestors(self, node: int) -> list[int]:
        found = []
        while (node := self.source.parents[node]) >= 0:
            found.append(node)
        return found

    def _at(self, name: str) -> Array:
        place: Array = self.rest[self.index[joint(name)]]
        return place

    def _leg(self) -> float:
        """Thigh plus shin in the file's unit."""
        hip, knee, ankle = (self._at(f"left_{part}") for part in ("hip", "knee", "ankle"))
        return float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))

    def _unit(self) -> float:
        leg = self._leg()
        unit = min(UNITS, key=lambda candidate: float(abs(np.log(max(leg, 1e-9) * candidate / LEG))))
        if not 0.3 < leg * unit < 1.6:
            reason = f"has legs {leg:g} units long, which is no person in metres, centimetres, inches or millimetres."
            raise FileFormatError(self.source.path, reason)
        return unit

    def _rest_up(self) -> Array:
        """Axis nearest to the direction from pelvis to head in the rest pose."""
        return _nearest_axis(
            self.rest[self.index[max({joint("neck"), joint("head")} & self.index.keys())]] - self.rest[self.index[0]]
        )

    def _rest_frame(self) -> Array:
        """Rotation from our axes (left, up, forward) to those of the rest pose."""
        up = self._rest_up()
        left = self._at("left_hip") - self._at("right_hip")
        left = left - left.dot(up) * up
        if np.linalg.norm(left) < 1e-9:
            raise FileFormatError(self.source.path, "has both hips in one place.", "Export it with its rest pose.")
        left = left / np.linalg.norm(left)
        if np.abs(left).max() > np.cos(np.radians(15)):
            left = _nearest_axis(left)
        return matrix_to_quaternion(np.stack([left, up, np.cross(left, up)], axis=-1))

    def _to_our_world(self) -> Array:
        """Rotation that makes the world's up +Y.

        Up is the rest pose's up, unless the pelvis stays upright along another axis and a leg's length above its
        zero: lying down all the time is no other axis.
        """
        rest = self._rest_up()
        moving = rotate(self.source.global_rotations[:, self.index[0]], rest).mean(axis=0)
        other = _nearest_axis(moving)
        high = float(np.median(self.source.positions[:, self.index[0]] @ other)) > 0.6 * self._leg()
        up = other if high and moving.dot(other) > 0.85 and moving.dot(rest) < 0.4 else rest
        return between_vectors(up, np.array([0.0, 1.0, 0.0]))

    def _correct_limbs(self) -> None:
        for index, child in LIMBS.items():
            self._correct(index, child)
        for index, child in FEET.items():
            if child in self.index and self._agreement(index, child) < HANGING_FOOT:
                self._correct(index, child)
        for index, elbow in WRISTS.items():
            self.correction[[index, index + 2]] = self.correction[elbow]

    def _bone(self, index: int, child: int) -> tuple[Array, Array]:
        """Bone in the T-pose, turned into the file's axes, and in the file's rest pose."""
        expected = rotate(self.frame, SMPL24.offsets[child].astype(np.float64))
        return expected, self.rest[self.index[child]] - self.rest[self.index[index]]

    def _agreement(self, index: int, child: int) -> float:
        a, b = self._bone(index, child)
        return float(a.dot(b) / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12))

    def _correct(self, index: int, child: int) -> None:
        expected, found = self._bone(index, child)
        if np.linalg.norm(found) * self.unit > 1e-3:
            self.correction[index] = multiply(between_vectors(expected, found), self.frame)

    def _places(self) -> Array:
        """Rest positions of our 24 joints in the file's axes and unit."""
        places = np.zeros((len(JOINTS), 3))
        places[list(self.index)] = self.rest[list(self.index.values())]
        between = self._fill_between(places)
        for index in (j for j in range(1, len(JOINTS)) if j not in self.index):
            self.correction[index] = self.correction[PARENTS[index]]
            if index not in between:
                offset = SMPL24.offsets[index] * (self._leg() / LEG)
                places[index] = places[PARENTS[index]] + rotate(self.correction[index], offset.astype(np.float64))
        return places

    def _fill_between(self, places: Array) -> set[int]:
        """Put spine and neck joints that the file lacks on the line between those it has; gives the joints placed."""
        known = [k for k, index in enumerate(TRUNK) if index in self.index]
        inner = TRUNK[: known[-1] + 1]
        for axis in range(3):
            places[inner, axis] = np.interp(range(len(inner)), known, places[[TRUNK[k] for k in known], axis])
        return set(inner)

    def _skeleton(self) -> Skeleton:
        offsets = np.zeros((len(JOINTS), 3))
        parents = list(PARENTS[1:])
        bones = self.places[1:] - self.places[parents]
        offsets[1:] = rotate(conjugate(self.correction[parents]), bones) * self.unit
        ends = SMPL24.ends * (self._leg() * self.unit / LEG)
        for index, row in ENDS.items():
            tip = self.source.ends.get(self.index.get(index, -1))
            if tip is not None and np.linalg.norm(tip) * self.unit > 0.01:
                ends[row] = rotate(conjugate(self.correction[index]), tip) * self.unit
        return Skeleton(offsets.astype(np.float32), ends.astype(np.float32))


def _rest_positions(motion: ForeignMotion) -> Array:
    positions = np.zeros((len(motion.names), 3))
    for index, parent in enumerate(motion.parents):
        if parent >= 0:
            positions[index] = positions[parent] + motion.offsets[index]
    return positions


def _nearest_axis(direction: Array) -> Array:
    axis = np.zeros(3)
    largest = int(np.abs(direction).argmax())
    axis[largest] = np.sign(direction[largest])
    return axis
