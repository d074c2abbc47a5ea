"""A rig bound to SMPL-24 by a bone map: every constant of the way there and back."""

from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np

from ..errors import BadInputError
from ..kinematics import global_to_local
from ..quaternion import Array, conjugate, make_continuous, multiply, normalise, rotate
from ..rest_pose import RestPose
from ..rotation import quaternion_to_matrix
from ..skeleton import JOINTS, PARENTS, Skeleton
from .bone_map import BoneMap
from .bones import SHORT, Bones
from .detect import missing, usable

ON_FLOOR = 0.12  # of a leg's length: a toe joint that is no higher above the armature's origin stands on its floor


@dataclass(frozen=True)
class _Row:
    """One bone that is turned: `joint` it turns with; `up` and `down` are the joints from its leader's to its own."""

    bone: int
    joint: int
    leader: int
    up: tuple[int, ...]
    down: tuple[int, ...]


class Binding:
    """`bone_map` on `bones` for a performer of `source` proportions.

    In armature space a bone is turned to F G K⁻¹ R (G the joint's world rotation, F our axes to the armature's, K our
    T-pose to the rig's rest pose, R the bone at rest). Against the bone that leads it (G', K', R') and at whose side it
    rests turned by L, that is (L⁻¹ R'⁻¹ K') (G'⁻¹ G) (K⁻¹ R) in its own axes: linear in the joint's rotation, one
    matrix (4, 4) a bone. `names (M,)` are the bones in the order of all arrays. Raises BadInputError where the map does
    not fit; `warnings` say what does not stop it.
    """

    def __init__(self, bones: Bones, bone_map: BoneMap, source: Skeleton) -> None:
        self.source = source
        self.map, self.warnings = _checked(bones, bone_map.fitted_to(bones.names))
        turned = {name: JOINTS.index(joint) for joint, name in self.map.bones.items()}
        turned |= {name: JOINTS.index(joint) for name, joint in self.map.also.items()}
        self._joints = {bones.index[name]: joint for name, joint in turned.items()}
        self._hanging_bones = bones.hanging_on(self._joints.keys())
        self.bones = replace(bones, heads=self._hanging_bones.heads)
        self.rest = self._rest_pose()
        if not self.rest.leg > SHORT * float(np.ptp(bones.heads, axis=0).max()):
            raise BadInputError(f"{bones.owner}: thigh, shin and foot are in one place. Choose other bones for them.")
        self.rows = [self._row(bone) for bone in self._joints]
        self.names = tuple(bones.names[row.bone] for row in self.rows)
        self._linear = np.stack([self._matrix(row) for row in self.rows])
        self._simple = np.array([row.joint for row in self.rows])
        # bones that are led by another joint than their own joint's parent
        self._others = [(k, row) for k, row in enumerate(self.rows) if row.up or row.down != (row.joint,)]
        self.pelvis = bones.index[self.map.bones["pelvis"]]
        self.moved = self._moved()
        # the armature's units in one metre of the performer's
        self.scale = self.rest.leg / float(np.linalg.norm(source.offsets[[4, 7]], axis=-1).sum())
        self.target = self.rest.skeleton(1 / self.scale)
        self.floor = self._floor()

    @cached_property
    def pelvis_height(self) -> float:
        """Of the rig's T-pose above its floor, metres of the performer."""
        toe = (self._toes - float(self.floor @ self.rest.up)) / self.scale
        at_rest = 0 <= toe <= ON_FLOOR * self.rest.leg / self.scale  # else the rest pose stands nowhere
        return (toe if at_rest else self.target.sole_depth) - float(self.target.rest_positions()[10:12, 1].min())

    def turns(self, rotations: Array) -> Array:
        """`(..., 24, 4)` as rotations of the bones from their rest `(..., M, 4)`, each in its own axes."""
        relative = rotations[..., self._simple, :]
        for k, row in self._others:
            relative[..., k, :] = _along(rotations, row)
        return normalise(np.matmul(self._linear, relative[..., None])[..., 0])

    def location(self, rotations: Array, translation: Array) -> Array:
        """Location `(..., 3)` of the bone `moved` that brings the pelvis to `translation (..., 3)`."""
        away = self._home + translation @ self._to_armature
        if self._hanging:
            away = away - self._hung(rotations)
        along: Array = away @ self._to_bone
        return along

    def back(self, rotations: Array, pelvis: Array) -> tuple[Array, Array]:
        """SMPL rotations `(T, 24, 4)` and translation `(T, 3)` of posed bones in armature space: `rotations (T, M, 4)`
        of `names`, `pelvis (T, 3)` the head of the pelvis' bone. Joints that the rig lacks follow their parents.
        """
        world = np.empty((len(rotations), len(JOINTS), 4))
        to_ours = conjugate(self.rest.frame)
        by_joint = {row.joint: k for k, row in reversed(list(enumerate(self.rows)))}
        for index, parent in enumerate(PARENTS):
            if index not in by_joint:
                world[:, index] = world[:, parent]
                continue
            k = by_joint[index]
            constant = multiply(conjugate(self.bones.rotations[self.rows[k].bone]), self.rest.turns[index])
            world[:, index] = multiply(to_ours, multiply(rotations[:, k], constant))
        local = make_continuous(global_to_local(world))
        place = pelvis + self._hung(local)
        return local, rotate(to_ours, place - self._origin) / self.scale

    @cached_property
    def _origin(self) -> Array:
        """Where our world's origin is in armature space: on the floor under the pelvis at rest."""
        pelvis = self.rest.places[0]
        place: Array = pelvis - (pelvis - self.floor).dot(self.rest.up) * self.rest.up
        return place

    @cached_property
    def _home(self) -> Array:
        place: Array = self._origin - self.bones.heads[self.pelvis]
        return place

    @cached_property
    def _to_armature(self) -> Array:
        """Matrix `(3, 3)` by which rows of metres in our world become the armature's units and axes."""
        matrix: Array = quaternion_to_matrix(self.rest.frame).T * self.scale
        return matrix

    @cached_property
    def _to_bone(self) -> Array:
        """Matrix `(3, 3)` by which rows along the armature's axes become a location of the bone that is moved."""
        axes = self.bones.parents[self.moved] if self.bones.parent_move[self.moved] else self.moved
        return np.eye(3) if axes < 0 else quaternion_to_matrix(self.bones.rotations[axes])

    @cached_property
    def _hanging(self) -> list[tuple[int, Array]]:
        """Joints with the bone vectors `(3,)`, in the T-pose's axes, from the pelvis' bone to where the pelvis is."""
        name = self.map.heads.get("pelvis")
        if name is None:
            return []
        row = self.bones.index[name]
        chain = [row, *self.bones.ancestors(row)]
        if self.pelvis not in chain:
            return [(0, rotate(conjugate(self.rest.turns[0]), self.rest.places[0] - self.bones.heads[self.pelvis]))]
        stops = [node for node in chain[: chain.index(self.pelvis) + 1][::-1] if node in self._joints]
        places = [*(self.bones.heads[node] for node in stops), self.rest.places[0]]
        bones = zip(stops, places, places[1:], strict=False)
        return [(self._joints[n], rotate(conjugate(self.rest.turns[self._joints[n]]), b - a)) for n, a, b in bones]

    def _hung(self, rotations: Array) -> Array:
        """Armature-space vectors `(..., 3)` from the pelvis' bone to where the pelvis is."""
        total: Array = np.zeros((*rotations.shape[:-2], 3))
        for joint, bone in self._hanging:
            world = reduce(multiply, [rotations[..., j, :] for j in _from_root(joint)])
            total = total + rotate(multiply(self.rest.frame, world), bone)
        return total

    def _rest_pose(self) -> RestPose:
        heads = {**self.map.bones, **self.map.heads}
        try:
            return RestPose({JOINTS.index(j): self.bones.heads[self.bones.index[name]] for j, name in heads.items()})
        except BadInputError as error:
            raise BadInputError(f"{self.bones.owner}: {error}") from error

    def _row(self, bone: int) -> _Row:
        leader = int(self._hanging_bones.leader[bone])
        joint = self._joints[bone]
        own = _from_root(joint)
        others = _from_root(self._joints[leader]) if leader >= 0 else []
        shared = sum(1 for a, b in zip(own, others, strict=False) if a == b)
        return _Row(bone, joint, leader, tuple(others[shared:]), tuple(own[shared:]))

    def _matrix(self, row: _Row) -> Array:
        after = multiply(conjugate(self.rest.turns[row.joint]), self.bones.rotations[row.bone])
        before = conjugate(self._hanging_bones.leads[row.bone])
        if row.leader < 0:
            before = multiply(before, self.rest.frame)
        else:
            before = multiply(before, conjugate(self.bones.rotations[row.leader]))
            before = multiply(before, self.rest.turns[self._joints[row.leader]])
        units = np.eye(4)
        return np.stack([multiply(multiply(before, unit), after) for unit in units], axis=-1)

    def _moved(self) -> int:
        """The bone that carries the performer: the pelvis', or the first above it that carries all and is free."""
        lines = [{row, *self.bones.ancestors(row)} for row in self._joints]
        carriers = [row for row in (self.pelvis, *self.bones.ancestors(self.pelvis)) if all(row in at for at in lines)]
        if not carriers:
            roots = sorted({[row, *self.bones.ancestors(row)][-1] for row in self._joints})
            names = " and ".join(f"'{self.bones.names[row]}'" for row in roots[:2])
            raise BadInputError(
                f"{self.bones.owner}: the chosen bones hang under two roots, {names}, so nothing carries them all. "
                "Parent one to the other (Edit Mode, Ctrl P), or choose bones of one."
            )
        return next((row for row in carriers if not self.bones.fixed[row]), carriers[-1])

    def _floor(self) -> Array:
        """A point of the floor. Rigs stand on their origin; where they do not, on their soles."""
        # the pelvis at the origin, as in BVH files: poses come with their height, and the origin is their floor
        pelvis = float(self.rest.places[0] @ self.rest.up)
        at_origin = abs(pelvis) < ON_FLOOR * self.rest.leg and self.bones.raised < 0.5 * self.rest.leg
        if 0 <= self._toes <= ON_FLOOR * self.rest.leg or at_origin:
            return np.zeros(3)
        return self.rest.up * (self._toes - self.target.sole_depth * self.scale)

    @property
    def _toes(self) -> float:
        """Height of the lower toe joint at rest, in armature space."""
        return float((self.rest.places[10:12] @ self.rest.up).min())


def _from_root(joint: int) -> list[int]:
    """The joints from the pelvis down to `joint`."""
    chain = [joint]
    while PARENTS[chain[-1]] >= 0:
        chain.append(PARENTS[chain[-1]])
    return chain[::-1]


def _along(rotations: Array, row: _Row) -> Array:
    """Rotation `(..., 4)` of the row's joint against its leader's."""
    turns = [conjugate(rotations[..., j, :]) for j in reversed(row.up)] + [rotations[..., j, :] for j in row.down]
    if not turns:
        return np.array([1.0, 0.0, 0.0, 0.0])
    return reduce(multiply, turns)


def _checked(bones: Bones, found: BoneMap) -> tuple[BoneMap, tuple[str, ...]]:
    """The map without the bones that cannot be turned, and what the user should know."""
    owner, said = bones.owner, []
    left_out = {
        "has no length": [name for name in found.bones.values() if bones.without_length(bones.index[name])],
        "has its rotation locked": [name for name in found.bones.values() if name in bones.locked],
    }
    for what, names in left_out.items():
        said += [f"Bone '{name}' {what} and is left as it is. Change that, or choose another bone." for name in names]
    out = {name for names in left_out.values() for name in names}
    kept = replace(found, bones={joint: name for joint, name in found.bones.items() if name not in out})
    if not usable(kept):
        raise BadInputError(
            f"{owner}: the bone map has no pelvis with a whole arm or leg (it names {len(kept.bones)} bones of this rig"
            f"{'; ' + said[0] if said else ''}). Use Detect, or choose the bones in the Bone Map panel."
        )
    if lacking := missing(kept):
        said.append(f"No bone for {', '.join(lacking)}: the rig does without. Choose one if it has it.")
    driven = [name for name in kept.bones.values() if name in bones.driven]
    said += [f"Bone '{name}' is turned by a constraint as well. Mute that, or choose its control." for name in driven]
    return kept, tuple(said)
