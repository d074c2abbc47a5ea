"""What can show the performer: the SMPL armature, or any rig through a bone map."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..rig.skeleton import Skeleton

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Curve:
    """`values (T, C)` of the property at `data_path`, a column an index; `group` is what the editor shows it under."""

    data_path: str
    group: str
    values: Floats


class PoseTarget(Protocol):
    """An armature object that takes SMPL-24 poses: local rotations w, x, y, z and the pelvis' place, metres, Y up.

    It holds the object's name and no reference into Blender's data, which undo would leave dangling. `apply` and
    `restore` raise ReferenceError where the object is gone or its bones changed.
    """

    @property
    def object_name(self) -> str:
        """Of the armature object."""
        ...

    def apply(self, rotations: Floats, translation: Floats) -> None:
        """Show one pose, `(24, 4)` and `(3,)`. Writes pose bones and nothing else."""
        ...

    def restore(self) -> None:
        """Put back exactly what was there before the first `apply`; nothing where there was none."""
        ...

    def curves(self, rotations: Floats, translation: Floats) -> list[Curve]:
        """What a bake keys for `(T, 24, 4)` and `(T, 3)`, in each bone's own rotation mode."""
        ...


def target_for(armature: Any, skeleton: Skeleton) -> PoseTarget:
    """How `armature` shows a performer of `skeleton`. Raises BadInputError where its bones cannot be told."""
    from .smpl_target import SmplTarget, is_smpl  # what needs bpy comes here and not above: tests read this file alone

    if is_smpl(armature):
        return SmplTarget(armature, skeleton)
    from .rig_binding import MappedTarget

    return MappedTarget(armature, skeleton)
