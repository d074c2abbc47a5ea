"""Simulated sensors against what they sit on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.devices.simulated.performer import perform
from mocamba.devices.simulated.sensors import simulate, site_acceleration
from mocamba.rig.imu import CLEAN, SLOT_JOINTS, SLOTS, WORN, SensorErrors
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import about_y, angle_between, conjugate, multiply
from mocamba.rig.skeleton import SMPL24


@pytest.fixture(scope="module")
def motion() -> Motion:
    return perform(SMPL24)


@given(rate=st.floats(20, 400), jerk=st.floats(-3, 3), start=st.floats(-5, 5))
@settings(max_examples=30)
def test_acceleration_of_a_known_path(rate: float, jerk: float, start: float) -> None:
    t = np.arange(50) / rate
    path = np.stack([start + 2 * t, 0.5 * 9.81 * t**2, jerk * t**3], axis=-1)
    found = site_acceleration(path, rate)
    np.testing.assert_allclose(found[1:-1, 1], 9.81, rtol=1e-5)
    np.testing.assert_allclose(found[1:-1, 2], 6 * jerk * t[1:-1], atol=1e-4)
    assert np.abs(found[1:-1, 0]).max() < 1e-4


def test_aligned_and_clean_is_bone_to_world(motion: Motion) -> None:
    truth = local_to_global(motion.rotations.astype(np.float64))
    for log in simulate(motion, CLEAN, 1, aligned=True):
        bone = truth[:, SLOT_JOINTS[SLOTS.index(log.slot or "")]]
        assert angle_between(log.orientation, bone).max() < 1e-6
        assert len(log) == len(motion)


def test_mounting_is_constant_and_the_world_is_shared(motion: Motion) -> None:
    truth = local_to_global(motion.rotations.astype(np.float64))
    yaws = []
    for log in simulate(motion, CLEAN, 3):
        bone = truth[:, SLOT_JOINTS[SLOTS.index(log.slot or "")]]
        # q_s = Y q_bone M: with M of the first frame, Y is the only unknown
        turned = multiply(log.orientation, conjugate(log.orientation[:1]))
        angles = np.radians(np.arange(-180, 180, 0.5))
        errors = []
        for angle in angles:
            yaw = about_y(np.array(angle))
            told = multiply(multiply(yaw, multiply(bone[::30], conjugate(bone[:1]))), conjugate(yaw))
            errors.append(angle_between(turned[::30], told).mean())
        assert min(errors) < np.radians(1)
        yaws.append(angles[int(np.argmin(errors))])
    assert np.ptp(np.unwrap(yaws)) < np.radians(3)


def test_sensor_on_a_still_body_feels_nothing() -> None:
    still = np.tile(np.array([1, 0, 0, 0], np.float32), (200, 24, 1))
    motion = evenly_timed(still, np.zeros((200, 3), np.float32), SMPL24)
    for log in simulate(motion, CLEAN, 0):
        assert np.abs(log.acceleration).max() < 1e-9


def test_gravity_is_removed_and_heel_strikes_are_felt(motion: Motion) -> None:
    shin = next(log for log in simulate(motion, CLEAN, 0) if log.slot == "left_shin")
    assert np.abs(shin.acceleration.mean(axis=0)).max() < 0.1
    assert 5 < np.linalg.norm(shin.acceleration, axis=-1).max() < 60


def test_same_seed_same_logs(motion: Motion) -> None:
    one, two, other = (simulate(motion, WORN, seed) for seed in (5, 5, 6))
    for a, b, c in zip(one, two, other, strict=True):
        np.testing.assert_array_equal(a.orientation, b.orientation)
        np.testing.assert_array_equal(a.t_ns, b.t_ns)
        assert a.orientation[0].tolist() != c.orientation[0].tolist()


def test_errors_have_the_size_they_are_given(motion: Motion) -> None:
    clean = simulate(motion, CLEAN, 4, aligned=True)
    noisy = simulate(
        motion, SensorErrors(orientation_noise=1.0, acceleration_noise=0.2, acceleration_bias=0.3), 4, aligned=True
    )
    for a, b in zip(clean, noisy, strict=True):
        # three axes of 1° each: a mean angle of sqrt(8/pi) degrees
        assert np.degrees(angle_between(a.orientation, b.orientation)).mean() == pytest.approx(1.596, abs=0.1)
        assert (b.acceleration - a.acceleration).std(axis=0) == pytest.approx(0.2, abs=0.02)
    biases = np.concatenate([(b.acceleration - a.acceleration).mean(axis=0) for a, b in zip(clean, noisy, strict=True)])
    assert 0.1 < biases.std() < 0.6


def test_drift_grows_with_time(motion: Motion) -> None:
    spread = []
    for seed in range(20):
        log = simulate(motion, SensorErrors(heading_drift=2.0), seed, aligned=True, slots=("pelvis",))[0]
        clean = simulate(motion, CLEAN, seed, aligned=True, slots=("pelvis",))[0]
        spread.append(np.degrees(angle_between(log.orientation[-1], clean.orientation[-1])))
    assert np.sqrt(np.mean(np.square(spread))) == pytest.approx(2.0 * np.sqrt(motion.duration / 60), rel=0.5)


def test_the_strap_slips_after_calibration_only(motion: Motion) -> None:
    clean = simulate(motion, CLEAN, 9, still_until=2.2)
    worn = simulate(motion, SensorErrors(mounting=8.0), 9, still_until=2.2)
    for a, b in zip(clean, worn, strict=True):
        apart = np.degrees(angle_between(a.orientation, b.orientation))
        assert apart[: int(2.2 * 60)].max() < 1e-4
        assert apart.max() <= 8.01
        assert np.ptp(apart[int(4.3 * 60) :]) < 1e-4


def test_dropout_comes_in_bursts_of_about_its_share(motion: Motion) -> None:
    lost = [
        1 - len(log) / len(motion) for seed in range(8) for log in simulate(motion, replace(CLEAN, dropout=0.05), seed)
    ]
    assert 0.03 < np.mean(lost) < 0.07
    gaps = np.concatenate([np.diff(log.t_ns) for log in simulate(motion, replace(CLEAN, dropout=0.05), 1)])
    assert gaps.max() > 4 * np.median(gaps)


def test_missing_slots_never_the_pelvis(motion: Motion) -> None:
    counts = []
    for seed in range(10):
        slots = [log.slot for log in simulate(motion, SensorErrors(missing_slots=0.5), seed)]
        assert "pelvis" in slots
        counts.append(len(slots))
    assert 2 <= np.mean(counts) <= 5
    assert len(set(counts)) > 1
