"""`mocamba camera`."""

from pathlib import Path
from typing import Annotated

import typer

from ...devices.camera.board import Board, calibrate_lens
from ...rig.errors import BadInputError
from ...rig.whole_file import check_suffix, refuse_existing
from .console import ForceFlag, JsonFlag, as_argument, progress_bar, report

HELP = """Measure a camera's lens with a chessboard, once, for videos it takes.

SRC is a video, or a folder of pictures, in which a printed chessboard is held still and flat before the camera, from
many sides and near the picture's edges too. Zoom, size and whether it is held upright have to be as in the videos.

Examples:

  mocamba camera board.mp4 --out phone.json

  mocamba camera pictures/ --board 7x5 --out webcam.json
"""


def camera_command(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A video, or a folder of pictures.")],
    out: Annotated[Path, typer.Option(metavar="OUT.json", help="For the option --camera-file of 'mocamba solve'.")],
    board: Annotated[str, typer.Option(metavar="COLUMNSxROWS", help="Inner corners: 10 x 7 fields have 9x6.")] = "9x6",
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    check_suffix(out, ".json")
    refuse_existing(out, force=force)
    with progress_bar(as_json) as progress:
        lens, fit, views = calibrate_lens(source, parse_board(board), progress)
    lens.write(out)
    values = {"file": str(out), "views": views, "fit_pixels": round(fit, 3), "fov": round(lens.field, 2)}
    lines = [
        f"{out}: {lens.field:.1f}° along the longer side; corners fit to {fit:.2f} pixels in {views} views",
        f"Next: mocamba solve VIDEO --camera-file {as_argument(out)}",
    ]
    report(values, lines, as_json)


def parse_board(text: str) -> Board:
    """`9x6`. Raises BadInputError."""
    columns, _, rows = text.lower().partition("x")
    if not (columns.isdecimal() and rows.isdecimal() and 3 <= int(columns) <= 40 and 3 <= int(rows) <= 40):
        raise BadInputError(f"--board {text}: write the inner corners as COLUMNSxROWS, for example 9x6.")
    return Board(int(columns), int(rows))
