"""The simulated performer: half a minute of motion written as code.

Stands in the T-pose, walks, turns, squats, reaches, waves and kicks. Feet are placed first and legs follow by inverse
kinematics, so that a standing foot stands.
"""

import numpy as np

from ...rig.kinematics import global_to_local
from ...rig.motion import SOLVE_RATE, Motion, evenly_timed
from ...rig.quaternion import Array, about_y, from_axis_angle, multiply, rotate
from ...rig.skeleton import JOINTS, PARENTS, Skeleton, joint
from .curves import Curve, ease, keyed, lowest, smooth
from .footsteps import FORWARD, LEFT, RIGHT, FootTrack, Step, track_foot
from .gestures import TIMING, X, Y, Z, arm_angles, arm_rotations, ease_in, sway, trunk_angles
from .legs import solve_leg

STEP_TIME = 0.55  # seconds from one foot lifted to the other
STEP_LENGTH = 0.57  # metres, for a performer of 1.75 m
SOFT_KNEES = 0.01  # share of the leg's length that is never used after the T-pose


def perform(skeleton: Skeleton, rate: float = SOLVE_RATE) -> Motion:
    """The whole performance at `rate` frames per second; it starts with 2.2 s of the T-pose, for calibration."""
    t = np.arange(int(TIMING.end * rate)) / rate
    feet = _feet(t, skeleton)
    pelvis_turn, across = _pelvis_rotation(t, feet)
    place = _pelvis_place(t, feet, pelvis_turn, skeleton, rate)
    world = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (len(t), len(JOINTS), 1))
    world[:, 0] = pelvis_turn
    _pose_upper_body(world, t, across, feet)
    for side, track in zip((LEFT, RIGHT), feet, strict=True):
        _pose_leg(world, place, track, skeleton, side)
    return evenly_timed(global_to_local(world), place, skeleton, rate)


def _feet(t: Curve, skeleton: Skeleton) -> tuple[FootTrack, FootTrack]:
    rest = skeleton.rest_positions().astype(np.float64)
    starts = [(float(rest[10 + foot, 0]), float(rest[10 + foot, 2])) for foot in (LEFT, RIGHT)]
    steps = _walk(starts, skeleton.height / 1.75)
    tracks = [track_foot(t, [s for s in steps if s.foot == foot], starts[foot], skeleton, foot) for foot in (0, 1)]
    return tracks[LEFT], _kick(t, tracks[RIGHT], skeleton)


def _walk(starts: list[tuple[float, float]], scale: float) -> list[Step]:
    """Steps along a line there, round, back and round again, to face +Z where the walk began."""
    width = starts[LEFT][0]
    ahead = starts[LEFT][1]
    # heading (radians) and length of the way of the body's centre in each step
    plan = [(0.0, 0.3), (0.0, 1.0), (0.0, 1.0), (0.0, 0.9)]
    plan += [(0.7, 0.35), (1.6, 0.3), (2.5, 0.3), (np.pi, 0.4)]
    plan += [(np.pi, 0.95), (np.pi, 1.0), (np.pi, 0.85)]
    plan += [(np.pi + 0.8, 0.35), (np.pi + 1.7, 0.3), (np.pi + 2.6, 0.25), (2 * np.pi, 0.2)]
    steps, centre, foot = [], np.zeros(2), RIGHT
    lengths = [length for _, length in plan] + [0.0, 0.0, 0.0]
    for index, heading in enumerate([*(heading for heading, _ in plan), 2 * np.pi, 2 * np.pi]):
        forward, leftward = np.array([np.sin(heading), np.cos(heading)]), np.array([np.cos(heading), -np.sin(heading)])
        centre = centre + lengths[index] * STEP_LENGTH * scale * forward
        # a foot lands half the next step ahead of the body, closer to its line than it stands; the last two stand
        stand = index >= len(plan)
        side = (1 if foot == LEFT else -1) * width * (1.0 if stand else 0.85)
        place = centre + side * leftward + (ahead + 0.5 * lengths[index + 1] * STEP_LENGTH * scale) * forward
        steps.append(Step(foot, TIMING.walk + index * STEP_TIME, (float(place[0]), float(place[1])), heading))
        foot = LEFT if foot == RIGHT else RIGHT
    return steps


def _kick(t: Curve, track: FootTrack, skeleton: Skeleton) -> FootTrack:
    """The right foot back, through and up in front, and down where it stood."""
    scale = skeleton.height / 1.75
    at = TIMING.kick + np.array([0.3, 0.8, 1.2, 1.4, 2.0, 2.5])
    forward = keyed(t, list(zip(at, np.array([0, -0.42, 0.76, 0.80, 0.1, 0]) * scale, strict=True)))
    height = keyed(t, list(zip(at, np.array([0, 0.24, 0.60, 0.64, 0.05, 0]) * scale, strict=True)))
    pitch = keyed(t, list(zip(at, np.radians([0, 55, 5, -20, -5, 0]), strict=True)))
    forward, height, pitch = smooth(forward, 3), smooth(height, 3), smooth(pitch, 3)
    away = np.stack([np.zeros_like(t), height, forward], axis=-1)
    ball = track.ball + rotate(about_y(track.heading), away)
    orientation = multiply(track.orientation, from_axis_angle(X, pitch))
    lifted = track.lifted | ((t > at[0] - 0.05) & (t < at[-1] + 0.05))
    return FootTrack(ball, orientation, track.heading, track.pitch + pitch, track.flat, lifted)


def _stride(feet: tuple[FootTrack, FootTrack], heading: Curve) -> Curve:
    """How far the left foot is ahead of the right one, metres."""
    apart = feet[LEFT].flat - feet[RIGHT].flat
    return smooth(apart[:, 0] * np.sin(heading) + apart[:, 1] * np.cos(heading), 4)


def _heading(feet: tuple[FootTrack, FootTrack]) -> Curve:
    return smooth((feet[LEFT].heading + feet[RIGHT].heading) / 2, 9)


def _pelvis_rotation(t: Curve, feet: tuple[FootTrack, FootTrack]) -> tuple[Array, Curve]:
    """World rotation of the pelvis, and the stride that swings the arms (metres, signed)."""
    heading = _heading(feet)
    stride = _stride(feet, heading)
    support = smooth(feet[RIGHT].lifted.astype(float) - feet[LEFT].lifted, 5)
    tilt = np.radians(keyed(t, _bowing()))
    turned = about_y(heading - 0.14 * stride + sway(t, 0.4))
    listed = from_axis_angle(Z, np.radians(2.5) * support * ease_in(t, TIMING))
    return multiply(multiply(turned, from_axis_angle(X, smooth(tilt, 4))), listed), stride


def _bowing() -> list[tuple[float, float]]:
    """Degrees the pelvis tips forward."""
    squat, low, kick = TIMING.squat, TIMING.reach + 2.4, TIMING.kick
    keys = [(TIMING.t_pose_end, 0.0), (TIMING.walk, 2.0)]
    keys += [(squat, 2), (squat + 1.15, 30), (squat + 1.6, 30), (squat + 2.8, 2)]
    keys += [(low, 2), (low + 1.0, 24), (low + 1.35, 24), (low + 2.3, 2)]
    return [*keys, (kick + 0.6, 2), (kick + 1.2, -9), (kick + 1.5, -9), (kick + 2.3, 2)]


def _pelvis_place(t: Curve, feet: tuple[FootTrack, FootTrack], turned: Array, skeleton: Skeleton, rate: float) -> Array:
    """Pelvis positions `(T, 3)`: over the feet, towards the one that carries, as high as both legs allow."""
    scale = skeleton.height / 1.75
    middle = (feet[LEFT].flat + feet[RIGHT].flat) / 2
    to_left = (feet[LEFT].flat - feet[RIGHT].flat) / 2
    carries = smooth(feet[RIGHT].lifted.astype(float) - feet[LEFT].lifted, 8)
    kicking = keyed(t, [(TIMING.kick - 0.2, 0), (TIMING.kick + 0.4, 1), (TIMING.kick + 2.2, 1), (TIMING.kick + 2.9, 0)])
    share = (1 - kicking) * 0.28 * carries + kicking * 0.85
    flat = smooth(middle, 10) + smooth(share[:, None] * to_left, 4)
    back = -0.13 * _squatting(t) - 0.05 * _stooping(t)
    ahead = (back * scale - skeleton.rest_positions()[10:12, 2].mean())[:, None]
    forward = rotate(about_y(_heading(feet)), FORWARD)[:, [0, 2]]
    flat = flat + ahead * forward
    low = (0.012 * ease(2 * (t - TIMING.t_pose_end - 0.3)) + 0.34 * _squatting(t) + 0.10 * _stooping(t)) * scale
    height = skeleton.pelvis_height - low
    reach = 1 - SOFT_KNEES * ease((t - TIMING.t_pose_end - 0.3) / 0.5)
    allowed = [_highest(flat, track, turned, reach, skeleton, side) for side, track in enumerate(feet)]
    # the lowest bound nearby, smoothed, is under the bound everywhere: legs reach and the pelvis does not jolt
    bound = smooth(lowest(np.minimum(height, np.min(allowed, axis=0)), round(0.12 * rate)), 0.04 * rate)
    return np.stack([flat[:, 0], bound, flat[:, 1]], axis=-1)


def _squatting(t: Curve) -> Curve:
    return keyed(t, [(TIMING.squat, 0), (TIMING.squat + 1.15, 1), (TIMING.squat + 1.6, 1), (TIMING.squat + 2.8, 0)])


def _stooping(t: Curve) -> Curve:
    low = TIMING.reach + 2.4
    return keyed(t, [(low, 0), (low + 1.0, 1), (low + 1.35, 1), (low + 2.3, 0)])


def _ankle(track: FootTrack, skeleton: Skeleton, side: int) -> Array:
    return track.ball - rotate(track.orientation, skeleton.offsets[10 + side].astype(np.float64))


def _leg_lengths(skeleton: Skeleton, side: int) -> tuple[float, float]:
    thigh, shin = (float(np.linalg.norm(skeleton.offsets[k + side])) for k in (4, 7))
    return thigh, shin


def _highest(flat: Array, track: FootTrack, turned: Array, reach: Curve, skeleton: Skeleton, side: int) -> Curve:
    """Pelvis height at which the leg uses the share `reach` of its length."""
    hip = rotate(turned, skeleton.offsets[1 + side].astype(np.float64))
    ankle = _ankle(track, skeleton, side)
    across = flat + hip[:, [0, 2]] - ankle[:, [0, 2]]
    length = reach * sum(_leg_lengths(skeleton, side))
    drop = np.sqrt(np.clip(length**2 - np.sum(across**2, axis=-1), 0.01, None))
    return np.asarray(ankle[:, 1] + drop - hip[:, 1])


def _pose_leg(world: Array, place: Array, track: FootTrack, skeleton: Skeleton, side: int) -> None:
    hip = place + rotate(world[:, 0], skeleton.offsets[1 + side].astype(np.float64))
    # knees point between where the pelvis and the foot point
    forward = rotate(world[:, 0], FORWARD) + rotate(about_y(track.heading), FORWARD)
    thigh, shin = solve_leg(hip, _ankle(track, skeleton, side), forward, *_leg_lengths(skeleton, side))
    world[:, 1 + side], world[:, 4 + side], world[:, 7 + side] = thigh, shin, track.orientation
    # toes stay flat on the floor while the heel is up
    bend = from_axis_angle(X, -0.9 * np.clip(track.pitch, 0, np.radians(50)))
    world[:, 10 + side] = multiply(track.orientation, bend)


def _pose_upper_body(world: Array, t: Curve, stride: Curve, feet: tuple[FootTrack, FootTrack]) -> None:
    trunk = trunk_angles(t)
    local: dict[str, Array] = {}
    heading = _heading(feet)
    level = 0.5 * np.radians(keyed(t, _bowing()))
    bend, twist = trunk["bend"] - 0.3 * level + sway(t, 1.3), trunk["twist"] + 0.30 * stride + sway(t, 2.2)
    for name, part in (("spine1", 0.30), ("spine2", 0.35), ("spine3", 0.35)):
        local[name] = _trunk_turn(part * bend, part * (trunk["lean"] + sway(t, 3.0)), part * twist)
    ahead = np.interp(t + 0.3, t, heading) - heading
    nod, look = trunk["nod"] - 0.35 * bend, trunk["look"] + 0.6 * ahead - 0.5 * twist
    for name in ("neck", "head"):
        local[name] = _trunk_turn(0.5 * nod, -0.4 * trunk["lean"], 0.5 * look)
    for side, sign in (("left", -1.0), ("right", 1.0)):
        angles = arm_angles(t, side, sign * 0.62 * stride + sway(t, 4 + sign))
        local |= {f"{side}_{name}": q for name, q in arm_rotations(angles, side).items()}
    for index, name in enumerate(JOINTS):
        if name in local:
            world[:, index] = multiply(world[:, PARENTS[index]], local[name])
        elif index >= joint("left_wrist"):
            world[:, index] = world[:, PARENTS[index]]


def _trunk_turn(bend: Curve, lean: Curve, twist: Curve) -> Array:
    return multiply(multiply(from_axis_angle(Y, twist), from_axis_angle(X, bend)), from_axis_angle(Z, lean))
