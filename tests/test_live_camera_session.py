"""Sessions whose network reads a camera: the real processes, a simulated camera, joints of the simulated performer."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocamba.capture.commands.app import build_app
from mocamba.capture.film import FILM
from mocamba.capture.live_networks import live_networks
from mocamba.capture.repair import repair_take
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.shelf import describe, list_takes
from mocamba.capture.sinks import status_values
from mocamba.capture.status import LivePose, SessionStatus, State
from mocamba.capture.take import LENS, RAW, open_take
from mocamba.capture.take_camera import film_of, live_track
from mocamba.capture.video_solving import track_of_take, usual_network
from mocamba.devices.camera.simulate import SimulatedCamera
from mocamba.devices.keypoints import detectors
from mocamba.inference.position_metrics import position_errors
from mocamba.inference.shipped import network_table, reads_camera
from mocamba.inference.worker_process import Reads
from mocamba.rig.amass import read_amass
from mocamba.rig.errors import BadInputError
from mocamba.rig.h36m import h36m_positions
from typer.testing import CliRunner, Result

from .live_cameras import Virtual, wait_for

pytest.importorskip("cv2")
pytestmark = pytest.mark.usefixtures("nothing_left")
WITHIN = 120.0  # seconds; torch on a busy machine


class Poses:
    """All that a session gave."""

    def __init__(self) -> None:
        self.all: list[LivePose] = []

    def pose(self, pose: LivePose) -> None:
        self.all.append(pose)

    def status(self, status: SessionStatus) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def virtual(monkeypatch: pytest.MonkeyPatch, spawning: None) -> type[Virtual]:
    monkeypatch.setitem(detectors.DETECTORS, "virtual", Virtual)
    for name, value in (("hidden", False), ("sensors", None), ("began", 0), ("film_ns", None)):
        monkeypatch.setattr(Virtual, name, value)
    return Virtual


@pytest.fixture
def server(nothing_left: None) -> Iterator[SimulatedCamera]:
    """A camera that can be unplugged."""
    with SimulatedCamera(rate=20, port=0) as camera:
        yield camera


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., tuple[Session, Poses]]]:
    sessions: list[Session] = []

    def start(**options: Any) -> tuple[Session, Poses]:
        poses = Poses()
        wanted = SessionOptions(detector="virtual", folder=tmp_path, link=None, height=1.75, **options)
        sessions.append(Session(wanted, [poses]))
        sessions[-1].start()
        return sessions[-1], poses

    yield start
    for session in sessions:
        session.stop()


def wait_in(session: Session, what: Callable[[SessionStatus], object]) -> SessionStatus:
    def done() -> object:
        assert session.status.state is not State.FAILED, session.status.message
        return what(session.status)

    wait_for(done, WITHIN)
    return session.status


def share(status: SessionStatus) -> float:
    return 0.0 if status.camera_pose is None else status.camera_pose.share


def noted(words: str) -> Callable[[SessionStatus], bool]:
    return lambda status: any(words in note for note in status.notes)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), [str(argument) for argument in arguments])


def says(words: str) -> Callable[[SessionStatus], bool]:
    return lambda status: status.camera_pose is not None and words in status.camera_pose.says


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_sensors_and_a_camera(started: Callable[..., tuple[Session, Poses]], virtual: type[Virtual]) -> None:
    session, poses = started(imu=("simulated",), camera="simulated", network="vimcan-t-causal")
    wait_in(session, lambda _: session._current is not None and session._current._sensors is not None)
    assert session._current is not None
    virtual.sensors = session._current._sensors
    wait_in(session, lambda status: status.state is State.LIVE)
    count = len(poses.all)
    status = wait_in(session, says("at work"))
    assert len(poses.all) > count  # sensors' poses went out all the while
    values = status_values(status)["camera_pose"]
    assert values["worker"]["network"] == "vimcan-t-causal"
    assert status.worker is not None
    assert status.worker.name.startswith("hiposer-s")
    wait_in(session, lambda status: status.camera_pose is not None and status.camera_pose.share > 0.5)
    virtual.hidden = True
    wait_in(session, says("performer hidden, sensors alone"))
    wait_in(session, lambda status: status.camera_pose is not None and status.camera_pose.share == 0)
    virtual.hidden = False
    status = wait_in(session, lambda status: status.camera_pose is not None and status.camera_pose.share > 0.2)
    assert status.camera_pose is not None
    os.kill(status.camera_pose.worker.pid or 0, signal.SIGKILL)
    status = wait_in(session, lambda status: any("camera's worker stopped" in note for note in status.notes))
    assert status.state is State.LIVE
    count = len(poses.all)
    session.swap_network("hiposer-s").result(10)
    wait_in(session, lambda status: status.camera_pose is None)
    wait_in(session, lambda _: len(poses.all) > count + 10)


def test_a_camera_that_is_unplugged_beside_sensors(
    server: SimulatedCamera, started: Callable[..., tuple[Session, Poses]], virtual: type[Virtual]
) -> None:
    session, poses = started(imu=("simulated",), camera=server.address, network="vimcan-t-causal")
    wait_in(session, lambda _: session._current is not None and session._current._sensors is not None)
    assert session._current is not None
    virtual.sensors = session._current._sensors
    wait_in(session, lambda status: status.state is State.LIVE and share(status) > 0)
    wait_in(session, says("at work"))
    path = Path(str(session.record("unplugged").result(20)["take"]))
    wait_in(session, lambda status: status.camera is not None and status.camera.filmed > 10)
    server.unplug()
    wait_in(session, noted("it is gone"))
    wait_in(session, says("no picture, sensors alone"))
    wait_in(session, lambda status: share(status) == 0)
    assert session._current._film is not None
    correction, count = session._current._film._correction, len(poses.all)
    place = correction.place.copy()
    wait_in(session, lambda _: len(poses.all) > count + 60)  # the sensors go on
    np.testing.assert_allclose(correction.place, place, atol=0.01)  # and are where the camera had put them
    assert session.status.state is State.RECORDING
    server.plug_in()
    wait_in(session, lambda status: share(status) > 0)
    wait_in(session, says("at work"))
    assert session.stop_recording().result(20)["fault"] is None
    take = open_take(path)
    logs, warnings = take.logs()
    assert (len(logs), warnings) == (6, ())
    _, times = film_of(take)
    gap = np.diff(times).argmax()
    assert np.diff(times)[gap] > 1e9
    assert max(np.diff(log.t_ns).max() for log in logs) < np.diff(times)[gap] / 2  # none of it in the sensors'
    assert 5 < gap < len(times) - 5  # pictures before it and after
    assert describe(path).faults == ()


def test_a_camera_alone_unplugged_recorded_and_solved_again(
    server: SimulatedCamera,
    started: Callable[..., tuple[Session, Poses]],
    virtual: type[Virtual],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, poses = started(imu=("none",), camera=server.address, network="posemamba-s-causal", lens=66.0)
    wait_in(session, lambda status: status.state is State.LIVE)
    with pytest.raises(BadInputError, match="has no sensors"):
        session.calibrate().result(10)
    path = Path(str(session.record("alone").result(20)["take"]))
    began = time.monotonic_ns()  # poses that come now are of pictures from before
    wait_in(session, lambda status: sum(pose.t_ns > began for pose in list(poses.all)) > 20 and recorded(status) > 2)
    assert poses.all[-1].confidence > 0.5
    server.unplug()
    wait_in(session, noted("it is gone"))
    wait_in(session, says("no picture, the pose waits"))
    wait_in(session, lambda status: status.confidence == 0)
    assert poses.all[-1].confidence == 0
    np.testing.assert_array_equal(poses.all[-1].rotations, poses.all[-2].rotations)
    server.plug_in()
    wait_in(session, lambda _: poses.all[-1].confidence > 0.5)
    session.stop_recording().result(20)
    take = open_take(path)
    assert len(live_track(take)) > 5
    assert (path / LENS).exists()
    assert noted("no picture, the pose waits")(session.status)
    session.stop()
    _, times = film_of(take)
    assert np.diff(times).max() > 1e9
    monkeypatch.setattr(virtual, "film_ns", times)
    solved_again_and_shown(path, virtual, times)


def recorded(status: SessionStatus) -> float:
    return 0.0 if status.recording is None else status.recording.seconds


def solved_again_and_shown(path: Path, virtual: type[Virtual], times: np.ndarray) -> None:
    """All that is done with a take, of a camera alone."""
    told = describe(path)
    assert (told.faults, told.warnings, told.sensors, told.worn) == ((), (), (), False)
    assert told.duration_s == pytest.approx((times[-1] - times[0]) / 1e9, abs=0.5)
    (listed,) = list_takes(path.parent).takes
    assert (listed.faults, listed.worn) == ((), False)
    assert repair_take(path).done == ()
    assert "was recorded" not in run("takes", "show", path).output
    refused = run("solve", path, "--network", "hiposer-s")
    assert refused.exit_code == 2
    assert "has a camera and no sensors" in refused.output
    result = run("solve", path, "--detector", "virtual")
    assert result.exit_code == 0, result.output
    assert "posemamba-s.npz" in result.output
    solved = read_amass(path / "solved" / "posemamba-s.npz")
    detector = virtual()
    gap = int(np.diff(times).argmax())
    frames = np.searchsorted(solved.t_ns - solved.t_ns[0], times[:gap] - times[0])
    truth = h36m_positions(virtual.performed())[[detector.live_frame(int(t)) for t in times[:gap]]]
    assert position_errors(h36m_positions(solved)[frames], truth).PA_MPJPE < 70
    assert (solved.confidence == 0).any()  # while it was unplugged
    (path / FILM).unlink()  # as where the disk was full: the joints that were found live are left
    take = open_take(path)
    assert len(track_of_take(take, "virtual", lambda *_: None)) == len(live_track(take))
    assert usual_network(take) == "posemamba-s"
    polished = run("takes", "solve", path, "--polish-only", "--smooth", "0.05")
    assert polished.exit_code == 0, polished.output
    out = path.with_suffix(".bvh")
    assert run("takes", "export", path, "--out", out).exit_code == 0
    assert out.read_text().startswith("HIERARCHY")
    assert "posemamba-s" in run("takes", "show", path).output
    whole = (path / RAW).read_bytes()
    (path / RAW).write_bytes(whole[: len(whole) * 3 // 4])  # killed while it was recorded
    assert "breaks off" in describe(path).faults[0]
    assert repair_take(path).kept
    assert describe(path).faults == ()
    assert len(live_track(open_take(path))) > 5


def test_networks_are_given_what_they_read(started: Callable[..., tuple[Session, Poses]]) -> None:
    with pytest.raises(BadInputError, match="reads a camera, and this session has none"):
        live_networks(SessionOptions(network="vimcan-t-causal"))
    with pytest.raises(BadInputError, match="reads sensors, and this session has none"):
        live_networks(SessionOptions(imu=("none",), camera="0"))
    both = live_networks(SessionOptions(camera="0", network="vimcan-t-causal"))
    assert both.sensors is not None
    assert both.camera is not None
    assert (both.sensors.network, both.camera.reads) == ("hiposer-s", Reads.BOTH)
    table = {one.name: one for one in network_table()}
    assert table["vimcan-t-causal"].live
    assert not table["vimcan-t"].live
    assert table["posemamba-s-causal"].needs_camera
    assert not reads_camera("hiposer-s")
    session, _ = started(imu=("simulated",), network="vimcan-t-causal")
    status = session.wait_for(State.FAILED, timeout=WITHIN)
    assert "Add one (--camera 0)" in status.message


def test_a_camera_alone_needs_no_network_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[SessionOptions] = []

    def refuse(options: SessionOptions) -> None:
        asked.append(options)
        raise BadInputError("Enough.")

    monkeypatch.setattr("mocamba.capture.session.Session", refuse)
    for arguments in (("--imu", "none", "--camera", "0"), ("--camera", "0"), ("--imu", "none", "--network", "other")):
        assert run("capture", *arguments).exit_code == 2
    assert [options.network for options in asked] == ["posemamba-s-causal", "hiposer-s", "other"]
