"""Connect, start and stop the capture engine, show what is live."""

import os
import shlex
import time
from pathlib import Path
from typing import Any

import bpy
from bpy.props import FloatProperty, StringProperty

from ..rig.errors import BadInputError, MocambaError
from .capture_control import capture_control
from .connection import Connection, Phase
from .jobs import Job
from .preferences import preferences
from .runtime import CONNECTING, runtime, take_folder
from .saying import Result, done, told

STARTING = 180.0  # seconds that a new engine may take to open its link: it loads torch first


class MOCAMBA_OT_connect(bpy.types.Operator):
    """Connect to the capture session that runs on this computer"""

    bl_idname = "mocamba.connect"
    bl_label = "Connect"

    link: StringProperty(name="Link file", description="Of the session; empty for the usual place", subtype="FILE_PATH")
    wait: FloatProperty(
        name="Wait", default=0, min=0, description="Seconds to wait for the connection; 0 goes on at once"
    )

    @told
    def execute(self, _context: Any) -> Result:
        """See `Connection`."""
        open_connection(Path(self.link) if self.link else None)
        wait_for(lambda: runtime.connection is None or runtime.connection.phase is not Phase.CONNECTING, self.wait)
        if self.wait and not (runtime.connection and runtime.connection.connected):
            why = runtime.connection.message if runtime.connection else ""
            runtime.disconnect()
            raise MocambaError(why or "The session did not answer.")
        return done(self, "Connected." if self.wait else CONNECTING)


class MOCAMBA_OT_disconnect(bpy.types.Operator):
    """Leave the session; it goes on without Blender"""

    bl_idname = "mocamba.disconnect"
    bl_label = "Disconnect"

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """While connected."""
        cls.poll_message_set("Not connected")
        return runtime.connection is not None

    @told
    def execute(self, _context: Any) -> Result:
        """The session is left running."""
        runtime.disconnect()
        return done(self, "Disconnected. The session goes on.")


class MOCAMBA_OT_start_capture(bpy.types.Operator):
    """Start the capture engine with the sensors or the camera chosen in the preferences, and connect to it"""

    bl_idname = "mocamba.start_capture"
    bl_label = "Start Capture"

    imu: StringProperty(name="Sensors", description="As in the preferences; empty for what is chosen there")
    wait: FloatProperty(name="Wait", default=0, min=0, description="Seconds to wait until poses come")

    @told
    def execute(self, _context: Any) -> Result:
        """A session that runs already is used instead of a second one."""
        if capture_control.running:
            raise BadInputError("The capture runs already. Stop it first, or press Connect.")
        capture_control.start(capture_arguments(self.imu))
        open_connection(None, STARTING)
        runtime.start_live()
        wait_for(lambda: session_state() in ("live", "recording"), self.wait)
        return done(self, "The capture is starting.")


class MOCAMBA_OT_stop_capture(bpy.types.Operator):
    """Finish the take that is recorded, let the sensors go and end the engine"""

    bl_idname = "mocamba.stop_capture"
    bl_label = "Stop Capture"

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """While an engine of this Blender runs."""
        cls.poll_message_set("The capture was not started from this Blender")
        return capture_control.running

    @told
    def execute(self, _context: Any) -> Result:
        """The engine finishes its take first."""
        runtime.disconnect()
        end = capture_control.stop()
        runtime.run_job(Job("Stopping", lambda _: end()))
        return done(self, "The capture is stopping." if runtime.jobs else "The capture was stopped.")


class MOCAMBA_OT_live(bpy.types.Operator):
    """Show the performer on the character, or put the character back as it was"""

    bl_idname = "mocamba.live"
    bl_label = "Live Preview"

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """While connected."""
        cls.poll_message_set("Connect to a session first")
        return runtime.live or runtime.connection is not None

    @told
    def execute(self, _context: Any) -> Result:
        """On and off."""
        if runtime.live:
            runtime.stop_preview()
            return done(self, "The character is as it was.")
        if runtime.connection is None:
            raise BadInputError("There is no session. Press Connect, or start the capture.")
        runtime.start_live()
        return done(self, "Showing the performer.")


def open_connection(link: Path | None, patience: float = 10.0) -> None:
    """In place of the one there was."""
    live = runtime.live
    runtime.disconnect()
    runtime.connection = Connection(link, patience)
    if live:
        runtime.start_live()
    runtime.wake()


def wait_for(reached: Any, seconds: float) -> None:
    """For scripts: step until `reached`, at most so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not reached():
        runtime.step()
        time.sleep(0.005)


def session_state() -> str:
    """As the session tells it, "" where there is none."""
    return str(runtime.connection.status.get("state", "")) if runtime.connection is not None else ""


def capture_arguments(imu: str = "") -> list[str]:
    """Of `mocamba capture`, from the preferences."""
    chosen = preferences()
    arguments = ["--folder", str(take_folder()), "--network", chosen.network, "--performer", chosen.performer]
    arguments += ["--height", f"{chosen.height:.3f}"]
    arguments += [f"--{name}" for name in ("smooth", "feet") if getattr(chosen, name)]
    alone = chosen.equipment == "CAMERA" and not imu
    arguments += ["--imu", "none"] if alone else _worn_arguments(chosen, imu)
    if chosen.equipment != "SENSORS":
        arguments += ["--camera", chosen.camera.strip() or "0"]
        arguments += ["--fov", f"{chosen.field:.0f}"] if chosen.field else []
    return [*arguments, "--vmc", chosen.vmc] if chosen.vmc else arguments


def _worn_arguments(chosen: Any, imu: str) -> list[str]:
    arguments = ["--calibration", chosen.calibration, *(["--drift"] if chosen.drift else [])]
    for spec in shlex.split(imu or chosen.imu, posix=os.name != "nt") or ["all"]:
        arguments += ["--imu", spec]
    return arguments


CLASSES = (
    MOCAMBA_OT_connect,
    MOCAMBA_OT_disconnect,
    MOCAMBA_OT_start_capture,
    MOCAMBA_OT_stop_capture,
    MOCAMBA_OT_live,
)
