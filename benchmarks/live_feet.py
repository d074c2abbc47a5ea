"""How much standing feet slide in live poses, as the network has them and held (`mocamba capture --feet`).

    python benchmarks/live_feet.py DATA [--network hiposer-s] [--minutes 5]

On the joined clips of test people with simulated sensors. Feet stand where they do in the recorded motion.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from mocamba.inference.solver import solve
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.contacts import FEET, estimate_contact, standing
from mocamba.rig.live_feet import FeetState, hold_feet
from mocamba.rig.motion import Motion
from motion_states import TEST, join
from rich.console import Console
from rich.table import Table


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--network", default="hiposer-s")
    parser.add_argument("--minutes", type=float, default=5)
    arguments = parser.parse_args()
    table = Table("people", "poses", "slide, cm/s", "fastest foot, m/s", "ms a frame")
    for people in ("cmu", "uiprmd"):
        truth = join(arguments.data, people, TEST).part(slice(round(arguments.minutes * 3600)))
        stands = standing(estimate_contact(truth), truth.rate)
        said = solve(simulate_imu(truth), network=arguments.network)
        for name, contact in (("as they are", None), ("held", said.contact)):
            began = time.perf_counter()
            shown = said if contact is None else held(said, contact)
            took = 1000 * (time.perf_counter() - began) / len(said)
            slide, fastest = speeds(shown, stands)
            table.add_row(people, name, f"{slide:.2f}", f"{fastest:.2f}", f"{took:.2f}" if contact is not None else "")
    Console().print(table)


def held(motion: Motion, contact: np.ndarray) -> Motion:
    """Frame by frame."""
    state: FeetState | None = None
    rotations = np.empty_like(motion.rotations)
    for frame in range(len(motion)):
        turns, place = motion.rotations[frame].astype(np.float64), motion.translation[frame].astype(np.float64)
        rotations[frame], state = hold_feet(turns, place, contact[frame], 1 / motion.rate, motion.skeleton, state)
    return replace(motion, rotations=rotations)


def speeds(motion: Motion, stands: np.ndarray) -> tuple[float, float]:
    """Of standing feet, mean cm/s; of feet at large, the 99.9th percentile, m/s."""
    toes = motion.joint_positions()[:, FEET].astype(np.float64)
    steps = np.linalg.norm(np.diff(toes, axis=0), axis=-1) * motion.rate
    return float(100 * steps[stands[1:] & stands[:-1]].mean()), float(np.percentile(steps, 99.9))


if __name__ == "__main__":
    main()
