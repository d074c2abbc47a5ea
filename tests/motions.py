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
