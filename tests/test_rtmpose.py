"""RTMPose through rtmlib, with networks that the test stands in for: what is shown to them and what is made of it."""

import sys
import urllib.error
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from mocamba.devices.keypoints import detectors
from mocamba.devices.keypoints.detectors import check_detector, open_detector
from mocamba.devices.keypoints.maps import COCO, COCO_EARS
from mocamba.devices.keypoints.rtmpose import JOINTS_SIZE, PEOPLE_SIZE, RtmPoseDetector
from mocamba.rig.errors import BadInputError, MissingToolError, MocambaError

pytest.importorskip("rtmlib", reason="rtmlib is not installed")
pytest.importorskip("cv2")
from .test_keypoints import marks

BOX = np.array([200.0, 60.0, 320.0, 380.0])
SIMCC = 2  # marks a pixel of the network's picture


class Session:
    """In place of onnxruntime's: YOLOX finds the bright boxes of the picture; RTMPose finds 17 marks at fixed places of
    what it is shown, if that is bright in its middle."""

    def __init__(self, path_or_bytes: str, providers: Any) -> None:
        self.people = Path(path_or_bytes).name == "people.onnx"
        self.shown: list[np.ndarray] = []

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="input")]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name=name) for name in (("dets",) if self.people else ("simcc_x", "simcc_y"))]

    def run(self, outputs: Any, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        picture = inputs["input"]
        self.shown.append(picture)
        return self._boxes(picture) if self.people else self._joints(picture)

    @staticmethod
    def _boxes(picture: np.ndarray) -> list[np.ndarray]:
        import cv2

        bright = (picture[0].mean(axis=0) > 200).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(bright)
        boxes = [(x, y, x + w, y + h, 0.9) for x, y, w, h, _ in stats[1:]]
        return [np.array(boxes, np.float32).reshape(1, -1, 5)]

    @staticmethod
    def _joints(picture: np.ndarray) -> list[np.ndarray]:
        _, _, height, width = picture.shape
        bright = picture[0, :, height // 2, width // 2].mean() > 1
        x = np.zeros((1, 17, SIMCC * width), np.float32)
        y = np.zeros((1, 17, SIMCC * height), np.float32)
        for k, (column, row) in enumerate(places() * [width, height] * SIMCC):
            x[0, k, round(column)] = y[0, k, round(row)] = 0.8 if bright else 0.05
        return [x, y]


def places() -> np.ndarray:
    """Of the 17 COCO marks in what RTMPose is shown, from 0 to 1."""
    found = marks(17, COCO, COCO_EARS)
    low, high = found.min(axis=0), found.max(axis=0)
    return 0.2 + 0.6 * (found - low) / (high - low)


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], RtmPoseDetector]:
    monkeypatch.setattr("onnxruntime.InferenceSession", Session)
    for name in ("people", "joints"):
        (tmp_path / f"{name}.onnx").write_bytes(b"a model")
    return lambda: RtmPoseDetector(tmp_path / "people.onnx", tmp_path / "joints.onnx")


def picture(*boxes: np.ndarray) -> np.ndarray:
    image = np.full((480, 720, 3), 30, np.uint8)
    for left, top, right, bottom in np.array(boxes).astype(int).reshape(-1, 4):
        image[top:bottom, left:right] = 250
    return image


def expected(box: np.ndarray) -> np.ndarray:
    """Where `places` are in the picture: rtmlib shows a quarter more than the box, at the network's shape."""
    middle, size = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) * 1.25
    shape = JOINTS_SIZE[0] / JOINTS_SIZE[1]
    size = np.array([max(size[0], size[1] * shape), max(size[1], size[0] / shape)])
    return middle + (places() - 0.5) * size


def test_people_are_found_and_their_marks_become_the_bodys_joints(
    detector: Callable[[], RtmPoseDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    finder = detector()
    assert capsys.readouterr().out == ""  # results go there
    other = BOX + np.array([300, 0, 300, 0])
    people = finder.people(picture(BOX, other), 7)
    assert len(people) == 2
    for box, one in zip((BOX, other), sorted(people, key=lambda one: float(one.box[0])), strict=True):
        true = expected(box)
        assert one.points[list(COCO)[1:]] == pytest.approx(
            np.array([true[list(rows)].mean(axis=0) for rows in list(COCO.values())[1:]]), abs=3
        )
        assert (one.width, one.height, one.t_ns) == (720, 480, 7)
        assert one.seen.all()
    assert finder._people.session.shown[0].shape == (1, 3, *PEOPLE_SIZE)
    assert finder._joints.session.shown[0].shape == (1, 3, JOINTS_SIZE[1], JOINTS_SIZE[0])
    finder.close()
    finder.close()


def test_whoever_is_followed_is_not_searched_for(detector: Callable[[], RtmPoseDetector]) -> None:
    finder = detector()
    first = finder.people(picture(BOX), 0)[0]
    finder.follow(first)
    searches = len(finder._people.session.shown)
    found = finder.detect(picture(BOX), 1)
    assert found is not None
    assert len(finder._people.session.shown) == searches
    assert finder.detect(picture(), 2) is None  # what was followed is gone
    assert finder.detect(picture(BOX), 3) is not None  # anybody
    assert len(finder._people.session.shown) == searches + 1
    assert list(finder.people(picture(), 4)) == []


def test_a_model_that_cannot_be_downloaded_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def offline(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("rtmlib.tools.file.urlopen", offline)
    with pytest.raises(MocambaError, match=r"could not be downloaded.*Look at the network.*--detector mediapipe"):
        RtmPoseDetector()
    path = tmp_path / "damaged.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(MocambaError, match=r"damaged\.onnx cannot be used.*Name an ONNX file"):
        RtmPoseDetector(path, path)


def test_without_rtmlib_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    with pytest.raises(MissingToolError, match=r"pip install 'mocamba\[rtmpose\]'.*downloads its models at first use"):
        open_detector("rtmpose")


def test_detectors_are_known_by_name() -> None:
    assert set(detectors.DETECTORS) == {"mediapipe", "rtmpose"}
    with pytest.raises(BadInputError, match=r"'yolo'\. There are: mediapipe, rtmpose\."):
        check_detector("yolo")
