"""Everybody in a picture, by MediaPipe's pose task, made of the models that the package carries for one person.

The task wants one file with the detector and the landmark model in it, each with metadata that tell the range of its
pictures (-1 to 1, and 0 to 1); the package has both models bare, and the tools to add that.
"""

import io
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .quiet import quiet

MOST = 5  # people
DETECTOR, LANDMARKS = "pose_detection/pose_detection.tflite", "pose_landmark/pose_landmark_full.tflite"


class PeopleFinder:
    """Looks at each picture anew."""

    def __init__(self, least: float) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=_task_file()),
            running_mode=vision.RunningMode.IMAGE,
            num_poses=MOST,
            min_pose_detection_confidence=least,
            min_pose_presence_confidence=least,
        )
        with quiet():
            self._landmarker: Any = vision.PoseLandmarker.create_from_options(options)
        self._found_one = False

    def find(self, picture: NDArray[np.uint8]) -> Sequence[Sequence[Any]]:
        """The 33 landmarks of each person in a picture `(h, w, 3)` of red, green, blue; x and y in its width and
        height."""
        import mediapipe

        with nullcontext() if self._found_one else quiet():
            found = self._landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture))
        people: Sequence[Sequence[Any]] = found.pose_landmarks
        self._found_one |= bool(people)
        return people

    def close(self) -> None:
        """Free it."""
        self._landmarker.close()


def _task_file() -> bytes:
    import mediapipe
    from mediapipe.tasks.python.metadata.metadata_writers.model_asset_bundle_utils import create_model_asset_bundle

    models = Path(mediapipe.__file__).parent / "modules"
    file = io.BytesIO()
    create_model_asset_bundle(
        {
            "pose_detector.tflite": _with_range(models / DETECTOR, 127.5, 127.5),
            "pose_landmarks_detector.tflite": _with_range(models / LANDMARKS, 0.0, 255.0),
        },
        file,
    )
    return file.getvalue()


def _with_range(model: Path, mean: float, deviation: float) -> bytes:
    """The model with the metadata that its pictures are (value - mean) / deviation."""
    from mediapipe.tasks.python.metadata.metadata_writers.metadata_writer import MetadataWriter

    writer = MetadataWriter.create(bytearray(model.read_bytes())).add_image_input([mean], [deviation])
    return bytes(writer.populate()[0])
