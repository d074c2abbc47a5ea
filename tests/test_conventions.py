"""The convention check: every mistake on simulated sensors is found and named, and none where none was made."""

import runpy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.capture.calibration import Pose, calibrate
from mocamba.capture.conventions import check_conventions, check_signals
from mocamba.capture.findings import Aspect, Finding, Verdict, warnings_of
from mocamba.capture.importing import ImportOptions, import_source, write_take
from mocamba.capture.levers import fit_lever, swing
from mocamba.capture.manifest import read_manifest
from mocamba.capture.take import on_common_axis
from mocamba.devices.log import Recording, SensorLog, SensorLogs
from mocamba.devices.simulated.gestures import TIMING
from mocamba.devices.simulated.sensors import simulate
from mocamba.rig.imu import CLEAN, WORN, SensorErrors
from mocamba.rig.quaternion import conjugate, from_rotation_vector, rotate

# the same mistakes as in the table that the benchmark prints
_benchmark = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "conventions.py"))
MISTAKES, PARTS, motion = (_benchmark[name] for name in ("MISTAKES", "PARTS", "motion"))

# what each mistake must be called: aspect, a word of what was seen, a word of the rule
NAMED = {
    "g": (Aspect.UNITS, "as if it were in g", "9.80665"),
    "gravity left in": (Aspect.GRAVITY, "still holds gravity", "subtract 9.807"),
    "xyzw": (Aspect.AXES, "x, y, z, w", "order"),
    "inverse": (Aspect.AXES, "world to the sensor", "inverse"),
    "left-right swap": (Aspect.PLACES, "left and right", "--slot"),
    "left-right, arms": (Aspect.PLACES, "left and right", "--slot"),
    "forearm-shin swap": (Aspect.PLACES, "as a forearm does", "Exchange"),
    "forearm-shin, left": (Aspect.PLACES, "left shin moves as a forearm", "Exchange"),
    "acceleration x inverted": (Aspect.AXES, "x axis of the accelerations", "sign"),
    "acceleration up inverted": (Aspect.AXES, "(up) axis of the accelerations", "sign"),
    "acceleration z inverted": (Aspect.AXES, "y axis of the accelerations", "sign"),
    "orientation x inverted": (Aspect.AXES, "x axis of the orientations", "sign"),
    "orientation y inverted": (Aspect.AXES, "y axis of the orientations", "sign"),
    "orientation z inverted": (Aspect.AXES, "z axis of the orientations", "sign"),
    "30 Hz labelled 60 Hz": (Aspect.RATE, "30 Hz were labelled 60 Hz", "30 Hz"),
    "quaternions x 16384": (Aspect.NORM, "norm is 16384", "Divide them by 16384"),
}


@cache
def worn(name: str, height: float = 1.72, errors: SensorErrors = WORN, seed: int = 0) -> SensorLogs:
    return simulate(motion(name, height), errors, seed, still_until=TIMING.t_pose_end)


def check(logs: SensorLogs, pose: Pose = Pose.T_POSE) -> tuple[Finding, ...]:
    sensors, t_ns = on_common_axis(logs)
    return check_conventions(logs, sensors, calibrate(sensors, t_ns, pose=pose))


def wrong(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict is Verdict.WRONG]


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("mistake", NAMED)
def test_every_mistake_is_found_and_called_by_its_name(name: str, mistake: str) -> None:
    (found,) = wrong(check(tuple(map(MISTAKES[mistake], worn(name)))))
    aspect, seen, rule = NAMED[mistake]
    assert found.aspect is aspect
    assert seen in found.detail
    assert rule in found.rule


@pytest.mark.parametrize("name", ["walk", "all"])
def test_legs_that_step_tell_left_from_right(name: str) -> None:
    (found,) = wrong(check(tuple(map(MISTAKES["left-right, legs"], worn(name)))))
    assert "sways over the leg that is in the air" in found.detail


@pytest.mark.parametrize("case", range(24))
def test_there_is_no_false_alarm(case: int) -> None:
    name = list(PARTS)[case % 3]
    height = (1.55, 1.72, 1.9)[case // 3 % 3]
    assert wrong(check(worn(name, height, (CLEAN, WORN)[case % 2], case))) == []


def test_what_looks_right_is_said() -> None:
    findings = check(worn("walk"))
    assert {finding.aspect for finding in findings} == set(Aspect)
    assert {finding.verdict for finding in findings} == {Verdict.RIGHT}
    assert warnings_of(findings) == ()


def test_standing_still_tells_little_and_alarms_nobody() -> None:
    still = tuple(
        replace(
            log,
            t_ns=log.t_ns[:120],
            t_device=log.t_device[:120],
            orientation=log.orientation[:120],
            acceleration=log.acceleration[:120],
        )
        for log in worn("walk")
    )
    verdicts = {finding.aspect: finding.verdict for finding in check(still)}
    assert Verdict.WRONG not in verdicts.values()
    assert verdicts[Aspect.AXES] is verdicts[Aspect.UNITS] is verdicts[Aspect.PLACES] is Verdict.UNKNOWN


def changed(logs: SensorLogs, change: Callable[[SensorLog], SensorLog]) -> list[Finding]:
    return wrong(check_signals(tuple(map(change, logs))))


def test_gravity_is_recognised_wherever_it_points() -> None:
    logs = worn("walk")
    gravity = np.array([0, 9.80665, 0])

    def raw(log: SensorLog) -> SensorLog:
        return replace(log, acceleration=rotate(conjugate(log.orientation), log.acceleration + gravity))

    (found,) = changed(logs, raw)
    assert "in the sensor's own axes" in found.detail
    (found,) = changed(logs, lambda log: replace(log, acceleration=log.acceleration - gravity))
    assert "sign round" in found.rule
    (found,) = changed(logs, lambda log: replace(log, acceleration=log.acceleration + gravity[[0, 2, 1]]))
    assert "another axis" in found.rule
    found, *others = changed(logs, lambda log: replace(log, acceleration=(log.acceleration + gravity) / 9.80665))
    assert (found.aspect, [one.aspect for one in others]) == (Aspect.GRAVITY, [Aspect.UNITS])


def test_free_acceleration_in_the_sensors_axes_is_recognised() -> None:
    (found,) = changed(
        worn("walk"), lambda log: replace(log, acceleration=rotate(conjugate(log.orientation), log.acceleration))
    )
    assert "sensor's own axes" in found.detail


def test_a_label_that_contradicts_the_stamps_is_said() -> None:
    (found,) = changed(worn("walk"), lambda log: replace(log, rate=120.0))
    assert "120 Hz" in found.detail
    assert "60 Hz" in found.rule


def test_milli_g() -> None:
    (found,) = changed(worn("walk"), lambda log: replace(log, acceleration=log.acceleration * 1000 / 9.80665))
    assert "in mg" in found.detail
    assert "0.00980665" in found.rule


def test_the_standing_pose_tells_nothing_of_arms() -> None:
    swapped = tuple(map(MISTAKES["left-right, arms"], worn("squat")))
    assert wrong(check(swapped, Pose.STANDING)) == []


@pytest.mark.parametrize("slots", [("pelvis",), ("left_shin", "right_shin", "pelvis"), ("left_forearm",)])
def test_any_set_of_sensors_can_be_checked(slots: tuple[str, ...]) -> None:
    for name in PARTS:
        assert wrong(check(tuple(log for log in worn(name) if log.slot in slots))) == []


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_numbers_make_it_fall(data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 999)))
    logs = []
    for log in worn("squat")[: data.draw(st.integers(1, 6))]:
        count = data.draw(st.integers(2, 400))
        orientation, acceleration = log.orientation[:count].copy(), log.acceleration[:count].copy()
        values = [np.nan, np.inf, 0.0, 1e30, -1.0]
        for array in (orientation, acceleration):
            rows = random.integers(0, count, data.draw(st.integers(0, 20)))
            array[rows] = data.draw(st.sampled_from(values))
        logs.append(
            replace(
                log,
                t_ns=log.t_ns[:count],
                t_device=log.t_device[:count],
                orientation=orientation,
                acceleration=acceleration,
            )
        )
    findings = check_signals(tuple(logs))
    assert len({finding.aspect for finding in findings}) == len(findings) == 5


@settings(max_examples=25, deadline=None)
@given(arm=st.tuples(*[st.floats(-0.4, 0.4)] * 3), seed=st.integers(0, 999))
def test_a_pendulums_lever_is_measured(arm: tuple[float, float, float], seed: int) -> None:
    """Sensor at `arm` from a fixed joint that turns smoothly."""
    random = np.random.default_rng(seed)
    t = np.arange(300) / 60
    vectors = sum(
        random.normal(0, 0.5, 3) * np.sin(2 * np.pi * f * t + random.uniform(0, 6))[:, None] for f in (0.5, 0.9, 1.3)
    )
    orientation = from_rotation_vector(np.asarray(vectors))
    place = rotate(orientation, np.array(arm))
    acceleration = np.gradient(np.gradient(place, t, axis=0), t, axis=0)
    t_ns = np.round(t * 1e9).astype(np.int64)
    sensors, _ = on_common_axis((SensorLog("one", "pelvis", t_ns, t_ns, orientation, acceleration, 60.0),))
    lever = fit_lever(swing(sensors[0]), None)
    np.testing.assert_allclose(lever.arm, arm, atol=0.02 + 0.05 * np.linalg.norm(arm))
    assert lever.explained > 0.95 or np.linalg.norm(arm) < 0.02


def test_import_warns_and_keeps_the_warning(tmp_path: Path) -> None:
    recording = Recording("Xsens DOT", tuple(map(MISTAKES["xyzw"], worn("walk"))))
    write_take(tmp_path / "wrong.take", recording, "walk", 1.72, ImportOptions())
    (warning,) = [w for w in read_manifest(tmp_path / "wrong.take" / "take.json").warnings if "x, y, z, w" in w]
    assert "Read them in that order" in warning


@pytest.mark.parametrize("name", ["ximu3_lower_body", "dot_lower_body"])
def test_real_recordings_raise_no_alarm(name: str, recording: Callable[[str], Path], tmp_path: Path) -> None:
    take = import_source(recording(name), tmp_path / "real.take")
    logs, _ = take.logs()
    slots = {sensor.sensor: sensor.slot for sensor in take.manifest.calibration.sensors}  # type: ignore[union-attr]
    worn_logs = tuple(replace(log, slot=slots[log.name]) for log in logs)
    findings = check_signals(worn_logs)
    assert wrong(findings) == []
    assert {finding.aspect for finding in findings if finding.verdict is Verdict.RIGHT} == set(Aspect) - {Aspect.PLACES}
    for mistake in ("g", "gravity left in", "xyzw", "inverse", "acceleration up inverted"):
        (found, *_) = wrong(check_signals(tuple(map(MISTAKES[mistake], worn_logs))))
        assert found.aspect is NAMED[mistake][0]
