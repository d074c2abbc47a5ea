"""Takes for other programs, and the character's poses to VTuber programs."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ..rig.amass import write_amass
from ..rig.blender.job import BakeJob, run_bake
from ..rig.bvh import write_bvh
from ..rig.errors import BadInputError
from ..rig.frame_rate import frame_rate
from ..rig.resample import resample
from .bake_scene import scene_rate
from .jobs import Job
from .runtime import runtime
from .saying import Result, done, told
from .take_files import load
from .takes_list import entry_of

FORMATS = [
    ("bvh", "BVH", "For most animation programs"),
    ("npz", "AMASS .npz", "For research tools"),
    ("fbx", "FBX", "For Unreal, Unity, Maya: armature, body and animation"),
    ("glb", "glTF", "For the web and game engines: armature, body and animation"),
    ("usd", "USD", "For Omniverse, Houdini: armature, body and animation"),
]
PLAIN = {"bvh": write_bvh, "npz": write_amass}


class MOCAMBA_OT_export(bpy.types.Operator):
    """Write the take to a file of another program's; nothing in the open file changes"""

    bl_idname = "mocamba.export"
    bl_label = "Export"

    path: StringProperty(name="Take", description="Folder of the take; empty for the chosen one")
    solve: StringProperty(name="Solve", description="Whose motion; empty for the newest")
    filepath: StringProperty(name="File", subtype="FILE_PATH")
    check_existing: BoolProperty(default=True, options={"HIDDEN"})  # the file dialog then asks
    format: EnumProperty(items=FORMATS, name="Format")
    fps: FloatProperty(name="Rate", min=0, max=1000, description="Frames per second; 0 for the scene's")

    def invoke(self, context: Any, _event: Any) -> Result:
        """Ask for the file."""
        self.filepath = str(Path(self.filepath or entry_of(self.path).name).with_suffix(f".{self.format}"))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @told
    def execute(self, _context: Any) -> Result:
        """Plain formats at once; those of Blender's exporters by a second Blender, as `mocamba bake --to` does."""
        entry = entry_of(self.path)
        if not self.filepath:
            raise BadInputError("No file is named. Choose one to export to.")
        out = Path(bpy.path.abspath(self.filepath)).with_suffix(f".{self.format}")
        rate = frame_rate(self.fps or scene_rate())
        if self.format in PLAIN:
            motion = resample(load(entry, self.solve), rate.value)
            PLAIN[self.format](motion, out)
            return done(self, f"{out}: {len(motion)} frames.")
        job = BakeJob(entry.solve(self.solve).file, entry.name, out, rate.value, force=True)
        blender = Path(bpy.app.binary_path) if bpy.app.binary_path else None
        runtime.run_job(
            Job(
                f"Exporting {out.name}",
                lambda job_: run_bake(job, job_.report, blender),
                lambda result: runtime.say(f"{out}: {result.frames} frames."),
            )
        )
        return {"FINISHED"}


CLASSES = (MOCAMBA_OT_export,)
