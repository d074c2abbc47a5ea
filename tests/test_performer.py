"""The simulated performer: it must move as a person can."""

import numpy as np
import pytest
from mocamba.devices.simulated.gestures import TIMING
from mocamba.devices.simulated.performer import perform
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import angle_between, rotate, to_rotation_vector
from mocamba.rig.skeleton import END_JOINTS, SMPL24, joint

FEET = [joint("left_foot"), joint("right_foot")]
KNEES = [joint("left_knee"), joint("right_knee")]


@pytest.fixture(scope="module", params=[1.45, 1.75, 1.98])
def motion(request: pytest.FixtureRequest) -> Motion:
    return perform(SMPL24.scaled_to(request.param))


def test_starts_in_the_t_pose_facing_forward(motion: Motion) -> None:
    still = motion.rotations[: int(2.0 * 60)]
    identity = np.broadcast_to(np.array([1, 0, 0, 0], np.float32), still.shape)
    assert np.degrees(angle_between(still, identity)).max() < 0.1
    assert np.ptp(motion.translation[: int(2.0 * 60)], axis=0).max() < 1e-3


def test_no_part_of_a_foot_goes_under_the_floor(motion: Motion) -> None:
    world, positions = local_to_global(motion.rotations), motion.joint_positions()
    assert positions[:, FEET, 1].min() > motion.skeleton.sole_depth - 1e-3
    for end, foot in zip(motion.skeleton.ends[1:], FEET, strict=True):
        tip = positions[:, foot] + rotate(world[:, foot], end)
        assert tip[:, 1].min() > 0.6 * motion.skeleton.sole_depth


def test_standing_feet_do_not_slide(motion: Motion) -> None:
    positions = motion.joint_positions()
    speed = np.linalg.norm(np.diff(positions[:, FEET], axis=0), axis=-1) * 60
    down = positions[1:, FEET, 1] < motion.skeleton.sole_depth + 0.002
    assert down.mean() > 0.5
    assert np.percentile(speed[down], 95) < 0.03  # m/s
    # a foot that is rolled onto after heel strike moves at most this
    assert speed[down].max() < 0.3


def test_one_foot_is_always_on_the_floor(motion: Motion) -> None:
    lowest = motion.joint_positions()[:, FEET, 1].min(axis=1)
    assert lowest.max() < motion.skeleton.sole_depth + 0.03


def test_knees_bend_only_backwards(motion: Motion) -> None:
    vectors = np.degrees(to_rotation_vector(motion.rotations[:, KNEES].astype(np.float64)))
    assert vectors[..., 0].min() > -0.5
    assert 90 < vectors[..., 0].max() < 140
    assert np.abs(vectors[..., 1:]).max() < 0.5


def test_walks_turns_and_comes_back(motion: Motion) -> None:
    place = motion.translation[:, [0, 2]]
    assert 1.5 < np.linalg.norm(place - place[0], axis=1).max() / (motion.skeleton.height / 1.75) < 3.5
    yaw = np.unwrap(2 * np.arctan2(motion.rotations[:, 0, 2], motion.rotations[:, 0, 0]))
    assert np.degrees(yaw.max() - yaw.min()) > 350


def test_does_what_it_is_said_to_do(motion: Motion) -> None:
    positions, height = motion.joint_positions(), motion.skeleton.height

    def during(start: float, end: float) -> np.ndarray:
        return positions[int(start * 60) : int(end * 60)]

    assert during(TIMING.squat, TIMING.reach)[:, 0, 1].min() < 0.42 * height
    reach = during(TIMING.reach, TIMING.wave)
    assert (reach[:, joint("left_wrist"), 1] - reach[:, joint("head"), 1]).max() > 0.15
    wave = during(TIMING.wave + 1, TIMING.wave + 2.3)
    assert (wave[:, joint("right_wrist"), 1] > wave[:, joint("right_elbow"), 1] + 0.1).all()
    sideways = np.diff(np.sign(np.diff(wave[:, joint("right_wrist"), 0])))
    assert (sideways != 0).sum() >= 4
    assert during(TIMING.kick, TIMING.end)[:, joint("right_ankle"), 1].max() > 0.35 * height


def test_arms_swing_against_the_legs() -> None:
    motion = perform(SMPL24.scaled_to(1.75))
    walking = motion.joint_positions()[int(4.2 * 60) : int(5.9 * 60)]
    feet = walking[:, joint("left_ankle"), 2] - walking[:, joint("right_ankle"), 2]
    hands = walking[:, joint("left_wrist"), 2] - walking[:, joint("right_wrist"), 2]
    assert np.corrcoef(feet, hands)[0, 1] < -0.8


def test_moves_smoothly(motion: Motion) -> None:
    steps = np.degrees(angle_between(motion.rotations[1:].astype(np.float64), motion.rotations[:-1].astype(np.float64)))
    assert steps.max() < 13
    acceleration = np.diff(motion.joint_positions().astype(np.float64), 2, axis=0) * 3600
    assert np.linalg.norm(acceleration, axis=-1).max() < 80  # m/s²; a kick reaches some 60


def test_hands_follow_their_wrists(motion: Motion) -> None:
    hands = motion.rotations[:, list(END_JOINTS[2:])]
    identity = np.broadcast_to(np.array([1, 0, 0, 0], np.float32), hands.shape)
    assert angle_between(hands, identity).max() < 1e-3
