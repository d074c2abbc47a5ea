"""Motion written as code, for tests and pictures."""

import numpy as np
from mocamba.rig.kinematics import forward_kinematics
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import Array, about_y, from_axis_angle, from_rotation_vector, make_continuous, multiply
from mocamba.rig.skeleton import JOINTS, SMPL24, Skeleton, joint

AXES = np.eye(3)


def posed(count: int, **turns: tuple[str, Array]) -> Array:
    """Rotations `(T, 24, 4)` from joint name to axis letters and degrees `(T,)`, several letters applied in turn."""
    rotations = np.tile([1.0, 0, 0, 0], (count, 24, 1))
    for name, (letters, *angles) in turns.items():
        for letter, degrees in zip(letters, angles, strict=True):
            turn = from_axis_angle(AXES["xyz".index(letter)], np.radians(np.broadcast_to(degrees, count)))
            rotations[:, joint(name)] = multiply(rotations[:, joint(name)], turn)
    return rotations


def walk(seconds: float = 4.0, rate: float = 60.0, skeleton: Skeleton = SMPL24) -> Motion:
    """A walk in a wide curve, one hand waving; the lower foot always stands on the floor."""
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * 0.95 * t
    left, right = np.sin(phase), -np.sin(phase)
    bend_left, bend_right = (28 + 30 * np.sin(p - 0.6 * np.pi) for p in (phase + np.pi, phase))
    lift = np.clip(np.sin(np.pi * np.clip((t - 0.4) / (seconds - 0.8), 0, 1)) * 2, 0, 1)
    rotations = posed(
        len(t),
        pelvis=("yz", 3 * left, 2 * left),
        spine1=("x", 3 + 0 * t),
        spine3=("y", -7 * left),
        neck=("x", -2 + 0 * t),
        left_hip=("x", -24 * left - 8),
        right_hip=("x", -24 * right - 8),
        left_knee=("x", bend_left * 0.8),
        right_knee=("x", bend_right * 0.8),
        left_ankle=("x", -4 + 8 * right),
        right_ankle=("x", -4 + 8 * left),
        left_shoulder=("xz", 22 * left, -74 + 0 * t),
        right_shoulder=("xz", 22 * right * (1 - lift), 74 - 104 * lift),
        left_elbow=("y", -22 - 10 * right),
        right_elbow=("yz", 22 * (1 - lift), -lift * (60 + 28 * np.sin(2 * np.pi * 1.6 * t))),
    )
    yaw = -0.35 + 1.1 * t / max(seconds, 1e-9)
    rotations[:, 0] = multiply(about_y(yaw), rotations[:, 0])
    translation = np.zeros((len(t), 3))
    translation[:, [0, 2]] = np.cumsum(1.15 / rate * np.stack([np.sin(yaw), np.cos(yaw)], axis=1), axis=0)
    return evenly_timed(make_continuous(rotations), grounded(rotations, translation, skeleton), skeleton, rate)


def grounded(rotations: Array, translation: Array, skeleton: Skeleton) -> Array:
    """`translation` with its height such that the lowest toe or ankle stands on the floor."""
    feet = forward_kinematics(rotations, translation, skeleton)[:, [7, 8, 10, 11], 1]
    ankle = skeleton.sole_depth - float(skeleton.offsets[joint("left_foot"), 1])
    lowest = (feet - [ankle, ankle, skeleton.sole_depth, skeleton.sole_depth]).min(axis=1)
    return translation - np.stack([0 * lowest, lowest, 0 * lowest], axis=1)


def wild(count: int, rate: float = 60.0, seed: int = 0, skeleton: Skeleton = SMPL24) -> Motion:
    """Smooth random turns of every joint, all angles."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(1, len(JOINTS), 3)) + np.cumsum(rng.normal(size=(count, len(JOINTS), 3)) * 0.04, axis=0)
    place = np.array([0, 1, 0]) + np.cumsum(rng.normal(size=(count, 3)) * 0.01, axis=0)
    rotations = make_continuous(from_rotation_vector(vectors))
    return evenly_timed(rotations * np.where(rotations[:1, :, :1] < 0, -1, 1), place, skeleton, rate)


# Degrees; arms are swing, down, elbow and forward.
SHOWCASE = [
    {
        "left_hip": -32,
        "right_hip": 22,
        "right_knee": 22,
        "left_knee": 8,
        "left_arm": (-20, -72, -30),
        "right_arm": (-34, 72, 60),
    },
    {
        "left_hip": -95,
        "right_hip": -95,
        "left_knee": 118,
        "right_knee": 118,
        "spine": 14,
        "left_arm": (0, -10, 0, 82),
        "right_arm": (0, 10, 0, 82),
    },
    {"left_arm": (0, 78, -10), "right_arm": (0, -78, 10), "spine": -4, "left_hip": 3, "right_hip": 3},
    {
        "right_hip": -86,
        "right_knee": 12,
        "left_knee": 10,
        "left_hip": -4,
        "spine": -3,
        "left_arm": (-35, -50, -70),
        "right_arm": (10, 48, 30),
    },
    {
        "left_hip": -72,
        "left_knee": 82,
        "right_hip": 32,
        "right_knee": 12,
        "left_arm": (0, -5, 0),
        "right_arm": (0, 5, 0),
    },
    {"pelvis": 42, "left_hip": -42, "right_hip": -42, "spine": 10, "left_arm": (0, -66, 0), "right_arm": (0, 66, 0)},
    {
        "left_hip": -28,
        "right_hip": 12,
        "left_knee": 34,
        "right_knee": 24,
        "left_arm": (-30, -62, -105),
        "right_arm": (-34, 62, 118),
        "spine": 5,
    },
]


def showcase(rate: float = 60.0) -> Motion:
    """Twelve seconds in place: stride, squat, reach, kick, lunge, bow and guard, eased from one to the next."""
    t = np.arange(round(12 * rate)) / rate
    place = np.clip(t / 12 * (len(SHOWCASE) - 1) * 1.02, 0, len(SHOWCASE) - 1.000001)
    part = np.clip((place % 1 - 0.25) / 0.5, 0, 1)
    blend = np.floor(place) + part * part * (3 - 2 * part)

    def track(name: str, column: int = 0) -> Array:
        values = [np.resize([*np.atleast_1d(key.get(name, 0)), 0, 0, 0], 4)[column] for key in SHOWCASE]
        return np.interp(blend, range(len(SHOWCASE)), values)

    turns = {name: ("x", track(name)) for name in ("pelvis", "left_hip", "right_hip", "left_knee", "right_knee")}
    turns |= {f"spine{k}": ("x", track("spine")) for k in (1, 2, 3)} | {"head": ("x", -track("spine"))}
    for side in ("left", "right"):
        swing, down, bend, forward = (track(f"{side}_arm", column) for column in range(4))
        turns[f"{side}_shoulder"] = ("xyz", swing, forward * (-1 if side == "left" else 1), down)
        turns[f"{side}_elbow"] = ("y", bend)
        flat = -(track("pelvis") + track(f"{side}_hip") + track(f"{side}_knee"))
        turns[f"{side}_ankle"] = ("x", np.clip(flat, -30, 30))
    rotations = posed(len(t), **turns)
    translation = np.zeros((len(t), 3))
    return evenly_timed(make_continuous(rotations), grounded(rotations, translation, SMPL24), SMPL24, rate)
