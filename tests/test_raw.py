"""`raw.mcap`: read by others, cut off, damaged, killed while recording."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mocamba.capture import raw
from mocamba.capture.importing import ImportOptions, write_take
from mocamba.capture.manifest import Manifest
from mocamba.capture.take import Take, TakeWriter, open_take
from mocamba.devices.log import Recording, SensorLogs
from mocamba.devices.simulated.gestures import TIMING
from mocamba.devices.simulated.performer import perform
from mocamba.devices.simulated.sensors import simulate
from mocamba.rig.errors import FileFormatError
from mocamba.rig.imu import WORN
from mocamba.rig.skeleton import SMPL24


@pytest.fixture(scope="module")
def logs() -> SensorLogs:
    return simulate(perform(SMPL24), WORN, 1, still_until=TIMING.t_pose_end)


def make(path: Path, logs: SensorLogs) -> Take:
    write_take(path, Recording("simulated", logs), "test", 1.8, ImportOptions())
    return open_take(path)


def check_early(share: float) -> None:
    assert share < 0.2


def check_named(error: FileFormatError, name: str) -> None:
    assert name in str(error)


def test_raw_is_a_valid_mcap_for_others(tmp_path: Path, logs: SensorLogs) -> None:
    from mcap.reader import make_reader

    made = make(tmp_path / "a.take", logs)
    with (made.path / "raw.mcap").open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == sum(len(log) for log in logs)
    assert {channel.topic for channel in summary.channels.values()} == {f"/sensor/{log.name}" for log in logs}


@given(share=st.floats(0, 1))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_raw_cut_off_at_any_byte(tmp_path_factory: pytest.TempPathFactory, short_raw: bytes, share: float) -> None:
    path = tmp_path_factory.mktemp("cut") / "raw.mcap"
    path.write_bytes(short_raw[: int(share * len(short_raw))])
    try:
        read, warnings = raw.read_raw(path)
    except FileFormatError as error:
        check_named(error, "raw.mcap")
        # only where hardly a sample was written
        check_early(share)
    else:
        assert all((np.diff(log.t_ns) > 0).all() for log in read)
        assert warnings or share == 1
        # each lost byte costs no more than its own message
        kept = sum(len(log) for log in read)
        assert kept >= int(share * len(short_raw)) / 95 - 120


@given(place=st.floats(0, 0.999), value=st.integers(0, 255))
@example(place=0.20723434120971224, value=128)  # the highest byte of a time stamp
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_raw_with_a_wrong_byte(
    tmp_path_factory: pytest.TempPathFactory, short_raw: bytes, place: float, value: int
) -> None:
    path = tmp_path_factory.mktemp("bad") / "raw.mcap"
    damaged = bytearray(short_raw)
    damaged[int(place * len(damaged))] = value
    path.write_bytes(damaged)
    try:
        raw.read_raw(path)
    except FileFormatError as error:
        check_named(error, "raw.mcap")


@pytest.fixture(scope="module")
def short_raw(tmp_path_factory: pytest.TempPathFactory, logs: SensorLogs) -> bytes:
    part = tuple(
        replace(
            log,
            t_ns=log.t_ns[:60],
            t_device=log.t_device[:60],
            orientation=log.orientation[:60],
            acceleration=log.acceleration[:60],
        )
        for log in logs
    )
    path = tmp_path_factory.mktemp("raw") / "x.take"
    with TakeWriter(path, Manifest("p", 1.7, "simulated")) as writer:
        writer.add_logs(part)
    return (path / "raw.mcap").read_bytes()


KILLED = """
import sys, time, os
from pathlib import Path
from mocamba.capture.manifest import Manifest
from mocamba.capture.take import TakeWriter
writer = TakeWriter(Path(sys.argv[1]), Manifest("p", 1.7, "simulated"))
writer.add_sensor("s", "pelvis", 60.0)
start = time.monotonic_ns()
while True:
    now = time.monotonic_ns() - start
    writer.add_sample("s", now, now, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    print(now, flush=True)
    time.sleep(1 / 60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_recording_loses_less_than_a_second(tmp_path: Path) -> None:
    path = tmp_path / "live.take"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    said = 0
    while said < 2_000_000_000:
        said = int(process.stdout.readline())
    process.kill()
    process.wait()
    read, warnings = open_take(path).logs()
    assert said - int(read[0].t_ns[-1]) < 1e9
    assert warnings
