"""Which cameras this computer has."""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..discovery import Found
from ..errors import ConnectError, DeviceError
from .options import CameraOptions
from .source import Kind, Source, check_source, load_cv2, open_source

CLASSES = "/sys/class/video4linux"  # where Linux tells of them
MOST = 4  # cameras that are looked for on systems that list none


def find_cameras() -> Sequence[Found]:
    """By number, with the reason where one cannot be used. Linux tells without switching them on; others do not."""
    if sys.platform == "linux":
        return [_found(number, name) for number, name in _listed()]
    return list(_tried())


def _listed() -> list[tuple[str, str]]:
    """Number and name; the second node that many cameras have gives no pictures."""
    cameras = []
    for node in Path(CLASSES).glob("video*"):
        with suppress(OSError):
            if (node / "index").read_text().strip() == "0":
                cameras.append((re.sub(r"\D", "", node.name), (node / "name").read_text(errors="replace").strip()))
    return sorted(cameras, key=lambda camera: int(camera[0]))


def _found(number: str, name: str) -> Found:
    try:
        check_source(Source(Kind.WEBCAM, number))
    except ConnectError as error:
        return Found("camera", number, "camera", name, error.reason, f"{error.detail} {error.remedy}")
    return Found("camera", number, "camera", name)


def _tried() -> Sequence[Found]:
    found = []
    with suppress(DeviceError):  # without OpenCV, or no more of them
        load_cv2()
        for number in range(MOST):
            open_source(Source(Kind.WEBCAM, str(number)), CameraOptions()).release()
            found.append(Found("camera", str(number), "camera", ""))
    return found
