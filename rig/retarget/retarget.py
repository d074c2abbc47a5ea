"""A performer's movement as the pose of a rig, live or as a whole, and back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..motion import Motion, evenly_timed
from ..quaternion import Array, make_continuous
from ..skeleton import Skeleton
from .binding import Binding
from .bone_map import BoneMap
from .bones import Bones
from .fit import Fit, Fitting


@dataclass(frozen=True, eq=False)
class RigPose:
    """`rotations (..., M, 4)` of bones from rest, in their own axes; `location (..., 3)` of the one that moves."""

    rotations: Array
    location: Array


class Retarget:
    """`source` is the performer's skeleton, that of the rotations. Raises BadInputError where the map does not fit."""

    def __init__(self, bones: Bones, bone_map: BoneMap, source: Skeleton, fitting: Fitting | None = None) -> None:
        self.binding = Binding(bones, bone_map, source)
        self.fitting = fitting or Fitting()
        self.fit = Fit(source, self.binding.target, self.binding.pelvis_height)

    @property
    def names(self) -> tuple[str, ...]:
        """Bones that are turned, in the order of `RigPose.rotations`."""
        return self.binding.names

    @property
    def moved(self) -> str:
        """Bone that carries the performer about."""
        return self.binding.bones.names[self.binding.moved]

    def pose(self, rotations: Array, translation: Array) -> RigPose:
        """One pose, `(24, 4)` and `(3,)`, live: of the fitting, the floor alone, by the pelvis. All bones are turned as
        the performer's; the rest of the fitting has to look ahead.
        """
        rotations, translation = np.asarray(rotations, np.float64), np.asarray(translation, np.float64)
        if self.fitting.floor:
            translation = self.fit.floored(rotations, translation)
        return RigPose(self.binding.turns(rotations), self.binding.location(rotations, translation))

    def motion(self, motion: Motion, contact: NDArray[np.float32] | None = None) -> RigPose:
        """A whole motion, with all of the fitting."""
        return self.bound(self.fit.fitted(motion, self.fitting, contact))

    def bound(self, motion: Motion) -> RigPose:
        """A motion that fits the rig's proportions already."""
        rotations, translation = motion.rotations.astype(np.float64), motion.translation.astype(np.float64)
        turns = make_continuous(self.binding.turns(rotations))
        return RigPose(turns, self.binding.location(rotations, translation))

    def back(self, rotations: Array, pelvis: Array, rate: float) -> Motion:
        """A motion on the rig's proportions from posed bones, as `Binding.back` reads them."""
        local, translation = self.binding.back(rotations, pelvis)
        return evenly_timed(local, translation, self.binding.target, rate)
