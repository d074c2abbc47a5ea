"""A camera's lens from pictures of a chessboard (Zhang 2000, by OpenCV)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import BadInputError, FileFormatError
from ...rig.lens import Lens
from ..keypoints.video import VideoFile
from .source import PICTURES, load_cv2

Progress = Callable[[float, str], None]
Picture = NDArray[np.uint8]

LEAST, MOST = 6, 40  # views of the board: fewer say too little, more only take time
APART = 0.03  # of the picture's width that the board has to move on between two views
NEAR = 0.45  # of the way to the next corner: what lies so near tells where a corner is
BLURRED = 1.5  # pixels (rms) between found and calculated corners over which something is wrong


@dataclass(frozen=True)
class Board:
    """`columns` and `rows` of inner corners: a board of 10 x 7 fields has 9 x 6."""

    columns: int = 9
    rows: int = 6

    def corners(self) -> NDArray[np.float32]:
        """`(columns * rows, 3)` on the board, in fields: the size of a field changes no lens."""
        grid = np.zeros((self.rows * self.columns, 3), np.float32)
        grid[:, :2] = np.mgrid[0 : self.columns, 0 : self.rows].T.reshape(-1, 2)
        return grid


def calibrate_lens(source: Path, board: Board, progress: Progress) -> tuple[Lens, float, int]:
    """The lens that took `source`, a video or a folder of pictures; how well it fits (rms, pixels), and by how many
    views. Raises BadInputError where the board is not seen often enough, or nothing fits.
    """
    load_cv2()
    import cv2

    views, size = _views(source, board, progress)
    if len(views) < LEAST:
        raise BadInputError(
            f"{source}: the board is seen whole in {len(views)} views of its own; {LEAST} are needed. Show a board of "
            f"{board.columns} x {board.rows} inner corners, flat, from many sides, also near the picture's edges."
        )
    progress(0.9, "Calculating the lens")
    found = cv2.calibrateCamera([board.corners()] * len(views), views, size, np.eye(3), np.zeros(5))
    fit, matrix, bent = found[0], np.asarray(found[1]), np.asarray(found[2])
    if not fit < BLURRED:
        raise BadInputError(
            f"{source}: no lens explains these views ({fit:.1f} pixels off). The board has to be flat and the pictures "
            f"sharp; {board.columns} x {board.rows} are inner corners."
        )
    source_text = f"chessboard, {len(views)} views, {fit:.2f} px"
    k1, k2, p1, p2, k3 = (float(value) for value in bent.ravel()[:5])
    focal, centre = (float(matrix[0, 0]), float(matrix[1, 1])), (float(matrix[0, 2]), float(matrix[1, 2]))
    return Lens(*size, focal, centre, (k1, k2, p1, p2, k3), source_text), float(fit), len(views)


def _views(source: Path, board: Board, progress: Progress) -> tuple[list[NDArray[np.float32]], tuple[int, int]]:
    """Corners `(N, 1, 2)` in views that differ, and the pictures' size."""
    views: list[NDArray[np.float32]] = []
    size = (0, 0)
    for share, picture in _pictures(source):
        progress(0.9 * share, "Looking for the board")
        now = picture.shape[1], picture.shape[0]
        if views and now != size:
            raise BadInputError(f"{source}: pictures of {size} and {now} pixels are not of one camera.")
        size = now
        found = _corners(picture, board)
        if found is None or any(np.abs(found - other).mean() < APART * now[0] for other in views):
            continue
        views.append(found)
        if len(views) == MOST:
            break
    return views, size


def _corners(picture: Picture, board: Board) -> NDArray[np.float32] | None:
    import cv2

    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    there, found = cv2.findChessboardCornersSB(grey, (board.columns, board.rows))
    if not there:
        return None
    # on tilted boards they are off by up to a fifth of a pixel, all to one side
    rows = found.reshape(board.rows, board.columns, 2)
    apart = min(float(np.linalg.norm(np.diff(rows, axis=axis), axis=-1).min()) for axis in (0, 1))
    half = max(2, int(NEAR * apart))
    closely = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-4)
    return np.asarray(cv2.cornerSubPix(grey, found, (half, half), (-1, -1), closely), np.float32)


def _pictures(source: Path) -> Iterator[tuple[float, Picture]]:
    return _of_folder(source) if source.is_dir() else _of_video(source)


def _of_video(path: Path) -> Iterator[tuple[float, Picture]]:
    with VideoFile(path) as video:
        every = max(1, round(video.rate / 4))
        for frame in video:
            if frame.number % every == 0:
                yield min(1.0, frame.number / (video.told or frame.number + 1)), frame.image


def _of_folder(folder: Path) -> Iterator[tuple[float, Picture]]:
    import cv2

    names: Iterable[Path] = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURES)
    files = list(names)
    if not files:
        raise FileFormatError(folder, "holds no pictures.", f"They end in {', '.join(PICTURES)}.")
    for k, file in enumerate(files):
        picture = cv2.imread(str(file))
        if picture is None:
            raise FileFormatError(file, "is no picture that can be read.", "Take it out of the folder.")
        yield k / len(files), np.asarray(picture, np.uint8)
