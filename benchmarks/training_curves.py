"""Curves of several training runs beside each other: an error on the validation people over steps.

    python benchmarks/training_curves.py RUNS --panel TITLE NAME NAME … [--panel …] --out PNG
        [--key val/score] [--label "MPJPE on validation people, mm"]

RUNS holds the folders that `mocamba train NAME --out RUNS/NAME` left. A panel for each --panel, on one scale; the
legend gives each run's last figure. --key is a column of their metrics.csv.
"""

import argparse
from pathlib import Path

from mocamba.inference.training.curves import draw_beside
from mocamba.tools.small_png import shrink


def runs(folder: Path, names: list[str]) -> dict[str, list[Path]]:
    """What each run logged, one file for each start."""
    found = {name: sorted((folder / name).glob("curves/*/metrics.csv")) for name in names}
    if missing := [name for name, files in found.items() if not files]:
        raise SystemExit(f"{folder}: no curves of {', '.join(missing)}. Train these networks first.")
    return found


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--panel", nargs="+", action="append", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--key", default="val/score")
    parser.add_argument("--label", default="MPJPE on validation people, mm")
    arguments = parser.parse_args()
    panels = {title: runs(arguments.runs, names) for title, *names in arguments.panel}
    draw_beside(panels, arguments.key, arguments.label, arguments.out)
    shrink(arguments.out)


if __name__ == "__main__":
    main()
