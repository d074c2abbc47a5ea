"""What a camera saw, as a video in the take's folder that grows picture by picture.

MPEG-4 in a transport stream: a format made to be cut off anywhere. What was written before a kill plays, but for the
last few pictures (32 KiB wait in memory). The pictures' real times are in `raw.mcap`, not in the film, which plays at
the camera's nominal rate.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..devices.keypoints.quiet import quiet
from ..rig.errors import BadInputError

if TYPE_CHECKING:
    import cv2

FILM = "camera.ts"


class Film:
    """Raises BadInputError, with the first picture, where no film can be written. All pictures get the size of the
    first."""

    def __init__(self, path: Path, rate: float) -> None:
        self.path = path
        self.count = 0
        self._rate = rate
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def add(self, image: NDArray[np.uint8]) -> int:
        """The picture's number."""
        import cv2

        if self._writer is None:
            self._open(image)
        assert self._writer is not None
        if (image.shape[1], image.shape[0]) != self._size:  # the camera came back with another one
            image = np.asarray(cv2.resize(image, self._size), np.uint8)
        self._writer.write(image)
        self.count += 1
        return self.count - 1

    def _open(self, image: NDArray[np.uint8]) -> None:
        import cv2

        height, width = image.shape[:2]
        self._size = width - width % 2, height - height % 2  # no encoder takes odd sides
        code = cv2.VideoWriter.fourcc(*"mp4v")
        with quiet():  # of the code, which this kind of file does not carry
            self._writer = cv2.VideoWriter(str(self.path), cv2.CAP_FFMPEG, code, self._rate, self._size)
        if not self._writer.isOpened():
            raise BadInputError(f"{self.path} cannot be written. Choose another folder or free some space.")

    def close(self) -> None:
        """Finish it; a second call does nothing."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.release()
