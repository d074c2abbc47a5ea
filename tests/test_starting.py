"""From first samples to a calibration: the sequence, the quick way, a kept one; and what is done to live frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture.calibrating.start import Start
from mocamba.capture.calibrating.step import Step
from mocamba.capture.calibrating.store import store
from mocamba.capture.calibration import HeadingSource, Pose
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.smoothing import BLOCK, LiveFilter
from mocamba.capture.stamping import Stamped
from mocamba.capture.starting import Started, Starting, Wanted
from mocamba.rig.errors import BadInputError
from mocamba.rig.imu import SLOTS
from mocamba.rig.quaternion import about_y, angle_between, from_axis_angle, multiply

from .drills import Drill, samples, worn


def wanted(folder: Path, start: Start, **values: object) -> Wanted:
    return replace(SessionOptions(start=start, kept_in=folder, performer="Zoë").wanted(), **values)  # type: ignore[arg-type]


def stamped(drill: Drill, start: float = 0.0, end: float = np.inf) -> list[Stamped]:
    return [
        Stamped(name, t_ns, t_ns, t_ns, (*orientation, *acceleration))
        for name, t_ns, orientation, acceleration in samples(drill.logs, start, end)
    ]


def follow(starting: Starting, rows: list[Stamped]) -> Started | None:
    for k, row in enumerate(rows):
        starting.add([row])
        if k % 6 == 5 and (started := starting.poll()) is not None:
            return started
    return starting.poll()


def off(drill: Drill, started: Started) -> float:
    """Largest error of a heading, degrees."""
    wrong = [one.heading - drill.truth[one.sensor][0] for one in started.calibration.sensors]
    return float(np.degrees(np.abs(np.angle(np.exp(1j * np.array(wrong))))).max())


def test_the_sequence_is_shown_step_by_step_and_finds_the_headings(tmp_path: Path) -> None:
    drill, seen = worn(3), []
    starting = Starting(wanted(tmp_path, Start.SEQUENCE), False, 0)
    assert starting.view.step == "listening"
    for row in stamped(drill):
        starting.add([row])
        started = starting.poll()
        if not seen or seen[-1] != starting.view.step:
            seen.append(starting.view.step)
        if started is not None:
            break
    assert started is not None
    assert started.result is not None
    assert started.result.sound
    assert seen[1:-1] == list(starting.view.steps)
    assert off(drill, started) < 3.0
    assert set(started.slots.values()) == set(SLOTS)


def test_checks_can_be_left_out(tmp_path: Path) -> None:
    drill = worn(4)
    started = follow(Starting(wanted(tmp_path, Start.SEQUENCE, checks=False), False, 0), stamped(drill, 0, 17))
    assert started is not None
    assert off(drill, started) < 3.0


def test_a_kept_calibration_is_offered_and_turned_the_way_the_performer_faces(tmp_path: Path) -> None:
    drill = worn(5)
    before = follow(Starting(wanted(tmp_path, Start.SEQUENCE, checks=False), False, 0), stamped(drill, 0, 17))
    assert before is not None
    turned = [replace(one, heading=one.heading + 0.7) for one in before.calibration.sensors]
    store(tmp_path, "Zoë", 1.7, replace(before.calibration, sensors=tuple(turned)))

    starting = Starting(wanted(tmp_path, Start.SEQUENCE), False, 0)
    assert follow(starting, stamped(drill, 0, 2.0)) is None
    assert "can be used again" in starting.view.kept
    starting.use_kept()
    assert "facing" in starting.view.prompt
    started = follow(starting, stamped(drill, 10.5, 15))  # holds the T-pose, faces forward
    assert started is not None
    assert off(drill, started) < 4.0

    at_once = follow(Starting(wanted(tmp_path, Start.KEPT), False, 0), stamped(drill, 10.5, 15))
    assert at_once is not None


def test_nothing_is_kept_for_a_stranger(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="No calibration is kept for 'Zoë'"):
        Starting(wanted(tmp_path, Start.KEPT), False, 0)
    starting = Starting(wanted(tmp_path, Start.SEQUENCE), False, 0)
    follow(starting, stamped(worn(1), 0, 2.0))
    assert starting.view.kept == ""
    with pytest.raises(BadInputError, match="No kept calibration fits"):
        starting.use_kept()


def test_simulated_sensors_know_theirs_and_real_ones_do_not(tmp_path: Path) -> None:
    drill = worn(2)
    known = follow(Starting(wanted(tmp_path, Start.AUTO), True, 6), stamped(drill, 0, 3))
    assert known is not None
    assert known.result is None
    real = Starting(wanted(tmp_path, Start.AUTO), False, 0)
    assert follow(real, stamped(drill, 0, 3)) is None
    assert real.view.step in (Step.STILL.value, Step.HEADING.value)


def test_the_quick_way_needs_its_seconds(tmp_path: Path) -> None:
    starting = Starting(wanted(tmp_path, Start.QUICK, heading=HeadingSource.RESET, pose=Pose.STANDING), False, 0)
    assert follow(starting, stamped(worn(2), 0, 4)) is None
    assert 0.3 < starting.view.progress < 0.6
    started = follow(starting, stamped(worn(2), 4, 9))
    assert started is not None
    assert started.result is None


def test_headings_that_drift_are_turned_back() -> None:
    """Five minutes of a performer who looks ahead; the head's sensor drifts by 20° after three."""
    plain, mended = LiveFilter(SessionOptions()), LiveFilter(SessionOptions(drift=True))
    random = np.random.default_rng(1)
    age, still = np.zeros(6), np.zeros((6, 3), np.float32)
    for frame in range(0, 60 * 420, 10):
        look = about_y(0.2 * random.standard_normal(6))
        drift = np.radians(20.0) if frame > 60 * 180 else 0.0
        look[4] = multiply(about_y(np.array(drift)), look[4])
        given = look.astype(np.float32)
        for _ in range(10 if BLOCK % 10 == 0 else 1):
            left, _ = plain.sensed(given, still, age)
            turned, _ = mended.sensed(given, still, age)
    assert np.array_equal(left, given)
    away = np.degrees(angle_between(turned[4].astype(np.float64), given[4].astype(np.float64)))
    assert 10 < away < 25


def test_tremor_is_smoothed_and_a_turn_is_not() -> None:
    filter_ = LiveFilter(SessionOptions(smooth=True))
    random = np.random.default_rng(2)
    poses, smooth = [], []
    for frame in range(120):
        tremor = from_axis_angle(np.array([1.0, 0, 0]), np.radians(0.5) * random.standard_normal(24))
        turned, place = filter_.posed(frame * 16_666_667, tremor.astype(np.float32), np.zeros(3, np.float32))
        poses.append(tremor)
        smooth.append(turned)
    rough, calm = (np.degrees(angle_between(q[1:], q[:-1])).mean() for q in map(np.array, (poses, smooth)))
    assert calm < 0.5 * rough
    assert np.array_equal(place, np.zeros(3))
