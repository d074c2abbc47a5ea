"""Calibration: on simulated sensors against the truth, on real recordings against how people are built."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture.calibration import (
    Calibration,
    HeadingSource,
    Pose,
    apply_calibration,
    bone_signal,
    calibrate,
    reference_pose,
)
from mocamba.capture.clock import Resampled
from mocamba.capture.heading import pitch
from mocamba.capture.stillness import first_still
from mocamba.capture.take import on_common_axis
from mocamba.devices.dot.log import read_dot
from mocamba.devices.log import Recording, SensorLog, SensorLogs
from mocamba.devices.simulated.gestures import TIMING
from mocamba.devices.simulated.performer import perform
from mocamba.devices.simulated.sensors import simulate
from mocamba.devices.ximu3.log import read_ximu3
from mocamba.rig.errors import BadInputError
from mocamba.rig.imu import CLEAN, SLOT_JOINTS, SLOTS, WORN
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import about_y, angle_between, conjugate, heading, multiply, rotate
from mocamba.rig.skeleton import SMPL24

Found = tuple[Calibration, list[Resampled], np.ndarray]
Recorded = Callable[[str], Path]


@pytest.fixture(scope="module")
def motion() -> Motion:
    return perform(SMPL24)


def worn_by(motion: Motion, errors: object = CLEAN, seed: int = 1) -> SensorLogs:
    return simulate(motion, errors, seed, still_until=TIMING.t_pose_end)  # type: ignore[arg-type]


def calibrated(logs: SensorLogs, **how: object) -> Found:
    sensors, t_ns = on_common_axis(logs)
    return calibrate(sensors, t_ns, **how), sensors, t_ns  # type: ignore[arg-type]


def errors_against(motion: Motion, found: Found) -> np.ndarray:
    imu = apply_calibration(*found)
    truth = local_to_global(motion.rotations)[: len(imu), list(SLOT_JOINTS)]
    apart = np.degrees(angle_between(imu.orientation, truth[: len(imu)]))
    return np.array([apart[imu.present[:, k], k].mean() for k in range(6)])


@pytest.mark.parametrize("seed", range(6))
def test_clean_sensors_in_any_attitude_and_heading(motion: Motion, seed: int) -> None:
    found = calibrated(worn_by(motion, seed=seed))
    assert errors_against(motion, found).max() < 2.0
    assert not found[0].warnings
    imu = apply_calibration(*found)
    own = {log.slot: log for log in simulate(motion, CLEAN, 0, aligned=True)}
    for k, slot in enumerate(SLOTS):
        told = own[slot].acceleration[: len(imu)]
        assert np.linalg.norm(imu.acceleration[:, k] - told, axis=-1).mean() < 0.1


@pytest.mark.parametrize("seed", range(6))
def test_worn_sensors(motion: Motion, seed: int) -> None:
    found = calibrated(worn_by(motion, WORN, seed))
    # a strap slips up to 8°, heading drifts 1.4° rms, and the heading itself is found to a few degrees
    assert errors_against(motion, found).max() < 14
    assert errors_against(motion, found).mean() < 8


def test_every_sensor_may_have_its_own_heading(motion: Motion) -> None:
    turned = []
    for k, log in enumerate(worn_by(motion)):
        yaw = about_y(np.array(1.1 * k))
        turned.append(
            replace(log, orientation=multiply(yaw, log.orientation), acceleration=rotate(yaw, log.acceleration))
        )
    found = calibrated(tuple(turned))
    shins_and_pelvis = errors_against(motion, found)[[2, 3, 5]]
    assert shins_and_pelvis.max() < 4
    # what cannot be known is said
    assert any("left_forearm" in warning and "head" in warning for warning in found[0].warnings)


def test_headings_that_are_told(motion: Motion) -> None:
    facing = simulate(motion, CLEAN, 2, aligned=True)
    assert errors_against(motion, calibrated(facing, source=HeadingSource.RESET)).max() < 0.1
    # a sensor turned half round has its z axis backward
    half = about_y(np.array(np.pi))
    backward = tuple(
        replace(log, orientation=multiply(about_y(np.array(0.7 * k)), multiply(log.orientation, half)))
        for k, log in enumerate(facing)
    )
    assert errors_against(motion, calibrated(backward, source=HeadingSource.BACKWARD)).max() < 0.1


def test_standing_pose_has_hanging_arms() -> None:
    x = np.array([1.0, 0, 0])
    np.testing.assert_allclose(rotate(reference_pose(Pose.STANDING, "left_forearm"), x), [0, -1, 0], atol=1e-9)
    np.testing.assert_allclose(rotate(reference_pose(Pose.STANDING, "right_forearm"), -x), [0, -1, 0], atol=1e-9)
    np.testing.assert_array_equal(reference_pose(Pose.STANDING, "head"), [1, 0, 0, 0])


def test_still_stretch_later_than_the_start(motion: Motion) -> None:
    """Fumbling with the straps before the pose must not count."""
    logs = worn_by(motion)
    shaken = []
    for log in logs:
        fumble = log.orientation[300:420]
        steps = np.arange(len(log) + 120) * (log.t_ns[1] - log.t_ns[0])
        orientation = np.concatenate([fumble, log.orientation])
        acceleration = np.concatenate([log.acceleration[300:420], log.acceleration])
        shaken.append(replace(log, t_ns=steps, t_device=steps, orientation=orientation, acceleration=acceleration))
    sensors, t_ns = on_common_axis(tuple(shaken))
    stretch, rests = first_still(sensors)
    assert rests
    assert 1.9 < stretch.start / 60 < 2.6
    found = calibrate(sensors, t_ns)
    assert abs(found.start_ns / 1e9 - 2.1) < 0.5


def test_no_still_stretch_is_said(motion: Motion) -> None:
    moving = tuple(
        replace(
            log,
            t_ns=log.t_ns[200:400],
            t_device=log.t_ns[200:400],
            orientation=log.orientation[200:400],
            acceleration=log.acceleration[200:400],
        )
        for log in worn_by(motion)
    )
    assert any("never stands still" in warning for warning in calibrated(moving)[0].warnings)


def test_legs_that_do_not_move(motion: Motion) -> None:
    still = tuple(
        replace(
            log,
            t_ns=log.t_ns[:130],
            t_device=log.t_ns[:130],
            orientation=log.orientation[:130],
            acceleration=log.acceleration[:130],
        )
        for log in worn_by(motion)
    )
    assert any("uncertain" in warning for warning in calibrated(still)[0].warnings)
    with pytest.raises(BadInputError, match="do not move enough"):
        calibrated(still, source=HeadingSource.MOTION)


def test_no_sensor_in_a_known_slot(motion: Motion) -> None:
    with pytest.raises(BadInputError, match="--slot NAME=SLOT"):
        calibrated(tuple(replace(log, slot=None) for log in worn_by(motion)))


def test_json_round_trip(motion: Motion) -> None:
    found = calibrated(worn_by(motion, WORN))[0]
    again = Calibration.from_json(found.to_json())
    assert again == found
    assert again.id == found.id
    for damage in ({"sensors": 3}, {"pose": "sitting"}, {"sensors": [{"sensor": "a"}]}):
        with pytest.raises(BadInputError, match="damaged"):
            Calibration.from_json(found.to_json() | damage)


# --- real recordings -------------------------------------------------------------------------------------------------


def real(read: Callable[[Path], Recording], path: Path) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Slot to bone orientation, free acceleration and presence."""
    found, sensors, _ = calibrated(read(path).logs)
    by_name = {sensor.log.name: sensor for sensor in sensors}
    return {s.slot: (*bone_signal(by_name[s.sensor], s), by_name[s.sensor].present) for s in found.sensors}


def bend(bones: dict[str, tuple[np.ndarray, ...]], slot: str) -> np.ndarray:
    return np.degrees(pitch(bones[slot][0]))


def knee_axis(bones: dict[str, tuple[np.ndarray, ...]], side: str) -> np.ndarray:
    """Where the knee is bent by 30° or more: axis of thigh-to-shin rotation, in the thigh's frame."""
    turn = multiply(conjugate(bones[f"{side}_thigh"][0]), bones[f"{side}_shin"][0])
    turn = np.where(turn[:, :1] < 0, -turn, turn)
    bent = 2 * np.arccos(np.clip(turn[:, 0], -1, 1)) > np.radians(30)
    assert bent.sum() > 20
    return np.median(turn[bent, 1:] / np.linalg.norm(turn[bent, 1:], axis=-1, keepdims=True), axis=0)


@pytest.mark.parametrize("name", ["ximu3_lower_body", "dot_lower_body"])
def test_real_knees_bend_backwards_about_the_left_right_axis(recording: Recorded, name: str) -> None:
    bones = real(read_ximu3 if name.startswith("ximu3") else read_dot, recording(name))
    for side in ("left", "right"):
        both = bones[f"{side}_thigh"][2] & bones[f"{side}_shin"][2]
        flexion = (bend(bones, f"{side}_shin") - bend(bones, f"{side}_thigh"))[both]
        assert flexion.min() > -12
        assert flexion.max() > 50
        assert knee_axis(bones, side)[0] > 0.9


@pytest.mark.parametrize("name", ["ximu3_lower_body", "dot_lower_body"])
def test_real_free_acceleration_has_no_gravity_left(recording: Recorded, name: str) -> None:
    for _, acceleration, present in real(
        read_ximu3 if name.startswith("ximu3") else read_dot, recording(name)
    ).values():
        assert np.abs(acceleration[present].mean(axis=0)).max() < 0.6
        assert np.linalg.norm(acceleration[10:60].mean(axis=0)) < 0.2


def test_ximu3_walk_is_a_walk(recording: Recorded) -> None:
    bones = real(read_ximu3, recording("ximu3_lower_body"))
    up = rotate(bones["pelvis"][0], np.array([0.0, 1.0, 0.0]))
    assert np.degrees(np.arccos(up[:, 1])).max() < 25  # pelvis upright
    left, right = bend(bones, "left_shin"), bend(bones, "right_shin")
    assert 35 < left.max() < 70
    assert -35 < left.min() < -10
    assert 35 < right.max() < 70
    assert -35 < right.min() < -10
    # walking: one shin swings back while the other does not
    walking = slice(10 * 60, int(11.5 * 60))
    assert np.corrcoef(left[walking], right[walking])[0, 1] < 0
    assert not ((left > 30) & (right > 30)).any()
    # each thigh was lifted to the horizontal once
    assert bend(bones, "left_thigh").min() < -70
    assert bend(bones, "right_thigh").min() < -70
    # round and back again
    yaw = np.degrees(np.unwrap(heading(bones["pelvis"][0])))
    assert np.ptp(yaw) == pytest.approx(190, abs=20)
    assert abs(yaw[-1] - yaw[0]) < 20


def test_real_sensors_do_not_jump(recording: Recorded) -> None:
    for name, read in (("ximu3_lower_body", read_ximu3), ("dot_lower_body", read_dot)):
        for orientation, _, present in real(read, recording(name)).values():
            steps = np.degrees(angle_between(orientation[1:], orientation[:-1]))[present[1:] & present[:-1]]
            assert steps.max() < 20


def test_dot_squats_are_squats_and_the_exchanged_sensors_are_found(recording: Recorded) -> None:
    path = recording("dot_lower_body")
    found, _, _ = calibrated(read_dot(path).logs)
    assert [warning for warning in found.warnings if "exchanged" in warning and "LTibia" in warning]
    bones = real(read_dot, path)
    for side in ("left", "right"):
        assert -75 < bend(bones, f"{side}_thigh").min() < -40
        assert 10 < bend(bones, f"{side}_shin").max() < 25
    assert 40 < bend(bones, "pelvis").max() < 60
    assert bend(bones, "pelvis").min() > -10
    # both legs at once: three squats
    both = bones["left_shin"][2]
    assert np.corrcoef(bend(bones, "left_shin")[both], bend(bones, "right_shin")[both])[0, 1] > 0.9
    deep = bend(bones, "pelvis") > 30
    assert (np.diff(deep.astype(int)) == 1).sum() == 3


def test_what_the_user_says_is_not_put_right(recording: Recorded) -> None:
    logs = read_dot(recording("dot_lower_body")).logs
    named = frozenset(log.name for log in logs if log.slot == "left_shin")
    found, _, _ = calibrated(logs, fixed=named)
    assert {s.sensor: s.slot for s in found.sensors} == {log.name: log.slot for log in logs}
    assert any("used as --slot says" in warning for warning in found.warnings)


def test_six_slots_of_a_lower_body(recording: Recorded) -> None:
    for name, read in (("ximu3_lower_body", read_ximu3), ("dot_lower_body", read_dot)):
        imu = apply_calibration(*calibrated(read(recording(name)).logs))
        here = [SLOTS[k] for k in range(6) if imu.present[:, k].any()]
        assert here == ["left_shin", "right_shin", "pelvis"]
        assert imu.orientation.dtype == np.float32
        assert np.isfinite(imu.orientation).all()


def test_a_sensor_silent_in_the_pose_is_said(motion: Motion) -> None:
    logs: list[SensorLog] = []
    for log in worn_by(motion):
        late = slice(600, None) if log.slot == "head" else slice(None)
        logs.append(
            replace(
                log,
                t_ns=log.t_ns[late],
                t_device=log.t_device[late],
                orientation=log.orientation[late],
                acceleration=log.acceleration[late],
            )
        )
    assert any("said nothing" in warning for warning in calibrated(tuple(logs))[0].warnings)
