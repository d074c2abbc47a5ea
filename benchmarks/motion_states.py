"""What replaces HiPoser's per-window motion state when it runs on and on: the four possible ways, on long streams.

    python benchmarks/motion_states.py DATA [WEIGHTS ...] [--out docs/networks/motion_states.json]

The clips of each test person are joined (cross-faded) into one stream of up to ten minutes. Memory carried or reset
every 300 frames; motion states refreshed from the last estimate or left unknown. Six clean sensors, causal.
"""

import argparse
import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from mocamba.inference import streaming
from mocamba.inference.metrics import pose_errors
from mocamba.inference.networks.hiposer import HiPoser
from mocamba.inference.poses import poses_from_output
from mocamba.inference.training.bank import build_bank
from mocamba.inference.training.split import TEST, VALIDATION, read_clips
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.inference.weights_file import load_network
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import normalise
from mocamba.rig.rotation import quaternion_to_matrix
from rich.console import Console
from rich.progress import track
from rich.table import Table

TEN_MINUTES = 36_000  # frames


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", nargs="*", default=["hiposer-d", "hiposer-s"])
    parser.add_argument("--out", type=Path, default=Path("docs/networks/motion_states.json"))
    parser.add_argument("--validation", action="store_true", help="the people to choose by, not the test people")
    arguments = parser.parse_args()
    people = VALIDATION if arguments.validation else TEST
    streams = {source: join(arguments.data, source, people) for source in ("cmu", "uiprmd")}
    ways = [(carry, refresh) for carry in (True, False) for refresh in (True, False)]
    jobs = [(w, way, s) for w in arguments.weights for way in ways for s in streams]
    rows = [row(name, way, source, streams[source]) for name, way, source in track(jobs, "Solving")]
    arguments.out.write_text(json.dumps(rows, indent=1) + "\n")
    table = Table("network", "memory", "motion states", "stream", "frames", "SIP °", "Pos cm", "jitter ÷ truth")
    for r in rows:
        figures = (str(r["frames"]), f"{r['SIP']:.2f}", f"{r['Pos']:.2f}", f"{r['jitter'] / r['jitter_truth']:.2f}")
        table.add_row(r["network"], r["memory"], r["motion_states"], r["stream"], *figures)
    Console().print(table)


def join(data: Path, source: str, people: Collection[str]) -> Motion:
    """The clips of these people of one shard as one motion."""
    clips = [clip for clip in read_clips(data) if clip.subject in people and clip.subject.startswith(source)]
    bank = build_bank(clips, 0, passes=1)
    frames = slice(0, TEN_MINUTES)
    skeleton = clips[0].motion.skeleton
    return evenly_timed(normalise(bank.rotations[frames].numpy()), bank.translation[frames].numpy(), skeleton)


def row(name: str, way: tuple[bool, bool], source: str, truth: Motion) -> dict:
    """Errors of one network on one stream in one way."""
    loaded = load_network(name)
    errors = pose_errors(replace(truth, rotations=solve(loaded.network, truth, *way)), truth)
    labels = {"memory": "carried" if way[0] else "reset", "motion_states": "refreshed" if way[1] else "unknown"}
    return {"network": loaded.card.name, **labels, "stream": source, "frames": len(truth)} | {
        "SIP": errors.SIP,
        "Ang": errors.Ang,
        "Pos": errors.Pos,
        "jitter": errors.jitter,
        "jitter_truth": errors.jitter_truth,
    }


@torch.inference_mode()
def solve(network: HiPoser, truth: Motion, carry: bool, refresh: bool) -> np.ndarray:
    """Local rotations as the network says them, without the filter that follows."""
    imu = simulate_imu(truth)
    orientation = torch.from_numpy(quaternion_to_matrix(imu.orientation))[None]
    acceleration, present = torch.from_numpy(imu.acceleration)[None], torch.from_numpy(imu.present)[None]
    state, window, pieces = streaming.start(network), network.config.window, []
    for begin in range(0, len(truth), window):
        kept = state.network
        if not carry:
            kept = kept._replace(memories=(None,) * 4)
        if not refresh:
            kept = kept._replace(motion=network.unknown_motion(1))
        part = slice(begin, begin + window)
        state = state._replace(network=kept)
        answer, state = streaming.advance(network, orientation[:, part], acceleration[:, part], present[:, part], state)
        sensors = answer.sensors
        pieces.append(poses_from_output(answer.output.rotations[0], sensors.frame[0], sensors.root[0]))
    return np.concatenate(pieces)


if __name__ == "__main__":
    main()
