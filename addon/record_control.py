"""Recording from Blender: countdown, start, end, and what becomes of the poses that were seen."""

import logging
import time
from pathlib import Path
from typing import Any

import bpy

from ..rig.errors import BadInputError
from . import beep
from .connection import Answer
from .jobs import Job
from .recording import Recording, Stage, keep_live
from .runtime import runtime, take_folder
from .take_files import next_name
from .takes_list import refresh

log = logging.getLogger(__name__)


class RecordControl:
    """One recording at a time. `step` is called in every tick while there is one."""

    def __init__(self) -> None:
        self._playing = False
        self._beeps = self._marker = self._timeline = False

    def start(self, name: str, delay: float, *, timeline: bool, marker: bool, beeps: bool) -> None:
        """Count down from `delay` seconds, then record. Raises BadInputError where no session is live."""
        connection = runtime.connection
        state = connection.status.get("state", "") if connection is not None else ""
        if runtime.recording is not None or state == "recording":
            raise BadInputError("A take is being recorded. Stop it first.")
        if state != "live":
            raise BadInputError(f"The session is {state or 'not connected'}; recording starts from live. {_NEXT}")
        self._timeline, self._marker, self._beeps = timeline, marker, beeps
        runtime.recording = Recording(next_name(session_folder(), name), time.monotonic() + delay)
        if self.step not in runtime.on_tick:
            runtime.on_tick.append(self.step)
        runtime.wake()

    def stop(self) -> None:
        """End the take, or the countdown."""
        recording = runtime.recording
        if recording is None:
            raise BadInputError("No take is being recorded from here.")
        if recording.stage is Stage.COUNTDOWN:
            runtime.recording = None
            runtime.say("The countdown was stopped; nothing was recorded.")
        elif recording.stage is Stage.RUNNING:
            recording.stage = Stage.STOPPING
            runtime.ask("stop_recording", self._ended)

    def step(self) -> None:
        """Whatever the moment asks for."""
        recording = runtime.recording
        if recording is None:
            runtime.on_tick.remove(self.step)
            self._stop_timeline()
        elif recording.stage is Stage.COUNTDOWN:
            self._count(recording)
        elif recording.stage is Stage.RUNNING:
            self._look_after(recording)

    def _count(self, recording: Recording) -> None:
        if recording.tick():
            if self._beeps:
                beep.beep(beep.TICK)
            runtime.redraw_soon()
        if recording.left == 0:
            recording.stage = Stage.STARTING
            runtime.ask("record", self._began, name=recording.name)

    def _began(self, answer: Answer) -> None:
        recording = runtime.recording
        if recording is None:
            return
        recording.take, recording.stage = Path(str(answer["take"])), Stage.RUNNING
        if (connection := runtime.connection) is not None:
            recording.performer = connection.skeleton
            recording.network = str((connection.status.get("worker") or {}).get("network", ""))
        if self._beeps:
            beep.beep(beep.START)
        if self._marker:
            bpy.context.scene.timeline_markers.new(recording.name, frame=bpy.context.scene.frame_current)
        if self._timeline:
            self._playing = play_timeline()
        runtime.say(f"Recording {recording.name}.")

    def _look_after(self, recording: Recording) -> None:
        """The engine may end a recording by itself (a full disk), or go away."""
        connection = runtime.connection
        if connection is None or not connection.connected:
            self._finish(recording, "The link to the engine broke. What was recorded until then is kept.")
        elif connection.status.get("state") == "recording":
            recording.told = True
        elif recording.told:
            said = str(connection.status.get("message", ""))
            self._finish(recording, f"The recording ended by itself. {said}".strip())

    def _ended(self, answer: Answer) -> None:
        if runtime.recording is not None:
            fault = answer.get("fault")
            text = f"{runtime.recording.name}: {float(answer.get('seconds', 0)):.1f} s."
            self._finish(runtime.recording, f"{text} {fault}" if fault else text)

    def _finish(self, recording: Recording, text: str) -> None:
        runtime.recording = None
        if self._beeps:
            beep.beep(beep.END)

        def listed(_: Any) -> None:
            refresh(recording.take)
            runtime.say(text)

        runtime.run_job(Job("Keeping the poses", lambda _: keep_live(recording), listed))

    def _stop_timeline(self) -> None:
        if self._playing:
            self._playing = False
            stop_timeline()


def session_folder() -> Path:
    """Where the session records, if it says so in full; else where takes are listed."""
    told = runtime.connection.status.get("folder", "") if runtime.connection is not None else ""
    return Path(told) if told and Path(told).is_absolute() else take_folder()


def play_timeline() -> bool:
    """From where it stands; whether it was started here."""
    for window in bpy.context.window_manager.windows:
        if not window.screen.is_animation_playing:
            with bpy.context.temp_override(window=window):
                bpy.ops.screen.animation_play()
            return True
        return False
    return False


def stop_timeline() -> None:
    """Where it plays."""
    for window in bpy.context.window_manager.windows:
        if window.screen.is_animation_playing:
            with bpy.context.temp_override(window=window):
                bpy.ops.screen.animation_cancel(restore_frame=False)
            return


_NEXT = "Connect, and calibrate, first."
record_control = RecordControl()
