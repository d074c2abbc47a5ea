"""What fewer bits a weight cost: each network packed with each number of bits, and evaluated like any other file.

    python benchmarks/weight_bits.py DATA NETWORK … [--bits 16 8 6 5 4] [--people cmu_55] [--device cuda]

DATA holds the motion shards; NETWORK is a name or a weights file. Networks that use a camera see keypoints with the
errors of a detector beside worn sensors; others solve worn sensors live. Errors in mm: MPJPE of the former, Pos of the
latter. Adds to weight_bits.json in --out (docs/networks), a row for each network and number of bits, and draws
weight_bits.png. Costs are against the most bits of the network: more than its file has give nothing back.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mocamba.inference.detector import MEDIAPIPE_LIKE
from mocamba.inference.evaluation import evaluate_shard
from mocamba.inference.lifting_evaluation import evaluate_lifter
from mocamba.inference.networks.hiposer import HiPoser
from mocamba.inference.shipped import shipped_networks
from mocamba.inference.weights_file import load_weights, save_weights
from mocamba.rig.imu import WORN
from mocamba.rig.whole_file import whole_file
from mocamba.tools.small_png import shrink
from rich.console import Console
from rich.progress import track
from rich.table import Table

LIFTING = ("MPJPE", "PA_MPJPE", "MPJVE", "Accel")
SENSORS = ("SIP", "Ang", "Pos", "jitter")


def row_of(path: Path, bits: int, motion: Path, people: list[str], device: str) -> dict[str, Any]:
    """One evaluation; `mm` is the figure that rows are compared by."""
    loaded = load_weights(str(path))
    row: dict[str, Any] = {"network": loaded.card.name, "bits": bits, "bytes": path.stat().st_size, "people": people}
    if isinstance(loaded.network, HiPoser):
        pose = asdict(evaluate_shard(loaded.network, motion, WORN, people=people).pose)
        return row | {"mm": 10 * pose["Pos"]} | {key: pose[key] for key in SENSORS}
    network: Any = loaded.network.to(device)
    errors = asdict(evaluate_lifter(network, motion, MEDIAPIPE_LIKE, sensors=WORN, people=people).errors)
    return row | {"mm": errors["MPJPE"]} | {key: errors[key] for key in LIFTING}


def packed(given: Path, bits: int, folder: Path) -> Path:
    """The same network in a file of so many bits."""
    loaded, path = load_weights(str(given)), folder / f"{bits}.safetensors"
    save_weights(loaded.network, loaded.card, path, bits=bits)
    return path


def costs(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """By network, most bits first, each with its `cost`: mm beyond the row of most bits."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: -row["bits"]):
        found.setdefault(row["network"], []).append(row)
    return {name: [row | {"cost": row["mm"] - same[0]["mm"]} for row in same] for name, same in found.items()}


def show(rows: list[dict[str, Any]]) -> None:
    """The table on the terminal."""
    table = Table("network", "bits", "MB", "mm", "cost, mm", "SIP / PA-MPJPE", "Ang / MPJVE")
    for name, same in costs(rows).items():
        for row in same:
            others = [row[key] for key in (SENSORS[:2] if "SIP" in row else LIFTING[1:3])]
            figures = (f"{row['bytes'] / 1e6:.2f}", f"{row['mm']:.2f}", f"{row['cost']:+.2f}")
            table.add_row(name, str(row["bits"]), *figures, *(f"{value:.2f}" for value in others))
    Console().print(table)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Bits against cost, a line a network."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(6, 3.2), layout="constrained")
    ticks = sorted({row["bits"] for row in rows})
    for name, same in costs(rows).items():
        places = [ticks.index(row["bits"]) for row in same]
        axis.plot(places, [row["cost"] for row in same], "o-", markersize=4, label=name)
    axis.set_xticks(range(len(ticks)), [str(bits) for bits in ticks])
    axis.set(xlabel="bits a weight", ylabel="cost, mm")
    axis.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    figure.savefig(path, dpi=130)
    shrink(path)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("networks", nargs="*", help="none: only the table and the picture")
    parser.add_argument("--bits", type=int, nargs="+", default=[16, 8, 6, 5, 4])
    parser.add_argument("--shard", default="cmu")
    parser.add_argument("--people", nargs="+", default=["cmu_55"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    arguments = parser.parse_args()
    table, motion = arguments.out / "weight_bits.json", arguments.data / f"{arguments.shard}.npz"
    rows: list[dict[str, Any]] = json.loads(table.read_text()) if table.exists() else []
    todo = [(name, bits) for name in arguments.networks for bits in arguments.bits]
    with TemporaryDirectory() as folder:
        for name, bits in track(todo, "Evaluating"):
            path = packed(shipped_networks().get(name, Path(name)), bits, Path(folder))
            new = row_of(path, bits, motion, arguments.people, arguments.device)
            rows = [row for row in rows if (row["network"], row["bits"]) != (new["network"], bits)] + [new]
            with whole_file(table) as part:
                part.write_text(json.dumps(rows, indent=1) + "\n")
    show(rows)
    draw(rows, arguments.out / "weight_bits.png")


if __name__ == "__main__":
    main()
