"""17 joints in a picture, and how sure a detector is of each."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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


class KeypointDetector(Protocol):
    """Finds one person. Held open between pictures of one camera, whose order it may rely on."""

    name: str

    def detect(self, picture: NDArray[np.uint8], t_ns: int) -> Keypoints | None:
        """In a picture `(h, w, 3)` of blue, green, red; None where nobody is seen."""

    def close(self) -> None:
        """Free what it holds. A second call does nothing."""
