"""What a camera saw a moment ago, put on the poses that sensors give now.

Sensors tell forearms, shins, head and pelvis by themselves; a camera adds what lies between them, where the performer
is, and which way they face. Corrections are those of bones in their own frames, which outlive the delay of a picture
best (measured: benchmarks/live_fusion.py); they fade out while nobody is seen, place and heading stay.
"""

import numpy as np
from numpy.typing import NDArray

from ..kinematics import global_to_local, joint_positions, local_to_global
from ..quaternion import IDENTITY, Array, about_y, conjugate, multiply, slerp
from ..skeleton import Skeleton, joint

FOLLOW = 0.15  # seconds in which a correction goes over to a new one
TURN = 1.0  # seconds in which the heading does
WAIT = 0.3  # seconds without a sight after which corrections fade
SLOW = 2.0  # times between two sights that are waited for where that is longer: a busy computer gives few
AWAY = 1.0  # seconds between two sights after which the performer was away
FADE = 0.5  # seconds that fading takes, out and in
BETWEEN = tuple(joint(f"{side}_{name}") for side in ("left", "right") for name in ("shoulder", "hip"))
LIMBS = tuple(joint(name) for name in ("left_elbow", "right_elbow", "left_knee", "right_knee"))  # as `SLOTS` begin
LOWEST = tuple(joint(f"{side}_{name}") for side in ("left", "right") for name in ("ankle", "foot"))


class PoseCorrection:
    """Of one performer. `share`, 0 to 1: how much of the corrections is applied."""

    def __init__(self, skeleton: Skeleton) -> None:
        self._skeleton = skeleton
        self.share = 0.0
        self._bones = self._to = np.tile(IDENTITY, (len(skeleton.offsets), 1))
        self._place, self._place_to = np.zeros(3), np.zeros(3)
        self._heading = self._heading_to = 0.0
        self._limbs = np.zeros(len(skeleton.offsets), bool)
        self._seen_ns: int | None = None
        self._between = 0.0  # seconds from sight to sight, smoothed
        self._last_ns: int | None = None

    @property
    def place(self) -> Array:
        """Metres that are added to where the sensors have the performer."""
        return self._place

    def learn(
        self, now_ns: int, felt: Array, seen: Array, present: NDArray[np.bool_], place: Array, heading: float
    ) -> None:
        """Of one moment: poses `(24, 4)` that sensors gave and that was seen, which slots `present (6,)` were
        measured; metres `place (3,)` between both, and by how many radians the sensors' world is off its heading."""
        world = local_to_global(felt.astype(np.float64))
        world = multiply(about_y(np.array(heading)), world)
        self._to = multiply(conjugate(world), local_to_global(seen.astype(np.float64)))
        self._limbs[list(BETWEEN)] = True
        self._limbs[list(LIMBS)] = ~present[: len(LIMBS)]
        since = AWAY if self._seen_ns is None else (now_ns - self._seen_ns) / 1e9
        if since < AWAY:
            self._between += 0.3 * (since - self._between)
        self._place_to, self._heading_to, self._seen_ns = place.astype(np.float64), heading, now_ns

    def forget_world(self) -> None:
        """The sensors' world is another one, and the performer stays where they are."""
        self._heading = self._heading_to = 0.0
        self._place_to, self._seen_ns = self._place, None

    def apply(self, t_ns: int, rotations: Array, translation: Array) -> tuple[Array, Array]:
        """The pose `(24, 4)`, `(3,)` of `t_ns`, frame by frame."""
        seconds = 0.0 if self._last_ns is None else min(1.0, max(0.0, (t_ns - self._last_ns) / 1e9))
        self._last_ns = t_ns
        self._step(t_ns, seconds)
        felt = multiply(about_y(np.array(self._heading)), local_to_global(rotations.astype(np.float64)))
        place = translation + self._place
        rows = np.flatnonzero(self._limbs)
        world = felt.copy()
        smooth = self.share**2 * (3 - 2 * self.share)
        world[rows] = multiply(
            felt[rows], slerp(np.tile(IDENTITY, (len(rows), 1)), self._bones[rows], np.array(smooth))
        )
        if smooth > 0:
            place[1] += self._lowest(felt) - self._lowest(world)
        return global_to_local(world).astype(np.float32), place.astype(np.float32)

    def _step(self, t_ns: int, seconds: float) -> None:
        seen = self._seen_ns is not None and t_ns - self._seen_ns < max(WAIT, SLOW * self._between) * 1e9
        self.share = float(np.clip(self.share + (1 if seen else -1) * seconds / FADE, 0, 1))
        near = 1 - np.exp(-seconds / FOLLOW)
        self._bones = slerp(self._bones, self._to, near) if self.share > 0 else self._to
        self._place = self._place + near * (self._place_to - self._place)
        self._heading += (1 - np.exp(-seconds / TURN)) * (self._heading_to - self._heading)

    def _lowest(self, world: Array) -> float:
        """Height of the lowest joint of the feet over the pelvis: the floor is where it was."""
        return float(joint_positions(world, np.zeros(3), self._skeleton)[list(LOWEST), 1].min())
