"""The lifting networks on people never trained on: errors in mm, through four virtual cameras.

    python benchmarks/lifting_table.py DATA WEIGHTS [--out docs/networks] [--device cuda] [--only NAME …]

DATA holds the motion shards, WEIGHTS one .safetensors a row. Each network sees every clip twice: as a perfect detector
and clean sensors show it, and as a detector like MediaPipe and worn sensors do. Windows of 81 frames, or as many as the
network was trained on; causal networks read clips as streams. Adds to lifting_table.json, from which
`python -m mocamba.tools.results` makes tables and pictures.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mocamba.inference.detector import MEDIAPIPE_LIKE, PERFECT
from mocamba.inference.lifting_evaluation import evaluate_lifter
from mocamba.inference.training.split import TEST
from mocamba.inference.weights_file import load_weights
from mocamba.rig.imu import CLEAN, WORN
from mocamba.rig.whole_file import whole_file
from rich.console import Console
from rich.progress import track
from rich.table import Table

SHARDS = ("cmu", "uiprmd")
PROTOCOLS = {"perfect": (PERFECT, CLEAN), "mediapipe-like": (MEDIAPIPE_LIKE, WORN)}


def rows_of(path: Path, data: Path, device: str) -> list[dict[str, Any]]:
    """Four rows: two shards, two protocols."""
    loaded = load_weights(str(path))
    network = loaded.network.to(device).eval()
    training = loaded.card.training
    frames = max(training.get("lengths", [81])) if isinstance(training, dict) else 81
    rows = []
    for shard in SHARDS:
        for protocol, (detector, sensors) in PROTOCOLS.items():
            found = evaluate_lifter(
                network, data / f"{shard}.npz", detector, sensors=sensors, frames=frames, people=TEST
            )
            row = {"network": path.stem, "shard": shard, "protocol": protocol, "window": frames}
            row |= {"look_ahead": network.look_ahead, "parameters": sum(p.numel() for p in network.parameters())}
            row |= {"steps": training.get("steps") if isinstance(training, dict) else None}
            rows.append(row | {"people": list(found.people), "clips": found.clips} | asdict(found.errors))
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """The table on the terminal."""
    table = Table("network", "shard", "keypoints, sensors", "MPJPE", "PA-MPJPE", "N-MPJPE", "MPJVE", "Accel")
    for r in rows:
        keys = ("MPJPE", "PA_MPJPE", "N_MPJPE", "MPJVE", "Accel")
        table.add_row(r["network"], r["shard"], r["protocol"], *(f"{r[key]:.1f}" for key in keys))
    Console().print(table)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", nargs="+", default=())
    arguments = parser.parse_args()
    table = arguments.out / "lifting_table.json"
    rows: list[dict[str, Any]] = json.loads(table.read_text()) if table.exists() else []
    paths = [
        p for p in sorted(arguments.weights.glob("*.safetensors")) if not arguments.only or p.stem in arguments.only
    ]
    for path in track(paths, "Evaluating"):
        rows = [row for row in rows if row["network"] != path.stem]
        rows += rows_of(path, arguments.data, arguments.device)
        with whole_file(table) as part:
            part.write_text(json.dumps(rows, indent=1) + "\n")
    show(rows)


if __name__ == "__main__":
    main()
