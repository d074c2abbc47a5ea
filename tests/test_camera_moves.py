"""A camera that was moved is told of: in a video, in a take of one, and while live."""

import time
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture.camera_moves import MovesTold, moves_in_words
from mocamba.capture.live_camera import LiveCamera
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.devices.keypoints import detectors
from mocamba.devices.keypoints.track import load_track
from mocamba.devices.keypoints.video import track_video

cv2 = pytest.importorskip("cv2")
from mocamba.devices.camera.view_watch import ViewMove  # noqa: E402

from .test_live_camera import Bright, wait_for  # noqa: E402
from .test_view_watch import HEIGHT, WIDTH, backdrop  # noqa: E402
from .videos import Puppet, Puppets, video_of  # noqa: E402

pytestmark = pytest.mark.usefixtures("nothing_left")
SECOND = 1_000_000_000
BUMP = ViewMove(12 * SECOND, 12_250_000_000, 0.08)


@pytest.fixture(autouse=True)
def bright(monkeypatch: pytest.MonkeyPatch, spawning: None) -> None:
    monkeypatch.setitem(detectors.DETECTORS, "bright", Bright)


def bumped(path: Path, at: int, count: int, rate: float = 30) -> tuple[Path, list[list[Puppet]]]:
    """A video of somebody in white before a wall; from picture `at` on, the wall is 30 pixels further left."""
    wall, pictures = (backdrop(1) // 2), []
    one = Puppet(WIDTH / 2, (250, 250, 250), tall=150)
    for number in range(count):
        shift = 200 + (30 if number >= at else 0)
        picture = wall[200 : 200 + HEIGHT, shift : shift + WIDTH].copy()
        one.draw(picture)
        pictures.append(picture)
    return video_of(pictures, path, rate), [[one]] * count


def test_a_bump_in_a_video_is_in_its_track(tmp_path: Path) -> None:
    path, shown = bumped(tmp_path / "a.mp4", 45, 90)
    track = track_video(path, Puppets(shown))
    (move,) = track.moves
    assert move.begin_ns <= 1.5e9 <= move.end_ns
    track.save(tmp_path / "keypoints.npz")
    assert load_track(tmp_path / "keypoints.npz").moves == track.moves
    later = track.retimed(track.t_ns + 5 * SECOND)
    assert later.moves[0].begin_ns == move.begin_ns + 5 * SECOND
    (said,) = moves_in_words(track.moves, int(track.t_ns[0]), worn=False)
    assert "bumped at 0:01" in said
    assert "6 % of its picture" in said


def test_a_track_of_before_has_no_moves(tmp_path: Path) -> None:
    path, shown = bumped(tmp_path / "a.mp4", 99, 9)
    track_video(path, Puppets(shown)).save(tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as values:
        np.savez(tmp_path / "old.npz", **{name: values[name] for name in values.files if name != "moves"})
    assert load_track(tmp_path / "old.npz").moves == ()


def test_every_kind_of_movement_is_one_sentence() -> None:
    assert moves_in_words([], 0, worn=True) == []
    (said,) = moves_in_words([BUMP], 2 * SECOND, worn=True)
    assert said.startswith("The camera was bumped at 0:10.0: its view jumped by 8 % of its picture. Sensors alone tell")
    (said,) = moves_in_words([ViewMove(0, 70 * SECOND, 0.3, rests=False)], 0, worn=False)
    assert said.startswith("The camera moved from 0:00.0 to 1:10.0, by 30 % of its picture")
    many = [ViewMove(10 * k * SECOND, (10 * k + 2) * SECOND, 0.1) for k in range(5)]
    (said,) = moves_in_words(many, 0, worn=False)
    assert "5 times, 10 s in all" in said
    for sentences in (moves_in_words([BUMP], 0, worn=False), moves_in_words(many, 0, worn=False)):
        assert all("something solid" in one and one.endswith(".") for one in sentences)


def test_live_each_movement_is_told_once() -> None:
    told = MovesTold()
    assert told.fresh(()) is None
    assert told.fresh([ViewMove(0, SECOND, 0.1, rests=False)]) is None  # it may be a bump
    going_on = told.fresh([ViewMove(0, 3 * SECOND, 0.1, rests=False)])
    assert going_on is not None
    assert "is moving" in going_on.says
    assert not going_on.elsewhere
    assert told.fresh([ViewMove(0, 4 * SECOND, 0.1, rests=False)]) is None
    rested = told.fresh([ViewMove(0, 5 * SECOND, 0.1)])
    assert rested is not None
    assert rested.elsewhere
    assert told.fresh([ViewMove(0, 5 * SECOND, 0.1)]) is None
    assert told.fresh([ViewMove(0, 5 * SECOND, 0.1), BUMP]) is not None


def test_a_live_camera_that_is_bumped_knows(tmp_path: Path) -> None:
    path, _ = bumped(tmp_path / "a.mp4", 60, 130)
    camera = LiveCamera(str(path), "bright")
    camera.start()
    try:
        wait_for(lambda: any(move.rests for move in camera.moves), 20)
        assert len(camera.moves) == 1
        assert camera.moves[0].far == pytest.approx(30 / WIDTH, rel=0.2)
    finally:
        camera.close()


def test_a_session_says_so_and_forgets_where_the_camera_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiveCamera, "moves", (BUMP,))
    options = SessionOptions(
        ("simulated",), camera="simulated", detector="bright", folder=tmp_path, link=None, hold=True
    )
    session, forgotten = Session(options), []
    monkeypatch.setattr("mocamba.capture.run.Run._forget_camera", lambda run: forgotten.append(run))
    session.start()
    try:
        wait_for(lambda: any("camera was moved by 8 %" in said for said in session.status.notes), 60)
        time.sleep(1)
    finally:
        session.stop()
    assert len(forgotten) == 1
    assert sum("camera was moved" in said for said in session.status.notes) == 1
