"""From pixels to a take: the whole way on a rendered performer, with sensors and without, and what is refused."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocamba.capture.commands.app import build_app
from mocamba.capture.importing import ImportOptions, import_source
from mocamba.capture.manifest import Manifest
from mocamba.capture.take import KEYPOINTS, LENS, MANIFEST, Take, open_take
from mocamba.capture.take_camera import has_camera
from mocamba.capture.video_solving import FilmOptions, add_video, solve_filmed
from mocamba.devices.keypoints.track import KeypointTrack
from mocamba.devices.simulated.filmed_body import FilmedBody, write_video
from mocamba.devices.simulated.performer import perform
from mocamba.inference.detector import MEDIAPIPE_LIKE, PERFECT, DetectorErrors
from mocamba.inference.position_metrics import position_errors
from mocamba.inference.virtual_film import Tripod, film_motion, set_up
from mocamba.rig.amass import read_amass, read_unpolished, write_amass
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.imu import WORN
from mocamba.rig.lens import lens_of_field
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24
from typer.testing import CliRunner, Result

cv2 = pytest.importorskip("cv2")

HEIGHT = 1.75
LENS_70 = lens_of_field(480, 360, 70.0)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), [str(argument) for argument in arguments], prog_name="mocamba")


def silent(share: float, doing: str) -> None:
    pass


def part(motion: Motion, begin: float, end: float) -> Motion:
    cut = motion.part(slice(round(60 * begin), round(60 * end)))
    return replace(cut, t_ns=cut.t_ns - cut.t_ns[0])


@pytest.fixture(scope="module")
def performance() -> Motion:
    return perform(SMPL24.scaled_to(HEIGHT))


@pytest.fixture(scope="module")
def video(performance: Motion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mediapipe")
    path = tmp_path_factory.mktemp("video") / "squat.mp4"
    motion = part(performance, 13.5, 15.5)
    turn, place = set_up(h36m_positions(motion).astype(np.float64), Tripod(3.2, 25, 1.3))
    write_video(FilmedBody(motion, LENS_70, turn, place), range(0, len(motion), 2), str(path), 30)
    return path


def tracked(
    motion: Motion, errors: DetectorErrors = PERFECT, *, every: int = 2, late_ns: int = 0, tripod: Tripod | None = None
) -> KeypointTrack:
    """What a detector would say of the motion, seen through `LENS_70`."""
    film = film_motion(motion, tripod, errors, every=every)
    points = LENS_70.project(np.concatenate([film.rays, np.ones_like(film.rays[..., :1])], axis=-1))
    return KeypointTrack(
        film.t_ns + late_ns,
        points.astype(np.float32),
        film.confidence.astype(np.float32),
        LENS_70.width,
        LENS_70.height,
        60 / every,
        "perfect",
    )


def take_with(track: KeypointTrack, path: Path) -> Take:
    """A take made of a video whose keypoints are known."""
    path.mkdir()
    Manifest("somebody", HEIGHT, "video", "film.mp4").write(path / MANIFEST)
    LENS_70.write(path / LENS)
    track.save(path / KEYPOINTS)
    return open_take(path)


def hidden(track: KeypointTrack, rows: slice, joints: list[int] | slice) -> KeypointTrack:
    points, confidence = track.points.copy(), track.confidence.copy()
    points[rows, joints], confidence[rows, joints] = np.nan, 0
    return replace(track, points=points, confidence=confidence)


def turns(motion: Motion) -> Any:
    """The largest step of any joint's rotation between two frames, degrees."""
    return np.degrees(angle_between(motion.rotations[1:], motion.rotations[:-1]).max())


def test_a_video_becomes_a_take(video: Path, performance: Motion, tmp_path: Path) -> None:
    take, overlay = tmp_path / "squat.take", tmp_path / "seen.mp4"
    result = run(
        "solve", video, "--out", take, "--height", HEIGHT, "--fov", 70, "--overlay", overlay, "--json",
        "--network", "vimcan-t",
    )  # fmt: skip
    values = json.loads(result.stdout.splitlines()[-1])
    assert values["ok"], values
    assert values["detector"] == "mediapipe"
    assert values["absent_frames"] == 0
    assert values["reprojection_pixels"] < 6
    assert not values["warnings"]
    motion, truth = read_amass(take / "solved" / "vimcan-t.npz"), part(performance, 13.5, 15.5)
    assert abs(motion.rate - 60) < 0.1
    assert abs(motion.duration - truth.duration) < 0.05
    assert motion.skeleton.height == pytest.approx(HEIGHT, abs=0.01)
    assert position_errors(h36m_positions(motion), h36m_positions(truth)[: len(motion)]).PA_MPJPE < 90
    assert (
        abs(motion.joint_positions()[:, [10, 11], 1].min() - motion.skeleton.sole_depth) < 0.03
    )  # stands on the floor
    assert turns(motion) < 30
    capture = cv2.VideoCapture(str(overlay))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 60
    capture.release()
    shown = json.loads(run("takes", "show", take, "--json").stdout)
    assert not shown["faults"]
    assert shown["duration_s"] == pytest.approx(2, abs=0.1)
    assert json.loads(run("takes", "list", tmp_path, "--json").stdout)["ok"]
    assert run("takes", "export", take, "--out", tmp_path / "squat.bvh").exit_code == 0


def test_the_take_bakes(video: Path, tmp_path: Path) -> None:
    pytest.importorskip("bpy")
    take = take_with(tracked(part(perform(SMPL24.scaled_to(HEIGHT)), 13.5, 14.5)), tmp_path / "bend.take")
    solve_filmed(take, FilmOptions("vimcan-t"), silent)
    result = run("bake", take.path, "--blend", tmp_path / "bend.blend")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "bend.blend").stat().st_size > 100_000


def test_a_take_is_solved_again_by_another_network(performance: Motion, tmp_path: Path) -> None:
    take = take_with(tracked(part(performance, 6, 7)), tmp_path / "walk.take")
    result = run("solve", take.path, "--network", "vimcan-t-causal")
    assert result.exit_code == 0, result.output
    motion = read_amass(take.path / "solved" / "vimcan-t-causal.npz")
    assert np.isfinite(motion.rotations).all()
    assert motion.origin.network == "vimcan-t-causal video"
    before, polish = read_unpolished(take.path / "solved" / "vimcan-t-causal.npz")
    assert "feet" in polish
    assert len(before) == len(motion)


def test_who_leaves_and_returns_leaves_a_marked_gap(performance: Motion, tmp_path: Path) -> None:
    whole = tracked(part(performance, 4, 7.5))
    take = take_with(hidden(whole, slice(35, 75), slice(None)), tmp_path / "gap.take")
    film = solve_filmed(take, FilmOptions("vimcan-t"), silent)
    seconds = film.motion.t_ns / 1e9
    gone = (seconds > 35 / 30 + 0.1) & (seconds < 75 / 30 - 0.1)
    assert (film.motion.confidence[gone] == 0).all()
    assert (film.motion.confidence[seconds < 1.1] > 0.5).all()
    assert turns(film.motion) < 30
    assert np.isnan(film.joints[55]).all()
    assert np.isfinite(film.joints[20]).all()
    assert any("Nobody is in the picture" in note for note in film.notes)


def test_half_a_person_is_solved_and_the_rest_named(performance: Motion, tmp_path: Path) -> None:
    legs = [1, 2, 3, 4, 5, 6]
    take = take_with(hidden(tracked(part(performance, 13, 14.4)), slice(None), legs), tmp_path / "desk.take")
    film = solve_filmed(take, FilmOptions("vimcan-t"), silent)
    assert any("left knee" in note and "neck" not in note for note in film.notes)
    assert np.isfinite(film.motion.rotations).all()
    assert turns(film.motion) < 30


def test_what_is_assumed_is_said(performance: Motion, tmp_path: Path) -> None:
    take = take_with(tracked(part(performance, 6, 6.6)), tmp_path / "walk.take")
    (take.path / LENS).unlink()
    film = solve_filmed(take, FilmOptions("vimcan-t"), silent)
    assert any("66° along the longer side is assumed" in note for note in film.notes)
    told = solve_filmed(take, FilmOptions("vimcan-t", fov=80.0), silent)
    assert not any("assumed" in note for note in told.notes)
    assert told.lens.field == pytest.approx(80)


@pytest.fixture(scope="module")
def worn(performance: Motion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take of six worn sensors, five seconds of walking."""
    folder = tmp_path_factory.mktemp("worn")
    write_amass(part(performance, 2.5, 7), folder / "walk.npz")
    options = ImportOptions(errors=WORN, seed=3, height=HEIGHT)
    return import_source(folder / "walk.npz", folder / "walk.take", options).path


def test_a_camera_holds_the_path_of_sensors(worn: Path, performance: Motion) -> None:
    truth = part(performance, 2.5, 7)
    tripod = Tripod(bearing=60, aside=10)
    tracked(truth, MEDIAPIPE_LIKE, late_ns=70_000_000, tripod=tripod).save(worn / KEYPOINTS)
    LENS_70.write(worn / LENS)
    film = solve_filmed(open_take(worn), FilmOptions("vimcan-t"), silent)
    assert run("solve", worn, "--network", "hiposer-s", "--mode", "offline").exit_code == 0
    alone, both = read_amass(worn / "solved" / "hiposer-s.npz"), read_amass(worn / "solved" / "vimcan-t.npz")
    count = min(len(alone), len(both), len(truth))
    real = h36m_positions(truth)[:count]
    poses = [position_errors(h36m_positions(motion)[:count], real).MPJPE for motion in (alone, both)]
    assert poses[1] < 1.1 * poses[0]
    paths = [h36m_positions(motion)[:count, 0] - real[:, 0] for motion in (alone, both)]
    drift = [np.linalg.norm((path - path[0])[:, [0, 2]], axis=-1).mean() for path in paths]
    assert drift[1] < drift[0]
    (told,) = (re.search(r"([+-]\d+) ms", note) for note in film.notes if "clock was" in note)
    assert told
    assert 40 < float(told[1]) < 100  # 70 in truth; the keypoints wander
    assert both.origin.calibration == ""
    assert turns(both) < 30


def test_a_video_is_joined_to_sensors_whenever_it_began(worn: Path, performance: Motion, tmp_path: Path) -> None:
    track = tracked(part(performance, 3.5, 7), MEDIAPIPE_LIKE, tripod=Tripod(bearing=60))
    (worn / KEYPOINTS).unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mocamba.capture.video_solving.find_keypoints", lambda *_: track)
        add_video(open_take(worn), tmp_path / "walk.mp4", FilmOptions("vimcan-t", fov=70.0), silent)
        with pytest.raises(BadInputError, match="exists already"):
            add_video(open_take(worn), tmp_path / "walk.mp4", FilmOptions("vimcan-t"), silent)
    with np.load(worn / KEYPOINTS) as kept:
        began = (kept["t_ns"][0] - open_take(worn).imu()[0].t_ns[0]) / 1e9
    assert began == pytest.approx(1.0, abs=0.08)


def test_a_take_without_a_camera_says_so(worn: Path) -> None:
    take = open_take(worn)
    (worn / KEYPOINTS).unlink(missing_ok=True)
    assert not has_camera(take)
    with pytest.raises(FileFormatError, match="has no camera"):
        solve_filmed(take, FilmOptions("vimcan-t"), silent)
    result = run("solve", worn, "--network", "vimcan-t")
    assert result.exit_code == 2
    assert "has no camera" in result.output


def bad_files(folder: Path) -> dict[str, Path]:
    made = {}
    for name, content in (
        ("sound.mp3", b"ID3\x04\x00\x00" + bytes(2000)),
        ("words.mp4", b"these are words, no pictures"),
        ("empty.mp4", b""),
    ):
        made[name] = folder / name
        made[name].write_bytes(content)
    writer = cv2.VideoWriter(str(folder / "room.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 30, (320, 240))
    for _ in range(8):
        writer.write(np.full((240, 320, 3), 90, np.uint8))
    writer.release()
    return made | {"room.mp4": folder / "room.mp4", "missing.mp4": folder / "missing.mp4"}


def test_what_is_no_film_of_a_person_leaves_no_take(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    take = tmp_path / "made.take"
    for name, path in bad_files(tmp_path).items():
        result = run("solve", path, "--out", take)
        assert result.exit_code == 2, (name, result.output)
        assert len(result.output.strip().splitlines()) == 1, result.output
        assert path.name in result.output
    assert not [file for file in tmp_path.iterdir() if "take" in file.name]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--fov", "500"), "field of view"),
        (("--height", "9"), "9 m tall"),
        (("--detector", "crystal-ball"), "detector"),
        (("--network", "hiposer-s"), "does not solve videos"),
        (("--network", "nobody"), "There is no network"),
        (("--overlay", "seen.gif"), "has to end in .mp4"),
        (("--out", "made.film"), "has to end in .take"),
        (("--camera-file", "none.json"), "cannot be read"),
    ],
)
def test_options_that_cannot_be_used_are_refused_before_the_work(
    options: tuple[str, str], said: str, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mocamba.capture.video_solving.track_video", lambda *_: pytest.fail("began to work"))
    result = run("solve", video, "--out", "made.take", *options)
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())
