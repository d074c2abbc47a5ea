"""HiPoser against the paper's alternatives on people never trained on: Tables 3, 4 and 5 of the paper, our protocol.

    python benchmarks/hiposer_table.py DATA WEIGHTS [--out docs/networks]

DATA holds the motion shards, WEIGHTS one .safetensors a row (train them with `mocamba train hiposer`, equal data and
steps). Writes hiposer_table.json and hiposer_table.png. Six clean simulated sensors, each clip on its own, causal where
the network is: the shipped path from sensors to motion, filter and all.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mocamba.inference.evaluation import evaluate_shard
from mocamba.inference.training.split import TEST
from mocamba.inference.weights_file import load_network
from mocamba.rig.imu import CLEAN, WORN
from mocamba.tools.small_png import shrink
from rich.console import Console
from rich.progress import track
from rich.table import Table

SHARDS = ("cmu", "uiprmd")


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    parser.add_argument("--sensors", choices=("clean", "worn"), default="clean")
    arguments = parser.parse_args()
    errors = WORN if arguments.sensors == "worn" else CLEAN
    rows = []
    for path in track(sorted(arguments.weights.glob("*.safetensors")), "Evaluating"):
        loaded = load_network(str(path))
        for shard in SHARDS:
            result = evaluate_shard(loaded.network, arguments.data / f"{shard}.npz", errors, people=TEST)
            row = {"network": path.stem, "shard": shard, "sensors": arguments.sensors, "people": list(result.people)}
            row |= {"parameters": sum(p.numel() for p in loaded.network.parameters()), "clips": result.clips}
            rows.append(row | asdict(result.pose) | asdict(result.travel))
    stem = "hiposer_table" if arguments.sensors == "clean" else "hiposer_table_worn"
    (arguments.out / f"{stem}.json").write_text(json.dumps(rows, indent=1) + "\n")
    show(rows)
    draw(rows, arguments.out / f"{stem}.png")


def show(rows: list[dict[str, Any]]) -> None:
    """The table on the terminal."""
    table = Table("network", "shard", "SIP °", "Ang °", "Pos cm", "jitter / truth", "Dist cm", "drift %")
    for r in rows:
        ratio = r["jitter"] / r["jitter_truth"]
        figures = (r["SIP"], r["Ang"], r["Pos"], ratio, r["dist"], r["drift"])
        table.add_row(r["network"], r["shard"], *(f"{value:.2f}" for value in figures))
    Console().print(table)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """SIP and Pos of every row as bars."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = sorted({r["network"] for r in rows})
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 0.45 * len(names) + 1.5), sharey=True, layout="constrained")
    for axis, key, unit in zip(axes, ("SIP", "Pos"), ("°", "cm"), strict=True):
        for k, shard in enumerate(SHARDS):
            values = [next(r[key] for r in rows if r["network"] == n and r["shard"] == shard) for n in names]
            places = [i + 0.4 * k for i in range(len(names))]
            bars = axis.barh(places, values, 0.38, label={"cmu": "CMU", "uiprmd": "UI-PRMD"}[shard])
            axis.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
        axis.set_xlabel(f"{key} error, {unit}")
        axis.set_yticks([i + 0.2 for i in range(len(names))], names)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].invert_yaxis()
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle("People never trained on, six clean simulated sensors (lower is better)", fontsize=11)
    figure.savefig(path, dpi=130)
    shrink(path)


if __name__ == "__main__":
    main()
