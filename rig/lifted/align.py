"""Where a camera stands among worn sensors: how its frame is turned against theirs.

Sensors give a body whose joints lie somewhere, seen from its pelvis; the camera gives the rays they lie on. Wherever
the body is put, some rays miss: how far, for every rotation at once, is a quadratic form of its nine numbers. Forms add
up over frames, so that a recording, a stretch of it, or the last minute are treated alike.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import BadInputError
from ..quaternion import Array, from_rotation_vector
from ..rotation import quaternion_to_matrix

HEADINGS = 12  # tried first
ROUNDS = 30
LEAST = 20  # frames that tell a heading
LEAST_JOINTS = 5  # that are seen in a frame which tells anything
APART, CLEARER = np.radians(15.0), 1.5  # headings that are two, and how much more one has to miss than the other
UPSIDE = np.diag([1.0, -1.0, -1.0])  # a level camera that looks along the world's -Z


@dataclass(frozen=True, eq=False)
class Misses:
    """`form (9, 9)`: squared misses, m², of rotations as nine numbers row by row; `frames` that it is a sum of."""

    form: Array
    frames: int

    def __add__(self, other: "Misses") -> "Misses":
        return Misses(self.form + other.form, self.frames + other.frames)

    def faded(self, share: float) -> "Misses":
        """As much as `share` of it, to forget what is long ago."""
        return Misses(share * self.form, self.frames)

    def of(self, turn: Array) -> float:
        """Mean squared miss a frame of the rotation `turn (3, 3)`, m²."""
        return float(turn.reshape(9) @ self.form @ turn.reshape(9)) / max(self.frames, 1)


def misses(body: Array, rays: Array, sure: Array) -> Misses:
    """Of joints `body (T, 17, 3)` from the pelvis, world, on `rays (T, 17, 2)`, x and y at z = 1, as far as `sure`."""
    known = (sure > 0).sum(axis=1) >= LEAST_JOINTS
    left = _left(body[known], rays[known], sure[known])
    return Misses(np.einsum("tri,trj->ij", left, left), len(left))


def off_rays(body: Array, rays: Array, sure: Array, turn: Array) -> Array:
    """How far each joint misses its ray under the rotation `turn (3, 3)`, metres across the picture, as far as it is
    sure, `(T, 17, 2)`; NaN where too little is seen. As `misses` otherwise."""
    known = (sure > 0).sum(axis=1) >= LEAST_JOINTS
    off = np.full((len(body), 17, 2), np.nan)
    off[known] = (_left(body[known], rays[known], sure[known]) @ turn.reshape(9)).reshape(-1, 17, 2)
    return off


def _left(body: Array, rays: Array, sure: Array) -> Array:
    """What takes a rotation's nine numbers to the misses `(T, 34, 9)` that remain wherever the body is put."""
    weight = np.sqrt(sure)
    # (rows, joint) of [1 0 -x; 0 1 -y]: what takes a point to its miss
    rows = np.zeros((len(body), 17, 2, 3))
    rows[..., 0, 0] = rows[..., 1, 1] = 1
    rows[..., 2] = -rays
    rows *= weight[..., None, None]
    moved = np.einsum("tkci,tkj->tkcij", rows, body).reshape(len(body), 34, 9)
    place = rows.reshape(len(body), 34, 3)
    normal = np.einsum("tri,trj->tij", place, place) + 1e-9 * np.eye(3)
    cross = np.einsum("tri,trj->tij", place, moved)
    return np.asarray(moved - np.einsum("tri,tij->trj", place, np.linalg.solve(normal, cross)))


def best_turn(total: Misses, start: Array | None = None) -> Array:
    """Rotation `(3, 3)` from the sensors' world to the camera's frame that misses least; from `start`, or any heading.

    Raises BadInputError where too little was seen.
    """
    if total.frames < LEAST:
        raise BadInputError(
            "The camera saw the performer too briefly to tell how it stands to the sensors. Move in its sight for some "
            "seconds."
        )
    return _descended(total, start) if start is not None else _upright_turns(total)[0]


def clear_turn(total: Misses) -> Array | None:
    """As `best_turn`; None as long as another heading does nearly as well. A flat body, as in a T-pose, could be turned
    to either side."""
    if total.frames < LEAST:
        return None
    first, *others = _upright_turns(total)
    apart = (turn for turn in others if np.trace(turn.T @ first) < 1 + 2 * np.cos(APART))
    return first if all(total.of(turn) > CLEARER * total.of(first) for turn in apart) else None


def _upright_turns(total: Misses) -> list[Array]:
    """Where descents from all headings end, the best first."""
    angles = 2 * np.pi * np.arange(HEADINGS) / HEADINGS
    found = [_descended(total, UPSIDE @ _about_y(angle)) for angle in angles]
    # on its head behind the camera, a body lies on the same rays
    upright = [turn for turn in found if turn[1, 1] < 0]
    return sorted(upright or found, key=total.of)


def _about_y(angle: float) -> Array:
    return quaternion_to_matrix(from_rotation_vector(np.array([0.0, angle, 0.0])))


def _descended(total: Misses, turn: Array) -> Array:
    """Newton's way down over small rotations of the camera, each step only as long as it helps."""
    generators = np.stack([_cross(axis) for axis in np.eye(3)])
    damping = 1e-3 * np.trace(total.form)
    for _ in range(ROUNDS):
        slope = np.stack([(g @ turn).reshape(9) for g in generators], axis=1)
        now = turn.reshape(9)
        step = -np.linalg.solve(slope.T @ total.form @ slope + damping * np.eye(3), slope.T @ total.form @ now)
        trial = quaternion_to_matrix(from_rotation_vector(step)) @ turn
        if total.of(trial) < total.of(turn):
            turn, damping = trial, damping / 4
        else:
            damping *= 8
        if np.linalg.norm(step) < 1e-7:
            break
    return turn


def small_turn(total: Misses, hold: float) -> Array:
    """Rotation `(3, 3)` near none that misses least; `hold`, m² a squared radian and frame, speaks for none."""
    vector, keep = np.zeros(3), hold * max(total.frames, 1)
    generators = np.stack([_cross(axis) for axis in np.eye(3)])
    for _ in range(10):
        turn = quaternion_to_matrix(from_rotation_vector(vector))
        slope = np.stack([(g @ turn).reshape(9) for g in generators], axis=1)
        force = slope.T @ total.form @ turn.reshape(9) + keep * vector
        vector = vector - np.linalg.solve(slope.T @ total.form @ slope + keep * np.eye(3), force)
    return quaternion_to_matrix(from_rotation_vector(vector))


def _cross(v: Array) -> Array:
    return np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])


def heading_change(part: Misses, turn: Array, hold: float) -> float:
    """By how much, radians, the sensors' heading is off `turn` in a part of the recording; `hold` m² a squared radian
    keeps it at 0 where the part says little."""
    angle = 0.0
    spin = np.array([[0, 0, 1.0], [0, 0, 0], [-1.0, 0, 0]])
    for _ in range(10):
        now = turn @ _about_y(angle)
        slope = (now @ spin).reshape(9)
        curve = slope @ part.form @ slope + hold
        step = -(slope @ part.form @ now.reshape(9) + hold * angle) / curve
        angle += float(np.clip(step, -0.2, 0.2))
    return angle
