"""`mocamba bake`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ...rig.errors import BadInputError
from ..baking import BakeOptions, bake_take
from ..exporting import ExportOptions, export_take
from ..take import Take, open_take
from .console import ForceFlag, JsonFlag, progress_bar, report

HELP = """Bake a solved take to keyframes on a skinned armature in a .blend file.

Blender itself does it: the `bpy` module where it is installed, else a Blender found on this machine.

A film is drawn on the processor alone and takes its time: on two busy cores about 0.7 minutes for each second of film.
A .png sheet of twelve pictures is far quicker.

Examples:

  mocamba bake walk.take --blend walk.blend

  mocamba bake walk.take --blend walk.blend --fps 29.97 --render walk.mp4

  mocamba bake walk.take --blend walk.blend --render walk.png --force

  mocamba bake walk.take --to fbx --to bvh
"""


class Format(StrEnum):
    """Of other programs."""

    FBX = "fbx"
    GLB = "glb"
    USD = "usd"
    BVH = "bvh"


def bake_command(
    take: Annotated[Path, typer.Argument(metavar="NAME.take", help="A take that was solved.")],
    blend: Annotated[Path | None, typer.Option(metavar="OUT.blend", help="The Blender file to write.")] = None,
    to: Annotated[
        list[Format] | None, typer.Option(help="For other programs: a file beside the .blend, or beside the take.")
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames per second of the animation; its length stays the same.")] = 24.0,
    render: Annotated[
        Path | None, typer.Option(metavar="OUT.mp4|png", help="A film of the motion, or a sheet of pictures of it.")
    ] = None,
    network: Annotated[str | None, typer.Option(help="Whose solve to bake; by default the newest.")] = None,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    if blend is None and (render is not None or not to):
        raise BadInputError("Nothing is named to bake to. Add --blend OUT.blend, or --to with a format.")
    opened = open_take(take)
    exports = [ExportOptions(_beside(take, blend, kind), network, fps, force) for kind in to or ()]
    for export in exports:
        export.check()
    values: dict[str, Any] = {"take": str(take)}
    lines: list[str] = []
    if blend is not None:
        more, lines = _bake(opened, BakeOptions(blend, network, fps, render, force), as_json)
        values |= more
    for export in exports:
        with progress_bar(as_json) as progress:
            frames = export_take(opened, export, progress)
        lines.append(f"{export.out}: {frames} frames")
    report({**values, "exported": [str(export.out) for export in exports]}, lines, as_json)


def _bake(take: Take, options: BakeOptions, as_json: bool) -> tuple[dict[str, Any], list[str]]:
    """What to report of the .blend."""
    with progress_bar(as_json) as progress:
        done = bake_take(take, options, progress)
    values = {
        "blend": str(done.blend),
        "render": str(done.render) if done.render else None,
        "frames": done.frames,
        "fps": done.rate.fps / done.rate.base,
        "blender": done.blender,
        "bake_seconds": round(done.bake_seconds, 3),
        "seconds": round(done.total_seconds, 2),
    }
    lines = [f"{done.blend}: {done.frames} frames at {options.fps:g} per second, by Blender {done.blender}"]
    return values, lines + ([str(done.render)] if done.render else [])


def _beside(take: Path, blend: Path | None, kind: Format) -> Path:
    return (blend or take.absolute()).with_suffix(f".{kind}")
