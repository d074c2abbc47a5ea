"""MediaPipe Pose (BlazePose, full), as the last version with a model inside carries it: works offline."""

import os
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import BadInputError, MissingToolError
from .keypoints import Keypoints
from .maps import from_mediapipe

VERSION = "0.10.21"  # later ones have no model inside and no `solutions`


class MediaPipeDetector:
    """Follows one person from picture to picture, and looks for one anew when that is lost."""

    name = "mediapipe"

    def __init__(self, least: float = 0.5) -> None:
        os.environ.setdefault("GLOG_minloglevel", "2")  # its C++ speaks of every delegate it does not use
        try:
            from mediapipe.python.solutions.pose import Pose
        except ImportError as error:
            raise MissingToolError(
                f"Finding people in pictures needs MediaPipe {VERSION}, which is not there ({error}). Set Mocamba up "
                f'again, or: pip install --no-deps "mediapipe=={VERSION}" "protobuf<5" absl-py attrs flatbuffers'
            ) from error
        self._pose: Any = Pose(model_complexity=1, min_detection_confidence=least, min_tracking_confidence=least)

    def detect(self, picture: NDArray[np.uint8], t_ns: int) -> Keypoints | None:
        """See `KeypointDetector`. Raises BadInputError for what is no colour picture."""
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
            raise BadInputError(f"A picture of shape {picture.shape} and {picture.dtype} is no colour picture.")
        height, width = picture.shape[:2]
        found = self._pose.process(np.ascontiguousarray(picture[..., ::-1])).pose_landmarks
        if found is None:
            return None
        marks = np.array([(mark.x * width, mark.y * height, mark.visibility) for mark in found.landmark], np.float32)
        points, confidence = from_mediapipe(marks[:, :2], marks[:, 2])
        return Keypoints(points, confidence, t_ns, width, height)

    def close(self) -> None:
        """See `KeypointDetector`."""
        if self._pose is not None:
            self._pose.close()
            self._pose = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
