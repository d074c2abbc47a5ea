"""Where a camera stands among worn sensors while both go on: found from the first second, refined, then followed."""

import numpy as np

from ..quaternion import Array, about_y
from ..rotation import quaternion_to_matrix
from .align import Misses, clear_turn, heading_change, misses
from .place import place_pelvis

LOOK = 10  # pictures between two looks at where the camera may be
NEW = 0.03  # metres that joints move on average until a pose is another one
SETTLED = 200  # pictures after which the camera is known, and changes are the sensors'
KEEP = 0.985  # a picture: sensors' headings are told from the last two seconds or so
HOLD = 20.0  # m² a squared radian: as good as some ten pictures of a moving body
OFF = 0.1  # metres: a joint this far off its ray counts half


class StandpointTracker:
    """`turn (3, 3)` from the sensors' world, as it was at first, to the camera's frame, None before it is found;
    `heading`: radians about +Y by which the sensors' world is off that now."""

    def __init__(self) -> None:
        self.turn: Array | None = None
        self.heading = 0.0
        self._total: Misses | None = None
        self._recent: Misses | None = None
        self._last: Array | None = None

    @property
    def settled(self) -> bool:
        """Whether the camera is known for good."""
        return self._total is not None and self._total.frames >= SETTLED

    def learn(self, felt: Array, rays: Array, sure: Array) -> None:
        """Pictures in order: joints `felt (T, 17, 3)` from the pelvis in the sensors' world, rays `(T, 17, 2)` and
        `sure (T, 17)` as `misses` takes them."""
        if self.turn is not None:
            upright = quaternion_to_matrix(about_y(np.array(self.heading)))
            sure = sure * trust(felt @ upright.T @ self.turn.T, rays, sure)
        part = misses(felt, rays, sure)
        if not part.frames:
            return
        if not self.settled and self._is_new(felt[-1]):
            self._total = part if self._total is None else self._total + part
            if self._total.frames % LOOK == 0 or self.settled:
                self.turn = clear_turn(self._total)
        recent = part if self._recent is None else self._recent.faded(KEEP**part.frames) + part
        self._recent = recent
        if self.settled and self.turn is None:
            self._total = self._recent = None  # never clear: from the beginning
        elif self.settled and self.turn is not None:
            self.heading = heading_change(recent, self.turn, HOLD)

    def _is_new(self, joints: Array) -> bool:
        """A pose that is held says the same again and again, its errors too."""
        new = self._last is None or np.linalg.norm(joints - self._last, axis=-1).mean() > NEW
        self._last = joints if new else self._last
        return bool(new)


def trust(seen: Array, rays: Array, sure: Array) -> Array:
    """Less for joints `seen (T, 17, 3)`, from the pelvis in the camera's frame, that are far off their rays, `(T,
    17)`."""
    where = seen + place_pelvis(seen, rays, sure)[:, None]
    off = np.linalg.norm(where[..., :2] - rays * where[..., 2:], axis=-1)
    return np.asarray(1 / (1 + (off / OFF) ** 2))
