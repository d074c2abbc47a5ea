"""Do two GPUs give the loss curve of one at equal total batch?

    python benchmarks/two_gpus.py DATA [NETWORK …] [--steps 200] [--devices 2] [--out docs/training]

Trains each network (default: hiposer-s and vimcan-t, without dropout, whose random numbers differ between devices) once
on one device and once on several, from the same seed. Prints the largest difference of the two loss curves in percent
of the loss, and writes two_gpus.json and two_gpus.png.
"""

import argparse
import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from mocamba.inference.training.fit import fit
from mocamba.inference.training.presets import PRESETS
from mocamba.tools.small_png import shrink
from rich.console import Console
from rich.table import Table

WITHOUT_CHANCE = {"hiposer": {"dropout": 0.0}, "vimcan": {"drop_path": 0.0}, "posemamba": {"drop_path": 0.0}}


def train(name: str, data: Path, folder: Path, steps: int, devices: int) -> None:
    """One run; Lightning starts this script again for every further device."""
    config = PRESETS[name]
    network = replace(config.network, **WITHOUT_CHANCE[name.split("-")[0]])
    config = replace(config, network=network, steps=steps)  # type: ignore[arg-type]
    fit(config, data, folder, name, validate_every=steps, devices=devices, enable_progress_bar=False)


def curve(folder: Path) -> list[tuple[int, float]]:
    """Steps and the sum of the losses."""
    with next(folder.glob("curves/*/metrics.csv")).open(encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row.get("train/position")]
    parts = [key for key in rows[0] if key.startswith("train/") and key not in ("train/loss", "train/finite")]
    return [(int(row["step"]), sum(float(row[key]) for key in parts)) for row in rows]


def compare(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Both runs of one network, each in a process of its own."""
    curves = {}
    for devices in (1, arguments.devices):
        folder = arguments.runs / f"{name}-{devices}"
        command = [sys.executable, __file__, str(arguments.data), name, "--steps", str(arguments.steps)]
        subprocess.run([*command, "--one-run", str(folder), "--devices", str(devices)], check=True)
        curves[str(devices)] = curve(folder)
    pairs = zip(*curves.values(), strict=True)
    return {"curves": curves, "percent": max(100 * abs(a[1] - b[1]) / a[1] for a, b in pairs)}


def draw(results: dict[str, Any], path: Path) -> None:
    """One panel a network, both curves."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(results), figsize=(4.6 * len(results), 3.6), squeeze=False)
    for axis, (name, row) in zip(axes[0], results.items(), strict=True):
        for (devices, points), style in zip(row["curves"].items(), ("-", "--"), strict=True):
            axis.plot(*zip(*points, strict=True), style, label=f"{devices} GPU{'s' * (devices != '1')}")
        axis.set(title=f"{name}: at most {row['percent']:.2g} % apart", xlabel="steps", ylabel="training loss")
        axis.legend(frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    shrink(path)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("networks", nargs="*", default=["hiposer-s", "vimcan-t"])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs/two_gpus"))
    parser.add_argument("--out", type=Path, default=Path("docs/training"))
    parser.add_argument("--one-run", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one_run is not None:
        train(arguments.networks[0], arguments.data, arguments.one_run, arguments.steps, arguments.devices)
        return
    results = {name: compare(name, arguments) for name in arguments.networks}
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "two_gpus.json").write_text(json.dumps(results, indent=1) + "\n")
    draw(results, arguments.out / "two_gpus.png")
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    table = Table("network", "steps", "device", "largest difference of the loss, %")
    for name, row in results.items():
        table.add_row(name, str(arguments.steps), device, f"{row['percent']:.3g}")
    Console().print(table)


if __name__ == "__main__":
    main()
