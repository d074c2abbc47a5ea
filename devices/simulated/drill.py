"""The simulated performer going through a calibration: stands, walks, shows the T-pose and every check movement.

Between any two movements it stands still with its arms hanging. Legs follow the feet by inverse kinematics.
"""

from dataclasses import dataclass

import numpy as np

from ...rig.kinematics import global_to_local
from ...rig.motion import SOLVE_RATE, Motion, evenly_timed
from ...rig.quaternion import Array, about_y, from_axis_angle, multiply, rotate
from ...rig.skeleton import JOINTS, PARENTS, Skeleton, joint
from .curves import Curve, keyed, smooth
from .footsteps import FORWARD, LEFT, RIGHT, FootTrack, Step, track_foot
from .gestures import X, arm_rotations
from .legs import solve_leg

Keys = list[tuple[float, float]]


@dataclass(frozen=True)
class DrillTiming:
    """Seconds at which each part begins; all but the T-pose last under three."""

    walk: float = 4.5
    t_pose: float = 9.0
    arm: float = 18.0
    leg: float = 23.0
    nod: float = 28.0
    bow: float = 33.0
    turn: float = 38.0
    jump: float = 43.0
    end: float = 47.0


DRILL = DrillTiming()
T_POSE_HOLD = 5.0  # seconds
HANGING = 77.0  # degrees that relaxed arms are under the horizontal
JUMP = 0.16  # metres
STRIDE = 0.65  # metres


def perform_drill(skeleton: Skeleton, rate: float = SOLVE_RATE, when: DrillTiming = DRILL) -> Motion:
    """About 45 s at `rate` frames per second, facing +Z but for the turn."""
    t = np.arange(int(when.end * rate)) / rate
    feet = _feet(t, skeleton, when)
    world = np.tile(np.array([1.0, 0.0, 0.0, 0.0]), (len(t), len(JOINTS), 1))
    world[:, 0] = from_axis_angle(X, np.radians(_there_and_back(t, when.bow, 40.0)))
    place = _pelvis(t, feet, skeleton, when)
    _pose_upper_body(world, t, when)
    for side, track in zip((LEFT, RIGHT), feet, strict=True):
        _pose_leg(world, place, track, skeleton, side)
    _lift_heel(world, t, when)
    world = multiply(about_y(np.radians(_there_and_back(t, when.turn, 80.0)))[:, None], world)
    return evenly_timed(global_to_local(world), place, skeleton, rate)


def _there_and_back(t: Curve, start: float, peak: float, out: float = 0.9, hold: float = 0.4) -> Curve:
    return keyed(t, [(start, 0), (start + out, peak), (start + out + hold, peak), (start + 2 * out + hold, 0)])


def _feet(t: Curve, skeleton: Skeleton, when: DrillTiming) -> tuple[FootTrack, FootTrack]:
    rest, stride = skeleton.rest_positions().astype(np.float64), STRIDE * skeleton.height / 1.7
    starts = [(float(rest[10 + foot, 0]), float(rest[10 + foot, 2])) for foot in (LEFT, RIGHT)]
    plan = [(RIGHT, 1.0), (LEFT, 2.0), (RIGHT, 2.0)]
    steps = [
        Step(foot, when.walk + 0.55 * k, (starts[foot][0], starts[foot][1] + far * stride), 0.0)
        for k, (foot, far) in enumerate(plan)
    ]
    left, right = (track_foot(t, [s for s in steps if s.foot == foot], starts[foot], skeleton, foot) for foot in (0, 1))
    return left, right


def _pelvis(t: Curve, feet: tuple[FootTrack, FootTrack], skeleton: Skeleton, when: DrillTiming) -> Array:
    """Over the feet, low enough for both legs to reach while they are apart; in the air during the jump."""
    middle = smooth((feet[LEFT].flat + feet[RIGHT].flat) / 2, 10)
    ahead = -float(skeleton.rest_positions()[10:12, 2].mean())
    apart = smooth(np.abs(feet[LEFT].flat[:, 1] - feet[RIGHT].flat[:, 1]), 10)
    height = skeleton.pelvis_height - 0.10 * apart - 0.09 * np.radians(_there_and_back(t, when.bow, 40.0))
    sideways = middle[:, 0]
    return np.stack([sideways, height + _flight(t, when), middle[:, 1] + ahead], axis=-1)


def _flight(t: Curve, when: DrillTiming) -> Curve:
    """Metres above standing: a crouch, the jump, and the landing's give."""
    start = when.jump
    keys = [(0.0, 0.0), (0.45, -0.10), (0.75, JUMP), (1.05, -0.07), (1.5, 0.0)]
    return keyed(t, [(start + second, height) for second, height in keys])


def _pose_upper_body(world: Array, t: Curve, when: DrillTiming) -> None:
    out = when.t_pose + 1.2
    t_pose: Keys = [(when.t_pose, HANGING), (out, 0.0), (out + T_POSE_HOLD, 0.0), (out + T_POSE_HOLD + 1.2, HANGING)]
    arm: Keys = [(when.arm, 0.0), (when.arm + 0.9, -HANGING), (when.arm + 1.3, -HANGING), (when.arm + 2.2, 0.0)]
    nod = np.radians(_there_and_back(t, when.nod, 35.0, out=0.7))
    local = {"neck": from_axis_angle(X, 0.5 * nod), "head": from_axis_angle(X, 0.5 * nod)}
    swinging = np.radians(
        keyed(t, [(when.walk, 0), (when.walk + 0.5, 14), (when.walk + 1.1, -10), (when.walk + 1.7, 0)])
    )
    for side, sign in (("left", 1.0), ("right", -1.0)):
        drop = np.radians(keyed(t, t_pose) + (keyed(t, arm) if side == "left" else 0.0))
        zero = np.zeros_like(t)
        angles = {"drop": drop, "swing": sign * swinging, "twist": zero, "elbow": zero, "collar": zero}
        local |= {f"{side}_{name}": q for name, q in arm_rotations(angles, side).items()}
    for index, name in enumerate(JOINTS):
        if name in local:
            world[:, index] = multiply(world[:, PARENTS[index]], local[name])
        elif name.startswith("spine") or index >= joint("left_wrist"):
            world[:, index] = world[:, PARENTS[index]]


def _pose_leg(world: Array, place: Array, track: FootTrack, skeleton: Skeleton, side: int) -> None:
    hip = place + rotate(world[:, 0], skeleton.offsets[1 + side].astype(np.float64))
    ball = track.ball.copy()
    ball[:, 1] += np.maximum(place[:, 1] - skeleton.pelvis_height, 0.0)  # feet leave the floor with the jump
    ankle = ball - rotate(track.orientation, skeleton.offsets[10 + side].astype(np.float64))
    lengths = (float(np.linalg.norm(skeleton.offsets[k + side])) for k in (4, 7))
    forward = np.broadcast_to(FORWARD, hip.shape)
    world[:, 1 + side], world[:, 4 + side] = solve_leg(hip, ankle, forward, *lengths)
    world[:, 7 + side] = world[:, 10 + side] = multiply(about_y(track.heading), track.orientation)


def _lift_heel(world: Array, t: Curve, when: DrillTiming) -> None:
    """The right shin back and up, the knee staying where it is."""
    bend = from_axis_angle(X, np.radians(_there_and_back(t, when.leg, 75.0)))
    for name in ("right_knee", "right_ankle", "right_foot"):
        world[:, joint(name)] = multiply(bend, world[:, joint(name)])
