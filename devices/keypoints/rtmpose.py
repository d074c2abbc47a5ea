"""RTMPose (Jiang et al. 2023) by rtmlib: YOLOX finds people, RTMPose-m the 17 COCO joints of each.

The models are no part of Mocamba: rtmlib downloads them at first use, and keeps them. Code and models are of OpenMMLab,
Apache-2.0; the models were trained on data sets whose own terms are for research (docs/cameras.md).
"""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import MissingToolError, MocambaError
from .keypoints import Keypoints, check_picture, without_doubles
from .maps import from_coco

CROWN = "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk/"
PEOPLE, PEOPLE_SIZE = CROWN + "yolox_m_8xb8-300e_humanart-c2c7a14a.zip", (640, 640)
JOINTS, JOINTS_SIZE = CROWN + "rtmpose-m_simcc-body7_pt-body7_420e-256x192-e48f03d0_20230504.zip", (192, 256)
MARGIN = 0.15  # of a person's box that is added on each side, for what moves until the next picture
SURE = 0.3  # RTMPose's score from which a joint is seen; ours is 0.5


class RtmPoseDetector:
    """Follows one person by their joints' box, without looking for people again. `people_model` and `joints_model`:
    files or addresses of other models of these kinds."""

    name = "rtmpose"

    def __init__(self, people_model: str | Path = PEOPLE, joints_model: str | Path = JOINTS) -> None:
        try:
            from rtmlib import YOLOX, RTMPose
        except ImportError as error:
            raise MissingToolError(
                f"RTMPose needs rtmlib, which is not there ({error}). pip install 'mocamba[rtmpose]', then: "
                f"pip install --no-deps rtmlib. It downloads its models at first use."
            ) from error
        self._people = _loaded(YOLOX, people_model, PEOPLE_SIZE)
        self._joints = _loaded(RTMPose, joints_model, JOINTS_SIZE)
        self._box: NDArray[np.float32] | None = None

    def detect(self, picture: NDArray[np.uint8], t_ns: int) -> Keypoints | None:
        """See `KeypointDetector`; whoever is surest where nobody is followed. Raises BadInputError for no picture."""
        check_picture(picture)
        if self._box is None:
            found = next(iter(self.people(picture, t_ns)), None)
        else:
            found = next(iter(self._in_boxes(picture, self._box[None], t_ns)), None)
        self._box = None if found is None else _grown(found.box)
        return found

    def people(self, picture: NDArray[np.uint8], t_ns: int) -> Sequence[Keypoints]:
        """See `KeypointDetector`."""
        check_picture(picture)
        boxes = np.asarray(self._people(picture), np.float32).reshape(-1, 4)
        return without_doubles(self._in_boxes(picture, boxes, t_ns)) if len(boxes) else ()

    def follow(self, person: Keypoints) -> None:
        """See `KeypointDetector`."""
        self._box = _grown(person.box)

    def close(self) -> None:
        """See `KeypointDetector`."""
        self._people = self._joints = None

    def _in_boxes(self, picture: NDArray[np.uint8], boxes: NDArray[np.float32], t_ns: int) -> list[Keypoints]:
        """Of those boxes in which somebody is."""
        height, width = picture.shape[:2]
        found = []
        for marks, scores in zip(*self._joints(picture, bboxes=boxes), strict=True):
            sure = np.clip(np.asarray(scores, np.float32) * (0.5 / SURE), 0, 1)
            points, confidence = from_coco(np.asarray(marks, np.float32), sure)
            one = Keypoints(points, confidence, t_ns, width, height)
            if one.seen.any():
                found.append(one)
        return found


def _grown(box: NDArray[np.float32]) -> NDArray[np.float32]:
    margin = MARGIN * (box[2:] - box[:2]).max()
    grown: NDArray[np.float32] = box + np.array([-margin, -margin, margin, margin], np.float32)
    return grown


def _loaded(kind: Any, model: str | Path, size: tuple[int, int]) -> Any:
    try:
        with redirect_stdout(io.StringIO()):  # it says what it loads where results go
            return kind(str(model), model_input_size=size, backend="onnxruntime", device="cpu")
    except Exception as error:  # rtmlib, urllib, zipfile and onnxruntime each have their own
        if str(model).startswith("http"):
            raise MocambaError(
                f"RTMPose's model could not be downloaded ({type(error).__name__}: {error}). Look at the network "
                f"connection and try again, or use --detector mediapipe, which needs none."
            ) from error
        raise MocambaError(
            f"{model} cannot be used ({type(error).__name__}: {error}). Name an ONNX file of this kind of model."
        ) from error
