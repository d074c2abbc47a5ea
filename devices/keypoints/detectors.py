"""The keypoint detectors there are, by name."""

import importlib
from collections.abc import Callable
from contextlib import suppress

from ...rig.errors import BadInputError
from .keypoints import KeypointDetector
from .mediapipe import MediaPipeDetector
from .quiet import quiet
from .rtmpose import RtmPoseDetector

DEFAULT_DETECTOR = MediaPipeDetector.name
DETECTORS: dict[str, Callable[[], KeypointDetector]] = {
    MediaPipeDetector.name: MediaPipeDetector,
    RtmPoseDetector.name: RtmPoseDetector,
}
LIBRARIES = {MediaPipeDetector.name: "mediapipe.python.solutions.pose", RtmPoseDetector.name: "rtmlib"}


def check_detector(name: str) -> None:
    """Raise BadInputError for a name that no detector has."""
    if name not in DETECTORS:
        raise BadInputError(f"There is no keypoint detector {name!r}. There are: {', '.join(DETECTORS)}.")


def load_detector(name: str) -> None:
    """Import what it needs, in time: Python stands still for a second or two meanwhile, in all threads. What is missing
    is said when it is opened."""
    check_detector(name)
    with suppress(ImportError), quiet():
        importlib.import_module(LIBRARIES.get(name, "cv2"))


def open_detector(name: str) -> KeypointDetector:
    """Ready to look. Raises MissingToolError where what it needs is not there, BadInputError for an unknown name."""
    check_detector(name)
    return DETECTORS[name]()
