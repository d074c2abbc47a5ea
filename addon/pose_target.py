"""What can show the performer: the SMPL armature, or any rig through a bone map."""

from typing import Any, Protocol

from ..rig.curve import Curve, Floats
from ..rig.skeleton import Skeleton

__all__ = ["Curve", "Floats", "PoseTarget", "target_for"]


class PoseTarget(Protocol):
    """An armature object that takes SMPL-24 poses: local rotations w, x, y, z and the pelvis' place, metres, Y up.

    It holds the object's name, which is set anew where the object is renamed, and no reference into Blender's data,
    which undo would leave dangling. `apply` and `restore` raise LookupError where the object is gone or lost bones.
    `warnings` are sentences on what will not follow.
    """

    object_name: str
    warnings: tuple[str, ...]

    def apply(self, rotations: Floats, translation: Floats) -> None:
        """Show one pose, `(24, 4)` and `(3,)`. Writes pose bones and nothing else."""
        ...

    def restore(self) -> None:
        """Put back exactly what was there before the first `apply`; any number of times, also without one."""
        ...

    def curves(self, rotations: Floats, translation: Floats) -> list[Curve]:
        """What a bake keys for `(T, 24, 4)` and `(T, 3)`, in each bone's own rotation mode."""
        ...


def target_for(armature: Any, skeleton: Skeleton) -> PoseTarget:
    """How `armature` shows a performer of `skeleton`. Raises BadInputError where its bones cannot be told."""
    # here, so that this page can be read without bpy
    from ..rig.blender.smpl_pose import has_smpl_bones

    if has_smpl_bones(armature):
        from .smpl_target import SmplTarget

        return SmplTarget(armature, skeleton)
    from .rig_binding import MappedTarget

    return MappedTarget(armature, skeleton)
