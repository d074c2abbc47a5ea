"""What one live frame costs: `LiveSolver.push` at 60 frames a second on one CPU thread, for every shipped network.

    python benchmarks/latency.py [--seconds 20] [--network NAME ...] [--unpaced]

Wall time of a call is what a user waits; CPU time of the thread leaves out what other programs took in between.
Paced, the caches are cold after each pause, as they are in use.
"""

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mocamba.devices.simulated.performer import perform
from mocamba.inference import solver as solving
from mocamba.inference.shipped import shipped_networks
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.inference.weights_file import load_network
from mocamba.rig.imu import ImuSequence
from mocamba.rig.skeleton import SMPL24
from rich.console import Console
from rich.progress import track
from rich.table import Table

WARM_UP = 60  # frames


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument(
        "--network", nargs="*", default=sorted(name for name in shipped_networks() if name.startswith("hiposer"))
    )
    parser.add_argument("--unpaced", action="store_true", help="one frame right after the other")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    imu = simulate_imu(perform(SMPL24))
    table = Table("network", "part", "p50 µs", "p90", "p99", "max", "CPU p50", "CPU p99")
    for name in arguments.network:
        for part, times in measure(name, imu, arguments.seconds, not arguments.unpaced).items():
            wall, cpu = np.array(times[WARM_UP:]).T * 1e6
            figures = [*np.percentile(wall, [50, 90, 99, 100]), *np.percentile(cpu, [50, 99])]
            table.add_row(name, part, *(f"{value:.0f}" for value in figures))
    Console().print(table)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    Console().print(
        f"Load at the end {load} on {os.cpu_count()} cores; torch {torch.__version__}, NumPy {np.__version__}"
    )


def measure(name: str, imu: ImuSequence, seconds: float, paced: bool) -> dict[str, list[tuple[float, float]]]:
    """Seconds of wall and CPU time of every frame, by part; `all` is the whole call."""
    solver = solving.LiveSolver(load_network(name).network)
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    push = timed(solver.push, times["all"])
    solver._network.sense = timed(solver._network.sense, times["features"])
    solver._network.say = timed(solver._network.say, times["network"])
    solver._body.pose = timed(solver._body.pose, times["pose"])
    begin = time.perf_counter()
    for k in track(range(WARM_UP + round(60 * seconds)), name):
        if paced:
            time.sleep(max(0.0, begin + k / 60 - time.perf_counter()))
        t = k % len(imu)
        push(imu.orientation[t], imu.acceleration[t], imu.present[t])
    return times


def timed(function: Callable[..., Any], times: list[tuple[float, float]]) -> Callable[..., Any]:
    """The same function, which notes what each call took."""

    def call(*arguments: Any) -> Any:
        wall, cpu = time.perf_counter(), time.thread_time()
        result = function(*arguments)
        times.append((time.perf_counter() - wall, time.thread_time() - cpu))
        return result

    return call


if __name__ == "__main__":
    main()
