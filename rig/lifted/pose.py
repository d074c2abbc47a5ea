"""17 joint positions to the 24 rotations of SMPL.

Swings are those of the positions. Twists come from a worn sensor where a limb has one, else from the plane of the bent
knee or elbow; a straight limb keeps the twist of the frames around it. Pelvis and chest are fitted to several joints.
"""

from collections.abc import Mapping

import numpy as np

from ..errors import BadInputError
from ..kinematics import global_to_local
from ..motion import SOLVE_RATE, Motion, evenly_timed
from ..quaternion import (
    Array,
    between_vectors,
    conjugate,
    from_rotation_vector,
    multiply,
    normalise,
    rotate,
    to_rotation_vector,
)
from ..rotation import matrix_to_quaternion, quaternion_to_matrix
from ..skeleton import JOINTS, Skeleton, joint
from .twist import bend_twist, sensor_twist, settled, twisted

SENSED = {"pelvis": "pelvis", "sternum": "spine3", "head": "head"} | {
    f"{side}_{bone}": f"{side}_{name}"
    for side in ("left", "right")
    for bone, name in (("forearm", "elbow"), ("shin", "knee"), ("upper_arm", "shoulder"))
}
SENSOR_ARM = 0.12  # metres: how far apart joints would have to be to say as much as a sensor does
COLLAR = np.radians(35.0)  # the most that a collar bone is lifted
BEND = np.radians(40.0)  # the most that a bone of the spine leaves the line from pelvis to chest
# Limbs in the order left and right arm, left and right leg: rows of the 17, and joints that are turned
LIMB_ROWS = [11, 14, 4, 1], [12, 15, 5, 2], [13, 16, 6, 3]
UPPER, LOWER, TIP, END = (
    [joint(f"{side}_{name}") for name in names for side in ("left", "right")]
    for names in (("shoulder", "hip"), ("elbow", "knee"), ("wrist", "ankle"), ("hand", "foot"))
)
COLLARS = [joint("left_collar"), joint("right_collar")]
ABOVE = [*COLLARS, 0, 0]
TELLER = [*UPPER[:2], *LOWER[2:]]  # whose sensor tells the upper bone's twist: a knee does not twist
FRONT = np.array([[0, 0, 1.0]] * 2 + [[0, 0, -1.0]] * 2)  # elbows bend to the front, knees to the back


def pose_from_joints(
    positions: Array,
    place: Array,
    skeleton: Skeleton,
    sensors: Mapping[str, Array] | None = None,
    rate: float = SOLVE_RATE,
) -> Motion:
    """The motion of `skeleton` in `positions (T, 17, 3)`, metres, world axes (Y up), wherever the origin is.

    `place (T, 3)`: the pelvis in the world. `sensors`: bone to world `(T, 4)` by slot, NaN where nothing was measured.
    Raises BadInputError for positions that are not finite: gaps have to be filled before.
    """
    if positions.shape[1:] != (17, 3) or not len(positions) or not np.isfinite(positions).all():
        raise BadInputError(f"Joint positions of shape {positions.shape} with gaps cannot be posed. Fill gaps first.")
    body = _Body(positions.astype(np.float64), skeleton, _known(sensors or {}, len(positions)), rate)
    return evenly_timed(global_to_local(body.solve()), place, skeleton, rate)


def _known(sensors: Mapping[str, Array], frames: int) -> dict[int, Array]:
    """By joint, what is measured in every frame; a sensor with gaps is not used."""
    found = {}
    for slot, q in sensors.items():
        if slot not in SENSED:
            raise BadInputError(f"There is no sensor on '{slot}'. Known: {', '.join(SENSED)}.")
        if q.shape == (frames, 4) and np.isfinite(q).all():
            found[joint(SENSED[slot])] = normalise(q.astype(np.float64))
    return found


class _Body:
    """Fills `world (T, 24, 4)` from the pelvis outwards."""

    def __init__(self, seen: Array, skeleton: Skeleton, sensed: dict[int, Array], rate: float) -> None:
        self.seen, self.sensed, self.rate = seen, sensed, rate
        self.offsets = skeleton.offsets.astype(np.float64)
        self.top = skeleton.ends[0].astype(np.float64)
        self.world = np.tile(np.array([1.0, 0, 0, 0]), (len(seen), len(JOINTS), 1))

    def solve(self) -> Array:
        self._trunk()
        self._head()
        self._limbs()
        return self.world

    def _trunk(self) -> None:
        seen, offsets = self.seen, self.offsets
        spine2, neck = joint("spine2"), joint("neck")
        hips = [joint("left_hip"), joint("right_hip")]
        low = offsets[joint("spine1")] + offsets[spine2]
        pairs = [(offsets[k], seen[:, row] - seen[:, 0]) for k, row in zip(hips, (4, 1), strict=True)]
        pelvis = self._fitted(0, [*pairs, (low, seen[:, 7] - seen[:, 0])])
        rows = [joint(f"{side}_{name}") for side in ("left", "right") for name in ("collar", "shoulder")]
        wide = offsets[rows[:2]].sum(axis=0) - offsets[rows[2:]].sum(axis=0)
        high = offsets[joint("spine3")] + offsets[neck]
        pairs = [(wide, seen[:, 11] - seen[:, 14]), (high, seen[:, 8] - seen[:, 7])]
        chest = self._fitted(joint("spine3"), pairs)
        self.world[:, 0], self.world[:, joint("spine3")] = pelvis, chest
        self._spine(pelvis, chest)

    def _spine(self, pelvis: Array, chest: Array) -> None:
        """Two bones between pelvis and chest: each turns a third of the way, and reaches the next joint seen."""
        third = to_rotation_vector(multiply(conjugate(pelvis), chest)) / 3
        spine1, spine2, spine3, neck = (joint(name) for name in ("spine1", "spine2", "spine3", "neck"))
        ends = np.stack([pelvis, chest], axis=1)
        reach = self.seen[:, 7:9] - self.seen[:, [0, 7]] - rotate(ends, self.offsets[[spine1, neck]])
        shares = np.array([[1.0], [2.0]])
        turned = multiply(pelvis[:, None], from_rotation_vector(shares * third[:, None]))
        self.world[:, [spine1, spine2]] = _swung(turned, self.offsets[[spine2, spine3]], reach, BEND)

    def _fitted(self, index: int, pairs: list[tuple[Array, Array]]) -> Array:
        """The rotation that brings rest vectors `(3,)` nearest to those seen `(T, 3)`, and to a sensor's axes (Wahba's
        problem by singular values: Markley 1988)."""
        outer = sum(np.einsum("ti,j->tij", seen, rest) for rest, seen in pairs)
        if index in self.sensed:
            outer = outer + SENSOR_ARM**2 * quaternion_to_matrix(self.sensed[index])
        u, _, v = np.linalg.svd(outer)
        u[..., -1] *= np.linalg.det(u @ v)[:, None]
        return matrix_to_quaternion(u @ v)

    def _head(self) -> None:
        seen, neck, head = self.seen, joint("neck"), joint("head")
        chest = self.world[:, joint("spine3")]
        self.world[:, neck] = _swung(chest, self.offsets[head], seen[:, 9] - seen[:, 8])
        turned = self.sensed.get(head, self.world[:, neck])
        self.world[:, head] = _swung(turned, self.top, seen[:, 10] - seen[:, 9])

    def _limbs(self) -> None:
        """Both arms and both legs at once."""
        self._collars()
        first, second, third = (self.seen[:, rows] for rows in LIMB_ROWS)
        long, next_long = self.offsets[LOWER], self.offsets[TIP]
        swung = _swung(self.world[:, ABOVE], long, second - first)
        axis = long / np.linalg.norm(long, axis=-1, keepdims=True)
        angle, told = bend_twist(swung, axis, FRONT, third - second)
        sensed = [k for k, teller in enumerate(TELLER) if teller in self.sensed]
        if sensed:
            measured = np.stack([self.sensed[TELLER[k]] for k in sensed], axis=1)
            turned = _swung(measured, long[sensed], (second - first)[:, sensed])
            angle[:, sensed], told[:, sensed] = sensor_twist(swung[:, sensed], axis[sensed], turned), 1
        steady = [settled(own, tells, self.rate) for own, tells in zip(angle.T, told.T, strict=True)]
        upper = twisted(swung, axis, np.stack(steady, axis=-1))
        turned = np.stack([self.sensed.get(lower, upper[:, k]) for k, lower in enumerate(LOWER)], axis=1)
        lower = _swung(turned, next_long, third - second)
        self.world[:, UPPER], self.world[:, LOWER] = upper, lower
        self.world[:, TIP] = self.world[:, END] = lower

    def _collars(self) -> None:
        chest, offsets = self.world[:, [joint("spine3")]], self.offsets
        root = self.seen[:, [8]] + rotate(chest, offsets[COLLARS] - offsets[joint("neck")])
        turned = np.repeat(chest, 2, axis=1)
        self.world[:, COLLARS] = _swung(turned, offsets[UPPER[:2]], self.seen[:, LIMB_ROWS[0][:2]] - root, COLLAR)


def _swung(turned: Array, rest: Array, direction: Array, most: float = np.pi) -> Array:
    """`turned (T, ..., 4)` swung the shortest way, `most` radians far, until `rest (..., 3)` points along `direction
    (T, ..., 3)`. Joints in one place have no direction: the bone stays as it is there."""
    points = rotate(turned, rest)
    short = np.linalg.norm(direction, axis=-1, keepdims=True) < 1e-6
    swing = between_vectors(points, np.where(short, points, direction))
    if most < np.pi:
        vector = to_rotation_vector(swing)
        angle = np.linalg.norm(vector, axis=-1, keepdims=True)
        swing = from_rotation_vector(vector * np.minimum(1.0, most / np.maximum(angle, 1e-12)))
    return multiply(swing, turned)
