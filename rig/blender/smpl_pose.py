"""SMPL poses on an armature with SMPL's bone names: ours, a licensed body's, or the Meshcapade add-on's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..curve import Curve
from ..quaternion import Array, conjugate, make_continuous, multiply, normalise, rotate
from ..rotation import matrix_to_quaternion
from ..skeleton import JOINTS, PARENTS, SMPL24, Skeleton

NEEDED = JOINTS[:22]  # SMPL-H and SMPL-X have fingers in place of the hands' own joints
EXACT = 1e-4


@dataclass(frozen=True, eq=False)
class SmplRest:
    """How SMPL's rotations go into the bones of one armature.

    `joints (J,)` are those that have a bone; `turns (J, 4)` takes our Y-up world into each bone's rest frame; `scale`
    is units of the armature for a metre of the performer; `standing` the height of the performer's pelvis at rest.
    """

    joints: NDArray[np.int64]
    turns: Array
    scale: float
    standing: float

    def rotations(self, local: Array) -> Array:
        """Of the bones `(..., J, 4)` from SMPL's `(..., 24, 4)`."""
        inner = local[..., self.joints, :].astype(np.float64)
        if np.array_equal(self.turns, np.broadcast_to([1.0, 0, 0, 0], self.turns.shape)):
            return normalise(inner)
        return normalise(multiply(multiply(self.turns, inner), conjugate(self.turns)))

    def location(self, translation: Array) -> Array:
        """Of the pelvis bone `(..., 3)`: how far it is from its rest."""
        away = (translation.astype(np.float64) - [0.0, self.standing, 0.0]) * self.scale
        return rotate(np.broadcast_to(self.turns[0], (*away.shape[:-1], 4)), away)

    def curves(self, local: Array, translation: Array) -> list[Curve]:
        """Of `(T, 24, 4)` and `(T, 3)`, for bones in quaternion mode."""
        names = [JOINTS[joint] for joint in self.joints]
        rotations = make_continuous(self.rotations(local))
        place = Curve(f'pose.bones["{names[0]}"].location', names[0], self.location(translation))
        paths = (f'pose.bones["{name}"].rotation_quaternion' for name in names)
        turned = (Curve(path, name, rotations[:, k]) for k, (path, name) in enumerate(zip(paths, names, strict=True)))
        return [place, *turned]


def has_smpl_bones(armature: Any) -> bool:
    """Whether the bones of an armature object have SMPL's names, of the body at least."""
    bones = armature.data.bones
    return all(name in bones for name in NEEDED)


def smpl_rest(armature: Any, performer: Skeleton) -> SmplRest:
    """What the rest pose of `armature`, which has SMPL's bones, makes of the poses of `performer`."""
    bones = armature.data.bones
    joints = np.array([index for index, name in enumerate(JOINTS) if name in bones])
    matrices = np.array([bones[JOINTS[joint]].matrix_local for joint in joints])
    heads = np.tile(np.nan, (len(JOINTS), 3))
    heads[joints] = matrices[:, :3, 3]
    upright = _upright(heads)
    rest = matrix_to_quaternion(matrices[:, :3, :3])
    turns = _snapped(multiply(conjugate(rest), np.broadcast_to(upright, rest.shape)))
    scale = _standing(rotate(conjugate(upright), heads)) / performer.pelvis_height
    return SmplRest(joints, turns, 1.0 if abs(scale - 1) < EXACT else scale, performer.pelvis_height)


def _upright(heads: Array) -> Array:
    """Turn from our world, Y up and left +X, to the armature's space; the nearest right angles where they are near."""
    at = {name: heads[index] for index, name in enumerate(JOINTS)}
    left, up = at["left_hip"] - at["right_hip"], at["neck"] - at["pelvis"]
    left = left / np.linalg.norm(left)
    up = up - left * (up @ left)
    up = up / np.linalg.norm(up)
    axes = np.stack([left, up, np.cross(left, up)], axis=1)
    near = np.round(axes)
    square = bool(np.abs(near - axes).max() < 0.2 and np.isclose(np.linalg.det(near), 1))
    return np.asarray(matrix_to_quaternion(near if square else axes))


def _standing(heads: Array) -> float:
    """Units from sole to pelvis in the rest pose, as `Skeleton.pelvis_height` counts."""
    offsets = np.where(np.isnan(heads), 0, heads)
    offsets[1:] -= offsets[list(PARENTS[1:])]
    return Skeleton(offsets.astype(np.float32), SMPL24.ends).pelvis_height


def _snapped(turns: Array) -> Array:
    """Exactly no turn where there is as good as none, so that rotations of our own rig go in unchanged."""
    same = np.abs(turns[:, 0]) > 1 - 1e-9
    return np.where(same[:, None], [1.0, 0.0, 0.0, 0.0], turns)
