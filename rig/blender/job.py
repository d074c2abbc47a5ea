"""Bakes as jobs of a child process, so that Blender never lives in ours. Imports no bpy."""

import importlib.util
import shutil
import sys
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..amass import read_amass
from ..child_process import follow, told_progress
from ..errors import BadInputError, MissingToolError, MocambaError
from ..frame_rate import FrameRate, frame_rate
from ..progress import Progress
from ..whole_file import check_suffix, refuse_existing, uninterrupted, whole_file, work_folder, written
from .find_blender import find_blender
from .messages import REFUSAL, ChildJob, ChildOutcome

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
LOG_LINES = 12
EXCHANGE = (".fbx", ".glb", ".usd", ".usda", ".usdc", ".usdz")  # performer alone, for other programs
ROOM = 1 << 20  # bytes; where less is left, Blender fails for want of it


@dataclass(frozen=True)
class BakeJob:
    """Bake `motion_npz` (see `amass`) to a new file `blend`, and show it in `render` (.png or .mp4).

    By its suffix, `blend` may be one of `EXCHANGE` as well.

    `fps` None keeps the motion's own rate, to the whole frame per second. `name` is given to armature and action.
    """

    motion_npz: Path
    name: str
    blend: Path
    fps: float | None = None
    render: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class BakeResult:
    """What was written; `bake_seconds` is the time for armature, body and keyframes alone."""

    blend: Path
    render: Path | None
    frames: int
    rate: FrameRate
    blender: str
    bake_seconds: float
    total_seconds: float


def run_bake(job: BakeJob, progress: Progress = lambda share, doing: None, blender: Path | None = None) -> BakeResult:
    """Bake in a child process, `blender` or one that is found; both files appear whole or not at all.

    Raises BadInputError (OutputExistsError, FileFormatError) before any work starts, MissingToolError without
    Blender, MocambaError with the end of its log where Blender fails.
    """
    began = time.perf_counter()
    rate = _checked(job)
    command = blender_command() if blender is None else program_command(blender)
    with work_folder(job.blend.parent) as work:
        made = ChildJob(
            motion=str(job.motion_npz.resolve()),
            name=job.name,
            fps=rate.fps,
            base=rate.base,
            blend=str(work / f"bake{job.blend.suffix.lower()}"),
            render=str(work / f"bake{job.render.suffix.lower()}") if job.render else None,
            outcome=str(work / "outcome.json"),
        )
        outcome = _run(command, work, made, progress)
        _publish(made, job)
    seconds = time.perf_counter() - began
    return BakeResult(job.blend, job.render, outcome.frames, rate, outcome.blender, outcome.bake_seconds, seconds)


def blender_command() -> list[str]:
    """Command that runs the bootstrap with bpy: this Python where it has bpy, else a Blender found on the machine."""
    if importlib.util.find_spec("bpy") is not None:
        return [sys.executable, str(BOOTSTRAP)]
    if (blender := find_blender()) is None:
        raise MissingToolError(
            "No Blender was found. Install Blender 4.2 or newer, or set MOCAMBA_BLENDER to its program file, "
            'or on Python 3.11 run: pip install "mocamba[blender]"'
        )
    return program_command(blender)


def program_command(blender: Path) -> list[str]:
    """The same by the Blender program `blender`."""
    options = ["--background", "--factory-startup", "--python-exit-code", "3", "--python", str(BOOTSTRAP), "--"]
    return [str(blender), *options]


def _checked(job: BakeJob) -> FrameRate:
    check_suffix(job.blend, ".blend", *EXCHANGE)
    refuse_existing(job.blend, force=job.force)
    if job.render:
        check_suffix(job.render, ".png", ".mp4")
        refuse_existing(job.render, force=job.force)
    motion = read_amass(job.motion_npz)
    return frame_rate(round(motion.rate) if job.fps is None else job.fps)


def _run(command: list[str], work: Path, job: ChildJob, progress: Progress) -> ChildOutcome:
    job_file, outcome = work / "job.json", Path(job.outcome)
    with written(work):
        job.write(job_file)
    log: deque[str] = deque(maxlen=LOG_LINES)

    def heard(line: str) -> None:
        if not told_progress(line, progress) and line.strip():
            log.append(line)

    follow([*command, str(job_file)], heard)
    if not outcome.exists():
        if shutil.disk_usage(work).free < ROOM:
            raise BadInputError(f"The disk of {work.parent} is full, so nothing was written. Free some space.")
        if refusal := next((line for line in log if line.startswith(REFUSAL)), None):
            raise MissingToolError(refusal[len(REFUSAL) :])
        last = "\n  ".join(log) or "(it said nothing)"
        raise MocambaError(f"Blender stopped before it was done; nothing was written. Its last words:\n  {last}")
    return ChildOutcome.read(outcome)


def _publish(made: ChildJob, job: BakeJob) -> None:
    """Both files or none: neither replaces an old one before both are on its disk."""
    with ExitStack() as files, uninterrupted():
        shutil.move(made.blend, files.enter_context(whole_file(job.blend)))
        if made.render and job.render:
            shutil.move(made.render, files.enter_context(whole_file(job.render)))
