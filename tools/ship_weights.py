"""Put the weights of a training run among those that are shipped: 8 bits a weight, with licence, data and scores.

    python tools/ship_weights.py RUN/NAME.safetensors TABLE.json [--out inference/weights]

TABLE is what benchmarks/lifting_table.py wrote about these very weights. Only for runs on the motion that the card
names.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from mocamba.inference.training.split import TEST, VALIDATION
from mocamba.inference.weights_file import load_weights, save_weights
from rich.console import Console

SOURCES = "CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu, NSF EIA-0196217) and UI-PRMD (PDDL 1.0)"
PROTOCOL = "benchmarks/lifting_table.py: test people of docs/results.md, four virtual cameras, float16 weights; mm"
SCORES = ("MPJPE", "PA_MPJPE", "N_MPJPE", "MPJVE", "Accel")


def scores_of(name: str, table: list[dict[str, Any]]) -> dict[str, Any]:
    """The rows about `name`, by shard and protocol."""
    rows = [row for row in table if row["network"] == name]
    if not rows:
        raise SystemExit(f"The table says nothing about {name}. Run benchmarks/lifting_table.py on it first.")
    found = {f"{row['shard']}, {row['protocol']}": {key: round(row[key], 2) for key in SCORES} for row in rows}
    return {"protocol": PROTOCOL, **found}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--out", type=Path, default=Path("inference/weights"))
    arguments = parser.parse_args()
    loaded = load_weights(str(arguments.weights))
    scores = scores_of(loaded.card.name, json.loads(arguments.table.read_text()))
    data = f"{SOURCES}, without people {', '.join((*VALIDATION, *TEST))}"
    card = replace(loaded.card, data=data, licence="CC0-1.0", scores=scores)
    path = arguments.out / f"{card.name}.safetensors"
    save_weights(loaded.network, card, path, eight_bits=True)
    Console().print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
