"""The SMPL-24 armature, and those of licensed bodies."""

from collections.abc import Sequence

import bpy
import numpy as np

from ..quaternion import Array
from ..skeleton import JOINTS, PARENTS, Skeleton

BONE_LENGTH = 0.06  # metres; every bone points up, so its length says nothing about the body


def add_armature(skeleton: Skeleton, name: str) -> bpy.types.Object:
    """Add the armature of `skeleton`, standing on the floor; see `add_upright_armature`."""
    heads = skeleton.rest_positions() + np.array([0, skeleton.pelvis_height, 0], np.float32)
    return add_upright_armature(name, JOINTS, PARENTS, heads)


def add_upright_armature(name: str, bones: Sequence[str], parents: Sequence[int], heads: Array) -> bpy.types.Object:
    """Add an armature whose bones all point +Y with roll 0, so that SMPL rotations go in unchanged.

    It is built in our Y-up world from `heads (J, 3)`, metres, and its object turned +90 degrees about X. It becomes the
    active object, in object mode.
    """
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(armature)
    armature.rotation_euler = (np.pi / 2, 0, 0)
    armature.data.display_type = "STICK"
    armature.show_in_front = True
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    made = armature.data.edit_bones
    for index, bone_name in enumerate(bones):
        bone = made.new(bone_name)
        bone.head = heads[index]
        bone.tail = heads[index] + np.array([0, BONE_LENGTH, 0], np.float32)
        bone.roll = 0
        if parents[index] >= 0:
            bone.parent = made[bones[parents[index]]]
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return armature
