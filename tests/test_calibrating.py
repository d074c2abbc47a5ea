"""The calibration while sensors send: what it finds, what it refuses, what each check movement catches."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mocamba.capture.calibrating.align import align
from mocamba.capture.calibrating.finding import Verdict
from mocamba.capture.calibrating.run import CalibrationRun
from mocamba.capture.calibrating.step import Plan, Step
from mocamba.devices.log import SensorLog
from mocamba.devices.simulated.drill import DRILL
from mocamba.rig.errors import BadInputError
from mocamba.rig.imu import CLEAN, SLOTS, SensorErrors
from mocamba.rig.quaternion import about_y, angle_between, conjugate, from_rotation_vector, multiply, rotate

from .drills import NOISY, Drill, Fault, drill_motion, follow, samples, worn

HASTY = Plan(patience=7.0, attempts=2)


def calibrated(drill: Drill, plan: Plan | None = None) -> CalibrationRun:
    return follow(CalibrationRun(drill.slots, plan), drill.logs)


def errors(drill: Drill, run: CalibrationRun) -> np.ndarray:
    """Degrees: of heading and mounting, `(6, 2)`."""
    rows = []
    for sensor in run.result().calibration.sensors:
        heading, mounting = drill.truth[sensor.sensor]
        off = abs(np.angle(np.exp(1j * (sensor.heading - heading))))
        rows.append((off, float(angle_between(np.array(sensor.mounting), mounting))))
    return np.degrees(np.array(rows))


@pytest.mark.parametrize("kind", [CLEAN, NOISY], ids=["clean", "noisy"])
@pytest.mark.parametrize("seed", range(4))
def test_any_heading_and_mounting_is_found(seed: int, kind: SensorErrors) -> None:
    drill = worn(seed, kind)
    run = calibrated(drill)
    assert run.step is Step.DONE
    assert not run.result().findings  # no false alarm
    assert run.result().sound
    assert errors(drill, run).max() < (0.1 if kind is CLEAN else 3.0)
    assert {run.result().of(slot)[0] for slot in SLOTS} == {Verdict.OK}


def test_every_step_is_gone_through_in_order_with_its_prompt() -> None:
    drill = worn()
    run, seen = CalibrationRun(drill.slots), []
    for sample in samples(drill.logs):
        run.add(*sample)
        if run.status.step not in seen:
            seen.append(run.status.step)
            assert run.status.prompt
    assert seen == [*Plan().steps, Step.DONE]


def exchange(drill: Drill, one: str, other: str) -> Drill:
    names = {one: other, other: one}
    logs = tuple(
        replace(log, name=names.get(log.name, log.name), slot=names.get(log.slot or "", log.slot)) for log in drill.logs
    )
    return Drill(logs, drill.truth)


@pytest.mark.parametrize("pair", [(a, b) for k, a in enumerate(SLOTS) for b in SLOTS[k + 1 :]], ids="-".join)
def test_any_two_sensors_exchanged_are_named(pair: tuple[str, str]) -> None:
    run = calibrated(exchange(worn(3, NOISY), *pair), HASTY)
    assert run.step is Step.DONE
    result = run.result()
    assert not result.sound
    assert set(result.to_redo) == set(pair)


def dead_from(second: float) -> Fault:
    def fault(log: SensorLog) -> SensorLog:
        keep = log.t_ns < second * 1e9
        return replace(
            log,
            t_ns=log.t_ns[keep],
            t_device=log.t_device[keep],
            orientation=log.orientation[keep],
            acceleration=log.acceleration[keep],
        )

    return fault


def frozen(log: SensorLog) -> SensorLog:
    ones = np.ones((len(log), 1))
    return replace(log, orientation=ones * log.orientation[:1], acceleration=0 * log.acceleration)


def inverted(log: SensorLog) -> SensorLog:
    return replace(log, orientation=conjugate(log.orientation))


def slipped(log: SensorLog) -> SensorLog:
    """The strap turns by 60° while the check movements are on."""
    share = np.clip(log.t_ns / 1e9 - (DRILL.arm - 0.5), 0, 1)
    turn = from_rotation_vector(share[:, None] * np.radians(60.0) * np.array([1.0, 0, 0]))
    return replace(log, orientation=multiply(log.orientation, turn))


def with_gravity(log: SensorLog) -> SensorLog:
    return replace(log, acceleration=log.acceleration + np.array([0, 9.81, 0]))


def in_g(log: SensorLog) -> SensorLog:
    return replace(log, acceleration=log.acceleration / 9.81)


def sensor_frame(log: SensorLog) -> SensorLog:
    return replace(log, acceleration=rotate(conjugate(log.orientation), log.acceleration))


FAULTS: dict[str, Fault] = {
    "dead": dead_from(0.2),
    "dying": dead_from(5.0),
    "frozen": frozen,
    "with gravity": with_gravity,
    "in g": in_g,
}


@pytest.mark.parametrize("slot", ["right_forearm", "left_shin", "head", "pelvis"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_sensor_is_named_and_no_other(fault: str, slot: str) -> None:
    run = calibrated(worn(2, NOISY, {slot: FAULTS[fault]}), HASTY)
    assert [f.sensor for f in run.findings if f.verdict is Verdict.BAD][:1] == [slot]
    assert {f.sensor for f in run.findings} == {slot}
    assert all(found.reason.endswith(".") for found in run.findings)


@pytest.mark.parametrize("slot", SLOTS)
def test_check_movements_catch_inverted_rotations(slot: str) -> None:
    """Headings and poses come out of such a sensor all the same; only a movement shows that they mean nothing."""
    for seed in range(3):
        assert calibrated(worn(seed, CLEAN, {slot: inverted}), HASTY).result().to_redo == (slot,)


def test_check_movements_catch_accelerations_in_the_sensors_frame() -> None:
    """All but those that are mounted so that it makes no difference: the heading is right by chance then."""
    caught = 0
    for slot in ("left_forearm", "right_shin", "head", "pelvis"):
        for seed in range(3):
            redo = calibrated(worn(seed, CLEAN, {slot: sensor_frame}), HASTY).result().to_redo
            assert set(redo) <= {slot}
            caught += redo == (slot,)
    assert caught >= 10


@pytest.mark.parametrize("slot", ["left_forearm", "right_shin"])
def test_a_strap_that_slips_is_noticed(slot: str) -> None:
    run = calibrated(worn(1, CLEAN, {slot: slipped}), HASTY)
    assert slot in {found.sensor for found in run.findings}


def test_a_wrong_heading_shows_in_the_check_movements() -> None:
    """The heading comes from the walk; here the sensor's world turns after it, as by a piece of iron."""

    def disturbed(log: SensorLog) -> SensorLog:
        yaw = about_y(np.where(log.t_ns > 8e9, np.radians(80.0), 0.0))
        return replace(log, orientation=multiply(yaw, log.orientation), acceleration=rotate(yaw, log.acceleration))

    for slot in ("left_forearm", "right_forearm", "right_shin", "head", "pelvis"):
        assert slot in calibrated(worn(1, CLEAN, {slot: disturbed}), HASTY).result().to_redo


def test_a_moving_performer_is_refused() -> None:
    def restless(log: SensorLog) -> SensorLog:
        turn = from_rotation_vector(0.3 * np.sin(6 * log.t_ns / 1e9)[:, None] * np.array([0, 0, 1.0]))
        return replace(log, orientation=multiply(log.orientation, turn))

    drill = worn(1, CLEAN, dict.fromkeys(SLOTS, restless))
    run = calibrated(drill, HASTY)
    assert run.step is Step.FAILED
    assert "Never at rest" in run.status.trouble
    with pytest.raises(BadInputError, match="Never at rest"):
        run.result()


def test_the_t_pose_is_sampled_only_at_rest_and_waited_for() -> None:
    """The performer fidgets for two of the five seconds; the pose is that of the rest."""

    def fidgets(log: SensorLog) -> SensorLog:
        seconds = log.t_ns / 1e9
        size = np.where((seconds > 10.4) & (seconds < 12.0), 0.5, 0.0)
        turn = from_rotation_vector((size * np.sin(9 * seconds))[:, None] * np.array([1.0, 0, 0]))
        return replace(log, orientation=multiply(log.orientation, turn))

    drill = worn(1, CLEAN, {"left_forearm": fidgets})
    run = calibrated(drill, Plan(t_pose_seconds=2.0))
    assert run.step is Step.DONE
    assert errors(drill, run).max() < 0.2
    assert run.result().calibration.start_ns > 11.9e9


def test_nobody_says_anything() -> None:
    run = CalibrationRun({"a": "pelvis"}, HASTY)
    for tenth in range(200):
        run.advance(tenth * 100_000_000)
    assert run.step is Step.FAILED
    assert "No sensor says anything" in run.status.trouble


def test_no_result_before_the_end_and_no_run_without_sensors() -> None:
    drill = worn()
    with pytest.raises(BadInputError, match="not finished"):
        CalibrationRun(drill.slots).result()
    with pytest.raises(BadInputError, match="No sensor"):
        CalibrationRun({"a": "left_foot"})
    with pytest.raises(BadInputError, match="after a whole"):
        CalibrationRun(drill.slots, only=frozenset({"head"}))


def test_one_sensor_is_redone_and_the_others_keep_theirs() -> None:
    broken = calibrated(worn(2, CLEAN, {"head": in_g}), HASTY).result()
    assert broken.to_redo == ("head",)
    drill = worn(5)
    run = follow(CalibrationRun(drill.slots, before=broken, only=frozenset({"head"})), drill.logs)
    result = run.result()
    assert result.sound
    old = {sensor.slot: sensor for sensor in broken.calibration.sensors}
    new = {sensor.slot: sensor for sensor in result.calibration.sensors}
    assert {slot for slot in SLOTS if old[slot] != new[slot]} == {"head"}
    assert abs(np.angle(np.exp(1j * (new["head"].heading - drill.truth["head"][0])))) < 0.01


@pytest.mark.parametrize("delay", [-0.12, 0.0, 0.083, 0.31])
def test_a_jump_aligns_the_camera(delay: float) -> None:
    drill, motion = worn(1, NOISY), drill_motion()
    run = CalibrationRun(drill.slots, Plan(camera=True))
    pictures = [
        (int((t + delay) * 1e9), float(np.interp(t, motion.t_ns / 1e9, motion.translation[:, 1])))
        for t in np.arange(0, 46.9, 1 / 30)
    ]
    random = np.random.default_rng(1)
    for sample in samples(drill.logs):
        while pictures and pictures[0][0] <= sample[1]:
            t, height = pictures.pop(0)
            run.add_camera(t, 250 * height + random.normal(0, 0.5))  # pixels
        run.add(*sample)
    aligned = run.result().camera
    assert aligned is not None
    assert abs(aligned.delay_ns / 1e9 - delay) < 0.012
    assert aligned.likeness > 0.8


def test_curves_of_different_jumps_are_not_aligned() -> None:
    random, t = np.random.default_rng(0), np.arange(0, 5e9, 2e7).astype(np.int64)
    assert align(t, random.standard_normal(len(t)), t, random.standard_normal(len(t)).cumsum()) is None
    assert align(t, np.zeros(len(t)), t, np.zeros(len(t))) is None
    assert align(t[:3], np.zeros(3), t, np.zeros(len(t))) is None


numbers = st.floats(allow_nan=True, allow_infinity=True, width=32)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*SLOTS, "?"]), st.integers(0, 10**11), st.tuples(*[numbers] * 4), st.tuples(*[numbers] * 3)
        ),
        max_size=60,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nonsense_never_ends_a_run_with_a_crash(
    said: list[tuple[str, int, tuple[float, ...], tuple[float, ...]]],
) -> None:
    run = CalibrationRun({slot: slot for slot in SLOTS}, HASTY)
    for name, t, q, a in said:
        run.add(name, t, q, a)
    assert run.step in (Step.STILL, Step.FAILED, Step.HEADING)
