"""A session in a process of its own: the same requests, and what is left when either side dies."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from mocamba.capture.raw import read_raw
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.session_process import SessionProcess
from mocamba.capture.status import LivePose, SessionStatus, State
from mocamba.devices.errors import LinkLostError, Reason
from mocamba.rig.errors import BadInputError, FileFormatError, MocambaError, OutputExistsError

WITHIN = 90.0  # seconds on a busy machine
KILL = signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM


class Seen:
    """A sink that counts."""

    def __init__(self) -> None:
        self.poses: list[LivePose] = []
        self.states: list[State] = []

    def pose(self, pose: LivePose) -> None:
        self.poses.append(pose)

    def status(self, status: SessionStatus) -> None:
        self.states.append(status.state)

    def close(self) -> None:
        pass


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def options(tmp_path: Path) -> SessionOptions:
    return SessionOptions(folder=tmp_path / "takes", link=None)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def session(options: SessionOptions, seen: Seen) -> Iterator[SessionProcess]:
    made = SessionProcess(options, (seen,))
    made.start()
    yield made
    made.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "mocamba session"]


def test_it_lives_records_refuses_and_ends_like_a_session_here(session: SessionProcess, seen: Seen) -> None:
    wait_until(lambda: len(seen.poses) > 5)
    assert seen.poses[-1].rotations.shape == (24, 4)
    assert session.status.state is State.LIVE
    with pytest.raises(BadInputError, match="Nothing is being recorded"):
        session.stop_recording().result(WITHIN)
    take = Path(session.record("one").result(WITHIN)["take"])
    wait_until(lambda: (now := session.status.recording) is not None and now.seconds > 0.5)
    assert session.stop_recording().result(WITHIN)["seconds"] > 0.4
    assert len(read_raw(take / "raw.mcap")[0]) == 6
    session.stop()
    assert session.status.state is State.IDLE
    assert session.status.message == "Stopped."
    with pytest.raises(BadInputError, match="not running"):
        session.record("two").result(1)


def test_a_process_that_dies_is_told_of_and_the_take_is_there(session: SessionProcess, seen: Seen) -> None:
    wait_until(lambda: session.status.state is State.LIVE)
    take = Path(session.record("cut").result(WITHIN)["take"])
    wait_until(lambda: (now := session.status.recording) is not None and now.seconds > 1.5)
    assert session.pid is not None
    os.kill(session.pid, KILL)
    wait_until(lambda: session.status.state is State.FAILED)
    assert "exit code" in session.status.message
    assert "Connect again" in session.status.message
    assert seen.states[-1] is State.FAILED
    log = read_raw(take / "raw.mcap")[0][0]
    assert (log.t_ns[-1] - log.t_ns[0]) / 1e9 > 0.5


FACE = """
import sys, time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.session_process import SessionProcess
from mocamba.capture.status import State

if __name__ == "__main__":
    session = SessionProcess(SessionOptions(folder=Path(sys.argv[1]), link=None))
    session.start()
    while session.status.state is not State.LIVE:
        time.sleep(0.05)
    session.record("left").result(60)
    while session.status.recording is None or session.status.recording.seconds < 1:
        time.sleep(0.05)
    print(session.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="whether a process is there is asked by POSIX means")
def test_a_face_that_is_killed_leaves_a_closed_take_and_no_process(tmp_path: Path) -> None:
    (tmp_path / "face.py").write_text(FACE)
    with subprocess.Popen([sys.executable, tmp_path / "face.py", tmp_path / "takes"], stdout=subprocess.PIPE) as face:
        assert face.stdout is not None
        pid = int(face.stdout.readline())
        face.kill()
    wait_until(lambda: not alive(pid))
    assert (tmp_path / "takes" / "left.take" / "raw.mcap").read_bytes().endswith(b"\x89MCAP0\r\n")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").is_dir() else True


@pytest.mark.parametrize(
    "error",
    [
        MocambaError("a"),
        BadInputError("b"),
        FileFormatError("file", "is none.", "Take another."),
        OutputExistsError("there"),
        LinkLostError("sensor", Reason.UNPLUGGED, "gone.", "Plug it in."),
    ],
)
def test_errors_go_from_process_to_process(error: MocambaError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.skipif(find_spec("mediapipe") is None, reason="mediapipe is not installed")
def test_pictures_of_its_camera_come_along(options: SessionOptions) -> None:
    session = SessionProcess(replace(options, camera="simulated"))
    assert session.camera_picture is None
    session.start()
    try:
        wait_until(lambda: session.camera_picture is not None)
        picture = session.camera_picture
        assert picture is not None
        assert picture.image.ndim == 3
        wait_until(lambda: (now := session.camera_picture) is not None and now.number > picture.number)
    finally:
        session.stop()
