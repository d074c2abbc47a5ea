"""Live and recorded solving are the same: ten minutes of a simulated performer with worn sensors, both ways.

    python benchmarks/streaming.py [--minutes 10] [--network hiposer-d]

Prints the largest difference between `LiveSolver` frame by frame and `solve_frames`.
"""

import argparse
from dataclasses import replace

import numpy as np
import torch
from mocamba.devices.simulated.performer import perform
from mocamba.inference.solver import LiveSolver, solve_frames
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.inference.weights_file import load_network
from mocamba.rig.imu import WORN, ImuSequence
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24
from rich.console import Console
from rich.progress import track


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--network", default="hiposer-d")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network, imu = load_network(arguments.network).network, sensors(round(3600 * arguments.minutes))
    solver, turned, moved = LiveSolver(network), 0.0, 0.0
    whole = solve_frames(network, imu)
    for t in track(range(len(imu)), "Frame by frame"):
        now = solver.push(imu.orientation[t], imu.acceleration[t], imu.present[t])
        turned = max(
            turned, float(angle_between(now.rotations[0].astype(float), whole.rotations[t].astype(float)).max())
        )
        moved = max(moved, float(np.abs(now.translation[0] - whole.translation[t]).max()))
    Console().print(f"{len(imu)} frames, {arguments.network}: at most {turned:.2e} rad and {1000 * moved:.2e} mm apart")


def sensors(frames: int) -> ImuSequence:
    """The performer over and over, each time with other sensor errors."""
    motion = perform(SMPL24)
    takes = [simulate_imu(motion, WORN, seed) for seed in range(frames // len(motion) + 1)]
    parts = {
        name: np.concatenate([getattr(take, name) for take in takes])[:frames]
        for name in ("orientation", "acceleration", "present")
    }
    return replace(takes[0], **parts, t_ns=np.round(np.arange(frames) * (1e9 / 60)).astype(np.int64))


if __name__ == "__main__":
    main()
