"""Setting the capture engine up from the preferences, and weights that the add-on does not carry."""

import hashlib
import shutil
import zipfile
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from ..rig.errors import BadInputError, FileFormatError
from ..rig.whole_file import whole_file
from .capture_control import capture_control
from .engine_setup import EngineSetup, SetupWish
from .jobs import Job
from .preferences import preferences, user_folder
from .runtime import runtime
from .saying import Result, done, told

SUMS = "SHA256SUMS"


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
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @told
    def execute(self, _context: Any) -> Result:
        """All of them or none."""
        names = unpack_weights(Path(bpy.path.abspath(self.filepath)), user_folder("weights"))
        return done(self, f"Added {', '.join(names)}.")


def unpack_weights(packed: Path, folder: Path) -> list[str]:
    """The weights in a file of `build_addon.py --weights`, into `folder`; gives their names. Raises FileFormatError."""
    try:
        with zipfile.ZipFile(packed) as archive:
            lines = [line.split("  ", 1) for line in archive.read(SUMS).decode().splitlines()]
            sums = {name: checksum for checksum, name in lines}
            names = [name for name in archive.namelist() if name != SUMS]
            if not names or set(names) != set(sums) or any(Path(name).name != name for name in names):
                raise FileFormatError(packed, "does not hold what its checksums name.", "Download it again.")
            for name in names:
                with archive.open(name) as held:
                    if hashlib.file_digest(held, "sha256").hexdigest() != sums[name]:  # type: ignore[arg-type]
                        raise FileFormatError(packed, f"has a damaged {name}.", "Download it again.")
            for name in names:
                with archive.open(name) as held, whole_file(folder / name) as part, part.open("wb") as file:
                    shutil.copyfileobj(held, file)
    except FileNotFoundError as error:
        raise BadInputError(f"{packed} is not there. Choose the weights' file.") from error
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise FileFormatError(packed, "is no file of weights, or is cut off.", "Download it again.") from error
    return names


class MOCAMBA_OT_engine_folder(bpy.types.Operator):
    """Show the engine's folder in the system's file browser"""

    bl_idname = "mocamba.show_engine"
    bl_label = "Show Folder"

    @told
    def execute(self, _context: Any) -> Result:
        """Where its log is, too."""
        bpy.ops.wm.path_open(filepath=str(capture_control.engine.folder))
        return {"FINISHED"}


CLASSES = (MOCAMBA_OT_set_up_engine, MOCAMBA_OT_add_weights, MOCAMBA_OT_engine_folder)
