"""Cameras through the real OpenCV: MJPEG servers and videos that the test makes."""

import contextlib
import errno
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mocamba.capture.commands.app import build_app
from mocamba.devices.camera.discovery import find_cameras
from mocamba.devices.camera.frame import Frame
from mocamba.devices.camera.options import CameraOptions
from mocamba.devices.camera.rate_watch import RateWatch
from mocamba.devices.camera.reader import Camera
from mocamba.devices.camera.simulate import SimulatedCamera
from mocamba.devices.camera.source import Kind, parse_source
from mocamba.devices.device import NEVER, Retry, State
from mocamba.devices.errors import ConnectError, DeviceError, LinkLostError, Reason
from typer.testing import CliRunner

cv2 = pytest.importorskip("cv2")
from .videos import RED, convert, video  # noqa: E402

pytestmark = pytest.mark.usefixtures("nothing_left")
QUICK = Retry(attempts=40, first=0.02, longest=0.1)


def watch(
    camera: Camera, until: Callable[[list[Frame]], bool] = lambda frames: False
) -> tuple[list[Frame], DeviceError]:
    """Every frame that a quick reader gets, and what ended the camera."""
    frames: list[Frame] = []
    while not until(frames):
        try:
            frames.append(camera.read_newest(5.0))
        except DeviceError as error:
            return frames, error
    raise AssertionError("it did not end")


def play(camera: Camera) -> None:
    """To its end, which is raised."""
    with camera:
        _, error = watch(camera)
    raise error


def refused(address: str, options: CameraOptions | None = None) -> DeviceError:
    with pytest.raises(ConnectError) as caught:
        Camera(address, options).connect()
    error = caught.value
    assert str(error).startswith(f"{error.device}: ")
    assert error.remedy
    return error


def wait_for(what: Callable[[], object], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_frames_come_at_their_real_times() -> None:
    """Eight a second, which a busy machine keeps up with; an MJPEG stream's nominal rate would be 25."""
    with SimulatedCamera(rate=8, port=0) as server, Camera(server.address) as camera:
        frames = [camera.read_newest(2.0) for _ in range(14)]
        assert camera.mode is not None
        assert (camera.mode.width, camera.mode.height, camera.mode.rate) == (640, 480, None)
        first, last = frames[3], frames[-1]
        assert last.image.shape == (480, 640, 3)
        assert last.image.dtype == np.uint8
        assert not last.image.flags.writeable
        assert last.sensor == camera.name == server.address
        seconds = (last.host_ns - first.host_ns) / 1e9
        assert (last.number - first.number) / seconds == pytest.approx(8, rel=0.25)
        assert camera.faults == ()


def test_a_slow_reader_gets_the_newest_frame() -> None:
    with SimulatedCamera(rate=60, port=0) as server, Camera(server.address) as camera:
        camera.read_newest(2.0)
        time.sleep(0.6)
        before = time.monotonic_ns()
        frame = camera.read_newest(1.0)
        assert (before - frame.host_ns) / 1e6 < 400
        assert frame.number > 20
        assert camera.overrun > 15
        assert server.sent - frame.number < 10  # none wait in OpenCV either


def test_half_the_asked_rate_is_said_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.camera.rate_watch.SPAN", 400_000_000)
    with SimulatedCamera(rate=15, port=0) as server, Camera(server.address, CameraOptions(rate=30)) as camera:
        wait_for(lambda: camera.faults)
        time.sleep(0.6)
        (fault,) = camera.faults
        assert fault.reason is Reason.SETTING
        assert "instead of 30" in str(fault)
        assert camera.read_newest(1.0)


@given(asked=st.floats(1, 240), share=st.floats(0.1, 1.5))
def test_rate_watch_complains_once_and_only_below_what_was_asked(asked: float, share: float) -> None:
    watcher = RateWatch("camera", asked)
    step = 1e9 / (asked * share)
    count = int(6e9 / step) + 3
    faults = [fault for k in range(count) if (fault := watcher.add(round(k * step))) is not None]
    if share > 0.85:
        assert not faults
    elif share < 0.75 and count > 8:
        assert len(faults) == 1


def test_a_camera_that_stops_is_read_again_when_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.camera.source.PICTURE_WITHIN", 300)
    monkeypatch.setattr("mocamba.devices.camera.reader.PICTURE_WITHIN", 300)
    monkeypatch.setattr("mocamba.devices.camera.source.OPEN_WITHIN", 300)
    with SimulatedCamera(port=0) as server, Camera(server.address, retry=QUICK) as camera:
        camera.read_newest(2.0)
        server.stall()
        wait_for(lambda: camera.faults)
        assert camera.faults[0].reason is Reason.SILENT
        assert isinstance(camera.faults[0], LinkLostError)
        with pytest.raises(DeviceError) as caught:
            camera.read_latest(0.2)
        assert caught.value.reason is Reason.LATE
        server.plug_in()
        wait_for(lambda: camera.state is State.CONNECTED)
        camera.read_newest(2.0)
        assert camera.read_newest(2.0)


def test_a_camera_that_is_gone_comes_back() -> None:
    with SimulatedCamera(port=0) as server, Camera(server.address, retry=QUICK) as camera:
        camera.read_newest(2.0)
        server.unplug()
        wait_for(lambda: camera.faults)
        assert camera.faults[0].reason is Reason.UNPLUGGED
        server.plug_in()
        wait_for(lambda: camera.state is State.CONNECTED)
        assert camera.read_newest(2.0)


def test_attempts_end() -> None:
    with SimulatedCamera(port=0) as server:
        with Camera(server.address, retry=Retry(attempts=2, first=0.01, longest=0.02)) as camera:
            camera.read_newest(2.0)
            server.unplug()
            _, error = watch(camera)
        assert error.reason is Reason.GAVE_UP
        assert "no video comes from this address" in str(error)


def test_an_address_that_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.camera.source.OPEN_WITHIN", 300)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        error = refused(f"http://user:secret@127.0.0.1:{port}/video")
        assert error.reason is Reason.NO_ANSWER
        assert "secret" not in str(error)
    assert refused(f"http://127.0.0.1:{port}/video").reason is Reason.NO_ANSWER


def test_a_video_is_played_at_its_own_rate(tmp_path: Path) -> None:
    with Camera(str(video(tmp_path / "a.mp4", 20, 40))) as camera:
        assert camera.mode is not None
        assert (camera.mode.width, camera.mode.height, camera.mode.pictures) == (64, 48, 20)
        assert camera.mode.rate == pytest.approx(40)
        frames, error = watch(camera)
    assert error.reason is Reason.ENDED
    assert "its 20 pictures are over" in str(error)
    assert frames[-1].number == 19
    assert len(frames) > 10
    for frame in frames:
        assert frame.stamp_ns == pytest.approx(frame.number * 25_000_000, abs=1e6)
    first, last = frames[0], frames[-1]
    assert first.stamp_ns is not None
    assert last.stamp_ns is not None
    assert last.host_ns - first.host_ns == pytest.approx(last.stamp_ns - first.stamp_ns, abs=1e6)


def test_uneven_times_in_a_video_are_kept(tmp_path: Path) -> None:
    times = "setpts='if(lt(N,6),N*0.02,0.12+(N-6)*0.08)/TB'"
    how = ("-vf", times, "-fps_mode", "vfr", "-enc_time_base", "1:1000", "-c:v", "mpeg4")
    uneven = convert(video(tmp_path / "a.mp4", 10), tmp_path / "uneven.mp4", *how)
    with Camera(str(uneven)) as camera:
        frames, _ = watch(camera)
    stamps = {frame.number: frame.stamp_ns for frame in frames}
    true = {n: round((n * 0.02 if n < 6 else 0.12 + (n - 6) * 0.08) * 1e9) for n in stamps}
    assert stamps == pytest.approx(true, abs=2e6)


def test_a_file_goes_on_from_now_after_the_machine_had_no_time(tmp_path: Path) -> None:
    camera = Camera(str(video(tmp_path / "a.mp4", 30, 30)))
    with camera:
        camera.read_newest(2.0)
        with camera._in_use:  # the reader is kept from reading
            time.sleep(0.5)
        camera.read_newest(2.0)
        frame = camera.read_newest(2.0)
        assert abs(time.monotonic_ns() - frame.host_ns) < 200_000_000


def test_a_video_of_odd_size(tmp_path: Path) -> None:
    odd = convert(video(tmp_path / "a.mp4"), tmp_path / "odd.avi", "-vf", "scale=67:41", "-c:v", "ffv1")
    with Camera(str(odd)) as camera:
        frame = camera.read_newest(2.0)
        assert camera.mode is not None
        assert (camera.mode.width, camera.mode.height) == (67, 41)
        assert frame.image.shape == (41, 67, 3)


@pytest.mark.parametrize(("turned", "corner"), [(90, (-1, 0)), (180, (-1, -1)), (270, (0, -1))])
def test_a_video_that_says_it_lies_on_its_side_is_turned_upright(
    tmp_path: Path, turned: int, corner: tuple[int, int]
) -> None:
    before = ("-display_rotation", str(turned))
    lying = convert(video(tmp_path / "a.mp4"), tmp_path / "turned.mp4", "-c", "copy", before=before)
    with Camera(str(lying)) as camera:
        frame = camera.read_newest(2.0)
        assert camera.mode is not None
        assert frame.image.shape[:2] == (camera.mode.height, camera.mode.width) == ((48, 64), (64, 48))[turned != 180]
        np.testing.assert_allclose(frame.image[corner], RED, atol=40)


def pictures(folder: Path, count: int, channels: int = 3) -> Path:
    folder.mkdir()
    for number in range(count):
        shape = (20, 30, channels) if channels != 1 else (20, 30)
        cv2.imwrite(str(folder / f"f_{number:03d}.png"), np.full(shape, 10 * number + 5, np.uint8))
    return folder


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_sequence_of_pictures(tmp_path: Path, channels: int) -> None:
    folder = pictures(tmp_path / "run", 8, channels)
    for address in (folder, folder / "f_%03d.png"):
        with Camera(str(address), CameraOptions(rate=50)) as camera:
            assert camera.mode is not None
            assert (camera.mode.rate, camera.mode.pictures) == (50, 8)
            frames, error = watch(camera)
        assert error.reason is Reason.ENDED
        assert frames[-1].number == 7
        for frame in frames:
            assert frame.image.shape == (20, 30, 3)
            assert (frame.image == 10 * frame.number + 5).all()
            assert frame.stamp_ns == frame.number * 20_000_000


def test_a_size_that_is_not_given_is_said_and_the_picture_used(tmp_path: Path) -> None:
    with Camera(str(video(tmp_path / "a.mp4")), CameraOptions(width=1280, height=48)) as camera:
        assert camera.read_newest(2.0).image.shape == (48, 64, 3)
        (fault,) = camera.faults
        assert fault.reason is Reason.SETTING
        assert "a width of 1280 was asked for, 64 is given" in str(fault)
        assert "height" not in str(fault)


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    assert refused(str(tmp_path / "none.mp4")).reason is Reason.NOT_FOUND
    (tmp_path / "text.mp4").write_text("hello\n" * 100)
    assert refused(str(tmp_path / "text.mp4")).reason is Reason.GARBLED
    (tmp_path / "empty.mp4").touch()
    assert refused(str(tmp_path / "empty.mp4")).reason is Reason.GARBLED
    (tmp_path / "folder").mkdir()
    error = refused(str(tmp_path / "folder"))
    assert error.reason is Reason.NOT_FOUND
    assert "holds no pictures" in str(error)
    assert refused(str(tmp_path / "f_%03d.png")).reason is Reason.NOT_FOUND
    assert refused("a\0b.mp4").reason is Reason.NOT_FOUND


@pytest.mark.skipif(sys.platform != "linux", reason="cameras are files on Linux alone")
def test_a_webcam_that_cannot_be_used_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.camera.source.NODES", f"{tmp_path}/video{{}}")
    error = refused("7")
    assert (error.device, error.reason) == ("camera 7", Reason.NOT_FOUND)
    (tmp_path / "video7").touch()  # opens, but takes no picture
    assert refused("7", CameraOptions(640, 480, 30)).reason is Reason.IN_USE

    def failing(number: int) -> Callable[..., int]:
        def fail(*args: Any) -> int:
            raise OSError(number, os.strerror(number))

        return fail

    for number, reason in ((errno.EACCES, Reason.PERMISSION), (errno.EBUSY, Reason.IN_USE)):
        with monkeypatch.context() as patch:
            patch.setattr("mocamba.devices.camera.source.os.open", failing(number))
            error = refused("7")
        assert error.reason is reason
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "cv2", None)
        error = refused("7")
    assert error.reason is Reason.LIBRARY
    assert "mocamba[camera]" in str(error)


def test_a_video_that_breaks_off_is_played_up_to_there(tmp_path: Path) -> None:
    whole = convert(video(tmp_path / "a.mp4", 40, 200), tmp_path / "a.avi", "-c:v", "mjpeg")
    (tmp_path / "cut.avi").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with Camera(str(tmp_path / "cut.avi")) as camera:
        frames, error = watch(camera)
    assert error.reason is Reason.ENDED
    assert 5 < frames[-1].number < 35


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_videos_end_in_a_typed_error(tmp_path: Path, data: st.DataObject) -> None:
    whole = tmp_path / "whole.avi"
    if not whole.exists():
        convert(video(tmp_path / "a.mp4", 10, 200), whole, "-c:v", "mjpeg")
    damaged = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 40))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.avi"
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    camera = Camera(str(path), retry=NEVER)
    with pytest.raises(DeviceError) as caught:
        play(camera)
    assert caught.value.reason in (Reason.GARBLED, Reason.SILENT, Reason.ENDED)


@given(st.text())
def test_any_text_is_some_source(text: str) -> None:
    source = parse_source(text)
    assert source.live == (source.kind in (Kind.WEBCAM, Kind.STREAM))


def test_sources_are_told_apart(tmp_path: Path) -> None:
    assert parse_source("0").kind is Kind.WEBCAM
    assert parse_source("rtsp://user:pw@10.0.0.2/1").name == "rtsp://10.0.0.2/1"
    assert parse_source(str(tmp_path)).kind is Kind.PICTURES
    assert parse_source("run/f_%04d.jpg").kind is Kind.PICTURES
    assert parse_source("100%.mp4").kind is Kind.VIDEO


def test_a_port_in_use_is_said() -> None:
    with SimulatedCamera(port=0) as server:
        port = int(server.address.rpartition(":")[2].partition("/")[0])
        with pytest.raises(ConnectError) as caught:
            SimulatedCamera(port=port)
        assert caught.value.reason is Reason.IN_USE


def run(*arguments: str) -> Any:
    return CliRunner().invoke(build_app(), list(arguments), prog_name="mocamba")


def test_a_simulated_camera_from_the_command_line() -> None:
    result = run(
        "simulate",
        "--family",
        "camera",
        "--port",
        str(free_port()),
        "--seconds",
        "0.3",
        "--json",
        "--unplug",
        "camera@0.1",
    )
    assert result.exit_code == 0, result.stderr
    start, end = map(json.loads, result.stdout.splitlines())
    assert parse_source(start["address"]).kind is Kind.STREAM
    assert end["sent"] == 0  # nobody looked


def test_unplugged_from_the_command_line() -> None:
    with ThreadPoolExecutor(1) as pool:
        port = free_port()
        arguments = ("--family", "camera", "--port", str(port), "--seconds", "4", "--unplug", "camera@2+0.5")
        done = pool.submit(run, "simulate", *arguments)
        camera = Camera(f"http://127.0.0.1:{port}/video", retry=QUICK)
        wait_for(lambda: connected(camera))
        with contextlib.closing(camera):
            wait_for(lambda: camera.faults)
            wait_for(lambda: camera.state is State.CONNECTED)
        assert done.result().exit_code == 0


def connected(camera: Camera) -> bool:
    with contextlib.suppress(ConnectError):
        camera.connect()
        return True
    return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone lists cameras without opening them")
def test_cameras_are_listed_with_why_they_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.camera.discovery.CLASSES", str(tmp_path / "classes"))
    monkeypatch.setattr("mocamba.devices.camera.source.NODES", f"{tmp_path}/video{{}}")
    assert find_cameras() == []
    for number, index in ((0, 0), (1, 1), (10, 0)):
        folder = tmp_path / "classes" / f"video{number}"
        folder.mkdir(parents=True)
        (folder / "index").write_text(f"{index}\n")
        (folder / "name").write_text(f"Camera {number}\n")
    (tmp_path / "video0").touch()
    usable, gone = find_cameras()
    assert (usable.address, usable.label, usable.usable) == ("0", "Camera 0", True)
    assert (gone.address, gone.reason) == ("10", Reason.NOT_FOUND)
    listed = run("devices", "--seconds", "0.2")
    assert "ok  camera     0                        Camera 0" in listed.stdout
