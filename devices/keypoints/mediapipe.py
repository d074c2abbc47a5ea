"""MediaPipe Pose (BlazePose, full), as the last version with a model inside carries it: works offline."""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import MissingToolError
from .keypoints import Keypoints, check_picture, without_doubles
from .maps import from_mediapipe
from .mediapipe_people import PeopleFinder
from .quiet import quiet

VERSION = "0.10.21"  # later ones have no model inside and no `solutions`
LONGEST = 1920  # pixels; 4K costs four times the time and shows the networks nothing more
AROUND = 2.2  # sizes of the person, the side of the square about them that is shown
SLOWLY = 0.25  # share of the person's way that it moves from picture to picture
SAME_SCALE = 0.15  # change of the person's size that leaves the square's side as it is
SHARPEST = 720  # pixels of that square, of which the network sees a part at 256


@dataclass(frozen=True, eq=False)
class _Shown:
    """A part of a picture, red, green, blue: `corner (2,)` and `side (2,)` of it in the picture's pixels."""

    image: NDArray[np.uint8]
    corner: NDArray[np.float32]
    side: NDArray[np.float32]

    def keypoints(self, marks: Sequence[Any], t_ns: int, picture: NDArray[np.uint8]) -> Keypoints:
        """Landmarks in this part as joints in the whole `picture`."""
        values = np.array([(mark.x, mark.y, mark.visibility) for mark in marks], np.float32)
        points, confidence = from_mediapipe(values[:, :2] * self.side + self.corner, values[:, 2])
        return Keypoints(points, confidence, t_ns, picture.shape[1], picture.shape[0])


class MediaPipeDetector:
    """Follows one person from picture to picture, and looks for one anew when that is lost.

    Of a person who was pointed out by `follow`, it shows MediaPipe a square that moves along with them. So those who
    are small in the picture are followed too, and a change of person needs no new start: MediaPipe finds the new one
    where it had the old one, in the middle.
    """

    name = "mediapipe"

    def __init__(self, least: float = 0.5) -> None:
        os.environ.setdefault("GLOG_minloglevel", "2")  # its C++ speaks of every delegate it does not use
        try:
            with quiet():
                from mediapipe.python.solutions.pose import Pose
        except ImportError as error:
            raise MissingToolError(
                f"Finding people in pictures needs MediaPipe {VERSION}, which is not there ({error}). Set Mocamba up "
                f'again, or: pip install --no-deps "mediapipe=={VERSION}" "protobuf<5" absl-py attrs flatbuffers'
            ) from error
        self._least = least
        self._finder: PeopleFinder | None = None
        self._middle: NDArray[np.float32] | None = None  # of whom is followed
        self._side = 0.0  # of the square about them
        self._found_one = False
        with quiet():
            self._pose: Any = Pose(model_complexity=1, min_detection_confidence=least, min_tracking_confidence=least)
            self._pose.process(np.zeros((64, 64, 3), np.uint8))  # its networks are loaded here

    def detect(self, picture: NDArray[np.uint8], t_ns: int) -> Keypoints | None:
        """See `KeypointDetector`. Raises BadInputError for what is no colour picture."""
        check_picture(picture)
        shown = _whole(picture) if self._middle is None else _square(picture, self._middle, self._side)
        # with its first person it says once more what it has to say
        with nullcontext() if self._found_one else quiet():
            marks = self._pose.process(shown.image).pose_landmarks
        if marks is None:
            return None
        self._found_one = True
        found = shown.keypoints(marks.landmark, t_ns, picture)
        if self._middle is not None:
            self._centre(found)
        return found

    def people(self, picture: NDArray[np.uint8], t_ns: int) -> Sequence[Keypoints]:
        """See `KeypointDetector`; those who are small in the picture too."""
        check_picture(picture)
        if self._finder is None:
            self._finder = PeopleFinder(self._least)
        shown, found = _whole(picture), []
        scale = shown.side[0] / shown.image.shape[1]
        for x, y, side in tiles(shown.image.shape[1], shown.image.shape[0]):
            image = np.ascontiguousarray(shown.image[y : y + side, x : x + side])
            size = np.array([image.shape[1], image.shape[0]], np.float32)
            tile = _Shown(image, np.array([x, y], np.float32) * scale, size * scale)
            found += [tile.keypoints(marks, t_ns, picture) for marks in self._finder.find(image)]
        return without_doubles(found)

    def follow(self, person: Keypoints) -> None:
        """See `KeypointDetector`."""
        if self._middle is None and self._found_one:
            self._pose.reset()  # whom it has is somewhere in the whole picture
        self._side = 0.0
        self._centre(person)

    def _centre(self, person: Keypoints) -> None:
        middle = (person.box[:2] + person.box[2:]) / 2
        if self._middle is not None and self._side:
            # at once, the tremor of the joints would shake the picture, and the picture the joints
            middle = self._middle + SLOWLY * (middle - self._middle)
        self._middle = middle
        side = max(AROUND * person.size, 32.0)
        if abs(side - self._side) > SAME_SCALE * self._side:
            self._side = side

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


def _whole(picture: NDArray[np.uint8]) -> _Shown:
    """All of it, not over `LONGEST`."""
    height, width = picture.shape[:2]
    if max(height, width) > LONGEST:
        import cv2

        scale = LONGEST / max(height, width)
        picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale), np.uint8)
    image = np.ascontiguousarray(picture[..., ::-1])
    return _Shown(image, np.zeros(2, np.float32), np.array([width, height], np.float32))


def _square(picture: NDArray[np.uint8], middle: NDArray[np.float32], side: float) -> _Shown:
    """A square of it, black where it is over the edge."""
    import cv2

    pixels = round(min(side, SHARPEST))
    scale = side / pixels
    corner = (middle - side / 2).astype(np.float32)
    # from the square's pixels to the picture's, by their middles
    to_picture = np.array([[scale, 0, corner[0] + scale / 2 - 0.5], [0, scale, corner[1] + scale / 2 - 0.5]])
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    image = cv2.warpAffine(picture, to_picture, (pixels, pixels), flags=flags)
    return _Shown(np.ascontiguousarray(image[..., ::-1]), corner, np.array([side, side], np.float32))
