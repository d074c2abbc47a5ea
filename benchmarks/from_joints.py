"""17 true joint positions to SMPL-24 rotations, on people of the test split: what the conversion itself costs.

    python benchmarks/from_joints.py DATA [--every 9]

DATA holds the motion shards; of UI-PRMD every ninth clip. Prints the position error of the 17 joints (mm), the errors
of swing and twist of each limb (degrees, mean and 95th percentile), and frames in which a bone turns by over 30 degrees
that truly does not. With the person's own bones, with bones measured from the joints, and with six sensors beside.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from mocamba.inference.shards import read_shard
from mocamba.inference.training.split import TEST
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.lifted.bones import performer_of
from mocamba.rig.lifted.pose import SENSED, pose_from_joints
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import Array, angle_between, between_vectors, multiply, rotate
from mocamba.rig.skeleton import joint
from rich.console import Console
from rich.progress import track
from rich.table import Table

LIMBS = {
    "thigh": ("hip", "knee"),
    "shin": ("knee", "ankle"),
    "arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
}
KINDS = [f"{limb} {kind}" for limb in LIMBS for kind in ("swing", "twist")]
WORN = ("left_forearm", "right_forearm", "left_shin", "right_shin", "sternum", "pelvis")
Found = dict[str, list[Array]]


def measure(found: Motion, truth: Motion, errors: Found) -> None:
    """Adds to `errors`."""
    mine, real = (local_to_global(m.rotations.astype(np.float64)) for m in (found, truth))
    errors["position"].append(1000 * np.linalg.norm(h36m_positions(found) - h36m_positions(truth), axis=-1).mean(1))
    for limb, (bone, child) in LIMBS.items():
        for side in ("left", "right"):
            index = joint(f"{side}_{bone}")
            offset = truth.skeleton.offsets[joint(f"{side}_{child}")].astype(np.float64)
            a, b = (rotate(q[:, index], np.broadcast_to(offset, (len(q), 3))) for q in (mine, real))
            swing = between_vectors(a, b)
            errors[f"{limb} swing"].append(np.degrees(2 * np.arccos(np.clip(swing[:, 0], -1, 1))))
            errors[f"{limb} twist"].append(np.degrees(angle_between(multiply(swing, mine[:, index]), real[:, index])))
    turned = [np.degrees(angle_between(q[1:], q[:-1])) for q in (mine, real)]
    errors["jumps"].append(((turned[0] > 30) & (turned[1] < 30)).sum(axis=1))


def pose_all(data: Path, shard: str, every: int) -> dict[str, Found]:
    """Errors by the way of posing."""
    found: dict[str, Found] = defaultdict(lambda: defaultdict(list))
    clips = [clip for clip in read_shard(data / f"{shard}.npz") if clip.subject in TEST][::every]
    for clip in track(clips, f"Posing {shard}"):
        truth, seen = clip.motion, h36m_positions(clip.motion)
        world = local_to_global(truth.rotations.astype(np.float64))
        sensed = {slot: world[:, joint(SENSED[slot])] for slot in WORN}
        own, measured = truth.skeleton, performer_of(seen)
        for name, skeleton, sensors in (
            ("own", own, None),
            ("measured", measured, None),
            ("own, sensors", own, sensed),
        ):
            measure(pose_from_joints(seen, truth.translation, skeleton, sensors), truth, found[name])
    return found


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=9, help="of UI-PRMD")
    arguments = parser.parse_args()
    table = Table("shard", "bones", "position", *KINDS, "jumps")
    for shard, every in (("cmu", 1), ("uiprmd", arguments.every)):
        for name, errors in pose_all(arguments.data, shard, every).items():
            rows = {key: np.concatenate(values) for key, values in errors.items()}
            cells = [f"{rows[kind].mean():.1f} ({np.percentile(rows[kind], 95):.1f})" for kind in KINDS]
            table.add_row(shard, name, f"{rows['position'].mean():.1f}", *cells, str(int(rows["jumps"].sum())))
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
