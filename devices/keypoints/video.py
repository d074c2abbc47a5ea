"""The pictures of a video file, upright and with their own times, and the keypoints of one person in all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import FileFormatError, MissingToolError
from ..camera.options import CameraOptions
from ..camera.reader import WHOLE
from ..camera.source import Kind, Source, open_source
from ..camera.view_watch import ViewWatch
from ..errors import ConnectError, Reason
from .follow import Follower
from .keypoints import KeypointDetector
from .sides import mend_sides
from .track import KeypointTrack, track_of

if TYPE_CHECKING:
    import cv2

Progress = Callable[[float, str], None]  # share done, 0 to 1, and what is being done
USUAL_RATE = 30.0  # Hz, of files that tell neither times nor a rate
SOUND = ((b"ID3", 0), (b"\xff\xfb", 0), (b"fLaC", 0), (b"OggS", 0), (b"WAVE", 8), (b"M4A ", 8))  # and where it stands


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """`image (H, W, 3)` uint8, blue, green, red, as it is shown; `t_ns` from the beginning of the video."""

    number: int
    t_ns: int
    image: NDArray[np.uint8]


class VideoFile:
    """Goes through a video once, while used as a context. What cannot be read raises FileFormatError.

    `told` pictures are what the file says it has, None where it does not; `missing` is the share of them that could
    not be read, once it has been gone through. `rate` is nominal, Hz.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: int | None = None
        self.rate = USUAL_RATE
        self.count = 0
        self._capture: cv2.VideoCapture | None = None

    def __enter__(self) -> Self:
        try:
            self._capture = capture = open_source(Source(Kind.VIDEO, str(self.path)), CameraOptions())
        except ConnectError as error:
            if error.reason is Reason.LIBRARY:
                raise MissingToolError(str(error)) from error
            if error.reason is Reason.GARBLED:
                raise FileFormatError(self.path, *_why_no_video(self.path)) from error
            raise FileFormatError(self.path, error.detail, error.remedy) from error
        import cv2

        rate, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.rate = rate if 0.1 < rate < 1000 else USUAL_RATE
        self.told = round(count) if 0 < count < 1e9 else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._capture is not None:
            self._capture.release()

    def __iter__(self) -> Iterator[VideoFrame]:
        import cv2

        assert self._capture is not None  # it is used as a context
        last_ns = -1
        while True:
            whole, image = self._capture.read()
            if not whole or image is None:
                break
            t_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
            if t_ns <= last_ns:  # bare streams have no times, some files have the same one twice
                t_ns = last_ns + round(1e9 / self.rate)
            yield VideoFrame(self.count, t_ns, np.asarray(image, np.uint8))
            self.count, last_ns = self.count + 1, t_ns
        if self.count == 0:
            raise FileFormatError(self.path, *_why_no_video(self.path))

    @property
    def missing(self) -> float:
        """0 to 1; heads of files are not exact, so that a few pictures too few are none."""
        if self.told is None or self.count >= WHOLE * self.told:
            return 0.0
        return 1 - self.count / self.told


def _why_no_video(path: Path) -> tuple[str, str]:
    """What is wrong with a file in which no picture could be read, and what to do."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        return f"cannot be read ({error.strerror}).", "Look at its permissions."
    if not head:
        return "is empty.", "Copy it again from the camera."
    if any(head[place : place + len(mark)] == mark for mark, place in SOUND):
        return "holds sound and no pictures.", "Name the video, not the sound track."
    if head[4:8] == b"ftyp" or head[:4] in (b"RIFF", b"\x1aE\xdf\xa3"):
        return (
            "is a video's file in which no picture can be read: it was cut off, is damaged, or holds sound alone.",
            "Copy it again from the camera, or convert it to MP4 (H.264) with another program.",
        )
    return "is no video that can be read.", "Name a video; other formats can be converted to MP4 (H.264)."


def track_video(
    path: Path,
    detector: KeypointDetector,
    progress: Progress = lambda share, text: None,
    person: tuple[float, float] | None = None,
) -> KeypointTrack:
    """The main person's joints in each picture of a video; what was wrong with the file is in the track's `warnings`.

    `person`: a point (x, y) in the first pictures, pixels, to say who that is. Raises FileFormatError where there is no
    video, no picture in it, or nobody in the pictures.
    """
    follower, watch = Follower(detector, person), ViewWatch()
    found, times, size = [], [], (0, 0)
    with VideoFile(path) as video:
        for frame in video:
            size = frame.image.shape[1], frame.image.shape[0]
            found.append(follower.follow(frame.image, frame.t_ns))
            times.append(frame.t_ns)
            watch.look(frame.image, frame.t_ns, found[-1])
            progress(min(1.0, (frame.number + 1) / (video.told or frame.number + 2)), "Finding the performer")
    track = mend_sides(track_of(found, times, size, detector.name, _warnings(video), watch.moves))
    if not track.present.any():
        raise FileFormatError(
            path,
            f"nobody is to be seen in its {len(track)} pictures.",
            "Film the whole body, in light that shows it against the background, at least a quarter of the picture "
            "high.",
        )
    return track


def _warnings(video: VideoFile) -> tuple[str, ...]:
    if not video.missing:
        return ()
    return (
        f"{video.path} breaks off or is damaged: {100 * video.missing:.0f} % of its {video.told} pictures are missing. "
        f"The {video.count} that can be read are used.",
    )
