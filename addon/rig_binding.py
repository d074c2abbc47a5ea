"""Any armature as what can show the performer: its bones read, its pose written."""

import zlib
from typing import Any

import bpy
import numpy as np

from ..rig.curve import Curve, Floats
from ..rig.errors import BadInputError
from ..rig.motion import Motion, evenly_timed
from ..rig.quaternion import Array
from ..rig.retarget.bone_map import BoneMap, Switch, map_from_json, map_to_json
from ..rig.retarget.bones import Bones
from ..rig.retarget.channels import rotation_channels, rotation_property
from ..rig.retarget.detect import detect, match_controls
from ..rig.retarget.fit import Fitting
from ..rig.retarget.retarget import Retarget
from ..rig.rotation import matrix_to_quaternion
from ..rig.skeleton import Skeleton
from .smpl_target import pose_bones, turn_bone
from .vrm_humanoid import humanoid_map

STORED = "mocamba_bone_map"  # custom property
# Constraints that turn the bone they are on
TURNING = {
    "ACTION", "ARMATURE", "CHILD_OF", "COPY_ROTATION", "COPY_TRANSFORMS", "DAMPED_TRACK", "IK", "LIMIT_ROTATION",
    "LOCKED_TRACK", "PIVOT", "SPLINE_IK", "STRETCH_TO", "TRACK_TO", "TRANSFORM",
}  # fmt: skip
NOTHING = 1e-9
UNEVEN = 1.01


class MappedTarget:
    """A `PoseTarget` of any rig. `bone_map` None takes the one kept with the armature, else detects it.

    `warnings` are sentences on what the map leaves out. Raises BadInputError where the rig cannot be used.
    """

    def __init__(
        self, armature: Any, performer: Skeleton, bone_map: BoneMap | None = None, fitting: Fitting | None = None
    ) -> None:
        bones = read_bones(armature)
        self.object_name: str = armature.name
        self.map = bone_map or kept_map(armature) or found_map(armature, bones)
        self.retarget = Retarget(bones, self.map, performer, fitting)
        self.map = self.retarget.binding.map
        self.warnings = (*_object_warnings(armature), *self.retarget.binding.warnings)
        self._before: dict[tuple[str, str], Any] = {}

    def apply(self, rotations: Floats, translation: Floats) -> None:
        """See `PoseTarget`."""
        bones = pose_bones(self.object_name)
        if not self._before:
            self._before = self._as_it_is(bones)
        pose = self.retarget.pose(rotations, translation)
        for name, turned in zip(self.retarget.names, pose.rotations.tolist(), strict=True):
            turn_bone(bones[name], turned)
        bones[self.retarget.moved].location = pose.location.tolist()
        changed = [_switch(bones[switch.bone], switch.property, switch.value) for switch in self._switches(bones)]
        if any(changed):
            bones.id_data.update_tag()  # what it drives is not told otherwise

    def restore(self) -> None:
        """See `PoseTarget`."""
        if not self._before:
            return
        bones = pose_bones(self.object_name)
        for (name, key), value in self._before.items():
            if key.startswith("["):
                bones[name][key[1:]] = value
            else:
                setattr(bones[name], key, value)
        bones.id_data.update_tag()

    def curves(self, rotations: Floats, translation: Floats) -> list[Curve]:
        """See `PoseTarget`. Frames are the scene's."""
        render = bpy.context.scene.render
        motion = evenly_timed(rotations, translation, self.retarget.fit.source, render.fps / render.fps_base)
        return self.motion_curves(motion)

    def motion_curves(self, motion: Motion) -> list[Curve]:
        """The same for a motion with its own rate and contacts."""
        bones, pose = pose_bones(self.object_name), self.retarget.motion(motion)
        moved = self.retarget.moved
        made = [Curve(f"{_path(moved)}.location", moved, pose.location)]
        for k, name in enumerate(self.retarget.names):
            mode = bones[name].rotation_mode
            path = f"{_path(name)}.{rotation_property(mode)}"
            made.append(Curve(path, name, rotation_channels(pose.rotations[:, k], mode)))
        for switch in self._switches(bones):
            path = f'{_path(switch.bone)}["{bpy.utils.escape_identifier(switch.property)}"]'
            made.append(Curve(path, switch.bone, np.full((len(motion), 1), switch.value)))
        return made

    def motion_back(self, matrices: Array, rate: float) -> Motion:
        """A motion, on this rig's proportions, from `matrices (T, M, 4, 4)` in armature space of posed bones of
        `turned_bones`."""
        pelvis = self.turned_bones.index(self.map.bones["pelvis"])
        return self.retarget.back(matrix_to_quaternion(_unscaled(matrices)), matrices[:, pelvis, :3, 3], rate)

    @property
    def turned_bones(self) -> tuple[str, ...]:
        """Bones that are turned."""
        return self.retarget.names

    def _switches(self, bones: Any) -> list[Switch]:
        return [
            switch for switch in self.map.switches if switch.bone in bones and switch.property in bones[switch.bone]
        ]

    def _as_it_is(self, bones: Any) -> dict[tuple[str, str], Any]:
        before: dict[tuple[str, str], Any] = {}
        for name in self.retarget.names:
            for key in ("rotation_quaternion", "rotation_euler", "rotation_axis_angle"):
                before[name, key] = tuple(getattr(bones[name], key))
        moved = self.retarget.moved
        before[moved, "location"] = tuple(bones[moved].location)
        for switch in self._switches(bones):
            before[switch.bone, f"[{switch.property}"] = bones[switch.bone][switch.property]
        return before


def read_bones(armature: Any) -> Bones:
    """Raises BadInputError where nothing can be read from an armature object, or shown on it."""
    _check_object(armature)
    bones, posed = list(armature.data.bones), armature.pose.bones
    rows = {bone.name: row for row, bone in enumerate(bones)}
    matrices = np.array([bone.matrix_local for bone in bones])
    scale = float(np.mean(np.abs(armature.matrix_world.to_scale())))
    driven = {name for bone in posed for name in _turned_by_constraints(bone)}
    return Bones(
        owner=f"'{armature.name}'",
        names=tuple(rows),
        parents=tuple(_leader(armature, posed[bone.name], rows) for bone in bones),
        rotations=matrix_to_quaternion(_unscaled(matrices)),
        heads=matrices[:, :3, 3],
        lengths=np.array([bone.length for bone in bones]),
        posed=matrix_to_quaternion(_unscaled(np.array([posed[name].matrix_basis for name in rows]))),
        fixed=np.array([bone.use_connect and bone.parent is not None for bone in bones]),
        armature_turn=np.array([not bone.use_inherit_rotation for bone in bones]),
        parent_move=np.array([not bone.use_local_location for bone in bones]),
        locked=frozenset(bone.name for bone in posed if all(bone.lock_rotation)),
        driven=frozenset(driven),
        raised=float(armature.matrix_world.translation.z) / scale,
    )


def found_map(armature: Any, bones: Bones) -> BoneMap:
    """By controls, by what a VRM model says itself, by names, hierarchy and shape. Raises BadInputError."""
    return match_controls(bones) or humanoid_map(armature) or detect(bones)


def kept_map(armature: Any) -> BoneMap | None:
    """The map that is kept with an armature object. Raises FileFormatError where it is damaged."""
    text = kept_text(armature)
    return map_from_json(text, f"The bone map of '{armature.name}'") if text else None


def kept_text(armature: Any) -> str:
    """The same as it is kept, "" where none is."""
    text = _keeper(armature).get(_key(armature))
    return text if isinstance(text, str) else ""


def keep_map(armature: Any, bone_map: BoneMap) -> None:
    """With the object, or with the scene where the object belongs to another file; either way it is saved."""
    _keeper(armature)[_key(armature)] = map_to_json(bone_map)


def _borrowed(armature: Any) -> bool:
    """Another file's, linked or overridden: properties that are added to it are lost when this file is opened again."""
    return armature.library is not None or armature.override_library is not None


def _keeper(armature: Any) -> Any:
    return bpy.context.scene if _borrowed(armature) else armature


def _key(armature: Any) -> str:
    # of any name, for those of properties are short
    return f"{STORED} {zlib.crc32(armature.name.encode()):08x}" if _borrowed(armature) else STORED


def _check_object(armature: Any) -> None:
    name = armature.name
    if armature.type != "ARMATURE":
        raise BadInputError(f"'{name}' is no armature. Choose the armature that deforms the character.")
    if not armature.data.bones:
        raise BadInputError(f"'{name}' has no bones. Choose another armature.")
    if armature.mode == "EDIT":
        raise BadInputError(f"'{name}' is in Edit Mode, where it has no pose. Leave it (Tab) and try again.")
    scale = armature.matrix_world.to_scale()
    if min(abs(factor) for factor in scale) < NOTHING:
        raise BadInputError(f"'{name}' is scaled to 0, so it has no size. Set its scale to 1 (N panel, Item, Scale).")


def _object_warnings(armature: Any) -> list[str]:
    said, scale = [], [abs(factor) for factor in armature.matrix_world.to_scale()]
    if max(scale) > UNEVEN * min(scale):
        said.append("The armature is scaled unevenly, which bends its poses. Apply the scale (Ctrl A, Scale).")
    if armature.matrix_world.determinant() < 0:
        said.append(
            "The armature is mirrored by a negative scale: left and right look swapped. Apply it (Ctrl A, Scale)."
        )
    if armature.library is not None:
        said.append(
            "The armature is linked: a preview shows, but no pose or bake is saved. "
            "Make a library override (Object > Library Override > Make)."
        )
    return said


def _unscaled(matrices: Array) -> Array:
    """Rotation `(..., 3, 3)` of matrices `(..., 4, 4)`."""
    turned = matrices[..., :3, :3]
    unscaled: Array = turned / np.maximum(np.linalg.norm(turned, axis=-2, keepdims=True), 1e-30)
    return unscaled


def _leader(armature: Any, bone: Any, rows: dict[str, int]) -> int:
    """Row of the bone that `bone` follows: its parent, or what one constraint makes it a copy of."""
    active = [c for c in bone.constraints if not c.mute and c.influence > 0]
    if len(active) == 1 and active[0].type == "COPY_TRANSFORMS":
        copy = active[0]
        same = copy.target == armature and copy.subtarget in rows and copy.subtarget != bone.name
        if same and copy.influence == 1 and copy.owner_space == copy.target_space:
            return rows[copy.subtarget]
    return rows[bone.parent.name] if bone.parent else -1


def _turned_by_constraints(bone: Any) -> list[str]:
    """Bones that the constraints of `bone` turn."""
    turned = []
    for constraint in bone.constraints:
        if constraint.mute or constraint.influence == 0 or constraint.type not in TURNING:
            continue
        turned.append(bone.name)
        if constraint.type == "IK":
            chain = [bone, *bone.parent_recursive]
            turned += [above.name for above in chain[: constraint.chain_count or len(chain)]]
    return turned


def _switch(bone: Any, key: str, value: float) -> bool:
    """Set a custom property, whole numbers staying so; whether that changed it."""
    now = bone[key]
    wanted = type(now)(value)
    if now == wanted:
        return False
    bone[key] = wanted
    return True


def _path(bone: str) -> str:
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"]'
