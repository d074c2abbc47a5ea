"""What the add-on costs Blender: seconds to bake, milliseconds of a live tick. Run: python benchmarks/addon.py

Needs bpy. Bakes are of every joint in motion at 60 Hz, dense and with fewer keys; ticks are of the step that a timer
calls, with poses waiting on a real link, and apart from them what Blender itself needs to evaluate armature and body.
"""

import sys
import tempfile
import time
from pathlib import Path

import bpy
import mocamba
import numpy as np
from mocamba.addon.bake_scene import BakeWish, bake_motion, cut
from mocamba.addon.preview import Preview
from mocamba.rig.curve import Reduction
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import from_rotation_vector
from mocamba.rig.skeleton import SMPL24

RATE, LONGEST, TICKS = 60, 18_000, 2000


def every_joint(frames: int) -> Motion:
    """Swings of different speed."""
    rng, t = np.random.default_rng(0), np.arange(frames) / RATE
    speed, phase = rng.uniform(0.2, 2, (1, 24, 3)), rng.uniform(0, 6, (1, 24, 3))
    swing = np.sin(2 * np.pi * speed * t[:, None, None] + phase)
    place = np.stack([np.sin(t / 9), 0.95 + 0.02 * np.sin(9 * t), np.cos(t / 7)], axis=1)
    return evenly_timed(from_rotation_vector(0.5 * swing), place, SMPL24, float(RATE))


def main() -> None:
    """Print the figures."""
    bpy.context.preferences.addons.new().module = "mocamba"
    mocamba.register()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = RATE
    bpy.ops.mocamba.add_armature()
    armature, motion = bpy.context.scene.mocamba.armature, every_joint(LONGEST)
    for frames in (LONGEST // 4, LONGEST // 2, LONGEST):
        part = cut(motion, 0, (frames - 1) / RATE)
        for name, reduction in (("every frame", None), ("fewer keys", Reduction())):
            began = time.perf_counter()
            baked = bake_motion(armature, part, "Benchmark", BakeWish(reduction=reduction))
            took = time.perf_counter() - began
            sys.stdout.write(f"bake {frames} frames, {name}: {took:.2f} s, {baked.keys} keys\n")
            bpy.data.actions.remove(bpy.data.actions[baked.action])
    with tempfile.TemporaryDirectory() as folder:
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(folder, "a.blend")))  # nothing of the bakes waits to be evaluated
    tick(motion)
    mocamba.unregister()


def tick(motion: Motion) -> None:
    """Writing a pose, and what Blender makes of it."""
    preview, write, evaluate = Preview(motion.skeleton), [], []
    for row in range(TICKS):
        began = time.perf_counter()
        preview.show(motion.rotations[row], motion.translation[row])
        written = time.perf_counter()
        bpy.context.view_layer.update()
        write.append(1e3 * (written - began))
        evaluate.append(1e3 * (time.perf_counter() - written))
    preview.hide()
    for name, figures in (("a pose written", write), ("Blender's evaluation of armature and body", evaluate)):
        sys.stdout.write(
            f"{name}: median {np.median(figures):.3f} ms, 99 % under {np.percentile(figures, 99):.3f} ms\n"
        )


if __name__ == "__main__":
    main()
