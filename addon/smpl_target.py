"""Armatures with SMPL's bones, live and baked."""

from dataclasses import dataclass
from typing import Any

import bpy
from mathutils import Quaternion

from ..rig.blender.smpl_pose import smpl_rest
from ..rig.curve import Curve, Floats
from ..rig.retarget.channels import rotation_channels, rotation_property
from ..rig.skeleton import JOINTS, Skeleton


@dataclass(frozen=True)
class _Before:
    """All that a pose can change of a bone, bit by bit."""

    location: tuple[float, ...]
    quaternion: tuple[float, ...]
    euler: tuple[float, ...]
    axis_angle: tuple[float, ...]


class SmplTarget:
    """A `PoseTarget` of an armature whose bones have SMPL's names; see `smpl_rest`."""

    def __init__(self, armature: Any, performer: Skeleton) -> None:
        self.object_name: str = armature.name
        self._rest = smpl_rest(armature, performer)
        self._names = tuple(JOINTS[joint] for joint in self._rest.joints)
        self.warnings = constraint_warnings(armature)
        self._before: dict[str, _Before] = {}

    def apply(self, rotations: Floats, translation: Floats) -> None:
        """See `PoseTarget`."""
        bones = pose_bones(self.object_name)
        if not self._before:
            self._before = {name: _as_it_is(bones[name]) for name in self._names}
        for name, turned in zip(self._names, self._rest.rotations(rotations).tolist(), strict=True):
            turn_bone(bones[name], turned)
        bones[self._names[0]].location = self._rest.location(translation).tolist()

    def restore(self) -> None:
        """See `PoseTarget`."""
        if not self._before:
            return
        bones = pose_bones(self.object_name)
        for name, before in self._before.items():
            if (bone := bones.get(name)) is None:
                continue
            bone.location, bone.rotation_quaternion = before.location, before.quaternion
            bone.rotation_euler, bone.rotation_axis_angle = before.euler, before.axis_angle

    def curves(self, rotations: Floats, translation: Floats) -> list[Curve]:
        """See `PoseTarget`."""
        bones = pose_bones(self.object_name)
        made = self._rest.curves(rotations, translation)
        return [made[0], *(in_mode(curve, bones[curve.group].rotation_mode) for curve in made[1:])]


def pose_bones(object_name: str) -> Any:
    """Raises LookupError where there is no such armature."""
    armature = bpy.data.objects.get(object_name)
    if armature is None or armature.pose is None:
        raise LookupError(f"There is no armature {object_name!r} any more.")
    return armature.pose.bones


def constraint_warnings(armature: Any) -> tuple[str, ...]:
    """A sentence where constraints move bones after we have; none where there are none."""
    held = [
        bone.name
        for bone in armature.pose.bones
        if any(not constraint.mute and constraint.influence > 0 for constraint in bone.constraints)
    ]
    if not held:
        return ()
    names = ", ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
    return (
        f"Constraints hold {names}, so they may not follow the performer. Mute the constraints to see the capture.",
    )


def turn_bone(bone: Any, quaternion: list[float]) -> None:
    """Turn a pose bone in the mode it has."""
    if bone.rotation_mode == "QUATERNION":
        bone.rotation_quaternion = quaternion
    elif bone.rotation_mode == "AXIS_ANGLE":
        axis, angle = Quaternion(quaternion).to_axis_angle()
        bone.rotation_axis_angle = (angle, *axis)
    else:
        bone.rotation_euler = Quaternion(quaternion).to_euler(bone.rotation_mode, bone.rotation_euler)


def in_mode(curve: Curve, mode: str) -> Curve:
    """A curve of quaternions as a bone in rotation mode `mode` is keyed."""
    stem = curve.data_path.removesuffix("rotation_quaternion")
    return Curve(f"{stem}{rotation_property(mode)}", curve.group, rotation_channels(curve.values, mode))


def _as_it_is(bone: Any) -> _Before:
    return _Before(
        tuple(bone.location),
        tuple(bone.rotation_quaternion),
        tuple(bone.rotation_euler),
        tuple(bone.rotation_axis_angle),
    )
