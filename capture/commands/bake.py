"""`mocamba bake`."""

from pathlib import Path
from typing import Annotated

import typer

from ..baking import BakeOptions, bake_take
from ..take import open_take
from .console import ForceFlag, JsonFlag, progress_bar, report

HELP = """Bake a solved take to keyframes on a skinned armature in a .blend file.

Blender itself does it: the `bpy` module where it is installed, else a Blender found on this machine.

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
        bake_take(open_take(take), options, progress)
    made = [str(path) for path in (blend, render) if path]
    report(
        {"take": str(take), "blend": str(blend), "render": str(render) if render else None, "fps": fps}, made, as_json
    )
