"""`mocamba bake`."""

from pathlib import Path
from typing import Annotated

import typer

from ..baking import BakeOptions, bake_take
from ..take import open_take
from .console import ForceFlag, JsonFlag, progress_bar, report

HELP = """Bake a solved take to keyframes on a skinned armature in a .blend file.

Blender itself does it: the `bpy` module where it is installed, else a Blender found on this machine.

A film is drawn on the processor alone and takes its time: on two busy cores about 0.7 minutes for each second of film.
A .png sheet of twelve pictures is far quicker.

Examples:

  mocamba bake walk.take --blend walk.blend

  mocamba bake walk.take --blend walk.blend --fps 29.97 --render walk.mp4

  mocamba bake walk.take --blend walk.blend --render walk.png --force
"""


def bake_command(
    take: Annotated[Path, typer.Argument(metavar="NAME.take", help="A take that was solved.")],
    blend: Annotated[Path, typer.Option(metavar="OUT.blend", help="The Blender file to write.")],
    fps: Annotated[float, typer.Option(help="Frames per second of the animation; its length stays the same.")] = 24.0,
    render: Annotated[
        Path | None, typer.Option(metavar="OUT.mp4|png", help="A film of the motion, or a sheet of pictures of it.")
    ] = None,
    network: Annotated[str | None, typer.Option(help="Whose solve to bake; by default the newest.")] = None,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    options = BakeOptions(blend, network, fps, render, force)
    with progress_bar(as_json) as progress:
        done = bake_take(open_take(take), options, progress)
    values = {
        "take": str(take),
        "blend": str(done.blend),
        "render": str(done.render) if done.render else None,
        "frames": done.frames,
        "fps": done.rate.fps / done.rate.base,
        "blender": done.blender,
        "bake_seconds": round(done.bake_seconds, 3),
        "seconds": round(done.total_seconds, 2),
    }
    lines = [f"{done.blend}: {done.frames} frames at {fps:g} per second, by Blender {done.blender}"]
    report(values, lines + ([str(done.render)] if done.render else []), as_json)
