"""Record, and calibrate."""

from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty, StringProperty

from .connection_operators import session_state, wait_for
from .record_control import record_control
from .runtime import runtime
from .saying import Result, done, told

CALIBRATIONS = [
    ("calibrate", "Calibrate", "Find out how every sensor is worn, step by step"),
    ("reset_yaw", "Yaw Reset", "The performer faces forward now; no pose is needed"),
    ("reset_full", "Full Reset", "The performer stands in the T-pose now"),
    ("keep_calibration", "Use Kept", "The calibration kept for this performer, instead of the whole sequence"),
]
WAYS = [
    ("", "As started", "As the session was started"),
    ("sequence", "Sequence", "Prompts, and checks by movements"),
    ("quick", "Quick", "A T-pose, then a few steps; nothing is checked"),
    ("kept", "Kept", "The performer's own of today, and a moment facing forward"),
]
BEGIN_WITHIN, END_WITHIN = 10.0, 15.0  # seconds that a script waits for the session's answers


class MOCAMBA_OT_record(bpy.types.Operator):
    """Count down and record a take; press again to stop"""

    bl_idname = "mocamba.record"
    bl_label = "Record"

    take: StringProperty(name="Name", description="Of the take; empty for the scene's. A number is added")
    seconds: FloatProperty(
        name="Seconds", min=0, default=0, description="For scripts: record so long and wait; 0 until it is stopped"
    )

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """While the session is live."""
        cls.poll_message_set("Recording starts from a live session")
        return runtime.recording is not None or session_state() == "live"

    @told
    def execute(self, context: Any) -> Result:
        """In scripts with `seconds`, without countdown."""
        settings = context.scene.mocamba
        if runtime.recording is not None:
            record_control.stop()
            return done(self, "Stopping.")
        delay = 0.0 if self.seconds else float(settings.delay)
        record_control.start(
            self.take or settings.take_name,
            delay,
            timeline=settings.play_timeline,
            marker=settings.marker,
            beeps=settings.beeps,
        )
        if self.seconds:
            self._wait()
        return {"FINISHED"}

    def _wait(self) -> None:
        recording = runtime.recording
        wait_for(lambda: recording is not runtime.recording or (recording and recording.take), BEGIN_WITHIN)
        wait_for(lambda: recording is not runtime.recording, self.seconds)
        if runtime.recording is not None:
            record_control.stop()
        wait_for(lambda: runtime.recording is None, END_WITHIN)


class MOCAMBA_OT_calibrate(bpy.types.Operator):
    """Ask the session for a calibration or a reset"""

    bl_idname = "mocamba.calibrate"
    bl_label = "Calibrate"

    what: EnumProperty(items=CALIBRATIONS, name="What")
    how: EnumProperty(items=WAYS, name="How", description="Of a whole calibration")
    only: StringProperty(name="Only", description="Sensors to calibrate again, with commas between; empty for all")

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """While there is a session."""
        cls.poll_message_set("Connect to a session first")
        return session_state() in ("live", "calibrating")

    @told
    def execute(self, _context: Any) -> Result:
        """The session's prompts are in its status."""
        only = [name.strip() for name in self.only.split(",") if name.strip()]
        values: dict[str, Any] = {"only": only} if only else {}
        if self.how and self.what == "calibrate" and not only:
            values["how"] = self.how
        runtime.ask(self.what, **values)
        return {"FINISHED"}


CLASSES = (MOCAMBA_OT_record, MOCAMBA_OT_calibrate)
