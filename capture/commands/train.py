"""`mocamba train`."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ...rig.errors import BadInputError, MissingToolError
from .console import JsonFlag, report

HELP = """Train a network on motion shards, or go on with a run that was stopped.

Sensors are simulated while training. Checkpoints, curves (curves.png) and the weights go to one folder; the same
command goes on from the last checkpoint there. Needs the train extra: pip install "mocamba[train]".

Examples:

  mocamba train hiposer-d --data motion --out runs/hiposer-d

  mocamba train hiposer-d-lstm --data motion --out runs/lstm --steps 500
"""


class Precision(StrEnum):
    """As Lightning calls them. Scans and losses stay in full precision."""

    FULL = "32-true"
    BF16 = "bf16-mixed"
    FP16 = "16-mixed"


def train_command(
    network: Annotated[str, typer.Argument(help="hiposer-d, hiposer-s, …; a wrong name lists them.")],
    data: Annotated[Path, typer.Option(help="Folder with motion shards (.npz).")],
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
    steps: Annotated[int | None, typer.Option(min=1, help="Instead of the network's own number.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Windows a step, shared by all devices.")] = None,
    validate_on: Annotated[
        list[str] | None, typer.Option(metavar="PERSON", help="Choose by this person of your data; may be repeated.")
    ] = None,
    keep_out: Annotated[
        list[str] | None, typer.Option(metavar="PERSON", help="Never look at this person's motion; may be repeated.")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="Mixed precision, on GPUs that have it.")] = Precision.FULL,
    devices: Annotated[int, typer.Option(min=1, help="GPUs to spread the run over.")] = 1,
    seed: Annotated[int, typer.Option(help="Same seed, same run.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    try:
        # torch and Lightning come with these
        from ...inference.training.fit import fit
        from ...inference.training.presets import ABLATIONS, PRESETS
        from ...inference.training.split import TEST, VALIDATION, People
    except ModuleNotFoundError as error:
        raise MissingToolError(f'Training needs {error.name}: pip install "mocamba[train]".') from error
    runs = {**PRESETS, **{f"hiposer-s-{way}": run for way, run in ABLATIONS.items()}}
    if network not in runs:
        raise BadInputError(f"There is no network {network!r} to train. Known: {', '.join(runs)}.")
    config = replace(runs[network], seed=seed)
    config = replace(config, steps=steps or config.steps, batch=batch or config.batch)
    people = People(tuple(validate_on or VALIDATION), tuple(keep_out or (() if validate_on else TEST)))
    weights = fit(
        config,
        data,
        out,
        network,
        people=people,
        devices=devices,
        precision=precision.value,
        enable_progress_bar=not as_json,
    )
    lines = [
        f"{weights}: the weights; curves in {out / 'curves.png'}",
        f'Next: mocamba evaluate "{weights}" --motion …',
    ]
    report({"network": network, "weights": str(weights), "steps": config.steps, "seed": seed}, lines, as_json)
