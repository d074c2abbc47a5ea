"""Recordings on real disks that fill up, vanish, refuse, and in processes that are killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.capture import recorder as recording
from mocamba.capture.manifest import Manifest
from mocamba.capture.recorder import Recorder, take_path
from mocamba.capture.sleep_watch import SleepWatch
from mocamba.capture.stamping import Stamped
from mocamba.capture.take import open_take
from mocamba.rig.errors import BadInputError, MocambaError

pytestmark = pytest.mark.usefixtures("nothing_left")
posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


def samples(begin: int, count: int) -> list[Stamped]:
    """Of one sensor at 100 Hz, from number `begin` on; the number is in the device's stamp."""
    return [
        Stamped("imu pelvis", 10**9 + k * 10**7, k, 10**9 + k * 10**7, (1.0, 0.0, 0.0, 0.0, 0.0, k / 1e4, 0.0))
        for k in range(begin, begin + count)
    ]


def a_recorder(path: Path) -> Recorder:
    return Recorder(path, Manifest("Ana", 1.7, "live"), {"imu pelvis": "pelvis"})


def wait_until(done: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def numbers(path: Path) -> list[int]:
    (log,), _ = open_take(path).logs()
    return log.t_device.tolist()


def test_everything_that_is_added_is_in_the_take(tmp_path: Path) -> None:
    recorder = a_recorder(tmp_path / "walk.take")
    for k in range(0, 500, 10):
        recorder.add(samples(k, 10))
    wait_until(lambda: recorder.status.samples == 500)
    assert recorder.status.seconds == pytest.approx(4.99)
    recorder.close()
    recorder.close()
    assert recorder.fault is None
    assert numbers(tmp_path / "walk.take") == list(range(500))


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    recorder = a_recorder(tmp_path / "walk.take")
    recorder.add(samples(0, 100))
    time.sleep(0.6)  # nothing more comes, and it reaches the disk all the same
    assert numbers(tmp_path / "walk.take")[:90] == list(range(90))
    recorder.close()


@posix
def test_a_full_disk_ends_the_take_with_a_sentence(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    recorder = a_recorder(tmp_path / "walk.take")
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))  # the system refuses to write on, as a full disk
    try:
        for k in range(0, 1000, 10):
            recorder.add(samples(k, 10))
        wait_until(lambda: recorder.fault is not None)
        recorder.add(samples(1000, 10))  # costs nothing
        recorder.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert recorder.fault is not None
    assert "takes no more" in recorder.fault
    assert "is kept" in recorder.fault
    assert recorder.fault.count("has ended") == 1
    kept = numbers(tmp_path / "walk.take")
    assert kept == list(range(len(kept)))
    assert len(kept) > 300


def test_little_space_ends_the_take_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "LOOK_EVERY", 0.0)
    recorder = a_recorder(tmp_path / "walk.take")
    recorder.add(samples(0, 100))
    wait_until(lambda: recorder.status.samples == 100)
    monkeypatch.setattr(recording, "free_bytes", lambda folder: 1 << 20)
    wait_until(lambda: recorder.fault is not None)
    recorder.close()
    assert "is full" in (recorder.fault or "")
    assert numbers(tmp_path / "walk.take") == list(range(100))
    with pytest.raises(BadInputError, match="too little to record"):
        a_recorder(tmp_path / "next.take")
    assert not (tmp_path / "next.take").exists()


@posix
@pytest.mark.parametrize("moved", [True, False], ids=["moved", "deleted"])
def test_a_folder_that_vanishes_ends_the_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: bool) -> None:
    monkeypatch.setattr(recording, "LOOK_EVERY", 0.1)
    folder = tmp_path / "usb"
    folder.mkdir()
    recorder = a_recorder(folder / "walk.take")
    recorder.add(samples(0, 100))
    wait_until(lambda: recorder.status.samples == 100)
    time.sleep(0.3)
    if moved:
        folder.rename(tmp_path / "away")
    else:
        shutil.rmtree(folder)
    wait_until(lambda: recorder.fault is not None)
    recorder.close()
    assert ("No such file" if moved else "was deleted") in (recorder.fault or "")
    if moved:
        assert numbers(tmp_path / "away" / "walk.take") == list(range(100))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MocambaError, match="cannot be written"):
        a_recorder(tmp_path / "file" / "walk.take")


def test_a_disk_that_hangs_costs_samples_and_not_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "BACKLOG", 4)
    recorder = a_recorder(tmp_path / "walk.take")
    write = recorder._writer.add_sample
    monkeypatch.setattr(recorder._writer, "add_sample", lambda *values: (time.sleep(0.02), write(*values)))
    begin = time.monotonic()
    for k in range(0, 300, 10):
        recorder.add(samples(k, 10))
    assert time.monotonic() - begin < 0.5
    assert recorder.status.lost > 0
    recorder.close()
    assert len(numbers(tmp_path / "walk.take")) + recorder.status.lost == 300


@pytest.mark.parametrize("name", ["walk", "größe", "歩く", "прогулка 2", "🕺", "a.b", "walk.take", " padded "])
def test_names_of_every_script(tmp_path: Path, name: str) -> None:
    path = take_path(tmp_path, name)
    recorder = a_recorder(path)
    recorder.add(samples(0, 10))
    recorder.close()
    assert recorder.fault is None
    assert numbers(path) == list(range(10))
    with pytest.raises(BadInputError, match="already"):
        take_path(tmp_path, name.upper())


@pytest.mark.parametrize(
    "name", ["", "  ", ".", "..", "a/b", "..\\x", "CON", "com1", "nul.x", "a:b", "x\0", "a\nb", "\ud800", "x" * 300]
)
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError):
        take_path(tmp_path, name)
    assert not list(tmp_path.iterdir())


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40))
def test_any_name_gives_a_take_beside_the_others_or_a_sentence(name: str) -> None:
    folder = Path("/nowhere/takes")
    try:
        path = take_path(folder, name)
    except BadInputError:
        return
    assert path.parent == folder
    assert path.suffix == ".take"


def test_sleep_is_told_and_a_wall_clock_that_is_set_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now, boot = 100.0, 500.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    monkeypatch.setattr("mocamba.capture.sleep_watch._since_boot", lambda: boot)
    watch = SleepWatch()
    now, boot = now + 0.25, boot + 0.25
    monkeypatch.setattr("time.time", lambda: -3600.0)  # stepped back by NTP
    assert watch.slept() == 0
    now, boot = now + 0.25, boot + 60.25  # Linux: the monotonic clock stands still
    assert watch.slept() == pytest.approx(60.25)
    now, boot = now + 60.25, boot + 60.25  # Windows: it runs on
    assert watch.slept() == pytest.approx(60.25)
    assert watch.slept() == 0


_RECORD = """
import sys, time
from pathlib import Path
from mocamba.capture.manifest import Manifest
from mocamba.capture.recorder import Recorder
from mocamba.capture.stamping import Stamped
recorder = Recorder(Path(sys.argv[1]), Manifest("Ana", 1.7, "live"), {"imu pelvis": "pelvis"})
k = 0
while True:
    now = time.monotonic_ns()
    recorder.add([Stamped("imu pelvis", now, k, now, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))])
    k += 1
    print(now, flush=True)
    time.sleep(0.002)
"""


@posix
@pytest.mark.parametrize("seconds", [0.05, 0.4, 0.9])
def test_a_kill_costs_less_than_a_second(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / "walk.take"
    command = [sys.executable, "-c", _RECORD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = [int(child.stdout.readline())]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            said.append(int(child.stdout.readline()))
        os.kill(child.pid, signal.SIGKILL)
        said += [int(line) for line in child.stdout if line.endswith("\n")]
    try:
        (log,), _ = open_take(path).logs()
    except MocambaError:
        assert said[-1] - said[0] < 1e9  # nothing was flushed yet
        return
    assert (said[-1] - int(log.t_ns[-1])) / 1e9 < 1
    np.testing.assert_array_equal(log.t_device, np.arange(len(log)))  # nothing before that is missing


def test_what_the_program_itself_worked_on_is_no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    now, worked = 100.0, 7.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    monkeypatch.setattr("time.process_time", lambda: worked)
    monkeypatch.setattr("mocamba.capture.sleep_watch._since_boot", lambda: None)
    watch = SleepWatch()
    now, worked = now + 3.0, worked + 2.8  # a library was loaded
    assert watch.slept() == 0
    now, worked = now + 3.0, worked + 0.1
    assert watch.slept() == pytest.approx(3.0)
