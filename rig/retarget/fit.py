"""One performer's movement on another's proportions: feet on the floor, standing feet still, hands out of the body."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..contacts import FEET, estimate_contact, standing
from ..foot_lock import LEGS, holding, moved_limbs
from ..motion import Motion
from ..quaternion import Array
from ..rotation import quaternion_to_matrix
from ..skeleton import Skeleton
from .hands import ARMS, ELBOWS, kept_out

NEAR = 0.025  # metres; how much higher than the other a foot may be and still say where the floor is
LOW, HIGH = 0.02, 0.10  # metres above the floor: a foot is put at its height exactly under the one, not above the other
CHAIN = (0, 1, 2, 4, 5, 7, 8)  # joints whose turns say how high ankles and toes are


@dataclass(frozen=True)
class Fitting:
    """`floor`: feet as high as they were, by the pelvis' height. `feet`: standing feet do not slide, nor does one of
    two float, by the legs, none of whose bones turns by more than `degrees` for it. `hands`: hands that were outside
    of the body stay outside, by the arms.
    """

    floor: bool = True
    feet: bool = True
    hands: bool = True
    degrees: float = 1.9


class Fit:
    """From `source` to `target`, both in metres with legs of one length; `pelvis_height` is the target's at rest."""

    def __init__(self, source: Skeleton, target: Skeleton, pelvis_height: float) -> None:
        self.source, self.target = source, target
        # bones (hip, knee, ankle, toe) x (left, right) x (source, target) x 3
        self._bones = np.stack(
            [np.stack([s.offsets[[1, 4, 7, 10]], s.offsets[[2, 5, 8, 11]]], axis=1) for s in (source, target)], axis=2
        ).astype(np.float64)
        rest = np.cumsum(self._bones[..., 1], axis=0)[2:]
        # of (ankle, toe) x (left, right) x (source, target)
        self._rest: Array = rest + np.array([source.pelvis_height, pelvis_height])

    def clearance(self, rotations: Array) -> Array:
        """How high a foot is above standing flat, were the pelvis at zero: `(..., 2, 2, 2)`, ankle and toe, left and
        right, source and target.
        """
        turns = quaternion_to_matrix(rotations[..., CHAIN, :])
        up = np.repeat(turns[..., None, 0, 1:2, :], 2, axis=-3)  # rows that give the height of what they multiply
        heights = []
        total = np.zeros((*rotations.shape[:-2], 2, 2))
        for depth, bones in enumerate(self._bones):
            total = total + (bones @ np.swapaxes(up, -1, -2))[..., 0]
            heights.append(total)
            if depth < 3:
                up = up @ turns[..., 1 + 2 * depth : 3 + 2 * depth, :, :]
        clearance: Array = np.stack(heights[2:], axis=-3) - self._rest
        return clearance

    def floored(self, rotations: Array, translation: Array) -> Array:
        """`translation (..., 3)` at which the target's feet are as high as the source's, the lowest foot most."""
        clearance = self.clearance(rotations)
        high = clearance[..., 0] + translation[..., 1, None, None]
        weight = np.exp((high.min(axis=(-1, -2), keepdims=True) - high) / NEAR)
        wanted = high - clearance[..., 1]
        placed: Array = translation.copy()
        placed[..., 1] = (weight * wanted).sum(axis=(-1, -2)) / weight.sum(axis=(-1, -2))
        return placed

    def fitted(self, motion: Motion, options: Fitting, contact: NDArray[np.float32] | None = None) -> Motion:
        """`motion` of the source on the target. `contact (T, 2)` in [0, 1], else what the motion says or shows."""
        moved = replace(motion, skeleton=self.target)
        if options.floor:
            rotations, place = (a.astype(np.float64) for a in (motion.rotations, motion.translation))
            moved = replace(moved, translation=self.floored(rotations, place).astype(np.float32))
        if options.feet:
            given = motion.contact if contact is None else contact
            stands = standing(estimate_contact(motion) if given is None else given, motion.rate)
            common, own = self._feet(motion, moved, stands)
            moved = replace(moved, translation=(moved.translation + common).astype(np.float32))
            moved = moved_limbs(moved, LEGS, own, most=np.radians(options.degrees))
        if options.hands:
            moved = moved_limbs(moved, ARMS, kept_out(motion, moved), ELBOWS)
        return moved

    def _feet(self, motion: Motion, moved: Motion, stands: NDArray[np.bool_]) -> tuple[Array, Array]:
        """How far the body `(T, 3)` and on it each foot `(T, 2, 3)` have to go: so that feet slide no more than the
        source's, the body along with what is common to both, and are as high as they were.
        """
        slid = moved.joint_positions()[:, FEET].astype(np.float64) - motion.joint_positions()[:, FEET]
        own = holding(slid, stands, motion.rate)
        clearance = self.clearance(motion.rotations.astype(np.float64))
        high = clearance[..., 0] + motion.translation[:, 1, None, None]
        off = high - clearance[..., 1] - moved.translation[:, 1, None, None]
        points = np.clip((HIGH - high) / (HIGH - LOW), 1e-6, 1) ** 2  # how much ankle and toe matter
        feet = points.max(axis=1)[..., None]
        common = np.sum(feet * own, axis=1) / feet.sum(axis=1)
        common[:, 1] = 0
        own = feet * (own - common[:, None])
        own[..., 1] = (points * off).sum(axis=1) / points.sum(axis=1) * points.max(axis=1)
        return common, own
