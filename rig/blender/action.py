"""Keyframes of a motion, for Blender 4.2 to 5.2."""

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..motion import Motion
from ..quaternion import Array, make_continuous, normalise
from ..skeleton import JOINTS

FIRST_FRAME = 1
LINEAR = 1  # number of the interpolation in Blender's enum
PELVIS = JOINTS[0]


def bake(armature: bpy.types.Object, motion: Motion, name: str) -> bpy.types.Action:
    """Key every pose of `motion` on whole frames from `FIRST_FRAME` on, in a new action called `name`.

    `motion` has to be at the scene's rate already (see `resample`).
    """
    action = bpy.data.actions.new(name)
    action.use_fake_user = True  # an action without a user is dropped when the file is saved
    curves = curves_for(armature, action)
    rotations = make_continuous(normalise(motion.rotations))
    frames = np.arange(FIRST_FRAME, FIRST_FRAME + len(motion), dtype=np.float32)
    rest = np.array(armature.data.bones[PELVIS].head_local, np.float32)
    path = f'pose.bones["{PELVIS}"].location'
    write_curves(curves, path, PELVIS, frames, motion.translation - rest)
    for index, bone in enumerate(JOINTS):
        write_curves(curves, f'pose.bones["{bone}"].rotation_quaternion', bone, frames, rotations[:, index])
    return action


def curves_for(owner: bpy.types.Object, action: bpy.types.Action) -> Any:
    """The curve collection of `action` for `owner`, which is made to play it."""
    animation = owner.animation_data_create()
    if not hasattr(action, "slots"):  # before 4.4
        animation.action = action
        return action.fcurves
    slot = action.slots.new(id_type="OBJECT", name=owner.name)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    animation.action = action
    animation.action_slot = slot  # an action without its slot animates nothing
    return strip.channelbag(slot, ensure=True).fcurves


def write_curves(curves: Any, path: str, group: str, frames: NDArray[np.float32], values: Array) -> None:
    """Key the columns of `values (T, C)` at `frames (T,)`."""
    group_argument = {"group_name", "action_group"} & set(curves.bl_rna.functions["new"].parameters.keys())
    for column, samples in enumerate(values.T):
        curve = curves.new(path, index=column, **dict.fromkeys(group_argument, group))
        points = curve.keyframe_points
        points.add(len(frames))
        points.foreach_set("co", np.stack([frames, samples], axis=1).astype(np.float32).ravel())
        points.foreach_set("interpolation", np.full(len(frames), LINEAR, np.int32))
        curve.update()
