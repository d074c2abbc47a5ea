"""The bone map of the character: found, looked at, changed, saved and loaded."""

from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import EnumProperty, StringProperty

from ..rig.blender.smpl_pose import has_smpl_bones
from ..rig.errors import BadInputError, MocambaError
from ..rig.retarget.bone_map import BoneMap, bone_word, load_map, map_from_json, save_map
from ..rig.skeleton import JOINTS, SMPL24
from .preview import Preview
from .rig_binding import MappedTarget, found_map, keep_map, kept_map, kept_text, read_bones
from .runtime import runtime
from .saying import Result, done, told

JOINT_ITEMS = [(name, bone_word(name).capitalize(), f"SMPL's {name}") for name in JOINTS[:22]]
SHOWN_WARNINGS = 4
_said: dict[tuple[str, str], tuple[str, ...]] = {}  # warnings by armature and map, so that drawing works nothing out


def chosen(context: Any) -> Any:
    """The character's armature: that of the scene's panel, else the active one."""
    settings = getattr(context.scene, "mocamba", None)
    armature = getattr(settings, "armature", None) or context.active_object
    return armature if armature is not None and armature.type == "ARMATURE" else None


def take_map(armature: Any, bone_map: BoneMap) -> tuple[str, ...]:
    """Keep `bone_map` with the armature if it can be used, and give its warnings. Raises BadInputError."""
    warnings = MappedTarget(armature, SMPL24, bone_map).warnings
    keep_map(armature, bone_map)
    _said[armature.name, kept_text(armature)] = warnings
    _follow()
    return warnings


def _follow() -> None:
    """A preview that goes on takes the new map."""
    preview = runtime.preview
    if preview is not None:
        preview.hide()
        runtime.preview = Preview(preview.performer)


class _MapOperator:
    """What the operators have in common: they need an armature, and do their `work` on it."""

    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """With a character."""
        cls.poll_message_set("Choose an armature as the character first")  # type: ignore[attr-defined]
        return chosen(context) is not None

    @told
    def execute(self, context: Any) -> Result:
        """What was done is said."""
        return done(self, self.work(chosen(context)))

    def work(self, armature: Any) -> str:
        """Do it, and say what was done."""
        raise NotImplementedError


class MOCAMBA_OT_detect_map(_MapOperator, bpy.types.Operator):
    """Find out which bone is which joint, by names, hierarchy and shape"""

    bl_idname = "mocamba.detect_map"
    bl_label = "Detect"

    def work(self, armature: Any) -> str:
        """See the class."""
        found = found_map(armature, read_bones(armature))
        warnings = take_map(armature, found)
        return " ".join([f"{found.family}: {len(found.bones)} of 22 joints mapped.", *warnings])


class MOCAMBA_OT_map_bone(_MapOperator, bpy.types.Operator):
    """Choose the bone that shows one joint"""

    bl_idname = "mocamba.map_bone"
    bl_label = "Choose Bone"

    joint: EnumProperty(items=JOINT_ITEMS, name="Joint", description="Of the performer")
    bone: StringProperty(name="Bone", description="Of the character; empty for none")

    def invoke(self, context: Any, _event: Any) -> Result:
        """Ask in a small window."""
        self.bone = _map_or_nothing(chosen(context)).bones.get(self.joint, "")
        return set(context.window_manager.invoke_props_dialog(self))

    def draw(self, context: Any) -> None:
        """The bone, searched by name."""
        self.layout.label(text=bone_word(self.joint).capitalize())
        self.layout.prop_search(self, "bone", chosen(context).data, "bones")

    def work(self, armature: Any) -> str:
        """See the class."""
        if self.bone and self.bone not in armature.data.bones:
            raise BadInputError(f"'{armature.name}' has no bone '{self.bone}'. Choose one from the list.")
        before = _map_or_nothing(armature)
        bones = {joint: bone for joint, bone in before.bones.items() if joint != self.joint and bone != self.bone}
        also = {bone: joint for bone, joint in before.also.items() if bone != self.bone}
        heads = {joint: bone for joint, bone in before.heads.items() if joint != self.joint}
        if self.bone:
            bones[self.joint] = self.bone
        changed = BoneMap(before.family, bones, also, heads, before.switches)
        warnings = take_rows(armature, changed)
        return " ".join([f"{bone_word(self.joint).capitalize()}: {self.bone or 'no bone'}.", *warnings])


class MOCAMBA_OT_save_map(_MapOperator, bpy.types.Operator):
    """Save the bone map as a file to share"""

    bl_idname = "mocamba.save_map"
    bl_label = "Save Map"
    bl_options: ClassVar = {"REGISTER"}

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: Any, _event: Any) -> Result:
        """Ask for the file."""
        self.filepath = f"{bpy.path.clean_name(chosen(context).name)} bones.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def work(self, armature: Any) -> str:
        """See the class."""
        path = Path(bpy.path.abspath(self.filepath)).with_suffix(".json")
        save_map(kept_map(armature) or found_map(armature, read_bones(armature)), path)
        return f"Saved {path.name}."


class MOCAMBA_OT_load_map(_MapOperator, bpy.types.Operator):
    """Load a bone map that was saved or shared"""

    bl_idname = "mocamba.load_map"
    bl_label = "Load Map"

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: Any, _event: Any) -> Result:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def work(self, armature: Any) -> str:
        """See the class."""
        path = Path(bpy.path.abspath(self.filepath))
        loaded = load_map(path)
        fitted = loaded.fitted_to(tuple(armature.data.bones.keys()))
        warnings = take_map(armature, fitted)
        return " ".join([f"{path.name}: {len(fitted.bones)} of its {len(loaded.bones)} bones are here.", *warnings])


class MOCAMBA_PT_bone_map(bpy.types.Panel):
    """Which bone shows which joint"""

    bl_idname = "MOCAMBA_PT_bone_map"
    bl_label = "Bone Map"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mocamba"
    bl_parent_id = "MOCAMBA_PT_character"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """For rigs that need a map."""
        armature = chosen(context)
        return armature is not None and not has_smpl_bones(armature)

    def draw(self, context: Any) -> None:
        """State, buttons, one row a joint."""
        draw_map(self.layout, chosen(context))


def draw_map(layout: Any, armature: Any) -> None:
    """The rows of the panel; reads what is kept and works nothing out."""
    text = kept_text(armature)
    row = layout.row(align=True)
    row.operator("mocamba.detect_map", icon="VIEWZOOM")
    row.operator("mocamba.load_map", text="Load")
    row.operator("mocamba.save_map", text="Save")
    if not text:
        layout.label(text="Found by itself when the preview starts.", icon="INFO")
        return
    try:
        bone_map = _read(text)
    except MocambaError:
        layout.label(text="The kept map is damaged. Use Detect.", icon="ERROR")
        return
    layout.label(text=f"{bone_map.family or 'By hand'}: {len(bone_map.bones)} of {len(JOINT_ITEMS)} joints")
    for said in _said.get((armature.name, text), ())[:SHOWN_WARNINGS]:
        layout.label(text=said, icon="ERROR")
    _draw_rows(layout, armature, bone_map)


def _draw_rows(layout: Any, armature: Any, bone_map: BoneMap) -> None:
    names = list(bone_map.bones.values())
    column = layout.column(align=True)
    for joint, label, _ in JOINT_ITEMS:
        bone = bone_map.bones.get(joint, "")
        fine = bool(bone) and bone in armature.data.bones and names.count(bone) == 1
        row = column.split(factor=0.4, align=True)
        row.label(text=label, icon="BLANK1" if fine else "ERROR")
        change = row.operator("mocamba.map_bone", text=bone or "none")
        change.joint = joint


_read = lru_cache(maxsize=8)(map_from_json)


def take_rows(armature: Any, bone_map: BoneMap) -> tuple[str, ...]:
    """Keep a map that is being put together by hand, also while it is not whole; what it lacks is a warning."""
    try:
        return take_map(armature, bone_map)
    except BadInputError as error:
        keep_map(armature, bone_map)
        _said[armature.name, kept_text(armature)] = (str(error),)
        return (str(error),)


def _map_or_nothing(armature: Any) -> BoneMap:
    """What is kept or found, an empty map where there is neither."""
    try:
        return kept_map(armature) or found_map(armature, read_bones(armature))
    except BadInputError:
        return BoneMap("", {})


CLASSES = (
    MOCAMBA_OT_detect_map,
    MOCAMBA_OT_map_bone,
    MOCAMBA_OT_save_map,
    MOCAMBA_OT_load_map,
    MOCAMBA_PT_bone_map,
)
