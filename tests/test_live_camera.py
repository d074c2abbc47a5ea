"""The camera of a session: simulated cameras and files through real threads, films cut off, takes with both."""

import collections
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture import live_camera
from mocamba.capture.appending import AppendFile
from mocamba.capture.commands.app import build_app
from mocamba.capture.film import FILM, Film
from mocamba.capture.live_camera import LiveCamera
from mocamba.capture.manifest import Manifest
from mocamba.capture.recorder import Recorder
from mocamba.capture.repair import repair_take
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.shelf import describe
from mocamba.capture.sinks import status_values
from mocamba.capture.sources import Sensors
from mocamba.capture.stamping import Stamped
from mocamba.capture.status import State
from mocamba.capture.take import open_take
from mocamba.capture.take_camera import film_of, film_track, live_track
from mocamba.devices.camera.simulate import SimulatedCamera
from mocamba.devices.device import State as DeviceState
from mocamba.devices.errors import DeviceError
from mocamba.devices.keypoints import detectors
from mocamba.devices.keypoints.video import VideoFile
from mocamba.rig.errors import BadInputError, FileFormatError, MissingToolError
from typer.testing import CliRunner

from .live_cameras import Bright, wait_for

cv2 = pytest.importorskip("cv2")
from .videos import video  # noqa: E402

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture(autouse=True)
def bright(monkeypatch: pytest.MonkeyPatch, spawning: None) -> type[Bright]:
    monkeypatch.setitem(detectors.DETECTORS, "bright", Bright)
    monkeypatch.setattr(Bright, "takes", 0.0)
    return Bright


@pytest.fixture
def opened() -> Iterator[Callable[[str], LiveCamera]]:
    cameras: list[LiveCamera] = []

    def open_one(address: str, detector: str = "bright") -> LiveCamera:
        cameras.append(LiveCamera(address, detector))
        cameras[-1].start()
        return cameras[-1]

    yield open_one
    for camera in cameras:
        camera.close()


def samples(count: int) -> list[Stamped]:
    now = time.monotonic_ns()
    return [Stamped("pelvis", now + k, k, now + k, (1.0, 0, 0, 0, 0, 0, 0)) for k in range(count)]


def record(camera: LiveCamera, path: Path, seconds: float) -> None:
    recorder = Recorder(path, Manifest("Ana", 1.7, "live"), {"pelvis": "pelvis"}, camera)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        recorder.add(samples(1))
        time.sleep(0.02)
    recorder.close()
    assert recorder.fault is None


def test_the_newest_picture_comes_with_its_joints(opened: Callable[[str], LiveCamera]) -> None:
    with SimulatedCamera(rate=20, port=0) as server:
        camera = opened(server.address)
        wait_for(lambda: camera.status.looked > 20)
        picture = camera.picture
        assert picture is not None
        assert picture.keypoints is not None
        assert picture.keypoints.t_ns == picture.t_ns
        assert picture.age < 1.0
        assert not picture.image.flags.writeable
        status = camera.status
        assert (status.width, status.height, status.state) == (640, 480, DeviceState.CONNECTED)
        assert status.seen
        assert status.rate == pytest.approx(20, rel=0.3)
        assert [one.stage for one in status.latency] == ["waiting", "keypoints", "camera"]
        assert 0 < status.latency[-1].p50 < 400
        assert status.fault == ""
        found = camera.take_unread()
        assert found is not None
        stamps = [one.t_ns for one in found.found]
        assert len(stamps) > 15
        assert np.diff(stamps).min() > 0


def test_a_slow_detector_skips_pictures_and_never_falls_behind(
    opened: Callable[[str], LiveCamera], bright: type[Bright], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bright, "takes", 0.15)
    with SimulatedCamera(rate=60, port=0) as server:
        camera = opened(server.address)
        wait_for(lambda: camera.status.looked > 8)
        assert camera.status.skipped > 10
        picture = camera.picture
        assert picture is not None
        assert picture.age < 0.8


def test_a_camera_that_is_unplugged_is_told_of_and_read_again(
    opened: Callable[[str], LiveCamera], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_camera, "KEEP", 0.4)
    monkeypatch.setattr("mocamba.devices.camera.source.PICTURE_WITHIN", 300)
    monkeypatch.setattr("mocamba.devices.camera.reader.PICTURE_WITHIN", 300)
    monkeypatch.setattr("mocamba.devices.camera.source.OPEN_WITHIN", 300)
    with SimulatedCamera(rate=20, port=0) as server:
        camera = opened(server.address)
        wait_for(lambda: camera.picture)
        server.unplug()
        wait_for(lambda: "gone" in camera.status.fault)
        assert camera.status.state is DeviceState.RECONNECTING
        wait_for(lambda: camera.picture is None)
        server.plug_in()
        wait_for(lambda: camera.picture is not None)
        assert camera.status.state is DeviceState.CONNECTED


def test_a_camera_that_is_not_there_yet_is_tried_again(
    opened: Callable[[str], LiveCamera], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_camera, "AGAIN", 0.1)
    with SimulatedCamera(rate=20, port=0) as server:
        server.unplug()
        camera = opened(server.address)
        wait_for(lambda: "no video comes" in camera.status.fault)
        server.plug_in()
        wait_for(lambda: camera.picture is not None)
        assert camera.status.fault == ""


def test_a_file_plays_once_and_its_end_is_told(opened: Callable[[str], LiveCamera], tmp_path: Path) -> None:
    camera = opened(str(video(tmp_path / "a.mp4", 10, 25, (640, 480))))
    wait_for(lambda: "pictures are over" in camera.status.fault)
    assert camera.status.looked > 3
    other = opened(str(tmp_path / "none.mp4"))
    wait_for(lambda: "there is no such file" in other.status.fault)


def test_a_detector_that_is_not_installed_is_told_of_and_the_film_goes_on(
    opened: Callable[..., LiveCamera], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing() -> None:
        raise MissingToolError("It is not there. Install it.")

    monkeypatch.setitem(detectors.DETECTORS, "missing", missing)
    with SimulatedCamera(rate=20, port=0) as server:
        camera = opened(server.address, "missing")
        wait_for(lambda: camera.status.rate > 0)
        assert camera.status.fault == "It is not there. Install it."
        record(camera, tmp_path / "a.take", 0.8)
    path, times = film_of(open_take(tmp_path / "a.take"))
    assert len(times) > 5
    assert path.stat().st_size
    with pytest.raises(BadInputError, match="There is no keypoint detector 'none'"):
        LiveCamera("0", "none")


def test_a_take_holds_the_film_with_its_real_times_and_the_joints(
    opened: Callable[[str], LiveCamera], tmp_path: Path
) -> None:
    path = tmp_path / "walk.take"
    with SimulatedCamera(rate=20, port=0) as server:
        camera = opened(server.address)
        wait_for(lambda: camera.picture)
        record(camera, path, 1.5)
        assert camera.status.filmed == 0
        name = server.address
    take = open_take(path)
    live = live_track(take)
    assert len(live) > 15
    assert live.present.all()
    assert (live.width, live.height, live.detector) == (640, 480, "bright")
    (log,), warnings = take.logs()
    assert warnings == ()
    film, times = film_of(take)
    assert log.t_ns[0] - 2e8 < times[0] < times[-1] < log.t_ns[-1] + 2e8
    with VideoFile(film) as file:
        pictures = [frame.image for frame in file]
    assert len(pictures) == len(times)
    told: list[float] = []
    again = film_track(take, "bright", lambda share, text: told.append(share))
    assert told
    np.testing.assert_array_equal(again.t_ns, times)
    assert (path / "keypoints" / "bright.npz").exists()
    # the same picture has the same joints, live and again, but for the film's compression
    both = np.isin(again.t_ns, live.t_ns)
    rows = np.searchsorted(live.t_ns, again.t_ns[both])
    away = np.abs(again.points[both] - live.points[rows])
    assert np.median(away) < 3
    told.clear()
    np.testing.assert_array_equal(
        film_track(take, "bright", lambda share, text: told.append(share)).points, again.points
    )
    assert not told  # kept
    report = describe(path)
    (shown,) = report.cameras
    assert (shown.name, shown.width, shown.height, shown.film) == (name, 640, 480, FILM)
    assert shown.pictures == len(times)
    assert shown.rate == pytest.approx(20, rel=0.3)
    lines = CliRunner().invoke(build_app(), ["takes", "show", str(path)]).output
    assert f"{len(times)} pictures at" in lines.replace("\n", " ")


def test_a_take_without_a_camera_says_so(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.take", Manifest("Ana", 1.7, "live"), {})
    recorder.add(samples(5))
    recorder.close()
    with pytest.raises(FileFormatError, match="recorded without a camera"):
        live_track(open_take(tmp_path / "a.take"))
    assert describe(tmp_path / "a.take").cameras == ()


def test_a_film_of_any_size_is_a_video(tmp_path: Path) -> None:
    film = Film(tmp_path / FILM)
    assert [film.add(np.full((481, 641, 3), light, np.uint8)) for light in range(0, 200, 10)] == list(range(20))
    film.close()
    film.close()
    with VideoFile(film.path) as file:
        pictures = [frame.image for frame in file]
    assert [round(float(picture.mean()), -1) for picture in pictures] == list(range(0, 200, 10))
    assert pictures[0].shape == (481, 641, 3)
    with pytest.raises(BadInputError, match="cannot be written"):
        Film(tmp_path / "nowhere" / FILM)


def test_a_film_that_the_disk_has_no_room_for_is_told_of_and_ends_alone(
    opened: Callable[[str], LiveCamera], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SimulatedCamera(rate=20, port=0) as server:
        camera = opened(server.address)
        wait_for(lambda: camera.picture)

        def full(self: AppendFile) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(AppendFile, "flush", full)
            camera.start_film(tmp_path / FILM)
            wait_for(lambda: "No space left" in camera.status.fault)
        assert camera.status.filmed == 0
        wait_for(lambda: camera.picture is not None and camera.picture.age < 0.5)
        camera.start_film(tmp_path / "nowhere" / FILM)
        assert camera.status.fault.startswith("There is no film of this take.")
        camera.start_film(tmp_path / "again.mjpg")
        wait_for(lambda: camera.status.filmed > 3)
        assert camera.status.fault == ""


KILLED = """
import sys, time
from pathlib import Path
from mocamba.capture.live_camera import LiveCamera
from mocamba.capture.manifest import Manifest
from mocamba.capture.recorder import Recorder
from mocamba.capture.stamping import Stamped
from mocamba.devices.camera.simulate import SimulatedCamera
from mocamba.devices.keypoints import detectors
import mocamba.tests.test_live_camera as tests
detectors.DETECTORS["bright"] = tests.Bright
with SimulatedCamera(rate=30, port=0) as server:
    camera = LiveCamera(server.address, "bright")
    camera.start()
    while camera.picture is None:
        time.sleep(0.01)
    recorder = Recorder(Path(sys.argv[1]), Manifest("Ana", 1.7, "live"), {}, camera)
    while True:
        recorder.add(tests.samples(1))
        print(camera.status.filmed, time.monotonic_ns(), flush=True)
        time.sleep(0.02)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_what_was_filmed_before_a_kill_is_there(tmp_path: Path) -> None:
    path = tmp_path / "walk.take"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            filmed, killed_ns = map(int, line.split())
            if filmed >= 60:
                break
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    take = open_take(path)
    film, times = film_of(take)
    assert (killed_ns - times[-1]) / 1e9 < 1
    with VideoFile(film) as file:
        readable = sum(1 for _ in file)
    assert readable >= filmed
    assert (killed_ns - live_track(take).t_ns[-1]) / 1e9 < 1
    track = film_track(take, "bright")
    assert len(track) == min(readable, len(times))
    (path / "keypoints" / "bright.npz").unlink()
    repair_take(path, 1.7)
    assert len(film_of(open_take(path))[1]) == len(times)


def test_loading_libraries_and_opening_devices_is_not_taken_for_sleep(
    tmp_path: Path, bright: type[Bright], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both once told the user of a computer that stood still."""

    opened = threading.Event()

    class Heavy(Bright):
        def __init__(self) -> None:
            opened.wait(30)
            began, some = time.perf_counter(), 5_000_000
            collections.deque(itertools.repeat(None, some), 0)
            again = 1.5 / (time.perf_counter() - began)
            collections.deque(itertools.repeat(None, round(again * some)), 0)  # no other thread runs meanwhile

    def connect(sensors: Sensors) -> list[DeviceError]:
        time.sleep(1.3)
        return connect_at_once(sensors)

    connect_at_once = Sensors.connect
    monkeypatch.setattr(Sensors, "connect", connect)
    monkeypatch.setitem(detectors.DETECTORS, "bright", Heavy)
    options = SessionOptions(
        imu=("simulated",), camera="simulated", detector="bright", folder=tmp_path, link=None, hold=True
    )
    session = Session(options)
    session.start()
    try:
        wait_for(lambda: session.status.state is State.CALIBRATING and session.status.seconds > 0.6, 30)
        opened.set()
        wait_for(lambda: session.camera_picture is not None, 30)
        wait_for(lambda: session.status.devices and session.status.seconds > 1, 30)
        assert not [note for note in session.status.notes if "stood still" in note]
    finally:
        session.stop()


def test_a_session_with_a_camera(tmp_path: Path) -> None:
    options = SessionOptions(
        imu=("simulated",), camera="simulated", detector="bright", folder=tmp_path, link=tmp_path / "link.json"
    )
    session = Session(options)
    assert session.camera_picture is None
    session.start()
    try:
        assert session.wait_for(State.LIVE, State.FAILED, timeout=90).state is State.LIVE
        wait_for(lambda: session.camera_picture is not None)
        path = Path(str(session.record("walk").result(20)["take"]))
        time.sleep(1.5)
        wait_for(lambda: session.status.camera is not None and session.status.camera.filmed > 10)
        values = json.loads(json.dumps(status_values(session.status)))["camera"]
        assert values["seen"] is True
        assert values["size"] == [640, 480]
        assert values["latency_ms"]["camera"]["p50"] > 0
        session.stop_recording().result(20)
        picture = session.camera_picture
        assert picture is not None
        assert picture.keypoints is not None
    finally:
        session.stop()
    assert session.status.state is State.IDLE
    take = open_take(path)
    assert len(take.logs()[0]) == 6
    track = live_track(take)
    assert len(track) > 10
    assert len(film_of(take)[1]) > 10
    pelvis = take.logs()[0][0].t_ns
    assert pelvis[0] - 1e9 < track.t_ns[0] < pelvis[-1]
