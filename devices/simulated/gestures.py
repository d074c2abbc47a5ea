"""What the performer does above the hips: keys of angles over time, and the rotations they make.

Angles are degrees in the keys. An arm has five: `drop` below the horizontal, `swing` forward, `twist` (positive
turns the palm to the front), `elbow` flexion and `collar` (how far the shoulder is lifted).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...rig.quaternion import Array, from_axis_angle, multiply
from .curves import Curve, keyed, smooth

X, Y, Z = np.eye(3)

Keys = list[tuple[float, float]]


@dataclass(frozen=True)
class Timing:
    """Seconds at which each part of the performance starts, and where it ends."""

    t_pose_end: float = 2.2
    walk: float = 3.6
    squat: float = 14.5
    reach: float = 17.4
    wave: float = 22.1
    kick: float = 25.2
    end: float = 29.2


TIMING = Timing()


def _gesture(start: float, rise: float, hold: float, fall: float, rest: float, peak: float) -> Keys:
    """From `rest` to `peak` in `rise` seconds, held, and back in `fall`."""
    return [(start, rest), (start + rise, peak), (start + rise + hold, peak), (start + rise + hold + fall, rest)]


def _arm_keys(side: str, when: Timing) -> dict[str, Keys]:
    """Keys of one arm; gestures differ between the sides so that nobody looks like a mirror."""
    left = side == "left"
    drop: Keys = [(when.t_pose_end, 0), (when.walk, 77)]
    swing: Keys = [(when.t_pose_end, 0), (when.walk, 2)]
    twist: Keys = [(0, 0)]
    elbow: Keys = [(when.t_pose_end, 0), (when.walk + 0.1, 14 if left else 17)]
    collar: Keys = [(0, 0)]
    swing += _gesture(when.squat + 0.1, 1.0, 0.5, 1.2, 2, 82)
    drop += _gesture(when.squat + 0.1, 1.0, 0.5, 1.2, 77, 84)
    if left:
        swing += _gesture(when.reach, 1.0, 0.35, 0.95, 2, 158)
        collar += _gesture(when.reach, 1.0, 0.35, 0.95, 0, 16)
        drop += _gesture(when.kick + 0.3, 0.6, 0.6, 1.0, 77, 48)
    else:
        swing += _gesture(when.reach + 2.4, 1.0, 0.35, 0.95, 2, 72)
        elbow += _gesture(when.reach + 2.4, 1.0, 0.35, 0.95, 17, 8)
        drop += _gesture(when.wave, 0.8, 1.6, 0.8, 77, 14)
        twist += _gesture(when.wave, 0.75, 1.6, 0.8, 0, -88)
        elbow += _gesture(when.wave, 0.8, 1.6, 0.8, 17, 82)
        collar += _gesture(when.wave, 0.8, 1.6, 0.8, 0, 8)
        drop += _gesture(when.kick + 0.3, 0.6, 0.6, 1.0, 77, 42)
    swing += _gesture(when.kick + 0.75, 0.4, 0.25, 0.8, 2, 38 if left else -24)
    return {"drop": drop, "swing": swing, "twist": twist, "elbow": elbow, "collar": collar}


def arm_angles(t: Curve, side: str, swing: Curve, when: Timing = TIMING) -> dict[str, Curve]:
    """Angles of one arm over `t` seconds, radians; `swing` is added to the arm's own (the walk's, radians)."""
    angles = {name: np.radians(keyed(t, keys)) for name, keys in _arm_keys(side, when).items()}
    angles["swing"] = angles["swing"] + swing
    # the forearm comes up as the arm swings forward
    angles["elbow"] = angles["elbow"] + 0.55 * np.clip(swing + 0.1, 0, None) * ease_in(t, when)
    if side == "right":
        waving = ease_in(t, when, when.wave + 0.6) * (1 - ease_in(t, when, when.wave + 2.3))
        angles["elbow"] = angles["elbow"] + np.radians(24) * waving * np.sin(2 * np.pi * 1.7 * (t - when.wave))
    return {name: smooth(curve, 4) for name, curve in angles.items()}


def ease_in(t: Curve, when: Timing, start: float | None = None) -> Curve:
    """0 before `start` (by default the end of the T-pose), 1 from half a second after it."""
    begin = when.t_pose_end if start is None else start
    return keyed(t, [(begin, 0), (begin + 0.5, 1)])


def arm_rotations(angles: Mapping[str, Curve], side: str) -> dict[str, Array]:
    """Parent-relative rotations `(T, 4)` of collar, shoulder and elbow."""
    lift = angles["collar"] - 0.08 * angles["drop"]
    collar = from_axis_angle(Z, lift)
    raise_arm = multiply(from_axis_angle(X, -angles["swing"]), from_axis_angle(Z, -0.92 * angles["drop"]))
    shoulder = multiply(raise_arm, from_axis_angle(X, angles["twist"]))
    elbow = from_axis_angle(Y, -angles["elbow"])
    rotations = {"collar": collar, "shoulder": shoulder, "elbow": elbow}
    if side == "right":
        return {name: q * np.array([1.0, 1.0, -1.0, -1.0]) for name, q in rotations.items()}
    return rotations


def trunk_angles(t: Curve, when: Timing = TIMING) -> dict[str, Curve]:
    """Forward bend, lean to the right and twist to the left of the whole spine, and of the head; radians."""
    bend: Keys = [(when.t_pose_end, 0), (when.walk + 0.3, 3), (when.squat - 0.4, 3), (when.squat, 0)]
    bend += _gesture(when.squat, 1.1, 0.45, 1.2, 0, 20)
    bend += _gesture(when.reach, 1.0, 0.35, 0.95, 0, -7)
    bend += _gesture(when.reach + 2.4, 1.0, 0.35, 0.95, 0, 44)
    bend += _gesture(when.kick + 0.5, 0.7, 0.25, 0.9, 0, -6)
    lean: Keys = [(0, 0), *_gesture(when.reach, 1.0, 0.35, 0.95, 0, 9)]
    lean += _gesture(when.wave, 0.8, 1.6, 0.8, 0, -4)
    twist: Keys = [(0, 0), *_gesture(when.reach, 1.0, 0.35, 0.95, 0, -16)]
    twist += _gesture(when.reach + 2.4, 1.0, 0.35, 0.95, 0, 26)
    twist += _gesture(when.kick + 0.8, 0.4, 0.2, 0.8, 0, 14)
    nod: Keys = [(0, 0), *_gesture(when.squat, 1.1, 0.45, 1.2, 0, -26)]
    nod += _gesture(when.reach, 1.0, 0.35, 0.95, 0, -24)
    nod += _gesture(when.reach + 2.4, 1.0, 0.35, 0.95, 0, 10)
    look: Keys = [(0, 0), *_gesture(when.wave + 0.1, 0.6, 1.6, 0.8, 0, -12)]
    curves = {"bend": bend, "lean": lean, "twist": twist, "nod": nod, "look": look}
    return {name: smooth(np.radians(keyed(t, keys)), 4) for name, keys in curves.items()}


def sway(t: Curve, seed: float, when: Timing = TIMING) -> Curve:
    """The small movement of somebody standing, radians; none in the T-pose."""
    slow = np.sin(2 * np.pi * 0.23 * t + seed) + 0.6 * np.sin(2 * np.pi * 0.41 * t + 2.1 * seed)
    swayed: Curve = np.radians(0.5) * slow * ease_in(t, when)
    return swayed
