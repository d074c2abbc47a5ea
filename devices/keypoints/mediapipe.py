"""MediaPipe Pose (BlazePose, full), as the last version with a model inside carries it: works offline."""

import os
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import MissingToolError
from .keypoints import Keypoints, check_picture, without_doubles
from .maps import from_mediapipe
from .mediapipe_people import PeopleFinder

VERSION = "0.10.21"  # later ones have no model inside and no `solutions`
LONGEST = 1920  # pixels; the network sees 256 of a person, and 4K costs four times the time
AROUND = 0.5  # of a person's box that is left around it where the rest of the picture is hidden
TRIES = 5  # pictures that a person is looked for in at their place alone


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
        self._least = least
        self._finder: PeopleFinder | None = None
        self._only: NDArray[np.float32] | None = None  # the box of whom to follow, until they are found
        self._tries = 0

    def detect(self, picture: NDArray[np.uint8], t_ns: int) -> Keypoints | None:
        """See `KeypointDetector`. Raises BadInputError for what is no colour picture."""
        check_picture(picture)
        height, width = picture.shape[:2]
        shown = _prepared(picture)
        if self._only is not None:
            shown = _blanked(shown, self._only * (shown.shape[1] / width))
        found = self._pose.process(shown).pose_landmarks
        self._tries -= 1
        if found is not None or self._tries <= 0:
            self._only = None
        return None if found is None else _keypoints(found.landmark, t_ns, width, height)

    def people(self, picture: NDArray[np.uint8], t_ns: int) -> Sequence[Keypoints]:
        """See `KeypointDetector`; those who are small in the picture too."""
        check_picture(picture)
        if self._finder is None:
            self._finder = PeopleFinder(self._least)
        shown, (height, width) = _prepared(picture), picture.shape[:2]
        scale = width / shown.shape[1]
        found = []
        for x, y, side in tiles(shown.shape[1], shown.shape[0]):
            tile = np.ascontiguousarray(shown[y : y + side, x : x + side])
            for marks in self._finder.find(tile):
                one = _keypoints(marks, t_ns, tile.shape[1], tile.shape[0])
                points = ((one.points + np.array([x, y])) * scale).astype(np.float32)
                found.append(Keypoints(points, one.confidence, t_ns, width, height))
        return without_doubles(found)

    def follow(self, person: Keypoints) -> None:
        """See `KeypointDetector`."""
        self._pose.reset()
        self._only, self._tries = person.box, TRIES

    def close(self) -> None:
        """See `KeypointDetector`."""
        for part in (self._pose, self._finder):
            if part is not None:
                part.close()
        self._pose = self._finder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def tiles(width: int, height: int) -> list[tuple[int, int, int]]:
    """Left, top and side of squares: the whole picture, and, where it is far from square, overlapping ones along it:
    the detector sees 224 pixels of each, too few for whoever fills a fifth of the picture."""
    short, long = sorted((width, height))
    squares = [(0, 0, long)]
    count = int(np.ceil(2 * long / short)) - 1
    if count > 1:
        places = np.linspace(0, long - short, count).round().astype(int).tolist()
        squares += [(place, 0, short) if width > height else (0, place, short) for place in places]
    return squares


def _prepared(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Red, green, blue, and not over `LONGEST`."""
    longest = max(picture.shape[:2])
    if longest > LONGEST:
        import cv2

        picture = np.asarray(cv2.resize(picture, None, fx=LONGEST / longest, fy=LONGEST / longest), np.uint8)
    return np.ascontiguousarray(picture[..., ::-1])


def _blanked(picture: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Black but for a box and what is around it."""
    margin = AROUND * (box[2:] - box[:2]).max()
    left, top = np.maximum(box[:2] - margin, 0).astype(int)
    right, bottom = np.maximum(box[2:] + margin, 0).astype(int)
    shown = np.zeros_like(picture)
    shown[top:bottom, left:right] = picture[top:bottom, left:right]
    return shown


def _keypoints(marks: Sequence[Any], t_ns: int, width: int, height: int) -> Keypoints:
    values = np.array([(mark.x * width, mark.y * height, mark.visibility) for mark in marks], np.float32)
    points, confidence = from_mediapipe(values[:, :2], values[:, 2])
    return Keypoints(points, confidence, t_ns, width, height)
