"""Motions of other programs' skeletons, taken over by SMPL-24."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import BadInputError, FileFormatError
from .joint_names import match_names, spine_between
from .kinematics import global_to_local
from .motion import Motion, evenly_timed
from .quaternion import Array, between_vectors, make_continuous, multiply, rotate
from .rest_pose import LEG, RestPose, nearest_axis
from .skeleton import ENDS, JOINTS, PARENTS, joint

# Metres, centimetres, inches, millimetres and the unit of the CMU database's files (1/0.45 inch).
UNITS = (1.0, 0.01, 0.0254, 0.001, 0.0254 / 0.45)
REQUIRED = tuple(
    joint(name)
    for name in ("pelvis", *(f"{side}_{part}" for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
                             for side in ("left", "right")))
)  # fmt: skip


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


def bone_turns(motion: ForeignMotion) -> tuple[Array, Array]:
    """`world (4,)` and `turns (24, 4)`: a bone that the file has turned by q is, on SMPL-24, by world · q · turn."""
    found = _Adoption(motion)
    return found._to_our_world(), found.rest.turns


class _Adoption:
    def __init__(self, source: ForeignMotion) -> None:
        self.source = source
        self.index = self._matched()
        self.rest = self._rest_pose()
        self.unit = self._unit()

    def motion(self) -> Motion:
        world = self._to_our_world()
        rotations = np.empty((len(self.source.positions), len(JOINTS), 4))
        for index, parent in enumerate(PARENTS):
            if index in self.index:
                turn = self.source.global_rotations[:, self.index[index]]
                rotations[:, index] = multiply(multiply(world, turn), self.rest.turns[index])
            else:
                rotations[:, index] = rotations[:, parent]
        translation = rotate(world, self.source.positions[:, self.index[0]]) * self.unit
        local = make_continuous(global_to_local(rotations))
        tips = {j: self.source.ends[node] for j, node in self.index.items() if j in ENDS and node in self.source.ends}
        return evenly_timed(local, translation, self.rest.skeleton(self.unit, tips), self.source.rate)

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
        spine = spine_between(index, self.source.parents)
        if not spine:
            reason = "has no spine joint between pelvis and neck."
            raise FileFormatError(self.source.path, reason, "Export it with the whole skeleton.")
        return index | spine

    def _rest_pose(self) -> RestPose:
        places = _rest_positions(self.source)
        try:
            return RestPose({j: places[node] for j, node in self.index.items()})
        except BadInputError as error:
            raise FileFormatError(self.source.path, str(error), "Export it with its rest pose.") from error

    def _unit(self) -> float:
        leg = self.rest.leg
        unit = min(UNITS, key=lambda candidate: float(abs(np.log(max(leg, 1e-9) * candidate / LEG))))
        if not 0.3 < leg * unit < 1.6:
            reason = f"has legs {leg:g} units long, which is no person in metres, centimetres, inches or millimetres."
            raise FileFormatError(self.source.path, reason)
        return unit

    def _to_our_world(self) -> Array:
        """Rotation that makes the world's up +Y.

        Up is the rest pose's up, unless the pelvis stays upright along another axis and a leg's length above its
        zero: lying down all the time is no other axis.
        """
        rest = self.rest.up
        moving = rotate(self.source.global_rotations[:, self.index[0]], rest).mean(axis=0)
        other = nearest_axis(moving)
        high = float(np.median(self.source.positions[:, self.index[0]] @ other)) > 0.6 * self.rest.leg
        up = other if high and moving.dot(other) > 0.85 and moving.dot(rest) < 0.4 else rest
        return between_vectors(up, np.array([0.0, 1.0, 0.0]))


def _rest_positions(motion: ForeignMotion) -> Array:
    positions = np.zeros((len(motion.names), 3))
    for index, parent in enumerate(motion.parents):
        if parent >= 0:
            positions[index] = positions[parent] + motion.offsets[index]
    return positions
