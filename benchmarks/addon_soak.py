"""The live preview under everything a user does to a file meanwhile: python benchmarks/addon_soak.py [--minutes 10]

A real session of simulated sensors is shown on an armature while undo, redo, renaming, deleting, frame changes, saving
and opening files happen at random. The same steps are then done without any preview: the data must be the same
afterwards, nothing may have been raised, and poses must have been seen. Needs bpy. Exit code 1 where one of that fails.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import mocamba
import numpy as np
from mocamba.addon.bake_scene import BakeWish, bake_motion
from mocamba.addon.runtime import runtime
from mocamba.rig.motion import evenly_timed
from mocamba.rig.quaternion import from_rotation_vector
from mocamba.rig.skeleton import SMPL24

TICK = 0.01
ROOT = Path(mocamba.__file__).resolve().parent


class Errors(logging.Handler):
    """What was logged as an error or worse."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.seen.append(record.getMessage() + (f" {record.exc_info[1]!r}" if record.exc_info else ""))


def build(folder: Path) -> Path:
    """A file with two animated armatures and a cube, saved."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.mocamba.add_armature(name="Other")
    bpy.ops.mocamba.add_armature(name="Performer")
    armature = bpy.context.scene.mocamba.armature
    t = np.arange(120) / 24
    swing = 0.3 * np.sin(t[:, None, None] + np.arange(24)[:, None] + np.arange(3))
    own = evenly_timed(from_rotation_vector(swing), np.stack([t, 0.9 + 0 * t, t], axis=1), SMPL24, 24.0)
    bake_motion(bpy.data.objects["Other"], own, "Own", BakeWish())
    armature.pose.bones["left_elbow"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    armature.pose.bones["right_knee"].rotation_mode = "XYZ"
    armature.pose.bones["right_knee"].rotation_euler = (0.1, 0.2, 0.3)
    path = folder / "räum 1.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


class Steps:
    """What is done at random, each ending in an undo step as in Blender's windows."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.random, self.done = path, np.random.default_rng(seed), Counter[str]()

    def one(self) -> None:
        """Any of them."""
        kinds: list[Callable[[], None]] = [
            self.undo, self.undo, self.undo, self.redo, self.redo, self.rename, self.rename, self.delete,
            self.frame, self.frame, self.move, self.pose_other, self.save, self.open,
        ]  # fmt: skip
        kind = kinds[self.random.integers(len(kinds))]
        if self._armature("Performer") is None:  # deleted long enough: half of what follows would do nothing
            kind = self.undo
        kind()
        self.done[kind.__name__] += 1

    def undo(self) -> None:
        """Where there is something to undo."""
        if bpy.ops.ed.undo.poll():
            bpy.ops.ed.undo()
            self.done["really undone"] += 1

    def redo(self) -> None:
        """Where there is something to redo."""
        if bpy.ops.ed.redo.poll():
            bpy.ops.ed.redo()

    def rename(self) -> None:
        """The character."""
        if (armature := self._armature("Performer")) is not None:
            armature.name = f"Performer {self.random.integers(100)}"
            bpy.ops.ed.undo_push(message="rename")

    def delete(self) -> None:
        """The character, as a user does."""
        if (armature := self._armature("Performer")) is not None:
            with bpy.context.temp_override(selected_objects=[armature], active_object=armature):
                bpy.ops.object.delete()
            bpy.ops.ed.undo_push(message="delete")

    def frame(self) -> None:
        """Another frame."""
        bpy.context.scene.frame_set(int(self.random.integers(1, 100)))
        bpy.ops.ed.undo_push(message="frame")

    def move(self) -> None:
        """The character."""
        if (armature := self._armature("Performer")) is not None:
            armature.location.x += 0.5
            bpy.ops.ed.undo_push(message="move")

    def pose_other(self) -> None:
        """Another armature."""
        if (armature := self._armature("Other")) is not None:
            armature.pose.bones["head"].scale = (1, 1.2, 1)
            bpy.ops.ed.undo_push(message="pose")

    def pose_performer(self) -> None:
        """The character, while no preview runs."""
        if (armature := self._armature("Performer")) is not None:
            for bone in armature.pose.bones:
                bone.rotation_quaternion = np.append(1.0, self.random.normal(size=3) / 4)
            bpy.ops.ed.undo_push(message="pose")

    def save(self) -> None:
        """A copy."""
        bpy.ops.wm.save_as_mainfile(filepath=str(self.path.with_name("copy.blend")), copy=True)

    def open(self) -> None:
        """The file as it was in the beginning."""
        bpy.ops.wm.open_mainfile(filepath=str(self.path))
        bpy.ops.ed.undo_push(message="open")

    @staticmethod
    def _armature(stem: str) -> Any:
        return next((one for one in bpy.context.scene.objects if one.name.startswith(stem) and one.pose), None)


def state() -> dict[str, Any]:
    """All that is the user's, bit by bit, at one frame for all its animation to be evaluated."""
    bpy.context.scene.frame_set(50)
    found: dict[str, Any] = {"frame": bpy.context.scene.frame_current, "actions": sorted(bpy.data.actions.keys())}
    for thing in bpy.context.scene.objects:
        bones = thing.pose.bones if thing.pose else ()
        pose = [
            (
                *bone.location, *bone.rotation_quaternion, *bone.rotation_euler, *bone.rotation_axis_angle, *bone.scale,
                bone.rotation_mode, len(bone.constraints), *sorted(bone.keys()),
            )
            for bone in bones
        ]  # fmt: skip
        action = thing.animation_data.action.name if thing.animation_data and thing.animation_data.action else ""
        found[thing.name] = (tuple(map(tuple, thing.matrix_basis)), pose, action, sorted(thing.keys()))
    return found


def toggle(live: bool) -> None:
    """Preview on or off, where there is one at all."""
    if live:
        bpy.ops.mocamba.live()


def run(folder: Path, seconds: float, steps: int, seed: int, live: bool) -> tuple[dict[str, Any], Counter[str]]:
    """The state after `steps` random steps spread over `seconds`."""
    path = build(folder)
    bpy.ops.ed.undo_push(message="start")
    todo, seen, ticks = Steps(path, seed), Counter[str](), []
    toggle(live)
    for step in range(steps):
        until = time.perf_counter() + seconds / steps
        while live and time.perf_counter() < until:
            began = time.perf_counter()
            runtime.step()
            ticks.append(1e3 * (time.perf_counter() - began))
            seen["shown" if runtime.preview is not None and not runtime.preview.trouble else "paused"] += 1
            time.sleep(max(TICK - (time.perf_counter() - began), 0))
        todo.one()
        if step % 20 == 10:  # the preview is switched off, its user poses the character, and it is switched on again
            toggle(live)
            todo.pose_performer()
            toggle(live)
    if live:
        runtime.step()
    toggle(live)
    for _ in range(6):  # back to poses of the time when the preview ran
        todo.undo()
    if live:
        sys.stdout.write(
            f"a tick: median {np.median(ticks):.3f} ms, 99 % under {np.percentile(ticks, 99):.3f} ms, "
            f"longest {max(ticks):.1f} ms, {len(ticks)} ticks; {dict(seen)}; steps {dict(todo.done)}\n"
        )
    return state(), seen


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    wish = parser.parse_args()
    bpy.context.preferences.addons.new().module = "mocamba"
    mocamba.register()
    errors = Errors()
    logging.getLogger("mocamba").addHandler(errors)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        variables = {**os.environ, "MOCAMBA_LINK": str(folder / "link.json")}
        command = [sys.executable, "-m", "mocamba", "capture", "--imu", "simulated", "--folder", str(folder / "takes")]
        with (
            (folder / "session.log").open("wb") as log,
            subprocess.Popen(command, env=variables, stderr=log, stdout=log) as session,
        ):
            try:
                while not (folder / "link.json").exists() and session.poll() is None:
                    time.sleep(0.1)
                bpy.ops.mocamba.connect(link=str(folder / "link.json"), wait=60)
                while runtime.connection.status.get("state") != "live" and session.poll() is None:
                    time.sleep(0.1)
                with_live, seen = run(folder, 60 * wish.minutes, wish.steps, wish.seed, live=True)
                bpy.ops.mocamba.disconnect()
            finally:
                session.terminate()
        without, _ = run(folder, 0, wish.steps, wish.seed, live=False)
    mocamba.unregister()
    for text in errors.seen:
        sys.stdout.write(f"error: {text}\n")
    for key in sorted(set(with_live) | set(without)):
        if with_live.get(key) != without.get(key):
            sys.stdout.write(f"differs: {key}\n  live    {with_live.get(key)}\n  without {without.get(key)}\n")
    good = not errors.seen and with_live == without and seen["shown"] > 0
    sys.stdout.write("no error, and the data is what it is without a preview\n" if good else "FAILED\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
