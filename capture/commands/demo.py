"""`mocamba demo`."""

from pathlib import Path
from typing import Annotated

import typer

from ..demo import run_demo
from .console import ForceFlag, JsonFlag, progress_bar, report

HELP = """Show the whole way without any sensor.

A simulated performer walks, turns, squats, reaches, waves and kicks in six noisy, drifting sensors. Their signals are
recorded to a take, solved and baked; the result is compared with what the performer really did.

Examples:

  mocamba demo

  mocamba demo --out ~/mocamba-demo --force
"""


def demo_command(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results.")] = Path("demo"),
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    with progress_bar(as_json) as progress:
        done = run_demo(out, progress, force=force)
    values = {
        "take": str(done.files.take),
        "blend": str(done.files.blend),
        "sheet": str(done.files.sheet),
        "truth": str(done.files.truth),
        "SIP": round(done.sip, 2),
        "Ang": round(done.ang, 2),
        "Pos": round(done.pos, 2),
        "seconds": done.seconds,
    }
    lines = [
        f"{done.files.blend}: the animation, to open in Blender",
        f"{done.files.sheet}: pictures of it",
        f"{done.files.take}: the take it was made of",
        f"Against the true motion: SIP {done.sip:.1f}°, Ang {done.ang:.1f}°, Pos {done.pos:.1f} cm "
        f"(hips and shoulders; all joints; joint positions)",
        f"Took {sum(done.seconds.values()):.0f} s.",
    ]
    report(values, lines, as_json)
