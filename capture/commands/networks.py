"""`mocamba networks`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from .console import JsonFlag, progress_bar, report

if TYPE_CHECKING:
    from ...inference.catalog import Entry

HELP = """List the networks: what each reads and gives, how far it looks ahead, its size, and the weights at hand.

Papers of this family print what a profiler sees, which leaves out much of a Mamba network. 'profiler' is that count and
'true' the whole one, in millions of parameters; 'paper' is the published figure, with a ✗ where none of ours rounds to
it. MMACs are millions of multiply-adds a frame, as the profiler counts.

Examples:

  mocamba networks

  mocamba networks --json
"""
COLUMNS = ("variant", "reads", "gives", "look-ahead", "profiler", "true", "paper", "MMACs", "weights")


def networks_command(as_json: JsonFlag = False) -> None:
    """See HELP."""
    # torch comes with it
    from ...inference.catalog import designs, measured

    entries = []
    chosen = designs()
    with progress_bar(as_json) as progress:
        for k, design in enumerate(chosen):
            progress(k / len(chosen), f"Counting {design.network} {design.variant}")
            entries.append(measured(design))
    if as_json:
        report({"networks": [asdict(entry) for entry in entries]}, [], as_json)
    else:
        _show(entries)


def _show(entries: "list[Entry]") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for family in dict.fromkeys(entry.network for entry in entries):
        table = Table(*COLUMNS, title=family, title_justify="left", title_style="bold")
        for entry in entries:
            if entry.network == family:
                table.add_row(*_cells(entry))
        console.print(table)


def _cells(entry: "Entry") -> tuple[str, ...]:
    clip = "whole recording" if entry.frames is None else f"clip of {entry.frames}"
    ahead = clip if entry.look_ahead is None else str(entry.look_ahead)
    paper = "" if entry.published_params is None else entry.published_params + ("" if entry.fits else " ✗")
    return (
        entry.variant,
        entry.reads,
        entry.gives,
        ahead,
        f"{entry.profiler_params / 1e6:.3f}",
        f"{entry.true_params / 1e6:.3f}",
        paper,
        f"{entry.macs_per_frame / 1e6:.1f}",
        f"{entry.weights} ({entry.licence})" if entry.weights else "",
    )
