"""Where the performer's feet are: planted between steps, carried in an arc during one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...rig.quaternion import Array, about_y, from_axis_angle, multiply, rotate
from ...rig.skeleton import Skeleton
from .curves import Curve, ease, keyed

LEFT, RIGHT = 0, 1
FORWARD = np.array([0.0, 0.0, 1.0])
SWING_TIME = 0.44  # seconds a foot is off the floor in one step


@dataclass(frozen=True)
class Step:
    """A foot lifted at `start` (s) and set down `SWING_TIME` later at `place` (x, z; m), turned to `heading` (rad)."""

    foot: int
    start: float
    place: tuple[float, float]
    heading: float

    @property
    def end(self) -> float:
        """Second at which the foot is down again."""
        return self.start + SWING_TIME


@dataclass(frozen=True, eq=False)
class FootTrack:
    """One foot over time.

    `ball (T, 3)` the toe joint, metres; `orientation (T, 4)` in the world; `heading (T,)` and `pitch (T,)`
    radians, pitch positive with the heel up; `flat (T, 2)` x, z of the ball with the foot laid flat;
    `lifted (T,)` True during a step.
    """

    ball: Array
    orientation: Array
    heading: Curve
    pitch: Curve
    flat: Array
    lifted: NDArray[np.bool_]


def track_foot(t: Curve, steps: list[Step], start: tuple[float, float], skeleton: Skeleton, foot: int) -> FootTrack:
    """The foot's way over `t` seconds from its place `start` (x, z of the ball) through `steps`."""
    place, heading = np.array(start), 0.0
    flat = np.tile(place, (len(t), 1))
    turn, lift, pitch = np.zeros_like(t), np.zeros_like(t), np.zeros_like(t)
    lifted = np.zeros(len(t), bool)
    for step in steps:
        share = (t - step.start) / SWING_TIME
        length = float(np.hypot(*(np.array(step.place) - place)))
        flat = flat + ease(share)[:, None] * (np.array(step.place) - place)
        turn = turn + ease(share) * (step.heading - heading)
        inside = (share > 0) & (share < 1)
        lift = lift + np.where(inside, (0.035 + 0.05 * length) * np.sin(np.pi * np.clip(share, 0, 1)) ** 2, 0)
        pitch = pitch + _roll(t, step, min(length / 1.1, 1.0))
        lifted |= inside
        place, heading = np.array(step.place), step.heading
    return _place_foot(flat, turn, pitch, lift, lifted, skeleton, foot)


def _roll(t: Curve, step: Step, strength: float) -> Curve:
    """Heel rises before the step, toes are up at heel strike, then the sole is laid flat."""
    push, strike = np.radians(42) * strength, np.radians(-18) * strength
    return keyed(
        t,
        [
            (step.start - 0.20, 0.0),
            (step.start + 0.06, push),
            (step.end - 0.04, strike),
            (step.end + 0.13, 0.0),
        ],
    )


def _place_foot(
    flat: Array,
    heading: Curve,
    pitch: Curve,
    lift: Curve,
    lifted: NDArray[np.bool_],
    skeleton: Skeleton,
    foot: int,
) -> FootTrack:
    """Roll over the ball while the heel is up, and over the heel while the toes are up: neither slides."""
    sole = skeleton.sole_depth
    heel = 0.35 * float(np.linalg.norm(skeleton.offsets[10 + foot])) + float(skeleton.offsets[10 + foot][2])
    toes_up = np.clip(-pitch, 0, None)
    reach = heel * (np.cos(toes_up) - 1) - sole * np.sin(toes_up)
    rise = heel * np.sin(toes_up) + sole * np.cos(toes_up)
    forward = rotate(about_y(heading), FORWARD)
    ball = np.stack([flat[:, 0], lift + rise, flat[:, 1]], axis=-1) + reach[:, None] * forward
    orientation = multiply(about_y(heading), from_axis_angle(np.array([1.0, 0.0, 0.0]), pitch))
    return FootTrack(ball, orientation, heading, pitch, flat, lifted)
