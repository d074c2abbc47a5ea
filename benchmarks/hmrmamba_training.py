"""HMRMamba learns from filmed scenes of the free body: trains it, and compares its mesh with lifting alone.

    python benchmarks/hmrmamba_training.py MOTION_FOLDER runs/hmrmamba-s [--variant s] [--steps 2000] [--resume]

Half of twice `--steps` goes to the lifting module, the rest to the whole. Leaves weights, curves.png and errors.json in
the folder and prints the errors: of the lifted joints, of the mesh's joints and vertices, and of the vertices that a
linear rule makes from the lifted joints alone.
"""

import argparse
from pathlib import Path

import torch
from mocamba.inference.networks.hmrmamba import VARIANTS
from mocamba.inference.training.hmrmamba import HMRMambaTraining, fit_hmrmamba
from rich.console import Console
from rich.table import Table


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("motion", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--variant", choices=list(VARIANTS), default="s")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--validate-every", type=int, default=250)
    parser.add_argument("--resume", action="store_true", help="go on from the folder's last checkpoint")
    arguments = parser.parse_args()
    if (arguments.folder / "last.ckpt").exists() and not arguments.resume:
        parser.error(f"{arguments.folder} holds a run already: add --resume to go on with it, or name another folder")
    config = HMRMambaTraining(VARIANTS[arguments.variant], lift_steps=arguments.steps, mesh_steps=arguments.steps)
    torch.set_float32_matmul_precision("high")
    errors = fit_hmrmamba(config, arguments.motion, arguments.folder, validate_every=arguments.validate_every)
    table = Table("people", "lifted joints, mm", "mesh joints, mm", "mesh vertices, mm", "vertices by rule, mm")
    for name, row in errors.items():
        table.add_row(name, *(f"{value:.1f}" for value in row))
    Console().print(table)


if __name__ == "__main__":
    main()
