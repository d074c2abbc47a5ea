"""The SMPL-24 armature."""

import bpy
import numpy as np

from ..skeleton import JOINTS, PARENTS, Skeleton

BONE_LENGTH = 0.06  # metres; every bone points up, so its length says nothing about the body


def add_armature(skeleton: Skeleton, name: str) -> bpy.types.Object:
    """Add an armature whose bones all point +Y with roll 0, so that SMPL rotations go in unchanged.

    It is built in our Y-up world, standing on the floor, and its object turned +90 degrees about X.
    """
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(armature)
    armature.rotation_euler = (np.pi / 2, 0, 0)
    armature.data.display_type = "STICK"
    armature.show_in_front = True
    _add_bones(armature, skeleton)
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return armature


def _add_bones(armature: bpy.types.Object, skeleton: Skeleton) -> None:
    heads = skeleton.rest_positions() + np.array([0, skeleton.pelvis_height, 0], np.float32)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = armature.data.edit_bones
    for index, name in enumerate(JOINTS):
        bone = bones.new(name)
        bone.head = heads[index]
        bone.tail = heads[index] + np.array([0, BONE_LENGTH, 0], np.float32)
        bone.roll = 0
        if index:
            bone.parent = bones[JOINTS[PARENTS[index]]]
    bpy.ops.object.mode_set(mode="OBJECT")
