"""From a solved take to keyframes in a .blend."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..rig.errors import BadInputError
from ..rig.whole_file import check_suffix, refuse_existing
from .take import Take

Progress = Callable[[float, str], None]

RENDERS = (".mp4", ".png")


@dataclass(frozen=True)
class BakeOptions:
    """`network`: whose solve is baked, None the newest; `render` a .png contact sheet or an .mp4."""

    blend: Path
    network: str | None = None
    fps: float = 24.0
    render: Path | None = None
    force: bool = False


def bake_take(take: Take, options: BakeOptions, progress: Progress) -> None:
    """Bake the motion of `take`. Refuses outputs that exist before any work is done."""
    check_suffix(options.blend, ".blend")
    refuse_existing(options.blend, force=options.force)
    if options.render is not None:
        check_suffix(options.render, *RENDERS)
        refuse_existing(options.render, force=options.force)
    if not 1 <= options.fps <= 240:
        raise BadInputError(f"--fps {options.fps:g}: use a frame rate from 1 to 240.")
    motion = take.load_solved(options.network)
    # Blender is looked for only now
    from ..rig.blender.job import BakeJob, run_bake

    job = BakeJob(motion=motion, blend=options.blend, fps=options.fps, render=options.render, force=options.force)
    run_bake(job, progress)
