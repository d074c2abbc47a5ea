"""The work of a bake, inside Blender: read a job, make the file, say how far it is."""

import sys
import time
from pathlib import Path

import bpy

from ..amass import read_amass
from ..errors import MocambaError
from ..frame_rate import FrameRate
from ..motion import Motion
from ..resample import resample
from .action import FIRST_FRAME, bake
from .armature import add_armature
from .body_mesh import add_body
from .exchange import export
from .messages import PROGRESS, REFUSAL, ChildJob, ChildOutcome
from .picture import render_movie, render_sheet
from .stage import Stage, add_stage


def main(job_file: str) -> None:
    """Run the `ChildJob` in `job_file` and leave a `ChildOutcome` where it says, or a refusal in the output."""
    try:
        _run(ChildJob.read(Path(job_file)))
    except MocambaError as error:
        sys.stdout.write(f"{REFUSAL}{str(error).splitlines()[0]}\n")
        sys.stdout.flush()
        sys.exit(1)


def _run(job: ChildJob) -> None:
    report(0.0, "reading the motion")
    rate = FrameRate(job.fps, job.base)
    motion = resample(read_amass(job.motion), rate.value)
    began = time.perf_counter()
    stage = build_scene(motion, rate, job.name)
    seconds = time.perf_counter() - began
    report(0.2, "saving")
    if job.blend.endswith(".blend"):
        save(Path(job.blend))
    else:
        export(Path(job.blend))
    if job.render:
        render = render_movie if job.render.endswith(".mp4") else render_sheet
        render(stage, motion, Path(job.render), lambda share, doing: report(0.25 + 0.75 * share, doing))
    ChildOutcome(len(motion), seconds, bpy.app.version_string).write(Path(job.outcome))
    report(1.0, "done")


def report(share: float, doing: str) -> None:
    """Tell the parent how far the job is."""
    sys.stdout.write(f"{PROGRESS}{share:.4f} {doing}\n")
    sys.stdout.flush()


def build_scene(motion: Motion, rate: FrameRate, name: str) -> Stage:
    """An empty file with the performer baked at `rate`, a floor, light and a camera."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = rate.fps, rate.base
    scene.frame_start, scene.frame_end = FIRST_FRAME, FIRST_FRAME + len(motion) - 1
    report(0.05, "building the armature and the body")
    armature = add_armature(motion.skeleton, name)
    add_body(armature, motion.skeleton)
    report(0.1, "writing keyframes")
    bake(armature, motion, name)
    stage = add_stage(motion)
    scene.frame_set(FIRST_FRAME)
    return stage


def save(path: Path) -> None:
    """Save the open file, compressed, without a backup beside it."""
    bpy.context.preferences.filepaths.save_version = 0
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)
