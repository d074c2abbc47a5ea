"""Error measures on motions whose errors are known beforehand."""

from dataclasses import replace

import numpy as np
import pytest
from mocamba.inference.metrics import mean_errors, pose_errors, travel_errors
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import about_y, multiply
from mocamba.rig.skeleton import JOINTS, PARENTS, SMPL24, joint

from .motions import posed, walk


def still(count: int = 60, **turns) -> Motion:
    return evenly_timed(posed(count, **turns), np.zeros((count, 3)), SMPL24)


def below(name: str) -> list[int]:
    """A joint and all that hang on it."""
    found = [joint(name)]
    for child, parent in enumerate(PARENTS):  # parents come before their children
        if parent in found:
            found.append(child)
    return found


def test_a_motion_has_no_error_against_itself() -> None:
    motion = walk(2.0)
    errors = pose_errors(motion, motion)
    assert max(errors.SIP, errors.Ang, errors.Pos, errors.SIP_all, errors.Ang_all, errors.Pos_all) < 1e-5
    assert errors.jitter == errors.jitter_truth
    assert errors.frames == 120


@pytest.mark.parametrize(("name", "sip"), [("left_hip", 1), ("left_shoulder", 1), ("left_elbow", 0), ("spine1", 2)])
def test_a_joint_turned_by_ten_degrees(name: str, sip: int) -> None:
    """Every joint that hangs on it is ten degrees off; SIP sees those of hips and shoulders."""
    errors = pose_errors(still(**{name: ("x", 10.0)}), still())
    assert pytest.approx(10 * sip / 4, abs=1e-3) == errors.SIP
    assert errors.Ang == pytest.approx(10 * len(below(name)) / 24, abs=1e-3)
    assert errors.SIP_all == pytest.approx(errors.SIP, abs=1e-6)


def test_position_is_the_chord_of_the_turned_bones() -> None:
    """An elbow turned about the vertical moves wrist and hand along a circle, and nothing else."""
    errors = pose_errors(still(left_elbow=("y", 30.0)), still())
    wrist, hand = 0.237, 0.237 + 0.085
    chord = 2 * np.sin(np.radians(15))
    assert errors.Pos == pytest.approx(100 * chord * (wrist + hand) / 24, abs=1e-3)
    big = SMPL24.scaled_to(2 * SMPL24.height)
    double = pose_errors(*(replace(m, skeleton=big) for m in (still(left_elbow=("y", 30.0)), still())))
    assert double.Pos == pytest.approx(2 * errors.Pos, rel=1e-5)
    assert double.Ang == pytest.approx(errors.Ang, abs=1e-6)


def test_hands_and_toes_count_only_where_it_says_all() -> None:
    errors = pose_errors(still(left_wrist=("x", 40.0), right_foot=("x", 40.0)), still())
    assert max(errors.Ang, errors.Pos) < 1e-5
    assert errors.Ang_all == pytest.approx(40 * 3 / 24, abs=1e-3)  # wrist, hand and toes


def test_the_pelvis_is_aligned_in_place_and_not_in_rotation() -> None:
    truth = walk(1.0)
    moved = replace(truth, translation=truth.translation + np.float32(3))
    assert pose_errors(moved, truth).Pos == 0
    turned = truth.rotations.copy()
    turned[:, 0] = multiply(np.broadcast_to(about_y(np.float32(np.radians(5))), turned[:, 0].shape), turned[:, 0])
    errors = pose_errors(replace(truth, rotations=turned), truth)
    assert pytest.approx(5, abs=0.01) == errors.SIP
    assert errors.Ang == pytest.approx(5, abs=0.01)


def test_jitter_of_a_swinging_forearm() -> None:
    """θ = a sin ωt of a hinge: the wrist's third difference, from its exact positions at these frames."""
    rate, count = 60.0, 600
    t = np.arange(count) / rate
    theta = np.radians(20) * np.sin(2 * np.pi * 0.8 * t)
    errors = pose_errors(still(count, left_elbow=("y", np.degrees(theta))), still(count))
    circle = np.exp(-1j * theta)
    jerk = np.abs(np.diff(circle, n=3)).mean() * rate**3
    assert errors.jitter == pytest.approx(jerk * (0.237 + 0.322) / len(JOINTS), rel=2e-3)
    # and against calculus, whose third derivative a difference at 60 Hz comes close to
    w, a = 2 * np.pi * 0.8, np.radians(20)
    d1, d2, d3 = a * w * np.cos(w * t), -a * w**2 * np.sin(w * t), -a * w**3 * np.cos(w * t)
    analytic = np.hypot(d3 - d1**3, 3 * d1 * d2).mean()
    assert errors.jitter == pytest.approx(analytic * (0.237 + 0.322) / len(JOINTS), rel=1e-2)
    assert errors.jitter_truth == pytest.approx(0, abs=1e-6)


def test_means_are_weighted_by_frames() -> None:
    a = pose_errors(still(30, left_hip=("x", 10.0)), still(30))
    b = pose_errors(still(90), still(90))
    mean = mean_errors([a, b])
    assert mean.frames == 120
    assert pytest.approx(2.5 / 4, abs=1e-4) == mean.SIP


def line(count: int, step: tuple[float, float, float]) -> Motion:
    return evenly_timed(posed(count), np.arange(count)[:, None] * np.array(step), SMPL24)


def test_travel_errors() -> None:
    truth, estimate = line(601, (0.01, 0, 0)), line(601, (0.009, 0.0001, 0))
    errors = travel_errors([(estimate, truth)])
    # after 300 frames: 0.3 m short and 0.03 m too high; two windows of five seconds
    assert errors.dist == pytest.approx(100 * np.hypot(0.3, 0.03), rel=1e-4)
    assert errors.dist_windows == 2
    assert errors.drift == pytest.approx(10, rel=1e-4)  # height is no drift
    assert errors.metres == pytest.approx(6, rel=1e-5)


def test_travel_of_short_and_standing_clips() -> None:
    errors = travel_errors([(line(61, (0.001, 0, 0)), line(61, (0, 0, 0)))])
    assert errors.dist == pytest.approx(6, rel=1e-4)
    assert errors.dist_windows == 1
    assert np.isnan(errors.drift)
    assert errors.metres == 0
    assert np.isnan(travel_errors([]).dist)
