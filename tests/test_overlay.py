"""Skeletons drawn on a video's pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture.overlay import LEFT, RIGHT, draw_frame, draw_skeleton, overlay_video
from mocamba.devices.keypoints.track import KeypointTrack
from mocamba.devices.keypoints.video import VideoFile, VideoFrame, track_video
from mocamba.rig.errors import BadInputError, OutputExistsError

pytest.importorskip("cv2")
from .videos import Puppet, Puppets, convert, real_video, staged, video_of

SHIRT = (30, 30, 200)
FRAMES = [[Puppet(250 + 2 * k, SHIRT)] if k not in (4, 5) else [] for k in range(12)]


def colours(image: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, image.reshape(-1, 3).tolist()))


@pytest.fixture
def filmed(tmp_path: Path) -> tuple[Path, KeypointTrack]:
    path = video_of(staged(FRAMES), tmp_path / "a.mp4")
    return path, track_video(path, Puppets(FRAMES))


def times_and_pictures(path: Path) -> tuple[list[int], list[np.ndarray]]:
    with VideoFile(path) as video:
        frames = list(video)
    return [frame.t_ns for frame in frames], [frame.image for frame in frames]


def test_the_skeleton_is_on_the_performer_and_gaps_are_labelled(
    filmed: tuple[Path, KeypointTrack], tmp_path: Path
) -> None:
    path, track = filmed
    overlay_video(path, track, out=tmp_path / "o.mp4")
    times, drawn = times_and_pictures(tmp_path / "o.mp4")
    before_times, before = times_and_pictures(path)
    assert times == pytest.approx(before_times, abs=1e6)
    for k, (picture, plain) in enumerate(zip(drawn, before, strict=True)):
        changed = np.abs(picture.astype(int) - plain).max(axis=-1) > 60
        if track.present[k]:
            column, row = track.points[k, 12].round().astype(int)  # left elbow
            assert np.abs(picture[row, column].astype(int) - LEFT).max() < 90
            assert not changed[:20].any()
        else:
            rows, columns = np.nonzero(changed)
            assert rows.max() < 60
            assert columns.max() < 300
            assert changed[:40, :200].any()


def test_sides_have_their_colours_and_hidden_joints_are_not_drawn(filmed: tuple[Path, KeypointTrack]) -> None:
    track = filmed[1]
    blank = np.full((300, 640, 3), 90, np.uint8)
    whole = draw_frame(VideoFrame(0, 0, blank), track)
    assert {LEFT, RIGHT} <= colours(whole)
    points, confidence = track.points.copy(), track.confidence.copy()
    points[:, [4, 5, 6, 11, 12, 13]], confidence[:, [4, 5, 6, 11, 12, 13]] = np.nan, 0
    half = draw_frame(VideoFrame(0, 0, blank), replace(track, points=points, confidence=confidence))
    assert LEFT not in colours(half)
    assert RIGHT in colours(half)


def test_the_solved_body_is_drawn_as_well(filmed: tuple[Path, KeypointTrack], tmp_path: Path) -> None:
    path, track = filmed
    solved = np.nan_to_num(track.points, nan=50) + np.float32([60, 0])
    overlay_video(path, track, solved, out=tmp_path / "o.mp4")
    _, drawn = times_and_pictures(tmp_path / "o.mp4")
    column, row = solved[0, 0].round().astype(int)
    assert drawn[0][row, column].min() > 170


def test_uneven_times_are_kept_and_odd_sides_cut(tmp_path: Path) -> None:
    rule = "setpts='if(lt(N,6),N*0.02,0.12+(N-6)*0.08)/TB',scale=641:301"
    how = ("-vf", rule, "-fps_mode", "vfr", "-enc_time_base", "1:1000", "-c:v", "ffv1")
    path = convert(video_of(staged(FRAMES), tmp_path / "a.mp4"), tmp_path / "uneven.mkv", *how)
    t_ns, pictures = times_and_pictures(path)
    track = track_video(path, Puppets([FRAMES[0]] * 40))
    overlay_video(path, track, out=tmp_path / "o.mp4")
    times, drawn = times_and_pictures(tmp_path / "o.mp4")
    assert drawn[0].shape == (300, 640, 3)
    assert times[-1] == pytest.approx(t_ns[-1], abs=1.5e9 / track.fps)
    assert len(pictures) == 12


def test_what_is_not_whole_is_not_left(filmed: tuple[Path, KeypointTrack], tmp_path: Path) -> None:
    path, track = filmed
    out = tmp_path / "out" / "o.mp4"
    with pytest.raises(BadInputError, match="keypoints are not those of"):
        overlay_video(path, replace(track, width=100), out=out)
    with pytest.raises(BadInputError, match="keypoints are not those of"):
        overlay_video(
            path,
            replace(track, t_ns=track.t_ns[:5], points=track.points[:5], confidence=track.confidence[:5]),
            out=out,
        )
    assert list(out.parent.iterdir()) == []
    with pytest.raises(BadInputError, match=r"has to end in \.mp4"):
        overlay_video(path, track, out=tmp_path / "o.txt")
    overlay_video(path, track, out=out)
    with pytest.raises(OutputExistsError):
        overlay_video(path, track, out=out)
    overlay_video(path, track, out=out, force=True)


def test_nothing_is_drawn_of_joints_that_are_nowhere() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    draw_skeleton(image, np.full((17, 2), np.nan, np.float32), 3)
    assert not image.any()
    draw_skeleton(image, np.full((17, 2), 1e6, np.float32), 3)
    assert not image.any()


def test_on_a_real_video(tmp_path: Path) -> None:
    path = real_video("two_people/demo.mp4")
    points = np.full((230, 17, 2), np.nan, np.float32)
    track = KeypointTrack(
        (np.arange(230) * 1e9 / 30).astype(np.int64), points, np.zeros((230, 17), np.float32), 1768, 994, 30.0, "none"
    )
    overlay_video(path, track, out=tmp_path / "o.mp4")
    with VideoFile(tmp_path / "o.mp4") as video:
        assert sum(1 for _ in video) == 230
