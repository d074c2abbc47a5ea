"""A motion to keyframes in the open file. Adds an action, and changes nothing else that is its user's."""

from dataclasses import dataclass, field, replace
from typing import Any

import bpy
import numpy as np

from ..rig.blender.action import bake_curves
from ..rig.curve import Reduction
from ..rig.errors import BadInputError
from ..rig.motion import Motion
from ..rig.polish import Polish, polished
from ..rig.resample import resample
from .pose_target import target_for


@dataclass(frozen=True)
class BakeWish:
    """`part`: seconds from and to, None for all. `reduction` None keys every frame."""

    first_frame: int = 1
    part: tuple[float, float] | None = None
    in_place: bool = False
    polish: Polish = field(default_factory=Polish)
    reduction: Reduction | None = None
    nla: bool = False


@dataclass(frozen=True)
class Baked:
    """What was made."""

    action: str
    frames: int
    keys: int
    seconds: float
    warnings: tuple[str, ...] = ()


def bake_motion(armature: Any, motion: Motion, name: str, wish: BakeWish) -> Baked:
    """Key `motion` on `armature` at the scene's rate, in a new action. Raises BadInputError and leaves nothing then."""
    check_bakeable(armature)
    motion = prepared(motion, wish)
    target = target_for(armature, motion.skeleton)
    curves = target.curves(motion.rotations, motion.translation)
    reduction = wish.reduction and replace(wish.reduction, unit=max(armature.matrix_world.to_scale()))
    animation = armature.animation_data_create()
    before = animation.action
    slot = animation.action_slot if before is not None and hasattr(animation, "action_slot") else None
    action = bake_curves(armature, curves, name, wish.first_frame, reduction)
    if wish.nla:
        _put_on_track(animation, action, wish.first_frame)
        animation.action = before
        if slot is not None:
            animation.action_slot = slot
    elif before is not None and before.users == 0:
        before.use_fake_user = True  # else saving the file would drop it
    keys = sum(len(curve.keyframe_points) for curve in action_curves(action))
    return Baked(action.name, len(motion), keys, (len(motion) - 1) / scene_rate(), target.warnings)


def prepared(motion: Motion, wish: BakeWish) -> Motion:
    """The part that is asked for, polished, at the scene's rate."""
    if wish.part is not None:
        motion = cut(motion, *wish.part)
    motion = resample(polished(motion, wish.polish), scene_rate())
    if wish.in_place:
        still = np.broadcast_to(motion.translation[:1], motion.translation.shape).copy()
        still[:, 1] = motion.translation[:, 1]
        motion = replace(motion, translation=still)
    return motion


def cut(motion: Motion, start: float, end: float) -> Motion:
    """The poses from `start` to `end`, seconds from the first one. Raises BadInputError where there is none."""
    seconds = (motion.t_ns - motion.t_ns[0]) / 1e9
    rows = np.flatnonzero((seconds >= start - 1e-6) & (seconds <= end + 1e-6))
    if not len(rows):
        raise BadInputError(f"The take is {motion.duration:.2f} s long; nothing is between {start:g} and {end:g} s.")
    part = slice(rows[0], rows[-1] + 1)
    arrays = {key: getattr(motion, key)[part] for key in ("rotations", "translation", "t_ns", "confidence")}
    contact = None if motion.contact is None else motion.contact[part]
    return replace(motion, contact=contact, **arrays)


def scene_rate() -> float:
    """Frames per second, 23.976 and its like included."""
    render = bpy.context.scene.render
    return float(render.fps / render.fps_base)


def check_bakeable(armature: Any) -> None:
    """Raise BadInputError where no action can be given to `armature`."""
    if armature.library is not None:
        raise BadInputError(
            f"{armature.name} is linked from another file. Make a library override of it "
            "(Object, Library Override, Make), then bake."
        )
    animation = armature.animation_data
    if animation is not None and animation.use_tweak_mode:
        raise BadInputError(f"{armature.name} is being tweaked in the NLA editor. Leave tweak mode (Tab), then bake.")


def action_curves(action: Any) -> list[Any]:
    """All curves of an action, in every version."""
    if not hasattr(action, "slots"):
        return list(action.fcurves)
    strips = [strip for layer in action.layers for strip in layer.strips]
    return [curve for strip in strips for bag in strip.channelbags for curve in bag.fcurves]


def _put_on_track(animation: Any, action: Any, first_frame: int) -> None:
    slot = animation.action_slot if hasattr(animation, "action_slot") else None
    animation.action = None
    track = animation.nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, first_frame, action)
    if slot is not None:
        strip.action_slot = slot
