"""Characters: the free body, a licensed one from its user's own file, or an armature that is there."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import FloatProperty, StringProperty

from ..rig.blender.armature import add_armature, add_upright_armature
from ..rig.blender.body_mesh import add_body, add_skinned_mesh, weigh
from ..rig.blender.smpl_pose import has_smpl_bones
from ..rig.errors import BadInputError
from ..rig.skeleton import SMPL24
from ..rig.smpl_file import read_smpl
from .runtime import runtime
from .saying import Result, done, told


class MOCAMBA_OT_add_armature(bpy.types.Operator):
    """Add the SMPL armature with the free body, and make it the character"""

    bl_idname = "mocamba.add_armature"
    bl_label = "Add SMPL Armature"
    bl_options = {"REGISTER", "UNDO"}

    height: FloatProperty(name="Height", default=1.7, min=0.5, max=2.6, subtype="DISTANCE", unit="LENGTH")
    build: FloatProperty(name="Build", default=1.0, min=0.7, max=1.5, description="Slim to stout")
    name: StringProperty(name="Name", default="Performer")

    @told
    def execute(self, context: Any) -> Result:
        """At the middle of the world, where the performer starts."""
        into_object_mode()
        skeleton = SMPL24.scaled_to(self.height)
        armature = add_armature(skeleton, self.name)
        add_body(armature, skeleton, self.build)
        choose(context, armature)
        return done(self, f"{armature.name} is the character.")


class MOCAMBA_OT_load_body(bpy.types.Operator):
    """Add a SMPL, SMPL-H or SMPL-X body from your own licensed model, .npz or .pkl (read without running it)"""

    bl_idname = "mocamba.load_body"
    bl_label = "Add Licensed Body"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="Model", subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.npz;*.pkl", options={"HIDDEN"})

    def invoke(self, context: Any, _event: Any) -> Result:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @told
    def execute(self, context: Any) -> Result:
        """Its shape of average betas."""
        body = read_smpl(Path(bpy.path.abspath(self.filepath)))
        into_object_mode()
        name = Path(self.filepath).stem
        armature = add_upright_armature(name, body.names, body.parents, body.joints)
        thing = add_skinned_mesh(armature, f"{name} body", body.vertices, body.faces)
        weigh(thing, body.names, *body.strongest())
        choose(context, armature)
        return done(self, f"{armature.name} is the character: {len(body.names)} bones, {len(body.vertices)} vertices.")


class MOCAMBA_OT_find_armature(bpy.types.Operator):
    """Make the selected armature the character, else one with SMPL's bones, such as the Meshcapade add-on's"""

    bl_idname = "mocamba.find_armature"
    bl_label = "Find Armature"
    bl_options = {"REGISTER", "UNDO"}

    @told
    def execute(self, context: Any) -> Result:
        """The armature of a selected body will do."""
        selected = [thing.find_armature() or thing for thing in context.selected_objects]
        smpl = [thing for thing in context.scene.objects if thing.type == "ARMATURE" and has_smpl_bones(thing)]
        found = [thing for thing in selected if thing.type == "ARMATURE"] + smpl
        if not found:
            raise BadInputError("No armature is selected, and none here has SMPL's bones. Select one, or add ours.")
        choose(context, found[0])
        return done(self, f"{found[0].name} is the character.")


def into_object_mode() -> None:
    """Adding armatures needs it."""
    if bpy.context.view_layer.objects.active is not None and bpy.context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")


def choose(context: Any, armature: Any) -> None:
    """Make it the character, selected alone."""
    for thing in context.selected_objects:
        thing.select_set(False)
    armature.select_set(True)
    context.view_layer.objects.active = armature
    context.scene.mocamba.armature = armature
    runtime.redraw_soon()


CLASSES = (MOCAMBA_OT_add_armature, MOCAMBA_OT_load_body, MOCAMBA_OT_find_armature)
