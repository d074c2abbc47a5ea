"""Videos of every kind that people have, through the real OpenCV; and the one person who is followed through them."""

import wave
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mocamba.devices.keypoints.follow import Follower
from mocamba.devices.keypoints.keypoints import Keypoints
from mocamba.devices.keypoints.mediapipe import MediaPipeDetector, tiles
from mocamba.devices.keypoints.video import VideoFile, track_video
from mocamba.rig.errors import BadInputError, FileFormatError, MissingToolError

cv2 = pytest.importorskip("cv2")
from .videos import RED, Puppet, Puppets, convert, real_video, staged, video, video_of  # noqa: E402

pytestmark = pytest.mark.usefixtures("nothing_left")
GREEN, BLUE = (40, 160, 40), (200, 80, 30)
SHIRT = (30, 30, 200)


@pytest.fixture(scope="module")
def mediapipe() -> Iterator[MediaPipeDetector]:
    pytest.importorskip("mediapipe", reason="MediaPipe has no wheel for this system")
    with MediaPipeDetector() as found:
        yield found


def read(path: Path) -> tuple[list[int], list[np.ndarray], float]:
    with VideoFile(path) as file:
        frames = list(file)
        return [frame.t_ns for frame in frames], [frame.image for frame in frames], file.missing


def refusal(path: Path) -> str:
    with pytest.raises(BadInputError) as caught:
        read(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.endswith(".")
    return text


def test_pictures_and_their_times(tmp_path: Path) -> None:
    times, images, missing = read(video(tmp_path / "a.mp4", rate=25))
    assert times == pytest.approx([round(k * 4e7) for k in range(12)], abs=1e6)
    assert [round(float(image[-1, -1].mean()), -1) for image in images] == [10 * k for k in range(12)]
    assert missing == 0


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    rule = "setpts='if(lt(N,6),N*0.02,0.12+(N-6)*0.08)/TB'"
    how = ("-vf", rule, "-fps_mode", "vfr", "-enc_time_base", "1:1000", "-c:v", "mpeg4")
    times, _, _ = read(convert(video(tmp_path / "a.mp4", 10), tmp_path / "uneven.mp4", *how))
    true = [round((n * 0.02 if n < 6 else 0.12 + (n - 6) * 0.08) * 1e9) for n in range(10)]
    assert times == pytest.approx(true, abs=2e6)


def test_pictures_that_are_kept_in_another_order_than_shown_come_as_shown(tmp_path: Path) -> None:
    """As phones film: H.264 with pictures that lean on later ones."""
    how = ("-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p")
    times, images, _ = read(convert(video(tmp_path / "a.mp4", 20), tmp_path / "b.mp4", *how))
    assert np.diff(times) == pytest.approx(np.full(19, 1e9 / 30), abs=2e6)
    light = [float(image[-8:, -8:].mean()) for image in images]
    assert len(light) == 20
    assert all(b > a for a, b in pairwise(light))


def test_a_bare_stream_without_times_has_its_nominal_rate(tmp_path: Path) -> None:
    times, _, _ = read(convert(video(tmp_path / "a.mp4", 10, 50), tmp_path / "bare.m4v", "-c:v", "mpeg4"))
    assert np.diff(times).min() > 0


@pytest.mark.parametrize(("turned", "corner"), [(90, (-2, 1)), (180, (-2, -2)), (270, (1, -2))])
def test_a_phone_held_upright_gives_upright_pictures(tmp_path: Path, turned: int, corner: tuple[int, int]) -> None:
    how = {"before": ("-display_rotation", str(turned))}
    lying = convert(video(tmp_path / "a.mp4"), tmp_path / "turned.mp4", "-c", "copy", **how)  # type: ignore[arg-type]
    _, images, _ = read(lying)
    assert images[0].shape[:2] == ((48, 64) if turned == 180 else (64, 48))
    np.testing.assert_allclose(images[0][corner], RED, atol=40)


def test_an_odd_size(tmp_path: Path) -> None:
    odd = convert(video(tmp_path / "a.mp4"), tmp_path / "odd.avi", "-vf", "scale=67:41", "-c:v", "ffv1")
    assert read(odd)[1][0].shape == (41, 67, 3)


def test_what_is_no_video_is_refused_in_a_sentence(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "none.mp4")
    text = tmp_path / "notes.mp4"
    text.write_text("not a video at all, but long enough to look like something")
    assert "is no video that can be read" in refusal(text)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    assert "is empty" in refusal(empty)
    assert "folder" in refusal(tmp_path)


def test_sound_alone_is_refused_as_such(tmp_path: Path) -> None:
    path = tmp_path / "clap.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\1" * 8000)
    assert "holds sound and no pictures" in refusal(path)
    assert "holds sound" in refusal(convert(path, tmp_path / "clap.mp3"))
    assert "sound alone" in refusal(convert(path, tmp_path / "clap.mp4", "-c:a", "aac"))


def test_a_video_without_pictures_is_refused(tmp_path: Path) -> None:
    whole = video(tmp_path / "a.mp4", 5)
    none = convert(whole, tmp_path / "none.mp4", "-frames:v", "0", "-c", "copy")
    assert "no picture" in refusal(none)


def test_of_a_file_that_was_cut_off_the_rest_is_used_and_what_is_missing_is_told(tmp_path: Path) -> None:
    whole = video_of(staged([[Puppet(200 + 3 * k, SHIRT)] for k in range(60)]), tmp_path / "a.mp4")
    ahead = convert(whole, tmp_path / "ahead.mp4", "-c", "copy", "-movflags", "+faststart")
    data = ahead.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 3 // 5])
    count = len(read(cut)[0])
    assert 10 < count < 55
    track = track_video(cut, Puppets([[Puppet(200 + 3 * k, SHIRT)] for k in range(60)]))
    (warning,) = track.warnings
    assert f"{round(100 - 100 * count / 60)} % of its 60 pictures are missing" in warning
    assert len(track) == count
    # where the list of pictures stands at the end, nothing can be read without it
    cut.write_bytes(whole.read_bytes()[: len(data) * 3 // 5])
    assert "was cut off" in refusal(cut)


def test_of_a_file_that_is_damaged_inside_what_decodes_is_used(tmp_path: Path) -> None:
    path = video_of(staged([[Puppet(200 + 3 * k, SHIRT)] for k in range(60)]), tmp_path / "a.mp4")
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(1)
    middle = slice(len(data) // 3, len(data) // 2)
    data[middle] = random.integers(0, 256, middle.stop - middle.start, np.uint8).tobytes()
    path.write_bytes(bytes(data))
    times, images, _ = read(path)
    assert len(images) > 10
    assert np.diff(times).min() > 0


def test_nobody_in_a_whole_video_is_said_with_what_to_do(tmp_path: Path, mediapipe: MediaPipeDetector) -> None:
    path = video(tmp_path / "a.mp4", 6)
    with pytest.raises(FileFormatError, match=r"a\.mp4: nobody is to be seen in its 6 pictures\. Film the whole body"):
        track_video(path, mediapipe)


def test_without_opencv_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingToolError, match="pip install 'mocamba"), VideoFile(tmp_path / "a.mp4"):
        pass


def follow(frames: list[list[Puppet]], person: tuple[float, float] | None = None) -> tuple[list[float | None], Puppets]:
    """Where the followed one is in each frame, pixels from the left."""
    detector = Puppets(frames)
    follower = Follower(detector, person)
    found = [follower.follow(picture, round(k * 1e9 / 30)) for k, picture in enumerate(staged(frames))]
    return [None if one is None else float(one.points[0, 0]) for one in found], detector


def crossing(k: int) -> list[Puppet]:
    """The performer stands; a stranger walks past before them, so that for a while only the stranger is found."""
    stranger = Puppet(620 - 8 * k, GREEN)
    return [stranger] if abs(stranger.x - 300) < 40 else [Puppet(300, SHIRT), stranger]


def test_the_largest_and_most_central_one_is_followed() -> None:
    frames = [[Puppet(60, GREEN, 120), Puppet(330, SHIRT, 200), Puppet(560, BLUE, 190)]] * 4
    assert follow(frames)[0] == pytest.approx([330] * 4, abs=1)
    assert follow(frames, (70, 200))[0] == pytest.approx([60] * 4, abs=1)


def test_a_stranger_who_crosses_is_not_gone_over_to() -> None:
    frames = [crossing(k) for k in range(75)]
    places, _ = follow(frames, (300, 200))
    alone = [k for k, there in enumerate(frames) if len(there) == 1]
    for k, place in enumerate(places):
        if k > alone[-1] + 16 or k < alone[0]:  # within half a second of a look at everybody
            assert place == pytest.approx(300, abs=1), k


def test_who_leaves_is_waited_for_and_found_again_and_nobody_else_taken() -> None:
    def there(k: int) -> list[Puppet]:
        stranger = [Puppet(560, GREEN)]
        return stranger if 20 <= k < 50 else [Puppet(200, SHIRT), *stranger]

    places, detector = follow([there(k) for k in range(75)], (200, 200))
    assert places[:20] == pytest.approx([200] * 20, abs=1)
    assert places[20:50] == [None] * 30
    assert places[50:] == pytest.approx([200] * 25, abs=1)
    assert detector.looks < 40  # not in every picture, while all is well


def test_who_is_gone_for_good_is_given_up_after_a_while() -> None:
    frames = [[Puppet(200, SHIRT)] if k < 10 else [Puppet(500, GREEN)] for k in range(120)]
    places, _ = follow(frames)
    assert places[12:90] == [None] * 78
    assert places[-10:] == pytest.approx([500] * 10, abs=1)


def test_half_a_person_has_no_legs(tmp_path: Path) -> None:
    legs = (2, 3, 5, 6)
    frames = [[Puppet(300, SHIRT, hidden=legs)]] * 6
    track = track_video(video_of(staged(frames), tmp_path / "a.mp4"), Puppets(frames))
    assert np.isnan(track.points[:, list(legs)]).all()
    assert track.seen[:, [0, 8, 11, 13]].all()


def test_progress_is_told(tmp_path: Path) -> None:
    frames = [[Puppet(300, SHIRT)]] * 10
    told: list[float] = []
    track_video(video_of(staged(frames), tmp_path / "a.mp4"), Puppets(frames), lambda share, text: told.append(share))
    assert told == sorted(told)
    assert len(told) == 10
    assert told[-1] == 1


def test_tiles_cover_the_picture_and_overlap() -> None:
    for width, height in ((1768, 994), (1080, 1920), (640, 480), (500, 500), (1, 900), (3840, 2160)):
        squares = tiles(width, height)
        assert squares[0] == (0, 0, max(width, height))
        covered = np.zeros(max(width, height), int)
        for x, y, side in squares[1:]:
            assert side == min(width, height)
            covered[max(x, y) : max(x, y) + side] += 1
        assert len(squares) == 1 or (covered[: max(width, height)] > 0).all() or width == 1


def test_two_real_people_one_of_whom_jumps_out_of_sight(mediapipe: MediaPipeDetector) -> None:
    """Somebody on a wall; a passer-by comes, and is larger for a while; the jumper lands on the other side."""
    path = real_video("two_people/demo.mp4")
    track = track_video(path, mediapipe)
    middle = np.full((len(track), 2), np.nan)
    middle[track.present] = np.nanmean(track.points[track.present], axis=1)
    assert track.present[:160].mean() > 0.95
    on_wall = middle[:160][track.present[:160]]
    assert (on_wall[:, 1] < 420).all()
    assert np.abs(np.diff(on_wall[:, 0])).max() < 60
    late = middle[200:][track.present[200:]]
    assert len(late) > 15
    assert (late[:, 0] > 1000).all()


def test_a_person_who_faces_the_camera_keeps_their_sides(mediapipe: MediaPipeDetector) -> None:
    """MediaPipe alone takes this dancer for one from behind for a quarter of the time."""
    track = track_video(real_video("one_person_4cam/cam02.mp4"), mediapipe)
    assert track.present.all()
    across = track.points[:, 11, 0] - track.points[:, 14, 0]  # from the right shoulder to the left
    assert (across > 0).mean() > 0.95


def test_in_the_dark_nobody_is_invented(mediapipe: MediaPipeDetector, tmp_path: Path) -> None:
    with VideoFile(real_video("one_person_4cam/cam01.mp4")) as file:
        picture = cv2.resize(next(iter(file)).image, None, fx=0.25, fy=0.25)
    dark = video_of([(picture * 0.01).astype(np.uint8)] * 5, tmp_path / "dark.mp4")
    with pytest.raises(FileFormatError, match=r"nobody is to be seen in its 5 pictures.*in light that shows it"):
        track_video(dark, mediapipe)
    blurred = video_of([cv2.GaussianBlur(picture, (0, 0), 4)] * 5, tmp_path / "blurred.mp4")
    track = track_video(blurred, mediapipe)
    assert np.isfinite(track.points[track.seen]).all()
    assert (track.confidence[~track.seen] == 0).all()


def test_four_k_is_answered_in_its_own_pixels(mediapipe: MediaPipeDetector) -> None:
    with VideoFile(real_video("one_person_4cam/cam01.mp4")) as file:
        picture = next(iter(file)).image
    large = cv2.resize(picture, None, fx=2, fy=2)
    (small_one, *_), (large_one, *_) = mediapipe.people(picture, 0), mediapipe.people(large, 0)
    assert (large_one.width, large_one.height) == (2 * small_one.width, 2 * small_one.height)
    away = np.linalg.norm(large_one.points / 2 - small_one.points, axis=1)
    assert np.median(away) < 0.02 * small_one.size
    assert isinstance(large_one, Keypoints)
