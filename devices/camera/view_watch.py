"""Whether a camera stands still: a few times a second its background is compared with a picture of before.

Corners outside the performer are followed into the newest picture (Lucas-Kanade; where they went too far, from where
phase correlation says), and one shift, turn and zoom is sought that most of them share. As long as a good part of them
is where it was, the camera stands, whoever walks through the picture. Where too few are found, or the performer is not,
nothing is said.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..keypoints.keypoints import Keypoints

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]

LOOK_EVERY = 250_000_000  # ns between two looks
LENGTH = 320  # pixels of the longer side that is looked at
CORNERS, LEAST = 80, 12  # that are followed, and that tell anything
WIDER = 0.25  # of the performer's size, that is left out around them
EXACT = 1.0  # pixels: corners nearer than that to one movement share it
SHARED = 0.5  # of the corners that have to share a movement
FEW = 8  # of them at least
STANDING = 0.35  # of the corners that are where they were while the camera stands
SPREAD = 0.5  # of the picture's width over which they have to lie: one passer-by is no background
MOVED = 0.006  # of the longer side: what the view's corners move by, from which the camera is not where it was
AT_REST = 0.5  # times that from look to look while it rests again
RESTING = 700_000_000  # ns of rest after which it stands anew
FORGET = 5_000_000_000  # ns without anything to tell by, after which the picture of before is another
ONE = 2_000_000_000  # ns between two movements that are one


@dataclass(frozen=True)
class ViewMove:
    """The view moved, in the times of the pictures, between `begin_ns` and `end_ns`, by `far` of its longer side at
    most; `rests` False where it had not come to rest when the last picture came."""

    begin_ns: int
    end_ns: int
    far: float
    rests: bool = True


@dataclass(frozen=True, eq=False)
class _Known:
    """A picture, and where its corners are `(K, 2)`."""

    grey: Picture
    corners: Points
    free: Picture
    t_ns: int


class ViewWatch:
    """Of one camera's pictures in their order. `moves` so far; `moving_ns`: since when the camera is not at rest."""

    def __init__(self) -> None:
        self._moves: list[ViewMove] = []
        self.moving_ns: int | None = None
        self._stand: _Known | None = None  # as it stands, or stood before it began to move
        self._last: _Known | None = None  # at the last look, while it moves
        self._still_ns = self._rest_ns = self._looked_ns = 0
        self._far = 0.0

    @property
    def moves(self) -> tuple[ViewMove, ...]:
        """Also the one that goes on."""
        if self.moving_ns is None:
            return tuple(self._moves)
        return tuple(_merged(self._moves, ViewMove(self.moving_ns, self._looked_ns, self._far, rests=False)))

    def look(self, image: Picture, t_ns: int, person: "Keypoints | None") -> None:
        """At a picture `(H, W, 3)` of a `person`, unless the last look was a moment ago."""
        if person is None or not person.seen.any():
            return
        if self._stand is not None and t_ns - self._looked_ns < LOOK_EVERY:
            return
        self._looked_ns = t_ns
        now = _known(image, t_ns, person)
        if self._stand is None or self._stand.grey.shape != now.grey.shape:
            self._start(now)
        elif self.moving_ns is None:
            self._watch(self._stand, now)
        else:
            self._wait(self._stand, now)

    def _start(self, now: _Known) -> None:
        self._stand, self._last, self.moving_ns = now, None, None
        self._still_ns = now.t_ns

    def _watch(self, stand: _Known, now: _Known) -> None:
        if len(stand.corners) < LEAST:
            self._start(now)
            return
        far = view_shift(stand, now)
        if far is not None and far > MOVED:
            self.moving_ns, self._rest_ns, self._far, self._last = self._still_ns, now.t_ns, far, now
        elif far is not None:
            self._still_ns = now.t_ns
        elif now.t_ns - self._still_ns > FORGET:
            self._start(now)

    def _wait(self, stand: _Known, now: _Known) -> None:
        """For it to rest again."""
        assert self._last is not None  # it moves
        assert self.moving_ns is not None
        step, far = view_shift(self._last, now), view_shift(stand, now)
        self._far = max(self._far, far or 0.0)
        if step is None or step > AT_REST * MOVED:
            self._rest_ns = now.t_ns
        elif now.t_ns - self._rest_ns >= RESTING:
            # what was shaken and is back where it was has moved all the same
            self._moves = _merged(self._moves, ViewMove(self.moving_ns, self._rest_ns, self._far))
            self._start(now)
            return
        self._last = now


def _merged(moves: list[ViewMove], new: ViewMove) -> list[ViewMove]:
    if not moves or new.begin_ns - moves[-1].end_ns > ONE:
        return [*moves, new]
    return [*moves[:-1], ViewMove(moves[-1].begin_ns, new.end_ns, max(moves[-1].far, new.far), new.rests)]


def _known(image: Picture, t_ns: int, person: "Keypoints") -> _Known:
    import cv2

    scale = min(1.0, LENGTH / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    free = np.full(grey.shape, 255, np.uint8)
    points = person.points[person.seen] * scale
    wider = WIDER * float(np.ptp(points, axis=0).max())
    low, high = points.min(axis=0) - wider, points.max(axis=0) + wider
    (left, top), (right, bottom) = (np.clip(corner, 0, size).astype(int) for corner in (low, high))
    free[top:bottom, left:right] = 0
    corners = cv2.goodFeaturesToTrack(grey, CORNERS, 0.02, 6, mask=free)
    found = np.zeros((0, 2), np.float32) if corners is None else np.asarray(corners, np.float32).reshape(-1, 2)
    return _Known(np.asarray(grey, np.uint8), found, free, t_ns)


def view_shift(before: _Known, now: _Known) -> float | None:
    """How far the view's corners moved, as a share of its longer side; None where that cannot be told."""
    if len(before.corners) < LEAST:
        return None
    far = _shift(*_followed(before, now, (0.0, 0.0)), before.grey.shape)
    return _shift(*_followed(before, now, _jump(before, now)), before.grey.shape) if far is None else far


def _jump(before: _Known, now: _Known) -> tuple[float, float]:
    """Pixels by which the whole picture is shifted most likely, however far."""
    import cv2

    first, second = (np.asarray(one.grey, np.float32) for one in (before, now))
    window = cv2.createHanningWindow((first.shape[1], first.shape[0]), cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(first, second, window)
    return x, y


def _followed(before: _Known, now: _Known, guess: tuple[float, float]) -> tuple[Points, Points]:
    import cv2

    start = (before.corners + np.array(guess, np.float32)).reshape(-1, 1, 2)
    points, found, _ = cv2.calcOpticalFlowPyrLK(
        before.grey, now.grey, before.corners[:, None], start, maxLevel=3, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    return _outside(before.corners, np.asarray(points, np.float32).reshape(-1, 2), now, found.reshape(-1).astype(bool))


def _outside(first: Points, second: Points, now: _Known, found: NDArray[np.bool_]) -> tuple[Points, Points]:
    """Pairs that end in the picture and not on the performer."""
    height, width = now.grey.shape
    columns, rows = (np.round(second[:, c]).astype(int) for c in range(2))
    inside = found & (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
    inside[inside] = now.free[rows[inside], columns[inside]] > 0
    return first[inside], second[inside]


def _shift(first: Points, second: Points, shape: tuple[int, ...]) -> float | None:
    import cv2

    longer = max(shape)
    if len(first) < FEW:
        return None
    if (np.linalg.norm(second - first, axis=1) < EXACT).mean() > STANDING:
        return 0.0
    fit, shares = cv2.estimateAffinePartial2D(first, second, method=cv2.RANSAC, ransacReprojThreshold=EXACT)
    inside = np.zeros(len(first), bool) if shares is None else shares.reshape(-1).astype(bool)
    if fit is None or inside.sum() < max(FEW, SHARED * len(first)):
        return None
    if np.ptp(first[inside, 0]) < SPREAD * shape[1]:
        return None
    corners = np.array([[0, 0, 1], [shape[1], 0, 1], [0, shape[0], 1], [shape[1], shape[0], 1]], np.float64)
    return float(np.linalg.norm(corners @ fit.T - corners[:, :2], axis=1).max()) / longer
