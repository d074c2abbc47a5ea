"""What the running correction of drift is worth: an hour of sensors that drift and slip, with and without it.

    python benchmarks/drift.py [--data FOLDER] [--minutes 60] [--heading 15] [--slip 10] [--seed 1]

The performer is the simulated one, in pieces of random order, mirrored at random; with --data, the joined clips of the
test people, in pieces of random order. Every sensor but the pelvis' drifts steadily by up to --heading degrees an hour,
to either side, and slips by up to --slip degrees an hour about an axis of its own. Errors are means over the last
quarter, of the sensors against their bones and of the 24 joints of the pose.
"""

import argparse
from pathlib import Path

import numpy as np
from mocamba.capture.calibrating.drift import DriftCorrector, DriftOptions
from mocamba.devices.simulated.gestures import TIMING
from mocamba.devices.simulated.performer import perform
from mocamba.inference.solver import solve_frames
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.inference.weights_file import load_network
from mocamba.rig.imu import SLOT_JOINTS, SLOTS, ImuSequence
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import about_y, angle_between, from_rotation_vector, multiply, rotate
from mocamba.rig.skeleton import MIRROR, SMPL24
from rich.console import Console

BLOCK = 600  # frames
EVERY = 3  # of the blocks of the last quarter, one in so many is solved
WAYS = {"without": None, "with": DriftOptions()}


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--heading", type=float, default=15)
    parser.add_argument("--slip", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    source = joined(arguments.data) if arguments.data else perform(SMPL24)
    for name, options in WAYS.items():
        sensors, legs, pose = run(source, arguments, options)
        Console().print(f"{name:9s} sensors {sensors:5.2f}°  of them shins {legs:5.2f}°  pose {pose:5.2f}°")


def joined(data: Path) -> Motion:
    """Ten minutes at most of the test people."""
    from motion_states import TEST, join

    return join(data, "uiprmd", TEST)


def blocks(source: Motion, minutes: float, seed: int, whole: bool) -> "list[tuple[ImuSequence, np.ndarray]]":
    """Pieces of the performance after its T-pose, each with its sensors, in an order that never repeats itself."""
    random, made = np.random.default_rng(seed), []
    mirrored = source.rotations[:, list(MIRROR)] * np.array([1, 1, -1, -1], np.float32)
    ways = [(source.rotations, source.translation), (mirrored, source.translation * np.array([-1, 1, 1], np.float32))]
    sides = []
    for rotations, place in ways:
        motion = evenly_timed(rotations, place, source.skeleton)
        sides.append((simulate_imu(motion), local_to_global(rotations)))
    first = 0 if whole else round(TIMING.t_pose_end * 60)
    for _ in range(round(minutes * 3600 / BLOCK)):
        imu, world = sides[random.integers(2)]
        start = int(random.integers(first, len(imu) - BLOCK))
        piece = slice(start, start + BLOCK)
        cut = ImuSequence(imu.orientation[piece], imu.acceleration[piece], imu.present[piece], imu.t_ns[:BLOCK])
        made.append((cut, world[piece]))
    return made


def run(source: Motion, arguments: argparse.Namespace, options: DriftOptions | None) -> tuple[float, float, float]:
    """Mean errors in the last quarter, degrees: of the corrected sensors, of the shins among them, of all joints."""
    network, random = load_network("hiposer-d").network, np.random.default_rng(arguments.seed)
    drift = np.radians(arguments.heading) * random.uniform(-1, 1, 6) * (np.arange(6) != SLOTS.index("pelvis"))
    axes = random.standard_normal((6, 3))
    slip = (
        axes / np.linalg.norm(axes, axis=1, keepdims=True) * np.radians(arguments.slip) * random.uniform(0, 1, (6, 1))
    )
    slip[SLOTS.index("pelvis")] = 0
    corrector = DriftCorrector(options) if options else None
    pieces = blocks(source, arguments.minutes, arguments.seed, bool(arguments.data))
    rows = []
    for k, (imu, world) in enumerate(pieces):
        share = k * BLOCK / 216_000
        yaw = about_y(share * drift)
        orientation = multiply(multiply(yaw, imu.orientation.astype(np.float64)), from_rotation_vector(share * slip))
        acceleration = rotate(yaw[None], imu.acceleration.astype(np.float64))
        seen, felt = corrector.correct(orientation, acceleration) if corrector else (orientation, acceleration)
        if corrector:
            corrector.learn(orientation, imu.present)
        if k < 0.75 * len(pieces) or k % EVERY:
            continue
        frames = ImuSequence(seen.astype(np.float32), felt.astype(np.float32), imu.present, imu.t_ns)
        solved = local_to_global(solve_frames(network, frames).rotations.astype(np.float64))
        off = np.degrees(angle_between(seen, world[:, list(SLOT_JOINTS)])).mean(axis=0)
        rows.append((off[:5].mean(), off[2:4].mean(), np.degrees(angle_between(solved, world)).mean()))
    sensors, legs, pose = np.mean(rows, axis=0)
    return float(sensors), float(legs), float(pose)


if __name__ == "__main__":
    main()
