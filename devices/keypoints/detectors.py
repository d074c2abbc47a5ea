"""The keypoint detectors there are, by name."""

from collections.abc import Callable

from ...rig.errors import BadInputError
from .keypoints import KeypointDetector
from .mediapipe import MediaPipeDetector
from .rtmpose import RtmPoseDetector

DEFAULT_DETECTOR = MediaPipeDetector.name
DETECTORS: dict[str, Callable[[], KeypointDetector]] = {
    MediaPipeDetector.name: MediaPipeDetector,
    RtmPoseDetector.name: RtmPoseDetector,
}


def check_detector(name: str) -> None:
    """Raise BadInputError for a name that no detector has."""
    if name not in DETECTORS:
        raise BadInputError(f"There is no keypoint detector {name!r}. There are: {', '.join(DETECTORS)}.")


def open_detector(name: str) -> KeypointDetector:
    """Ready to look. Raises MissingToolError where what it needs is not there, BadInputError for an unknown name."""
    check_detector(name)
    return DETECTORS[name]()
