"""What is done with a video of one person: a take of its own, or a part of a take of sensors."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, FloatProperty, StringProperty

from ..rig.errors import BadInputError
from .capture_control import capture_control
from .engine import run
from .jobs import Job
from .preferences import preferences
from .runtime import runtime, take_folder
from .saying import Result, told
from .take_files import KEYPOINTS, RAW
from .take_operators import OnTake
from .takes_list import entry_of, refresh

VIDEOS = "*.mp4;*.mov;*.mkv;*.avi;*.webm;*.m4v"


class _OfVideo:
    """An operator that asks for a video."""

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default=VIDEOS, options={"HIDDEN"})
    network: StringProperty(name="Network", description="A network that reads a camera; empty for the usual one")
    fov: FloatProperty(
        name="Field of view",
        description="Degrees that the longer side of the picture sees (phone 65 to 75, webcam 55 to 80); 0: not known",
        min=0.0,
        max=150.0,
    )

    def invoke(self, context: Any, _event: Any) -> Result:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def video(self) -> Path:
        """Raises BadInputError where it is no file."""
        video = Path(bpy.path.abspath(self.filepath))
        if not video.is_file():
            raise BadInputError(f"{video} is no file. Choose a video.")
        return video

    def wishes(self) -> list[str]:
        """Options of the command: an operator's `options` are Blender's own."""
        network = ["--network", self.network] if self.network else []
        return [*network, "--fov", f"{self.fov:.1f}"] if self.fov else network


class MOCAMBA_OT_solve_video(_OfVideo, bpy.types.Operator):
    """Make a take of a video of one person: joints in its pictures, a body in the world; the engine does it"""

    bl_idname = "mocamba.solve_video"
    bl_label = "From a Video"

    @told
    def execute(self, _context: Any) -> Result:
        """A job, with progress and Cancel; the take lies among the others."""
        video = self.video()
        engine = capture_control.need()
        take = take_folder() / f"{video.stem}.take"
        arguments = ["solve", str(video), "--out", str(take), "--height", f"{preferences().height:.3f}"]
        arguments += self.wishes()

        def solved(values: Any) -> None:
            refresh(take)
            runtime.say(" ".join([f"{take.stem} is solved.", *values["warnings"]]))

        runtime.run_job(Job(f"Solving {video.name}", lambda job: run(engine, job, *arguments), solved))
        return {"FINISHED"}


class MOCAMBA_OT_add_video(_OfVideo, OnTake, bpy.types.Operator):
    """Add a video of the same performance to a take of sensors, whenever it was started, and solve both together"""

    bl_idname = "mocamba.add_video"
    bl_label = "Add Video"

    start_known: BoolProperty(
        name="Video start is known", description="If not, it is found by comparing what was seen with what was felt"
    )
    start: FloatProperty(
        name="Video start",
        description="Second of the take at which the video begins, to about half a second; less than 0 for before it",
    )
    replace: BoolProperty(name="Replace", description="Take this video in place of one that the take has already")

    def draw(self, _context: Any) -> None:
        """Beside the files."""
        layout = self.layout
        layout.prop(self, "start_known")
        row = layout.row()
        row.enabled = self.start_known
        row.prop(self, "start")
        layout.prop(self, "fov")
        layout.prop(self, "network")
        layout.prop(self, "replace")

    @told
    def execute(self, _context: Any) -> Result:
        """A job, with progress and Cancel; a video that is refused changes nothing."""
        entry, video = entry_of(self.path), self.video()
        if not (entry.path / RAW).is_file():
            raise BadInputError(f"{entry.name} has no sensors' signals to add a video to. Use From a Video.")
        if (entry.path / KEYPOINTS).exists() and not self.replace:
            raise BadInputError(f"{entry.name} has a video already. Tick Replace to take this one in its place.")
        engine = capture_control.need()
        arguments = ["solve", str(entry.path), "--video", str(video), *self.wishes()]
        arguments += ["--video-start", f"{self.start:.3f}"] if self.start_known else []
        arguments += ["--force"] if self.replace else []

        def solved(values: Any) -> None:
            refresh(entry.path)
            told = f"{entry.name} is solved; the video begins at {values['video_start']:.1f} s of it."
            runtime.say(" ".join([told, *values["warnings"]]))

        runtime.run_job(Job(f"Adding {video.name}", lambda job: run(engine, job, *arguments), solved))
        return {"FINISHED"}


CLASSES = (MOCAMBA_OT_solve_video, MOCAMBA_OT_add_video)
