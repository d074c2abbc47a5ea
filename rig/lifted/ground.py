"""Up, floor and front, from a performer who stands on the floor now and then."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contacts import spans
from ..motion import SOLVE_RATE
from ..quaternion import Array
from ..skeleton import Skeleton, joint
from ..smooth import gaussian

ANKLES, KNEES, HIPS, PELVIS, NECK = (6, 3), (5, 2), (4, 1), 0, 8
STRAIGHT = np.radians(30.0)  # of knees and hips in frames that tell which way is up
SLOW = 0.35  # m/s: ankles under it stand
LEVEL = 0.04  # metres: by which standing ankles lie off one plane
UPRIGHT = np.radians(4.0)  # by which a standing person's mean axis is off the vertical
HELD_LEVEL = np.radians(5.0)  # by which cameras are held askew, turned about their line of sight
START = 0.5  # seconds that tell where the front is


@dataclass(frozen=True, eq=False)
class Ground:
    """From the camera's frame to the world's: `turn (3, 3)`, then `shift (3,)`, metres."""

    turn: Array
    shift: Array

    def to_world(self, points: Array) -> Array:
        """Of `(..., 3)` in the camera's frame."""
        return np.asarray(points @ self.turn.T + self.shift)

    def to_camera(self, points: Array) -> Array:
        """The inverse."""
        return np.asarray((points - self.shift) @ self.turn)


def find_up(joints: Array, present: NDArray[np.bool_]) -> Array:
    """Unit vector `(3,)` against gravity in the camera's frame, of `joints (T, 17, 3)` there, metres.

    The axis of the standing body on the whole, put right by the plane that the feet stood on, as far as they went, and
    by what is known of cameras: most are held level.
    """
    body = joints[present]
    ankles, hips = body[:, ANKLES].mean(axis=1), body[:, HIPS].mean(axis=1)
    axis = _unit(body[:, NECK] - ankles)
    bent = np.maximum(_angle(body[:, NECK] - hips, hips - ankles), _knees(body))
    few = max(5, len(body) // 10)
    standing = bent <= max(STRAIGHT, np.partition(bent, min(few, len(bent) - 1))[min(few, len(bent) - 1)])
    up = _unit(np.median(axis[standing], axis=0))
    return _levelled(up, *_stances(joints, present))


def _knees(body: Array) -> Array:
    """The larger bend of both knees, radians `(T,)`."""
    bends = [
        _angle(body[:, k] - body[:, h], body[:, a] - body[:, k]) for h, k, a in zip(HIPS, KNEES, ANKLES, strict=True)
    ]
    return np.asarray(np.maximum(*bends))


def _stances(joints: Array, present: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Where ankles stood `(N, 3)`, the mean of each stance, and for how long, seconds `(N,)`."""
    places, seconds = [], []
    for ankle in ANKLES:
        path = joints[:, ankle]
        if len(path) < 3:
            continue
        speed = np.linalg.norm(gaussian(np.gradient(path, 1 / SOLVE_RATE, axis=0), 3.0), axis=-1)
        for begin, end in spans((speed < SLOW) & present):
            places.append(np.median(path[begin:end], axis=0))
            seconds.append((end - begin) / SOLVE_RATE)
    return np.array(places).reshape(-1, 3), np.array(seconds)


def _levelled(up: Array, places: Array, seconds: Array) -> Array:
    """`up` turned so that camera and feet's places lie level, as far as that is likely (Gauss-Newton)."""
    body, weight = up, np.minimum(seconds, 1.0) / LEVEL**2
    for _ in range(5):
        across = np.linalg.svd(up[None])[2][1:]
        normal = np.eye(2) / UPRIGHT**2 + np.outer(across[:, 0], across[:, 0]) / HELD_LEVEL**2
        force = across @ (body - up) / UPRIGHT**2 - across[:, 0] * up[0] / HELD_LEVEL**2
        if len(places):
            from_middle = places - np.average(places, axis=0, weights=weight)
            flat, height = from_middle @ across.T, from_middle @ up
            # feet on a step or a chair count less
            trust = weight / (1 + (height / (2 * LEVEL)) ** 2)
            normal += (trust[:, None] * flat).T @ flat
            force -= (trust * height) @ flat
        up = _unit(up + np.linalg.solve(normal, force) @ across)
    return up


def ground_of(joints: Array, present: NDArray[np.bool_], up: Array, skeleton: Skeleton) -> Ground:
    """The world in which the performer starts above the origin, facing +Z, with standing feet on y = 0."""
    first = np.flatnonzero(present)[: max(1, round(START * SOLVE_RATE))]
    left = np.median(joints[first][:, HIPS[0]] - joints[first][:, HIPS[1]], axis=0)
    x = _unit(left - (left @ up) * up)
    turn = np.stack([x, up, np.cross(x, up)])
    return grounded(joints, present, turn, skeleton)


def grounded(joints: Array, present: NDArray[np.bool_], turn: Array, skeleton: Skeleton) -> Ground:
    """As `ground_of`, with the world's axes known: `turn (3, 3)` from the camera's frame."""
    first = np.flatnonzero(present)[: max(1, round(START * SOLVE_RATE))]
    places, seconds = _stances(joints, present)
    sole = skeleton.sole_depth - float(skeleton.offsets[joint("left_foot"), 1])
    if len(places):
        floor = _weighted_median((places @ turn.T)[:, 1], seconds) - sole
    else:
        floor = float(np.percentile((joints[present][:, ANKLES] @ turn.T)[..., 1], 10)) - sole
    start = np.median(joints[first][:, PELVIS] @ turn.T, axis=0)
    return Ground(turn, -np.array([start[0], floor, start[2]]))


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-9))


def _angle(a: Array, b: Array) -> Array:
    cosine = np.sum(_unit(a) * _unit(b), axis=-1)
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))
