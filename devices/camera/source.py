"""Where pictures come from, told from what the user typed; and why it cannot be opened, which OpenCV never says."""

import errno
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConnectError, Reason, missing_library
from .options import CameraOptions

if TYPE_CHECKING:
    import cv2

OPEN_WITHIN = 5000  # ms, for an address on the network
PICTURE_WITHIN = 2000  # ms; under `device.JOIN`, so that a reader never hangs in a dead stream
NODES = "/dev/video{}"  # of cameras on Linux
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
_ADDRESS = re.compile(r"(https?|rtsps?|rtmp|udp|tcp)://.", re.IGNORECASE)


class Kind(Enum):
    """What a source is."""

    WEBCAM = "camera"
    STREAM = "address"
    VIDEO = "video"
    PICTURES = "pictures"


@dataclass(frozen=True)
class Source:
    """`target`: what OpenCV opens: a camera's number, an address, a file, the first picture or a pattern of names."""

    kind: Kind
    target: str

    @property
    def live(self) -> bool:
        """Whether its pictures come when they come."""
        return self.kind in (Kind.WEBCAM, Kind.STREAM)

    @property
    def name(self) -> str:
        """What the user knows it by; passwords in addresses are left out."""
        if self.kind is Kind.WEBCAM:
            return f"camera {self.target}"
        return re.sub(r"//[^/@]*@", "//", self.target) if self.kind is Kind.STREAM else self.target


def parse_source(text: str) -> Source:
    """A number is a camera of this computer; then there are addresses, folders or `%03d` patterns of pictures, videos.

    Never raises: what does not exist is said when it is opened.
    """
    if text.isdecimal() and text.isascii():
        return Source(Kind.WEBCAM, str(int(text[:4])))
    if _ADDRESS.match(text):
        return Source(Kind.STREAM, text)
    with suppress(OSError, ValueError):
        if Path(text).is_dir():
            return Source(Kind.PICTURES, _first_picture(Path(text)))
    if re.search(r"%0?\d*d", Path(text).name):
        return Source(Kind.PICTURES, text)
    return Source(Kind.VIDEO, text)


def _first_picture(folder: Path) -> str:
    names = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in PICTURES)
    return str(folder / names[0]) if names else str(folder)


def open_source(source: Source, options: CameraOptions) -> "cv2.VideoCapture":
    """OpenCV's capture, set up. Raises ConnectError with the reason."""
    load_cv2()
    check_source(source)
    capture = _open(source)
    if not capture.isOpened():
        capture.release()
        raise _why_not(source)
    _set_up(capture, source, options)
    return capture


def _open(source: Source) -> "cv2.VideoCapture":
    import cv2

    match source.kind:
        case Kind.WEBCAM:
            return cv2.VideoCapture(int(source.target), cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)
        case Kind.STREAM:
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_WITHIN, cv2.CAP_PROP_READ_TIMEOUT_MSEC, PICTURE_WITHIN]
            return cv2.VideoCapture(source.target, cv2.CAP_FFMPEG, limits)
        case Kind.PICTURES:
            return cv2.VideoCapture(source.target, cv2.CAP_IMAGES)
    return cv2.VideoCapture(source.target, cv2.CAP_FFMPEG)


def _set_up(capture: "cv2.VideoCapture", source: Source, options: CameraOptions) -> None:
    import cv2

    if source.kind is Kind.VIDEO:
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # phones film sideways and say so in the file
    if source.kind is not Kind.WEBCAM:
        return
    if options.width is not None or options.rate is not None:
        # uncompressed, USB has no room for large pictures at full rate
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    asked: Sequence[tuple[int, float | None]] = (
        (cv2.CAP_PROP_FRAME_WIDTH, options.width),
        (cv2.CAP_PROP_FRAME_HEIGHT, options.height),
        (cv2.CAP_PROP_FPS, options.rate),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    )
    for setting, value in asked:
        if value is not None:
            capture.set(setting, value)


def load_cv2() -> None:
    """Import OpenCV, told to keep quiet: what it prints to the terminal is said in our errors. Raises ConnectError."""
    # both are read once, when the library is loaded
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(PICTURE_WITHIN // 1000))
    try:
        import cv2
    except ImportError:
        raise missing_library("camera", "opencv-python-headless", "camera") from None
    cv2.setLogLevel(0)


def check_source(source: Source) -> None:
    """Refuse what the file system can tell about; OpenCV would only say that it is not open. Raises ConnectError."""
    if source.kind is Kind.STREAM or (source.kind is Kind.PICTURES and "%" in source.target):
        return
    if source.kind is Kind.WEBCAM and sys.platform != "linux":
        return
    path = NODES.format(source.target) if source.kind is Kind.WEBCAM else source.target
    try:
        os.close(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)))
    except ValueError:
        raise _missing(source) from None
    except OSError as error:
        # Windows does not open folders
        if not (error.errno == errno.EACCES and Path(path).is_dir()):
            raise _refused(source, error) from error
    if source.kind is not Kind.WEBCAM and Path(path).is_dir():
        raise ConnectError(
            source.name,
            Reason.NOT_FOUND,
            "the folder holds no pictures.",
            f"Put pictures with numbers in their names in it ({', '.join(PICTURES)}).",
        )


def _refused(source: Source, error: OSError) -> ConnectError:
    if error.errno in (errno.EACCES, errno.EPERM):
        remedy = "Ask its owner to let you read it."
        if source.kind is Kind.WEBCAM:
            remedy = "Add yourself to the group video: sudo usermod -aG video $USER; then log out and in again."
        return ConnectError(source.name, Reason.PERMISSION, "you may not open it.", remedy)
    if error.errno == errno.EBUSY:
        return _busy(source)
    return _missing(source)


def _missing(source: Source) -> ConnectError:
    if source.kind is Kind.WEBCAM:
        return ConnectError(
            source.name,
            Reason.NOT_FOUND,
            "there is no such camera.",
            "Plug it in; cameras are counted from 0. In a container or virtual machine, hand it on to that first.",
        )
    return ConnectError(source.name, Reason.NOT_FOUND, "there is no such file.", "Look for a typing error in its name.")


def _busy(source: Source) -> ConnectError:
    return ConnectError(
        source.name,
        Reason.IN_USE,
        "another program is using the camera.",
        "Close browsers, video calls and whatever else shows a picture of it.",
    )


def _why_not(source: Source) -> ConnectError:
    match source.kind:
        case Kind.WEBCAM if sys.platform == "linux":
            # the system let us open it just before
            return _busy(source)
        case Kind.WEBCAM:
            return ConnectError(
                source.name,
                Reason.NOT_FOUND,
                "it cannot be opened: it is not there, another program uses it, or the system does not let this one.",
                "Plug it in, close video calls, and allow the camera in the system's privacy settings.",
            )
        case Kind.STREAM:
            return ConnectError(
                source.name,
                Reason.NO_ANSWER,
                "no video comes from this address.",
                "Open it in a browser on this computer: if that shows nothing either, look at the camera's app, "
                "its network and the port.",
            )
    if source.kind is Kind.PICTURES and not Path(source.target).exists():
        return _missing(source)
    return ConnectError(
        source.name,
        Reason.GARBLED,
        "it is no video or picture that OpenCV can read.",
        "Play it in another program; convert it to MP4 (H.264) if that works.",
    )
