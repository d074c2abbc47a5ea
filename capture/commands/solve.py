"""`mocamba solve`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ...inference.device_choice import Wish
from ...rig.errors import BadInputError
from ...rig.motion import Motion
from ..network_table import reads_camera
from ..solving import Mode, solve_take
from ..take import open_take
from ..video_solving import (
    FILM_NETWORK,
    Film,
    FilmOptions,
    add_video,
    check_overlay,
    draw_overlay,
    fusion_network,
    solve_filmed,
    solve_video,
    take_of,
    usual_network,
)
from .console import ForceFlag, JsonFlag, as_argument, progress_bar, report

HELP = """Find the motion in a take or a video with a pose network.

The result is kept in the take, as solved/NETWORK.npz in AMASS keys; what the sensors said is never changed, so a take
can be solved again with another network. A video becomes a take of its own, with the joints that were found in its
pictures; the video itself is not copied.

Examples:

  mocamba solve walk.take

  mocamba solve walk.take --network hiposer-s --mode offline

  mocamba solve walk.mp4 --height 1.78 --fov 70

  mocamba solve walk.mp4 --network posemamba-s --out walk.take --overlay seen.mp4
"""


def solve_command(
    source: Annotated[Path, typer.Argument(metavar="NAME.take|VIDEO", help="The take, or the video, to solve.")],
    network: Annotated[str | None, typer.Option(help="A network (a wrong name lists them) or a weights file.")] = None,
    mode: Annotated[Mode, typer.Option(help="live: frame by frame; offline: may look ahead. Sensors only.")] = (
        Mode.LIVE
    ),
    out: Annotated[
        Path | None, typer.Option(metavar="NAME.take", help="Of a video: the take to make; beside it by default.")
    ] = None,
    height: Annotated[float | None, typer.Option(help="The performer's height in metres.")] = None,
    fov: Annotated[
        float | None, typer.Option(help="Of the camera: degrees that the longer side of its picture sees.")
    ] = None,
    camera_file: Annotated[
        Path | None, typer.Option(help="Of the camera: what 'mocamba camera' made of a chessboard.")
    ] = None,
    detector: Annotated[str, typer.Option(help="What finds joints in pictures.")] = "mediapipe",
    video: Annotated[
        Path | None, typer.Option(help="Add this video to a take of sensors, whenever it was started, and use both.")
    ] = None,
    video_start: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="With --video: when it began, in seconds of the take, to about half a second; less than 0 for before "
            "it. Found by its movement unless told.",
        ),
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option(metavar="OUT.mp4", help="The video with what was seen and what was solved on it.")
    ] = None,
    device: Annotated[Wish, typer.Option(help="Where a network that reads a camera runs.")] = Wish.AUTO,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    if video is not None and not source.is_dir():
        raise BadInputError(f"--video adds a video to a take, and {source} is none. Give the take, and its --video.")
    if video_start is not None and video is None:
        raise BadInputError("--video-start is of a video that is added to a take. Give the take, and its --video.")
    network = network or _usual(source, video)
    if source.is_dir() and video is None and not reads_camera(network):
        _solve_sensors(source, network, mode, as_json)
        return
    options = FilmOptions(
        height=height,
        network=network,
        fov=fov,
        camera_file=camera_file,
        detector=detector,
        force=force,
        start=video_start,
        device=device,
    )
    if overlay is not None:
        check_overlay(overlay, source, video, force=force)
    began: float | None = None
    with progress_bar(as_json) as progress:
        if source.is_dir():
            if video is not None:
                began = add_video(open_take(source), video, options, progress)
            film = solve_filmed(open_take(source), options, progress)
        else:
            film = solve_video(source, out or take_of(source), options, progress)
        if overlay is not None:
            draw_overlay(film, video or source, overlay, progress, force=force)
    report(_film_values(film, options, began), _film_lines(film, began), as_json)


def _usual(source: Path, video: Path | None) -> str:
    if not source.is_dir():
        return FILM_NETWORK
    return usual_network(open_take(source)) if video is None else fusion_network()


def _solve_sensors(source: Path, network: str, mode: Mode, as_json: bool) -> None:
    with progress_bar(as_json) as progress:
        motion, path, warnings = solve_take(open_take(source), network, mode, progress)
    values = {**_values(source, network, path, motion, warnings), "mode": mode.value}
    report(values, _lines(source, path, motion), as_json)


def _values(take: Path, network: str, path: Path, motion: Motion, warnings: tuple[str, ...]) -> dict[str, Any]:
    return {
        "take": str(take),
        "network": network,
        "file": str(path),
        "frames": len(motion),
        "seconds": round(motion.duration, 3),
        "origin": {
            "network": motion.origin.network,
            "weights": motion.origin.weights,
            "calibration": motion.origin.calibration,
        },
        "warnings": list(warnings),
    }


def _lines(take: Path, path: Path, motion: Motion) -> list[str]:
    stem = take.name.removesuffix(take.suffix)
    return [
        f"{path}: {motion.duration:.1f} s, {len(motion)} frames",
        f"Next: mocamba bake {as_argument(take)} --blend {as_argument(stem + '.blend')}",
    ]


def _film_values(film: Film, options: FilmOptions, began: float | None) -> dict[str, Any]:
    return {
        **_values(film.take.path, options.network, film.file, film.motion, film.notes),
        "detector": film.track.detector,
        "camera": film.lens.source,
        "reprojection_pixels": round(film.off, 2),
        "absent_frames": int((film.motion.confidence == 0).sum()),
        **({} if began is None else {"video_start": round(began, 3)}),
    }


def _film_lines(film: Film, began: float | None) -> list[str]:
    return [
        *([] if began is None else [f"The video began at {began:.2f} s of the take."]),
        *_lines(film.take.path, film.file, film.motion),
        f"Solved joints lie {film.off:.1f} pixels (median) from those that {film.track.detector} saw.",
    ]
