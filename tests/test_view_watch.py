"""Whether the camera stood still, told from pictures made for it, and from real ones of cameras that did."""

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

cv2 = pytest.importorskip("cv2")
from mocamba.devices.camera.simulate import SimulatedCamera  # noqa: E402
from mocamba.devices.camera.view_watch import MOVED, ViewMove, ViewWatch  # noqa: E402
from mocamba.devices.keypoints.keypoints import Keypoints  # noqa: E402
from mocamba.devices.keypoints.video import VideoFile  # noqa: E402

from .videos import Puppet, real_video  # noqa: E402

RATE, WIDTH, HEIGHT = 10, 480, 360
SHIRT = (30, 30, 200)


def backdrop(seed: int, room: int = 200) -> np.ndarray:
    """A wall of blotches, larger than the picture by `room` on all sides."""
    random = np.random.default_rng(seed)
    size = HEIGHT + 2 * room, WIDTH + 2 * room
    grey = sum(cv2.GaussianBlur(random.normal(0, 1, size), (0, 0), blur) * blur for blur in (2, 5, 12))
    return np.repeat((128 + 45 * grey).clip(0, 255).astype(np.uint8)[..., None], 3, axis=-1)


class Stage:
    """A wall, seen by a camera turned by `view(seconds)` pixels, with a performer who walks to and fro."""

    def __init__(self, seed: int, view: Callable[[float], tuple[float, float]], others: int = 0) -> None:
        self.wall, self.view, self.others = backdrop(seed), view, others
        self.random = np.random.default_rng(seed)

    def picture(self, seconds: float) -> tuple[np.ndarray, Keypoints]:
        x, y = self.view(seconds)
        move = np.array([[1, 0, -200 - x], [0, 1, -200 - y]], np.float64)
        picture = cv2.warpAffine(self.wall, move, (WIDTH, HEIGHT))
        person = Puppet(240 + 120 * np.sin(seconds), SHIRT, tall=180)
        for k in range(self.others):
            Puppet(60 + 150 * k + 60 * np.cos(seconds + k), (40, 160, 40), tall=180).draw(picture)
        person.draw(picture)
        noisy = picture + self.random.normal(0, 3, picture.shape)
        return noisy.clip(0, 255).astype(np.uint8), person.keypoints(round(seconds * 1e9), WIDTH, HEIGHT)


def elsewhere(width: int, height: int) -> Keypoints:
    """A performer found where none is: in a corner of the picture."""
    return Keypoints(np.ones((17, 2), np.float32), np.ones(17, np.float32), 0, width, height)


def watched(stage: Stage, seconds: float, seen: bool = True) -> Sequence[ViewMove]:
    watch = ViewWatch()
    for number in range(round(seconds * RATE)):
        picture, person = stage.picture(number / RATE)
        watch.look(picture, round(number * 1e9 / RATE), person if seen else elsewhere(WIDTH, HEIGHT))
    return watch.moves


@pytest.mark.parametrize("others", [0, 2])
def test_a_performer_alone_moves_no_camera(others: int) -> None:
    assert not watched(Stage(1, lambda t: (0, 0), others), 8)


def test_a_performer_found_elsewhere_moves_no_camera() -> None:
    assert not watched(Stage(2, lambda t: (0, 0)), 6, seen=False)


def test_a_performer_before_a_plain_wall_moves_no_camera() -> None:
    """The simulated camera's picture has nothing but the performer in it."""
    camera, watch = SimulatedCamera(port=0), ViewWatch()
    for number in range(60):
        picture = cv2.imdecode(np.frombuffer(camera.picture(number / 4), np.uint8), cv2.IMREAD_COLOR)
        watch.look(picture, round(number * 1e9 / 4), elsewhere(640, 480))
    assert not watch.moves


def test_without_a_performer_nothing_is_said() -> None:
    stage, watch = Stage(2, lambda t: (40 * t, 0)), ViewWatch()
    for number in range(20):
        watch.look(stage.picture(number / RATE)[0], round(number * 1e9 / RATE), None)
    assert not watch.moves


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 1000),
    angle=st.floats(0, 6.28),
    far=st.floats(0.01, 0.2),
    at=st.floats(2, 4),
)
def test_a_bump_is_told_with_its_time(seed: int, angle: float, far: float, at: float) -> None:
    x, y = far * WIDTH * np.cos(angle), far * WIDTH * np.sin(angle)
    moves = watched(Stage(seed, lambda t: (x, y) if t >= at else (0.0, 0.0)), 7)
    assert len(moves) == 1
    assert moves[0].rests
    assert moves[0].begin_ns / 1e9 <= at <= moves[0].end_ns / 1e9 + 0.1
    assert moves[0].end_ns - moves[0].begin_ns < 0.8e9
    assert moves[0].far == pytest.approx(far, rel=0.25)


def test_two_bumps_are_two_and_what_trembles_is_none() -> None:
    def view(t: float) -> tuple[float, float]:
        tremor = 0.2 * MOVED * WIDTH * np.sin(40 * t)
        return (20.0 * (t > 2) - 35.0 * (t > 7) + tremor, 0.0)

    moves = watched(Stage(3, view), 10)
    assert [round(move.begin_ns / 1e9) for move in moves] == [2, 7]


def test_a_hand_held_camera_moves_all_the_time() -> None:
    moves = watched(Stage(4, lambda t: (9 * np.sin(2.1 * t) + 5 * np.sin(5.3 * t), 7 * np.sin(3.2 * t))), 9)
    assert len(moves) == 1
    assert moves[0].end_ns - moves[0].begin_ns > 7e9
    assert not moves[0].rests


def test_a_camera_that_pans_is_told_from_when_to_when() -> None:
    moves = watched(Stage(5, lambda t: (40 * float(np.clip(t - 2, 0, 4)), 0.0)), 9)
    assert len(moves) == 1
    assert moves[0].rests
    assert moves[0].begin_ns / 1e9 == pytest.approx(2, abs=0.5)
    assert moves[0].end_ns / 1e9 == pytest.approx(6, abs=0.5)
    assert moves[0].far == pytest.approx(160 / WIDTH, rel=0.25)


def test_a_plain_wall_tells_nothing() -> None:
    watch = ViewWatch()
    for number in range(40):
        watch.look(np.full((90, 120, 3), 100 + number % 2, np.uint8), number * 10**8, elsewhere(120, 90))
    assert not watch.moves


@pytest.mark.parametrize("name", ["one_person_4cam/cam01.mp4", "one_person_4cam/cam03.mp4", "two_people/demo.mp4"])
def test_real_cameras_that_stood_still_did_not_move(name: str) -> None:
    watch = ViewWatch()
    with VideoFile(real_video(name)) as video:
        for frame in islice(video, 120):
            height, width = frame.image.shape[:2]
            watch.look(frame.image, frame.t_ns, elsewhere(width, height))
    assert not watch.moves
