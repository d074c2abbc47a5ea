"""`mocamba solve`."""

from pathlib import Path
from typing import Annotated

import typer

from ..solving import DEFAULT_NETWORK, Mode, solve_take
from ..take import open_take
from .console import JsonFlag, as_argument, progress_bar, report

HELP = """Find the motion in a take with a pose network.

The result is kept in the take, as solved/NETWORK.npz in AMASS keys; what the sensors said is never changed, so a take
can be solved again with another network.

Examples:

  mocamba solve walk.take

  mocamba solve walk.take --network hiposer-s --mode offline
"""


def solve_command(
    take: Annotated[Path, typer.Argument(metavar="NAME.take", help="The take to solve.")],
    network: Annotated[
        str, typer.Option(help="A network (a wrong name lists them) or a weights file.")
    ] = DEFAULT_NETWORK,
    mode: Annotated[Mode, typer.Option(help="live: frame by frame; offline: may look ahead.")] = Mode.LIVE,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    with progress_bar(as_json) as progress:
        motion, path, warnings = solve_take(open_take(take), network, mode, progress)
    values = {
        "take": str(take),
        "network": network,
        "mode": mode.value,
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
    stem = take.name.removesuffix(take.suffix)
    lines = [
        f"{path}: {motion.duration:.1f} s, {len(motion)} frames",
        f"Next: mocamba bake {as_argument(take)} --blend {as_argument(stem + '.blend')}",
    ]
    report(values, lines, as_json)
