"""Blender in this process with the add-on on, and a session's end of the link that plays a motion."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
from mocamba.capture.link_protocol import LinkPose
from mocamba.capture.link_server import LinkServer
from mocamba.capture.manifest import Manifest
from mocamba.capture.take import TakeWriter
from mocamba.rig.errors import BadInputError, MocambaError
from mocamba.rig.motion import Motion
from mocamba.rig.skeleton import JOINTS, PARENTS


class PretendSession:
    """The real `LinkServer`, given a motion's poses at 60 Hz and answers to the commands that record."""

    def __init__(self, motion: Motion, link: Path, takes: Path, rate: float = 60.0) -> None:
        self.motion, self.takes, self.rate = motion, takes, rate
        self.state, self.asked = "live", [("", {})]
        self.extra: dict[str, Any] = {}
        self.sent = 0
        self.fault: str | None = None
        self._writer: TakeWriter | None = None
        self.server = LinkServer(self._answer, link)
        self.tell()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pretend session", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        """The status, as a session does four times a second."""
        offsets = [[round(float(value), 5) for value in row] for row in self.motion.skeleton.offsets]
        skeleton = {"joints": list(JOINTS), "parents": list(PARENTS), "offsets": offsets}
        status = {"state": self.state, "message": "", "folder": str(self.takes), "worker": {"network": "pretend"}}
        recording = {"take": "", "seconds": 1.0, "samples": 9, "lost": 0} if self.state == "recording" else None
        self.server.send_status({"status": {**status, "recording": recording, **self.extra}, "skeleton": skeleton})

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        if self._writer is not None:
            self._writer.__exit__(None, None, None)
        self.server.close()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._stop.wait(max(began + self.sent / self.rate - time.monotonic(), 0)):
            row = self.sent % len(self.motion)
            pose = LinkPose(
                self.sent,
                round(self.sent * 1e9 / self.rate),
                1.0,
                (0,) * 6,
                self.motion.translation[row],
                self.motion.rotations[row],
            )
            self.server.send_pose(pose)
            self.sent += 1
            if self.sent % 15 == 0:
                self.tell()

    def _answer(self, what: str, values: Mapping[str, Any]) -> "Future[Mapping[str, Any]]":
        self.asked.append((what, dict(values)))
        future: Future[Mapping[str, Any]] = Future()
        try:
            future.set_result(self._do(what, values))
        except MocambaError as error:
            future.set_exception(error)
        return future

    def _do(self, what: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        path = self.takes / f"{values.get('name')}.take"
        if what == "record":
            self._writer = TakeWriter(path, Manifest("Ana", 1.7, "live"))
            self._writer.add_sensor("hip", "pelvis", 100.0)
            for k in range(100):
                self._writer.add_sample("hip", k * 10_000_000, k, (1.0, 0, 0, 0, 0, 0, 0))
            self._path, self.state = path, "recording"
            self.tell()
            return {"take": str(path)}
        if what == "stop_recording" and self._writer is not None:
            self._writer.__exit__(None, None, None)
            self._writer, self.state = None, "live"
            self.tell()
            return {"take": str(self._path), "seconds": 1.0, "fault": self.fault}
        if what in ("calibrate", "reset_yaw", "reset_full", "keep_calibration"):
            return {}
        raise BadInputError(f"There is no command '{what}'.")


def world_heads(armature: Any) -> np.ndarray:
    """Joint heads `(24, 3)` of the evaluated armature in our Y-up world."""
    import bpy

    bpy.context.view_layer.update()
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    places = np.array([posed.matrix_world @ posed.pose.bones[name].head for name in JOINTS])
    return places[:, [0, 2, 1]] * [1, 1, -1]


def state_of_data() -> dict[str, Any]:
    """What is the user's: every pose, action, marker and setting that the add-on could touch."""
    import bpy

    bpy.context.view_layer.update()
    objects = {}
    for thing in bpy.data.objects:
        pose = thing.pose and {
            bone.name: (
                tuple(bone.location),
                tuple(bone.rotation_quaternion),
                tuple(bone.rotation_euler),
                tuple(bone.rotation_axis_angle),
                tuple(bone.scale),
                bone.rotation_mode,
                len(bone.constraints),
                tuple(sorted(bone.keys())),
            )
            for bone in thing.pose.bones
        }
        animation = thing.animation_data
        action = animation and animation.action and animation.action.name
        matrix = tuple(map(tuple, thing.matrix_basis))
        inherit = thing.type == "ARMATURE" and tuple(bone.use_inherit_rotation for bone in thing.data.bones)
        objects[thing.name] = (matrix, pose, action, inherit, len(thing.modifiers), sorted(thing.keys()))
    scene = bpy.context.scene
    render = (scene.render.fps, scene.render.fps_base, scene.frame_start, scene.frame_end, scene.frame_step)
    return {
        "objects": objects,
        "actions": sorted((action.name, action.use_fake_user) for action in bpy.data.actions),
        "scene": (render, scene.sync_mode, len(scene.timeline_markers)),
        "handlers": {name: len(getattr(bpy.app.handlers, name)) for name in ("undo_post", "load_post", "save_pre")},
    }
