"""HiPoser against the paper's alternatives on people never trained on: its Tables 2 to 5, our protocol.

    python benchmarks/hiposer_table.py DATA WEIGHTS [--sensors worn] [--out docs/networks]
    python benchmarks/hiposer_table.py DATA WEIGHTS --name ablation --people validation test

DATA holds the motion shards, WEIGHTS one .safetensors a row, runs' folders too (`mocamba train`, equal data and steps),
of one network several if their seeds differ.
Six simulated sensors, each clip on its own, causal where the network is: the shipped path from sensors to motion,
filter and all. Adds to NAME.json, or NAME_worn.json, a row for each network, shard and group of people, from which
`python -m mocamba.tools.results` makes tables and pictures. The ablation's rows are chosen by validation people and
shown on test people.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mocamba.inference.evaluation import evaluate_shard
from mocamba.inference.training.split import OURS
from mocamba.inference.weights_file import load_network
from mocamba.rig.imu import CLEAN, WORN
from mocamba.rig.whole_file import whole_file
from rich.console import Console
from rich.progress import track
from rich.table import Table

SHARDS = ("cmu", "uiprmd")
GROUPS = {"test": OURS.test, "validation": OURS.validation}


def rows_of(path: Path, data: Path, sensors: str, group: str) -> list[dict[str, Any]]:
    """A row for each shard."""
    loaded = load_network(str(path))
    about: dict[str, Any] = {"parameters": sum(p.numel() for p in loaded.network.parameters())}
    about |= {name: loaded.card.training.get(name) for name in ("steps", "seed")}
    rows = []
    for shard in SHARDS:
        errors = WORN if sensors == "worn" else CLEAN
        result = evaluate_shard(loaded.network, data / f"{shard}.npz", errors, people=GROUPS[group])
        row: dict[str, Any] = {"network": path.stem, "shard": shard, "sensors": sensors, "group": group}
        row |= {"people": list(result.people), "clips": result.clips}
        rows.append(row | about | asdict(result.pose) | asdict(result.travel))
    return rows


def seed_of(path: Path) -> int | None:
    """Of the training run; None where the weights do not say."""
    return load_network(str(path)).card.training.get("seed")


def show(rows: list[dict[str, Any]]) -> None:
    """The table on the terminal."""
    table = Table("network", "people", "shard", "SIP °", "Ang °", "Pos cm", "jitter / truth", "Dist cm", "drift %")
    for r in rows:
        ratio = r["jitter"] / r["jitter_truth"]
        figures = (r["SIP"], r["Ang"], r["Pos"], ratio, r["dist"], r["drift"])
        table.add_row(r["network"], r["group"], r["shard"], *(f"{value:.2f}" for value in figures))
    Console().print(table)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    parser.add_argument("--name", default="hiposer_table")
    parser.add_argument("--sensors", choices=("clean", "worn"), default="clean")
    parser.add_argument("--people", nargs="+", choices=list(GROUPS), default=["test"])
    parser.add_argument("--only", nargs="+", default=(), metavar="NETWORK")
    arguments = parser.parse_args()
    table = arguments.out / f"{arguments.name}{'_worn' * (arguments.sensors == 'worn')}.json"
    rows: list[dict[str, Any]] = json.loads(table.read_text()) if table.exists() else []
    paths = [p for p in sorted(arguments.weights.rglob("*.safetensors")) if p.stem in (arguments.only or [p.stem])]
    if len({(path.stem, seed_of(path)) for path in paths}) < max(len(paths), 1):
        parser.error(f"{arguments.weights}: no weights of that name, or two of one name and seed.")
    for path in track(paths, "Evaluating"):
        for group in arguments.people:
            here = (path.stem, seed_of(path), group)
            rows = [row for row in rows if (row["network"], row.get("seed"), row["group"]) != here]
            rows += rows_of(path, arguments.data, arguments.sensors, group)
            with whole_file(table) as part:
                part.write_text(json.dumps(rows, indent=1) + "\n")
    show(rows)


if __name__ == "__main__":
    main()
