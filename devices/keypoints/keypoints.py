"""17 joints in a picture, and how sure a detector is of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import BadInputError

HIDDEN = 0.5  # confidence below which a joint counts as not seen


@dataclass(frozen=True, eq=False)
class Keypoints:
    """The joints of `rig.h36m`: `points (17, 2)` pixels from the picture's upper left corner, x to the right, y down;
    `confidence (17,)` from 0 to 1; `t_ns` the picture's stamp; `width` and `height` of the picture."""

    points: NDArray[np.float32]
    confidence: NDArray[np.float32]
    t_ns: int
    width: int
    height: int

    @property
    def seen(self) -> NDArray[np.bool_]:
        """`(17,)` False where a joint is hidden or out of the picture: its point is a guess."""
        inside = (self.points >= 0) & (self.points < [self.width, self.height])
        found: NDArray[np.bool_] = (self.confidence >= HIDDEN) & inside.all(axis=-1)
        return found

    @property
    def normalised(self) -> NDArray[np.float32]:
        """`(17, 2)` as lifting networks read them: x' = 2x/w − 1, y' = 2y/w − h/w."""
        return ((2 * self.points - [self.width, self.height]) / self.width).astype(np.float32)

    @property
    def box(self) -> NDArray[np.float32]:
        """`(4,)` left, top, right, bottom of all joints, the guessed ones too."""
        return np.concatenate([self.points.min(axis=0), self.points.max(axis=0)])

    @property
    def size(self) -> float:
        """Of the person in the picture, pixels: the diagonal of the box, which changes less with the pose than its
        height."""
        return float(np.hypot(*np.ptp(self.points, axis=0)))


class KeypointDetector(Protocol):
    """Finds people in the pictures of one camera, in their order. `follow.Follower` keeps it to one person."""

    name: str

    def detect(self, picture: NDArray[np.uint8], t_ns: int) -> Keypoints | None:
        """The person who is followed, in a picture `(h, w, 3)` of blue, green, red; None where nobody is found."""

    def people(self, picture: NDArray[np.uint8], t_ns: int) -> Sequence[Keypoints]:
        """Everybody in the picture; slower than `detect`, and leaves whom that follows alone."""

    def follow(self, person: Keypoints) -> None:
        """`detect` is to go on with this one, found by `people` in the picture before."""

    def close(self) -> None:
        """Free what it holds. A second call does nothing."""


def check_picture(picture: NDArray[np.uint8]) -> None:
    """Raise BadInputError for what is no colour picture."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
        raise BadInputError(f"A picture of shape {picture.shape} and {picture.dtype} is no colour picture.")


def without_doubles(people: Sequence[Keypoints]) -> list[Keypoints]:
    """Each person once: of those that lie on each other, the one that is surest."""
    kept: list[Keypoints] = []
    for person in sorted(people, key=lambda one: -float(one.confidence.mean())):
        if all(distance(person, other) > SAME for other in kept):
            kept.append(person)
    return kept


SAME = 0.2  # of a person's size: the same one, found twice


def distance(a: Keypoints, b: Keypoints) -> float:
    """Median over the joints, in sizes of the smaller one."""
    away = np.linalg.norm(a.points - b.points, axis=-1)
    return float(np.median(away)) / max(min(a.size, b.size), 1.0)
