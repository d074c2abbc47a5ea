"""Keypoints: maps against the body, MediaPipe on real pictures and on none, what is refused."""

import sys
from collections.abc import Iterator

import numpy as np
import pytest
from mocamba.devices.keypoints.keypoints import Keypoints
from mocamba.devices.keypoints.maps import COCO, COCO_EARS, MEDIAPIPE, MEDIAPIPE_EARS, from_coco, from_mediapipe
from mocamba.devices.keypoints.mediapipe import MediaPipeDetector
from mocamba.rig.errors import BadInputError, MissingToolError
from mocamba.rig.h36m import MIRROR, h36m_positions
from mocamba.rig.motion import evenly_timed
from mocamba.rig.skeleton import SMPL24

from .conftest import DATA

EAR = np.array([0.075, 0.055, 0.0])  # left ear from the head joint, metres


@pytest.fixture(scope="module")
def detector() -> Iterator[MediaPipeDetector]:
    pytest.importorskip("mediapipe", reason="MediaPipe has no wheel for this system")
    with MediaPipeDetector() as found:
        yield found


def standing() -> np.ndarray:
    """The 17 joints of a T-pose from the front: x to the picture's right, which is the performer's left; y down."""
    identity = np.tile(np.array([1.0, 0, 0, 0]), (1, 24, 1))
    joints = h36m_positions(evenly_timed(identity, np.zeros((1, 3)), SMPL24))[0]
    return joints[:, :2] * [1, -1]


def marks(count: int, middles: dict[int, tuple[int, ...]], ears: tuple[int, int]) -> np.ndarray:
    """What a detector would mark on `standing`."""
    joints, points = standing(), np.zeros((count, 2), np.float32)
    for joint, rows in middles.items():
        if len(rows) == 1:
            points[rows[0]] = joints[joint]
    for row, side in zip(ears, (1, -1), strict=True):
        points[row] = joints[9] + EAR[:2] * [side, -1]
    return points


@pytest.mark.parametrize(
    ("convert", "count", "middles", "ears"),
    [(from_mediapipe, 33, MEDIAPIPE, MEDIAPIPE_EARS), (from_coco, 17, COCO, COCO_EARS)],
)
def test_marks_become_the_bodys_joints(convert, count, middles, ears) -> None:
    points, sure = convert(marks(count, middles, ears), np.full(count, 0.9, np.float32))
    away = np.linalg.norm(points - standing(), axis=-1)
    assert away[list(middles)[1:]].max() < 1e-6
    assert away.max() < 0.03, away
    assert (sure == np.float32(0.9)).all()


def test_left_and_right_are_the_performers_own() -> None:
    """A mirrored picture has the mirrored joints."""
    plain = marks(33, MEDIAPIPE, MEDIAPIPE_EARS)
    swapped = plain.copy()
    for a, b in ((7, 8), (11, 12), (13, 14), (15, 16), (23, 24), (25, 26), (27, 28)):
        swapped[[a, b]] = plain[[b, a]] * [-1, 1]
    sure = np.ones(33, np.float32)
    np.testing.assert_allclose(
        from_mediapipe(swapped, sure)[0], from_mediapipe(plain, sure)[0][list(MIRROR)] * [-1, 1], atol=1e-6
    )


def test_a_hidden_joint_is_marked_and_takes_nothing_else_with_it() -> None:
    sure = np.ones(33, np.float32)
    sure[15] = 0.1
    points, found = from_mediapipe(marks(33, MEDIAPIPE, MEDIAPIPE_EARS) * 100 + 300, sure)
    assert found[13] == np.float32(0.1)
    assert (np.delete(found, 13) == 1).all()
    seen = Keypoints(points, found, 0, 640, 640).seen
    assert not seen[13]
    assert seen.sum() == 16
    points[3] = -5, 20
    assert not Keypoints(points, found, 0, 640, 640).seen[3]


def test_normalised_points_are_in_half_widths() -> None:
    corners = np.zeros((17, 2), np.float32)
    corners[1] = 640, 480
    found = Keypoints(corners, np.ones(17, np.float32), 0, 640, 480).normalised
    np.testing.assert_allclose(found[:2], [[-1, -0.75], [1, 0.75]])


def test_a_person_is_found_in_real_pictures(detector: MediaPipeDetector) -> None:
    cv2 = pytest.importorskip("cv2")
    path = DATA / "video" / "one_person_4cam" / "cam02.mp4"
    if not path.exists():
        pytest.skip(f"{path.parent} is not on this machine (MOCAMBA_DATA)")
    capture, found = cv2.VideoCapture(str(path)), []
    try:
        for k in range(8):
            picture = capture.read()[1]
            keypoints = detector.detect(picture, k)
            assert keypoints is not None
            found.append(keypoints)
    finally:
        capture.release()
    last = found[-1]
    assert (last.width, last.height, last.t_ns) == (1080, 1920, 7)
    assert last.seen.all()
    steps = np.linalg.norm(np.diff([one.points for one in found], axis=0), axis=-1)
    assert steps.max() < 60  # pixels of 1,920 from frame to frame: one person is followed
    tall = np.ptp(last.points[:, 1])
    assert 400 < tall < 1200


def test_nobody_is_found_where_nobody_is(detector: MediaPipeDetector) -> None:
    random = np.random.default_rng(0)
    assert detector.detect(np.zeros((120, 160, 3), np.uint8), 0) is None
    assert detector.detect(random.integers(0, 255, (121, 161, 3), np.uint8), 1) is None
    assert detector.detect(np.zeros((1, 1, 3), np.uint8), 2) is None


@pytest.mark.parametrize("shape", [(10, 10), (10, 10, 4), (0, 10, 3)])
def test_what_is_no_picture_is_refused(detector: MediaPipeDetector, shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="no colour picture"):
        detector.detect(np.zeros(shape, np.uint8), 0)
    with pytest.raises(BadInputError, match="float32"):
        detector.detect(np.zeros((10, 10, 3), np.float32), 0)  # type: ignore[arg-type]


def test_without_mediapipe_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions.pose", None)
    with pytest.raises(MissingToolError, match=r"needs MediaPipe 0\.10\.21.*pip install --no-deps"):
        MediaPipeDetector()
