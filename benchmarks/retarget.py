"""Every family of rigs in Blender: accuracy, time and a picture: python benchmarks/retarget.py [--picture FILE.png]

Needs bpy; recorded motion is measured too where MOCAMBA_DATA points to it; the picture needs matplotlib.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mocamba.addon.rig_binding import MappedTarget
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import Array
from mocamba.rig.resample import resample
from mocamba.rig.skeleton import JOINTS, PARENTS, Skeleton, joint
from mocamba.tests import motions, rig_measures
from mocamba.tests.shared_data import DATA, clips
from mocamba.tools.small_png import shrink

LONG, RATE = 18_000, 60.0
LIVE = 600
RECORDED = {"cmu": 29, "uiprmd": 211}  # one clip in so many
POSE = 333  # frame of the showcase that is drawn
COLUMNS = 6


def recorded() -> Iterator[Motion]:
    """Clips of other people, where they are on this machine."""
    for name, every in RECORDED.items():
        if not (DATA / "motion" / f"{name}.npz").exists():
            continue
        for clip in clips(name, every):
            skeleton = Skeleton(clip["offsets"].astype(np.float32), clip["ends"].astype(np.float32))
            yield evenly_timed(clip["quat"], clip["trans"], skeleton, clip["fps"])


def row(subject: Any, performed: list[Motion]) -> dict[str, float]:
    """The worst of all motions, and milliseconds and seconds of one of them."""
    found = [rig_measures.measured(subject, motion) for motion in performed]
    target = MappedTarget(subject.armature, performed[0].skeleton)
    motion = resample(performed[0], RATE)
    subject.armature.animation_data.action = None
    spent = []
    for t in np.arange(LIVE) % len(motion):
        began = time.perf_counter()
        target.apply(motion.rotations[t], motion.translation[t])
        spent.append(time.perf_counter() - began)
    target.restore()
    rows = np.arange(LONG) % len(motion)
    long = evenly_timed(motion.rotations[rows], motion.translation[rows], motion.skeleton, RATE)
    began = time.process_time()
    target.motion_curves(long)
    return {
        "limbs": max(max(one["live"]["limbs"].values()) for one in found),
        "legs": max(a for one in found for limb, a in one["baked"]["limbs"].items() if "knee" in limb),
        "live floor": 100 * max(one["live"]["floor"] for one in found),
        "floor": 100 * max(one["baked"]["floor"] for one in found),
        "back": max(one[kind]["back"] for one in found for kind in ("live", "baked")),
        "apply": 1e3 * float(np.median(spent)),
        "slow": 1e3 * float(np.percentile(spent, 99)),
        "long": time.process_time() - began,
    }  # fmt: skip


def posed(subject: Any, motion: Motion) -> Array:
    """Joints `(24, 3)` in our axes at `POSE`, in the rig's own size, NaN where it has none."""
    target = MappedTarget(subject.armature, motion.skeleton)
    target.apply(motion.rotations[POSE], motion.translation[POSE])
    bpy.context.view_layer.update()
    names = [name for name in subject.places if name in JOINTS]
    places = np.full((len(JOINTS), 3), np.nan)
    heads = subject.heads(names)
    places[[joint(name) for name in names]] = (heads - subject.rest("pelvis")) @ subject.to_world()
    target.restore()
    return places


def draw(figures: dict[str, Array], path: Path) -> None:
    """Stick figures side by side, the performer first; each as high as the others."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = -(-len(figures) // COLUMNS)
    sheet, axes = pyplot.subplots(rows, COLUMNS, figsize=(2.2 * COLUMNS, 2.55 * rows), squeeze=False)
    turn = np.radians(35)
    performer = next(iter(figures.values()))
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (name, places) in zip(axes.flat, figures.items(), strict=False):
        legs = [np.linalg.norm(p[4] - p[1]) + np.linalg.norm(p[7] - p[4]) for p in (performer, places)]
        for body, colour, width in ((performer, "#c9d2da", 7), (places * legs[0] / legs[1], "#12467a", 2.2)):
            body = body - body[[1, 2]].mean(axis=0)
            across, up = body[:, 0] * np.cos(turn) - body[:, 2] * np.sin(turn), body[:, 1]
            for child, above in enumerate(PARENTS):
                parent = above
                while parent >= 0 and np.isnan(body[parent, 0]):
                    parent = PARENTS[parent]
                if parent >= 0 and child < 22:
                    axis.plot(across[[parent, child]], up[[parent, child]], color=colour, lw=width,
                              solid_capstyle="round")  # fmt: skip
        axis.set_title(name, fontsize=8)
        axis.set_aspect("equal")
        axis.set_xlim(-0.8, 0.8)
        axis.set_ylim(-0.92, 0.78)
    sheet.tight_layout()
    sheet.savefig(path, dpi=90)
    shrink(path)


def main() -> None:
    """Print the table, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--picture", type=Path)
    picture = parser.parse_args().picture
    performed = [motions.showcase(), *recorded()]
    shown = performed[0]
    first = shown.joint_positions()[POSE].astype(np.float64)
    figures = {"Performer": first}
    sys.stdout.write(f"Blender {bpy.app.version_string}; {len(performed)} motions\n")
    head = (
        "limbs °",
        "legs baked °",
        "floor live cm",
        "floor cm",
        "and back °",
        "live ms",
        "live p99 ms",
        "18,000, CPU s",
    )
    sys.stdout.write(f"{'':34}" + "".join(f"{text:>14}" for text in head) + "\n")
    for name, make in rig_measures.subjects():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        subject = make()
        figures[name] = posed(subject, shown)
        values = row(subject, performed)
        sys.stdout.write(f"{name:34}" + "".join(f"{value:14.3f}" for value in values.values()) + "\n")
        sys.stdout.flush()
    if picture:
        draw(figures, picture)


if __name__ == "__main__":
    main()
