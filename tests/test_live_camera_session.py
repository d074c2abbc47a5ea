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
from mocamba.capture.live_networks import live_networks
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.shelf import describe
from mocamba.capture.sinks import status_values
from mocamba.capture.status import LivePose, SessionStatus, State
from mocamba.capture.take import LENS, open_take
from mocamba.capture.take_camera import live_track
from mocamba.devices.keypoints import detectors
from mocamba.devices.keypoints.keypoints import Keypoints
from mocamba.devices.simulated.performer import perform
from mocamba.inference.shipped import network_table, reads_camera
from mocamba.inference.virtual_film import Tripod, set_up
from mocamba.inference.worker_process import Reads
from mocamba.rig.errors import BadInputError
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.lens import lens_of_field
from mocamba.rig.skeleton import SMPL24

pytest.importorskip("cv2")
pytestmark = pytest.mark.usefixtures("nothing_left")
WITHIN = 120.0  # seconds; torch on a busy machine
LENS_OF_IT = lens_of_field(640, 480, 66.0)


class Virtual:
    """Knows the simulated performer's joints, whatever the picture shows."""

    name = "virtual"
    hidden = False
    sensors: Any = None

    def __init__(self) -> None:
        self._joints = h36m_positions(perform(SMPL24.scaled_to(1.75), 120.0)).astype(np.float64)
        self._turn, self._place = set_up(self._joints, Tripod(4.5, 25))
        self._began = time.monotonic_ns()

    def detect(self, picture: np.ndarray, t_ns: int) -> Keypoints | None:
        if type(self).hidden:
            return None
        frame = round(120 * self._seconds(t_ns)) % len(self._joints)
        pixels = LENS_OF_IT.project((self._joints[frame] - self._place) @ self._turn.T)
        return Keypoints(pixels.astype(np.float32), np.full(17, 0.9, np.float32), t_ns, 640, 480)

    def _seconds(self, t_ns: int) -> float:
        """Of the performance, at the time of a picture: as the sensors have it, or since the beginning."""
        if self.sensors is None or self.sensors.cast is None:
            return max(0.0, (t_ns - self._began) / 1e9)
        stage = self.sensors.cast.stage
        actor = next(actor for actor in stage.actors if actor.slot == "pelvis")
        index = actor.index - (actor.due_ns - t_ns) / 1e9 * actor.speaker.rate
        one = stage._wearer.round("pelvis", actor.speaker.rate)
        if index >= len(one.states):
            index = one.begin + (index - one.begin) % (len(one.states) - one.begin)
        return max(0.0, float(index)) / actor.speaker.rate

    def people(self, picture: np.ndarray, t_ns: int) -> list[Keypoints]:
        found = self.detect(picture, t_ns)
        return [] if found is None else [found]

    def follow(self, person: Keypoints) -> None:
        pass

    def close(self) -> None:
        pass


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
    monkeypatch.setattr(Virtual, "hidden", False)
    monkeypatch.setattr(Virtual, "sensors", None)
    return Virtual


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


def wait_for(session: Session, what: Callable[[SessionStatus], object], seconds: float = WITHIN) -> SessionStatus:
    end = time.monotonic() + seconds
    while not what(session.status):
        assert session.status.state is not State.FAILED, session.status.message
        assert time.monotonic() < end, session.status
        time.sleep(0.02)
    return session.status


def says(words: str) -> Callable[[SessionStatus], bool]:
    return lambda status: status.camera_pose is not None and words in status.camera_pose.says


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_sensors_and_a_camera(started: Callable[..., tuple[Session, Poses]], virtual: type[Virtual]) -> None:
    session, poses = started(imu=("simulated",), camera="simulated", network="vimcan-t-causal")
    wait_for(session, lambda _: session._current is not None and session._current._sensors is not None)
    assert session._current is not None
    virtual.sensors = session._current._sensors
    wait_for(session, lambda status: status.state is State.LIVE)
    count = len(poses.all)
    status = wait_for(session, says("at work"))
    assert len(poses.all) > count  # sensors' poses went out all the while
    values = status_values(status)["camera_pose"]
    assert values["worker"]["network"] == "vimcan-t-causal"
    assert status.worker is not None
    assert status.worker.name.startswith("hiposer-s")
    wait_for(session, lambda status: status.camera_pose is not None and status.camera_pose.share > 0.5)
    virtual.hidden = True
    wait_for(session, says("performer hidden, sensors alone"))
    wait_for(session, lambda status: status.camera_pose is not None and status.camera_pose.share == 0)
    virtual.hidden = False
    status = wait_for(session, lambda status: status.camera_pose is not None and status.camera_pose.share > 0.2)
    assert status.camera_pose is not None
    os.kill(status.camera_pose.worker.pid or 0, signal.SIGKILL)
    status = wait_for(session, lambda status: any("camera's worker stopped" in note for note in status.notes))
    assert status.state is State.LIVE
    count = len(poses.all)
    session.swap_network("hiposer-s").result(10)
    wait_for(session, lambda status: status.camera_pose is None)
    wait_for(session, lambda _: len(poses.all) > count + 10)


def test_a_camera_alone(started: Callable[..., tuple[Session, Poses]], tmp_path: Path) -> None:
    session, poses = started(imu=("none",), camera="simulated", network="posemamba-s-causal", lens=66.0)
    wait_for(session, lambda status: status.state is State.LIVE)
    with pytest.raises(BadInputError, match="has no sensors"):
        session.calibrate().result(10)
    path = Path(str(session.record("alone").result(20)["take"]))
    began = time.monotonic_ns()  # poses that come now are of pictures from before
    wait_for(session, lambda _: sum(pose.t_ns > began for pose in list(poses.all)) > 5)
    assert poses.all[-1].confidence > 0.5
    session.stop_recording().result(20)
    take = open_take(path)
    assert len(live_track(take)) > 5
    assert (path / LENS).exists()
    assert describe(path).cameras


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
