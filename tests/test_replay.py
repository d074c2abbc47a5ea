"""Recordings played as devices."""

import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture.demo import simulate_recording
from mocamba.capture.importing import ImportOptions, write_take
from mocamba.capture.replaying import replay_take
from mocamba.capture.take import open_take
from mocamba.devices.errors import DeviceError, Reason
from mocamba.devices.log import SensorLogs, z_up_to_y_up
from mocamba.devices.reading import Acceleration, Reading
from mocamba.devices.replay import Replay
from mocamba.devices.simulated.performer import perform
from mocamba.devices.simulated.sensors import simulate
from mocamba.rig.errors import BadInputError
from mocamba.rig.imu import CLEAN
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture(scope="module")
def logs() -> SensorLogs:
    whole = simulate(perform(SMPL24), CLEAN, 1)
    return tuple(
        replace(
            log,
            t_ns=log.t_ns[:60] + 10**12,
            t_device=log.t_device[:60] + 77,
            orientation=log.orientation[:60],
            acceleration=log.acceleration[:60],
        )
        for log in whole
    )


def play(replay: Replay) -> list[Reading]:
    readings: list[Reading] = []
    with pytest.raises(DeviceError) as caught:
        collect(replay, readings)
    assert caught.value.reason is Reason.ENDED
    return readings


def collect(replay: Replay, readings: list[Reading]) -> None:
    while True:
        readings += replay.read_next(2.0)


def assert_same(readings: list[Reading], logs: SensorLogs) -> None:
    for log in logs:
        own = [reading for reading in readings if reading.sensor == log.name]
        orientation, acceleration = z_up_to_y_up(
            np.array([reading.orientation for reading in own]), np.array([reading.acceleration for reading in own])
        )
        assert {reading.acceleration_kind for reading in own} == {Acceleration.FREE_WORLD}
        assert angle_between(orientation, log.orientation).max() < 1e-6
        np.testing.assert_allclose(acceleration, log.acceleration, atol=1e-9)


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_readings_come_when_they_are_due(logs: SensorLogs, speed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.replay.BEHIND", math.inf)  # a machine may halt for a moment
    replay = Replay("take", logs, speed)
    with replay:
        readings = play(replay)
    assert_same(readings, logs)
    own = [reading for reading in readings if reading.sensor == logs[0].name]
    host = np.array([reading.host_ns for reading in own])
    stamps = np.array([reading.stamp_ns for reading in own])
    np.testing.assert_allclose(np.diff(host), np.diff(logs[0].t_ns) / speed, atol=2)
    np.testing.assert_allclose(np.diff(stamps), np.diff(logs[0].t_device) / speed, atol=2)


def test_without_pause_nothing_is_skipped(logs: SensorLogs) -> None:
    replay = Replay("take", logs, math.inf)
    with replay:
        time.sleep(0.1)
        readings = play(replay)
    assert len(readings) == sum(map(len, logs))
    assert replay.overrun == 0
    assert_same(readings, logs)


def test_step_by_step(logs: SensorLogs) -> None:
    with Replay("take", logs, stepped=True) as replay:
        time.sleep(0.05)
        assert replay.read_unread() == ()
        replay.step()
        assert len(replay.read_next(1.0)) == len(logs)
        replay.step(3)
        got: list[Reading] = []
        while len(got) < 3 * len(logs):
            got += replay.read_next(1.0)
        time.sleep(0.05)
        assert replay.read_unread() == ()
        assert got[-1].stamp_ns is None


def test_played_again_from_the_beginning(logs: SensorLogs) -> None:
    replay = Replay("take", logs, math.inf)
    for _ in range(2):
        with replay:
            assert len(play(replay)) == sum(map(len, logs))


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_no_speed_is_refused(logs: SensorLogs, speed: float) -> None:
    with pytest.raises(BadInputError, match="more than 0"):
        Replay("take", logs, speed)


def test_any_take_can_be_replayed_one_that_breaks_off_too(tmp_path: Path) -> None:
    recording, _ = simulate_recording()
    take = tmp_path / "demo.take"
    write_take(take, recording, "simulated", 1.7, ImportOptions())
    raw = take / "raw.mcap"
    raw.write_bytes(raw.read_bytes()[:400_000])
    replay, warnings = replay_take(take, math.inf)
    assert "breaks off" in warnings[0]
    with replay:
        readings = play(replay)
    assert_same(readings, open_take(take).logs()[0])
    assert replay.name == "demo.take"
