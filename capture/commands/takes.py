"""`mocamba takes list|show|solve|repair|export`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ...rig.polish import Polish
from ..exporting import FORMATS, ExportOptions, export_take
from ..network_table import reads_camera
from ..repair import repair_take
from ..shelf import TakeReport, describe, list_takes, summary_row
from ..solving import Mode, solve_take
from ..take import open_take
from ..video_solving import FilmOptions, solve_filmed, usual_network
from .console import Commands, ForceFlag, JsonFlag, progress_bar, report

HELP = """Look at takes, solve them again, put damaged ones right, and hand them to other programs.

Examples:

  mocamba takes list recordings

  mocamba takes show walk.take

  mocamba takes solve walk.take --feet --floor --smooth 0.05

  mocamba takes export walk.take --out walk.fbx
"""

TakeArgument = Annotated[Path, typer.Argument(metavar="NAME.take", help="The take.")]


def takes_app() -> typer.Typer:
    """The five commands on one."""
    app = typer.Typer(cls=Commands, help=HELP, no_args_is_help=True)
    app.command("list")(list_command)
    app.command("show")(show_command)
    app.command("solve")(solve_command)
    app.command("repair")(repair_command)
    app.command("export")(export_command)
    return app


def list_command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the takes are.")] = Path(),
    as_json: JsonFlag = False,
) -> None:
    """The takes of a folder, damaged ones too, and what its disk has left.

    Example: mocamba takes list recordings
    """
    shelf = list_takes(folder)
    values = {
        "folder": str(folder),
        "takes": [_values(take) for take in shelf.takes],
        "free_bytes": shelf.free_bytes,
    }
    lines = [summary_row(take) for take in shelf.takes] or [f"No takes in {folder.resolve()}."]
    report(values, [*lines, f"{shelf.free_bytes / 1e9:.1f} GB free"], as_json)


def show_command(take: TakeArgument, as_json: JsonFlag = False) -> None:
    """Sensors with their rates and losses, calibration, solves, and what is wrong with a take.

    Example: mocamba takes show walk.take
    """
    told = describe(take)
    report(_values(told), [summary_row(told), *_sensor_lines(told), *_camera_lines(told), *_solve_lines(told)], as_json)


def _values(told: TakeReport) -> dict[str, Any]:
    values = asdict(told)
    return {**values, "path": str(told.path), "name": told.path.name, "damaged": bool(told.faults)}


def _sensor_lines(told: TakeReport) -> list[str]:
    return [
        f"  {s.slot or 'not worn'}: '{s.name}' {s.rate:.1f} Hz, {100 * s.loss:.1f} % lost, {s.gaps} gaps"
        + (f"; {s.reason}" if s.reason else "")
        for s in told.sensors
    ]


def _camera_lines(told: TakeReport) -> list[str]:
    return [
        f"  camera: '{c.name}' {c.width} x {c.height}, {c.pictures} pictures at {c.rate:.1f} Hz"
        f"{f' in {c.film}' if c.film else ', no film'}; performer found in {100 * c.seen:.0f} % by {c.detector}"
        for c in told.cameras
    ]


def _solve_lines(told: TakeReport) -> list[str]:
    return [
        f"  {s.file}: {s.fault or f'{s.seconds:.1f} s by {s.network}'}{f', polished {s.polish}' if s.polish else ''}"
        for s in told.solves
    ]


def solve_command(
    takes: Annotated[list[Path], typer.Argument(metavar="NAME.take", help="One or more takes.")],
    network: Annotated[
        str | None, typer.Option(help="A network or a weights file; by default the usual one for what is in the take.")
    ] = None,
    mode: Annotated[Mode, typer.Option(help="live: frame by frame; offline: may look ahead.")] = Mode.OFFLINE,
    smooth: Annotated[float, typer.Option(help="Seconds of smoothing without delay; 0 for none.")] = 0.0,
    floor: Annotated[bool, typer.Option("--floor", help="Standing feet on the floor, none under it.")] = False,
    feet: Annotated[bool, typer.Option("--feet", help="Standing feet do not slide.")] = False,
    contacts: Annotated[str, typer.Option(help="network: its own where it gives them; motion: speed and height.")] = (
        "network"
    ),
    again: Annotated[
        bool, typer.Option("--polish-only", help="Polish the solve that is there in another way; no network runs.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Solve takes, and polish what comes out; the motion before polishing stays in the solve's file.

    Examples:

      mocamba takes solve walk.take --feet --floor

      mocamba takes solve walk.take --polish-only --smooth 0.05
    """
    polish = Polish(smooth, floor, feet, contacts)
    results: list[dict[str, Any]] = []
    warnings: list[str] = []
    for path in takes:
        with progress_bar(as_json) as progress:
            take = open_take(path)
            if again:
                file = take.polish_solved(polish, network)
            elif reads_camera(name := network or usual_network(take)):
                film = solve_filmed(take, FilmOptions(name, polish=polish), progress)
                file, warnings = film.file, [*warnings, *film.notes]
            else:
                _, file, notes = solve_take(take, name, mode, progress, polish)
                warnings += list(notes)
        results.append({"take": str(path), "file": str(file), "polish": asdict(polish)})
    report({"solved": results, "warnings": warnings}, [str(result["file"]) for result in results], as_json)


def repair_command(
    take: TakeArgument,
    height: Annotated[float | None, typer.Option(help="The performer's, metres, where take.json is lost.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a damaged take whole again, as far as it can be read. What was there is kept beside it as NAME.damaged.

    Example: mocamba takes repair walk.take
    """
    done = repair_take(take, height)
    values = {"take": str(take), "done": list(done.done), "kept": list(done.kept), "samples": done.messages}
    lines = list(done.done) or [f"{take} is whole; nothing was changed."]
    report(values, lines + [f"Kept: {name}" for name in done.kept], as_json)


def export_command(
    take: TakeArgument,
    out: Annotated[Path, typer.Option(metavar=f"OUT{'|'.join(FORMATS)}", help="The file; its suffix is the format.")],
    fps: Annotated[float | None, typer.Option(help="Frames per second; by default the solve's own.")] = None,
    network: Annotated[str | None, typer.Option(help="Whose solve; by default the newest.")] = None,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Write a solved take for other programs: BVH, AMASS .npz and CSV; FBX, glTF (.glb) and USD through Blender.

    Examples:

      mocamba takes export walk.take --out walk.bvh

      mocamba takes export walk.take --out walk.glb --fps 30
    """
    with progress_bar(as_json) as progress:
        frames = export_take(open_take(take), ExportOptions(out, network, fps, force), progress)
    values = {"take": str(take), "out": str(out), "frames": frames, "bytes": out.stat().st_size}
    report(values, [f"{out}: {frames} frames"], as_json)
