"""Seconds to bake five minutes at 60 Hz: armature, body and 1.8 million keys. Run: python benchmarks/bake.py"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from mocamba.rig.amass import write_amass
from mocamba.rig.blender.job import BakeJob, run_bake
from mocamba.rig.motion import evenly_timed
from mocamba.rig.quaternion import from_rotation_vector
from mocamba.rig.skeleton import SMPL24

FRAMES, RATE, TARGET = 18_000, 60.0, 2.0


def main() -> None:
    """Print the figure for a motion of every joint."""
    rng = np.random.default_rng(0)
    t = np.arange(FRAMES) / RATE
    swing = np.sin(2 * np.pi * rng.uniform(0.2, 2, (1, 24, 3)) * t[:, None, None] + rng.uniform(0, 6, (1, 24, 3)))
    place = np.stack([np.sin(t / 9), 0.95 + 0.02 * np.sin(9 * t), np.cos(t / 7)], axis=1)
    with tempfile.TemporaryDirectory() as folder:
        npz, blend = Path(folder, "motion.npz"), Path(folder, "motion.blend")
        write_amass(evenly_timed(from_rotation_vector(0.5 * swing), place, SMPL24, RATE), npz)
        result = run_bake(BakeJob(npz, "Benchmark", blend, RATE))
        sys.stdout.write(
            f"{result.frames} frames at {RATE:g} Hz in Blender {result.blender}: armature, body and keys "
            f"{result.bake_seconds:.2f} s (target {TARGET:g} s); with start, reading and saving "
            f"{result.total_seconds:.1f} s; file {blend.stat().st_size / 1e6:.0f} MB\n"
        )


if __name__ == "__main__":
    main()
