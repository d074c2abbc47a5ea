"""The engine's own test, as the last step of setting it up: HiPoser frame by frame on the simulated performer.

python -m mocamba.capture.self_test
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np

FRAMES = 300


def main() -> None:
    """Print one JSON object: milliseconds a frame (median), where, and with what."""
    from ..devices.simulated.performer import perform
    from ..inference.device_choice import Wish, choose_for_lifter, find_accelerators
    from ..inference.scan import compiled_kernel
    from ..inference.solver import LiveSolver
    from ..inference.virtual_sensors import simulate_imu
    from ..inference.weights_file import load_network
    from ..rig.imu import CLEAN
    from ..rig.skeleton import SMPL24
    from .solving import DEFAULT_NETWORK

    compiled_kernel()  # some seconds now, and not in the first solve
    imu = simulate_imu(perform(SMPL24), CLEAN, 0)
    solver, took = LiveSolver(load_network(DEFAULT_NETWORK).network), []
    for t in range(FRAMES):
        began = time.perf_counter()
        pose = solver.push(imu.orientation[t], imu.acceleration[t], imu.present[t])
        took.append(time.perf_counter() - began)
        if not np.isfinite(pose.rotations).all():
            raise SystemExit("The network's answer is not a number.")
    others = choose_for_lifter(Wish.AUTO, find_accelerators())
    values = {"ms": round(1e3 * float(np.median(took)), 3), "device": others.device, "torch": version("torch")}
    sys.stdout.write(json.dumps(values) + "\n")


if __name__ == "__main__":
    main()
