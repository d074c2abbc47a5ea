"""Put the weights of training runs among those that are shipped: with their bits, licence, data and scores.

    python tools/ship_weights.py RUN/NAME.safetensors … [--table TABLE.json] [--bits N] [--out inference/weights]

TABLE is what benchmarks/lifting_table.py or hiposer_table.py wrote about these very weights; without one the cards stay
as they are, for weights that were shipped before. Bits a weight are those of BITS below, unless given. Only for runs on
the motion that the card names. Packing what is packed already loses a little more: take the run's own file where there
is one.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from mocamba.inference.training.split import TEST, VALIDATION
from mocamba.inference.weights_file import WeightsCard, load_weights, save_weights
from rich.console import Console

# As docs/networks/weights.md found them to be worth it; 8 for all others
BITS = {"posemamba-s": 6, "posemamba-s-causal": 6, "vimcan-t": 6, "vimcan-t-causal": 6}
ROOM = 30_000_000  # bytes for all of them
SOURCES = "CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu, NSF EIA-0196217) and UI-PRMD (PDDL 1.0)"
LIFTING = "benchmarks/lifting_table.py: test people of docs/results.md, four virtual cameras, float16 weights; mm"
SENSORS = "benchmarks/hiposer_table.py: test people of docs/results.md, live, float16 weights; degrees, cm"
SCORES = ("MPJPE", "PA_MPJPE", "N_MPJPE", "MPJVE", "Accel", "SIP", "Ang", "Pos", "jitter", "jitter_truth", "dist")


def scores_of(name: str, table: list[dict[str, Any]]) -> dict[str, Any]:
    """The rows about `name`, by shard and protocol."""
    rows = [row for row in table if row["network"] == name and row.get("group", "test") == "test"]
    if not rows:
        raise SystemExit(f"The table says nothing about {name}. Evaluate this network first.")
    found = {
        f"{row['shard']}, {row.get('protocol') or row['sensors']}": {k: round(row[k], 2) for k in SCORES if k in row}
        for row in rows
    }
    return {"protocol": LIFTING if "protocol" in rows[0] else SENSORS, **found}


def completed(card: WeightsCard, table: Path) -> WeightsCard:
    """With where the motion came from, licence and scores."""
    data = f"{SOURCES}, without people {', '.join((*VALIDATION, *TEST))}"
    return replace(card, data=data, licence="CC0-1.0", scores=scores_of(card.name, json.loads(table.read_text())))


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, nargs="+")
    parser.add_argument("--table", type=Path)
    parser.add_argument("--bits", type=int, help="a weight: 16, or 4 to 8")
    parser.add_argument("--out", type=Path, default=Path("inference/weights"))
    arguments = parser.parse_args()
    for file in arguments.weights:
        loaded = load_weights(str(file))
        card = completed(loaded.card, arguments.table) if arguments.table else loaded.card
        path, bits = arguments.out / f"{card.name}.safetensors", arguments.bits or BITS.get(card.name, 8)
        save_weights(loaded.network, card, path, bits=bits)
        Console().print(f"{path}: {bits} bits a weight, {path.stat().st_size:,} bytes", soft_wrap=True)
    total = sum(path.stat().st_size for path in arguments.out.glob("*.safetensors"))
    Console().print(f"All in {arguments.out}: {total:,} bytes, {ROOM - total:,} left of {ROOM:,}", soft_wrap=True)


if __name__ == "__main__":
    main()
