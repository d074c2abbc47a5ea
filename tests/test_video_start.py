"""A video that fits a take of sensors at several moments: they are named, and one that is told roughly is right."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture.commands.app import build_app
from mocamba.capture.importing import ImportOptions, import_source
from mocamba.capture.take import KEYPOINTS, LENS, open_take
from mocamba.capture.video_solving import FilmOptions, add_video
from mocamba.capture.video_start import video_lag
from mocamba.devices.keypoints.track import KeypointTrack
from mocamba.inference.detector import MEDIAPIPE_LIKE, PERFECT, DetectorErrors
from mocamba.inference.solver import solve
from mocamba.inference.virtual_film import Tripod, film_motion
from mocamba.rig.amass import write_amass
from mocamba.rig.errors import BadInputError
from mocamba.rig.imu import WORN, ImuSequence
from mocamba.rig.lens import lens_of_field
from mocamba.rig.motion import Motion
from typer.testing import CliRunner, Result

from .performers import again_and_again, performance

pytestmark = pytest.mark.usefixtures("nothing_left")
HOUR = 3_600_000_000_000
RATE = 30
LENS_70 = lens_of_field(480, 360, 70.0)
ONCE = 187 / 60  # seconds of the movement that is made again and again


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), ["solve", *map(str, arguments)])


def silent(share: float, doing: str) -> None:
    pass


def track_of(motion: Motion, begin: float, end: float, errors: DetectorErrors = MEDIAPIPE_LIKE) -> KeypointTrack:
    """What a detector says of it from `begin` to `end` seconds, on a clock of its own."""
    film = film_motion(motion, Tripod(bearing=40), errors, every=60 // RATE, seed=3)
    rows = slice(round(begin * RATE), round(end * RATE))
    points = LENS_70.project(np.concatenate([film.rays, np.ones_like(film.rays[..., :1])], axis=-1))[rows]
    times = film.t_ns[rows] - film.t_ns[rows.start] - 5 * HOUR
    confidence = film.confidence[rows].astype(np.float32)
    return KeypointTrack(times, points.astype(np.float32), confidence, 480, 360, RATE, "perfect")


def take_of(motion: Motion, folder: Path) -> Path:
    """Six worn sensors."""
    write_amass(motion, folder / "motion.npz")
    return import_source(folder / "motion.npz", folder / "worn.take", ImportOptions(errors=WORN, seed=3)).path


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take_of(again_and_again(), tmp_path_factory.mktemp("repeated"))


@pytest.fixture(scope="module")
def sensed(repeated: Path) -> tuple[ImuSequence, Motion]:
    imu, _ = open_take(repeated).imu()
    return imu, solve(imu, network="hiposer-s", mode="offline", skeleton=open_take(repeated).skeleton)


@pytest.fixture
def filmed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A video of six seconds of what is made again and again, from 9.5 s on."""
    track = track_of(again_and_again(), 9.5, 15.5)
    monkeypatch.setattr("mocamba.capture.video_solving.find_keypoints", lambda *_: track)
    return Path("walk.mp4")


def test_a_refusal_names_the_moments_that_fit_and_one_of_them_leads_on(
    repeated: Path, filmed: Path, tmp_path: Path
) -> None:
    said = run(repeated, "--video", filmed)
    assert said.exit_code == 2, said.output
    text = " ".join(said.output.split())
    listed = re.search(r"fits the take at ([-\d., ]+) and ([-\d.]+) s", text)
    assert listed, text
    moments = [float(one) for one in (*listed[1].split(","), listed[2])]
    assert 2 <= len(moments) <= 3
    assert f"--video-start {moments[0]:.1f};" in text
    for moment in moments:
        turns = (moment - 9.5) / ONCE
        assert turns == pytest.approx(round(turns), abs=0.05)
    assert not (repeated / KEYPOINTS).exists()
    assert not (repeated / LENS).exists()
    began = add_video(open_take(repeated), filmed, FilmOptions(fov=70.0, start=moments[-1]), silent)
    assert began == pytest.approx(moments[-1], abs=0.06)
    (repeated / KEYPOINTS).unlink()


def test_joints_of_a_refused_video_are_found_once(
    repeated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track, asked = track_of(again_and_again(), 9.5, 15.5), []
    monkeypatch.setattr("mocamba.capture.video_solving.find_keypoints", lambda *_: (asked.append(1), track)[1])
    worn, video = open_take(shutil.copytree(repeated, tmp_path / "worn.take")), tmp_path / "walk.mp4"

    def refused(pictures: bytes = b"pictures", detector: str = "mediapipe") -> int:
        if not video.exists() or video.read_bytes() != pictures:
            video.write_bytes(pictures)
        with pytest.raises(BadInputError, match="fits the take at"):
            add_video(worn, video, FilmOptions(detector=detector, fov=70.0), silent)
        return len(asked)

    assert refused() == 1
    assert refused() == 1
    assert refused(detector="rtmpose") == 2
    assert refused(b"other pictures") == 3
    for kept in worn.path.glob(".refused-*"):
        kept.write_bytes(kept.read_bytes()[:50])
    assert refused(b"other pictures") == 4
    add_video(worn, video, FilmOptions(fov=70.0, start=9.5), silent)
    assert len(asked) == 4
    assert not list(worn.path.glob(".refused-*"))


@pytest.mark.parametrize("off", [-0.5, -0.2, 0.0, 0.35, 0.5])
def test_a_moment_that_is_told_roughly_is_found_within_a_picture(
    off: float, sensed: tuple[ImuSequence, Motion]
) -> None:
    track = track_of(again_and_again(), 9.5, 15.5)
    lag = video_lag(*sensed, track, LENS_70, 9.5 + off)
    began = (track.t_ns[0] + lag - sensed[0].t_ns[0]) / 1e9
    assert began == pytest.approx(9.5, abs=1 / RATE)


def test_a_video_that_began_before_the_take(sensed: tuple[ImuSequence, Motion]) -> None:
    imu, felt = sensed
    late = slice(120, len(imu.t_ns))
    track = track_of(again_and_again(), 0.0, 6.0)
    lag = video_lag(imu.part(late), felt.part(late), track, LENS_70, -1.7)
    assert (track.t_ns[0] + lag - imu.t_ns[0]) / 1e9 == pytest.approx(0, abs=1 / RATE)


def test_what_is_not_there_at_the_told_moment_is_refused(sensed: tuple[ImuSequence, Motion]) -> None:
    standing = track_of(performance(), 0.0, 2.0, PERFECT)
    moving = track_of(again_and_again(), 9.5, 15.5)
    for track, start in ((standing, 4.0), (moving, 24.2), (moving, -5.5)):
        with pytest.raises(BadInputError, match=rf"within 0\.6 s of --video-start {start:g}, or too little of it"):
            video_lag(*sensed, track, LENS_70, start)


def test_a_moment_at_which_video_and_take_do_not_meet_is_refused(
    repeated: Path, filmed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for start, said in ((-6.0, "ends before the take begins"), (-1e9, "ends before the take begins")):
        with pytest.raises(BadInputError, match=said):
            add_video(open_take(repeated), filmed, FilmOptions(start=start), silent)
    monkeypatch.setattr("mocamba.capture.video_solving.find_keypoints", lambda *_: pytest.fail("began to work"))
    for start, said in ((25.0, r"after the end of the take, which is 24\.9 s long"), (np.nan, "nan is no moment")):
        with pytest.raises(BadInputError, match=said):
            add_video(open_take(repeated), filmed, FilmOptions(start=start), silent)
    with pytest.raises(BadInputError, match="inf is no moment"):
        add_video(open_take(repeated), filmed, FilmOptions(start=-np.inf), silent)
    assert not (repeated / KEYPOINTS).exists()


def test_moments_before_the_take_and_none_are_told_on_the_command_line(repeated: Path, filmed: Path) -> None:
    for start, said in (("-6.5", "With --video-start -6.5 the video, which is 6.0 s long"), ("nan", "is no moment")):
        result = run(repeated, "--video", filmed, "--video-start", start)
        assert result.exit_code == 2, result.output
        assert said in " ".join(result.output.split())


@pytest.mark.parametrize("arguments", [("worn",), ("walk.mp4",), ("walk.mp4", "--video", "other.mp4")])
def test_a_moment_without_a_video_of_a_take_is_refused(arguments: tuple[str, ...], repeated: Path) -> None:
    source, *others = (repeated if one == "worn" else one for one in arguments)
    said = run(source, *others, "--video-start", "-1.5")
    assert said.exit_code == 2
    assert "Give the take, and its --video" in " ".join(said.output.split())


def test_a_video_is_not_added_to_a_video(filmed: Path) -> None:
    said = run(filmed, "--video", filmed)
    assert said.exit_code == 2
    assert "adds a video to a take" in " ".join(said.output.split())
