"""What a camera saw, as a video in the take's folder that grows picture by picture.

Motion JPEG, one picture behind the other, each handed to the system whole: whatever dies, every picture before it
plays, and a full disk is noticed. Video codecs make a fifth of it, but hold seconds back. The pictures' real times are
in `raw.mcap`; the film itself knows none, and programs play it at 25 a second.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..rig.whole_file import written
from .appending import AppendFile

FILM = "camera.mjpg"
QUALITY = 85  # of JPEG: 640 x 480 takes 50 to 80 kB, 1920 x 1080 180 to 350


class Film:
    """A new file. Raises BadInputError where it cannot be written, or no longer; what was written stays."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        with written(path):
            self._file = AppendFile(path)

    def add(self, image: NDArray[np.uint8]) -> int:
        """The number of the picture `(H, W, 3)` of blue, green, red."""
        import cv2

        with written(self.path):
            self._file.write(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
            self._file.flush()
        self.count += 1
        return self.count - 1

    def close(self) -> None:
        """A second call does nothing."""
        self._file.close()
