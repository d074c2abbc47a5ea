"""Setting the capture engine up from the preferences, and weights that the add-on does not carry."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from ..rig.errors import BadInputError
from .capture_control import capture_control
from .engine_setup import EngineSetup, SetupWish
from .jobs import Job
from .preferences import preferences, user_folder
from .runtime import runtime
from .saying import Result, done, told
from .weights import fetch_weights, lying_beside, unpack_weights


class MOCAMBA_OT_set_up_engine(bpy.types.Operator):
    """Make or repair the capture engine's own Python environment; goes on where it stopped"""

    bl_idname = "mocamba.set_up_engine"
    bl_label = "Set Up Engine"

    wheels: StringProperty(name="Offline packages", subtype="DIR_PATH", description="Empty for the preferences'")
    agreed: BoolProperty(name="Download", description="For scripts: agree to downloading")

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Not while it is used or made."""
        cls.poll_message_set("Stop the capture, or wait for what is being done")
        return not capture_control.running and not runtime.jobs

    @told
    def execute(self, _context: Any) -> Result:
        """A job with progress and Cancel."""
        chosen = preferences()
        folder = self.wheels or chosen.wheels
        online = (self.agreed or chosen.agreed) and bpy.app.online_access
        wish = SetupWish(Path(bpy.path.abspath(folder)) if folder else None, chosen.hardware, online)
        setup = EngineSetup(capture_control.engine, wish)

        def ready(text: str) -> None:
            capture_control.look()
            runtime.say(text)

        runtime.run_job(Job("Setting up the engine", setup.run, ready))
        return {"FINISHED"}


class MOCAMBA_OT_add_weights(bpy.types.Operator):
    """Add the other networks' weights from the file that comes beside the add-on's; checked by their checksums"""

    bl_idname = "mocamba.add_weights"
    bl_label = "Add Weights"

    filepath: StringProperty(name="Weights", subtype="FILE_PATH")
    filter_glob: StringProperty(default="*.zip", options={"HIDDEN"})

    def invoke(self, context: Any, _event: Any) -> Result:
        """Ask for the file; one that lies where downloads lie is offered."""
        if (found := lying_beside(_download_folders())) is not None:
            self.filepath = str(found)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @told
    def execute(self, _context: Any) -> Result:
        """All of them or none. Without a path, those of the file that lies where downloads lie."""
        found = Path(bpy.path.abspath(self.filepath)) if self.filepath else lying_beside(_download_folders())
        if found is None:
            raise BadInputError("No mocamba-weights file lies among your downloads. Choose where it is.")
        names = unpack_weights(found, user_folder("weights"))
        return done(self, f"Added {', '.join(names)}.")


def _download_folders() -> list[Path]:
    folders = [Path.home() / "Downloads", Path.home() / "Desktop", Path.home()]
    return [Path(bpy.data.filepath).parent, *folders] if bpy.data.filepath else folders


class MOCAMBA_OT_fetch_weights(bpy.types.Operator):
    """Download the other networks' weights and add them, if they are the file of this checksum"""

    bl_idname = "mocamba.fetch_weights"
    bl_label = "Fetch Weights"

    address: StringProperty(name="Address", description="Of the file, as it stands beside the download")
    sha256: StringProperty(name="SHA-256", description="Its checksum, from the same place")

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """With Blender's leave."""
        cls.poll_message_set("Allow online access in Blender's system preferences first")
        return bool(bpy.app.online_access)

    def invoke(self, context: Any, _event: Any) -> Result:
        """Ask for both."""
        return set(context.window_manager.invoke_props_dialog(self, width=500))

    @told
    def execute(self, _context: Any) -> Result:
        """A job with progress and Cancel."""
        address, sha256, folder = self.address, self.sha256, user_folder("weights")
        runtime.run_job(
            Job(
                "Fetching weights",
                lambda job: fetch_weights(job, address, sha256, folder),
                lambda names: runtime.say(f"Added {', '.join(names)}."),
            )
        )
        return {"FINISHED"}


class MOCAMBA_OT_engine_folder(bpy.types.Operator):
    """Show the engine's folder in the system's file browser"""

    bl_idname = "mocamba.show_engine"
    bl_label = "Show Folder"

    @told
    def execute(self, _context: Any) -> Result:
        """Where its log is, too."""
        bpy.ops.wm.path_open(filepath=str(capture_control.engine.folder))
        return {"FINISHED"}


CLASSES = (MOCAMBA_OT_set_up_engine, MOCAMBA_OT_add_weights, MOCAMBA_OT_fetch_weights, MOCAMBA_OT_engine_folder)
