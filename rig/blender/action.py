"""Keyframes of a motion, for Blender 4.2 to 5.2."""

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..curve import Curve, Reduction, keys_of
from ..motion import Motion
from ..quaternion import Array
from .smpl_pose import smpl_rest

FIRST_FRAME = 1
LINEAR = 1  # number of the interpolation in Blender's enum


def bake(armature: bpy.types.Object, motion: Motion, name: str) -> bpy.types.Action:
    """Key every pose of `motion` on an armature with SMPL's bones, from `FIRST_FRAME` on, in a new action `name`.

    `motion` has to be at the scene's rate already (see `resample`).
    """
    curves = smpl_rest(armature, motion.skeleton).curves(motion.rotations, motion.translation)
    return bake_curves(armature, curves, name)


def bake_curves(
    owner: bpy.types.Object,
    curves: Sequence[Curve],
    name: str,
    first_frame: int = FIRST_FRAME,
    reduction: Reduction | None = None,
) -> bpy.types.Action:
    """Key `curves` on whole frames from `first_frame` on, in a new action `name` that `owner` is made to play."""
    action = bpy.data.actions.new(name)
    action.use_fake_user = True  # an action without a user is dropped when the file is saved
    made = curves_for(owner, action)
    for curve in curves:
        keys = keys_of(curve, reduction)
        frames = (first_frame + keys).astype(np.float32)
        write_curves(made, curve.data_path, curve.group, frames, curve.values[keys])
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
