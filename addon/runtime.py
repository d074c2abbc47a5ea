"""What runs while the add-on is on: connection, preview, recording, jobs. No property holds any of it, and no file."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import bpy

from ..rig.errors import MocambaError
from .connection import Answer, Connection
from .jobs import Job
from .player import Player
from .preview import Preview, settle
from .recording import Recording

log = logging.getLogger(__name__)

TICK = 0.01  # seconds: Blender's timers then come about a hundred times a second
MOST_ERRORS = 10  # ticks in a row that may fail before all is stopped
CONNECTING = "Connecting."
REDRAW_EVERY = 0.25  # seconds between two drawings of the panels while something goes on


class Runtime:
    """One for each Blender. `step` is the timer's body; scripts in the background call it themselves."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.preview: Preview | None = None
        self.player: Player | None = None
        self.live = False  # whether poses of the link are shown
        self.recording: Recording | None = None
        self.jobs: list[Job] = []
        self.message = ""  # the last thing worth saying, a sentence
        self.step_ms = 0.0  # what one step takes, smoothed
        self.on_tick: list[Callable[[], None]] = []  # what other parts do in every step
        self.on_draw: list[Callable[[], None]] = []  # with every drawing of the panels
        self._errors = 0
        self._drawn = 0.0
        self._heard = -1

    @property
    def busy(self) -> bool:
        """There is something for the timer to do."""
        parts = (self.connection, self.player, self.recording)
        return any(part is not None for part in parts) or self.live or bool(self.jobs) or bool(self.on_tick)

    def say(self, text: str, error: bool = False) -> None:
        """Show `text` in the panel, and log it."""
        self.message = text.splitlines()[0] if text else ""
        log.log(logging.ERROR if error else logging.INFO, "%s", text)
        self._drawn = 0.0

    def redraw_soon(self) -> None:
        """With the next step."""
        self._drawn = 0.0

    def wake(self) -> None:
        """See to it that the timer runs. In the background there is none: `step` is called there."""
        if not bpy.app.background and not bpy.app.timers.is_registered(_tick):
            bpy.app.timers.register(_tick, persistent=True)

    def step(self) -> None:
        """Take in what came, show the newest pose, go on with recording and jobs."""
        began = time.perf_counter()
        if self.connection is not None:
            self._listen(self.connection)
        if self.player is not None and self.preview is not None:
            self.preview.show(*self.player.pose())
        for part in list(self.on_tick):
            part()
        self._finish_jobs()
        self.step_ms += 0.05 * ((time.perf_counter() - began) * 1e3 - self.step_ms)
        self._draw()

    def start_live(self) -> None:
        """Show the link's poses on the character from now on."""
        self.stop_preview()
        self.live = True
        self.preview = Preview(self.connection.skeleton) if self.connection is not None else None
        self.wake()

    def start_player(self, player: Player) -> None:
        """Show a take on the character, over and over."""
        self.stop_preview()
        self.player, self.preview = player, Preview(player.motion.skeleton)
        self.wake()

    def stop_preview(self) -> None:
        """Put the character back as it was."""
        if self.preview is not None:
            self.preview.hide()
        self.live, self.player, self.preview = False, None, None

    def disconnect(self) -> None:
        """Leave the session; it goes on."""
        if self.live:
            self.stop_preview()
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def stop_all(self) -> None:
        """As at the end of Blender: nothing is left running, the character is as it was."""
        self.stop_preview()
        for job in self.jobs:
            job.cancel()
        for job in self.jobs:
            job.wait(5.0)
        self.jobs.clear()
        self.on_tick.clear()
        self.recording = None
        self.disconnect()

    def character_changed(self) -> None:
        """Another armature was chosen: the one before is put back at once."""
        if self.preview is not None:
            self.preview.show_again()

    def undone(self) -> None:
        """Undo or redo has exchanged all data."""
        if self.preview is not None:
            self.preview.undone()
        else:
            settle()

    def ask(self, what: str, then: Callable[[Answer], None] = lambda _: None, **values: object) -> None:
        """A command to the session; a refusal is shown."""
        if self.connection is None:
            self.say("There is no session. Press Connect, or start the capture.", error=True)
            return

        def told(answer: Answer | None, error: str) -> None:
            if answer is None:
                self.say(error, error=True)
                self.on_refusal(what)
            else:
                then(answer)

        self.connection.ask(what, told, **values)

    def run_job(self, job: Job) -> None:
        """Follow `job` to its end; in the background, where no timer runs, wait for it and raise its MocambaError."""
        self.jobs.append(job)
        if bpy.app.background:
            job.wait()
            self.step()
            if job.error:
                raise MocambaError(job.error)
        self.wake()

    def on_refusal(self, what: str) -> None:
        """A command was refused: a recording that should have begun, or ended, is over."""
        if what in ("record", "stop_recording"):
            self.recording = None

    def _listen(self, connection: Connection) -> None:
        connection.deliver()
        poses = connection.take_poses()
        if self.recording is not None and self.recording.take is not None:
            self.recording.poses += poses
        if self.live and poses:
            if self.preview is None or self.preview.performer is not connection.skeleton:
                self._change_performer(connection)
            if self.preview is not None:
                self.preview.show(poses[-1].rotations, poses[-1].translation)
        if connection.connected and self.message == CONNECTING:
            self.say("Connected.")
        if connection.heard != self._heard:
            self._heard, self._drawn = connection.heard, 0.0

    def _change_performer(self, connection: Connection) -> None:
        if self.preview is not None:
            self.preview.hide()
        self.preview = Preview(connection.skeleton)

    def _finish_jobs(self) -> None:
        for job in [job for job in self.jobs if not job.running]:
            self.jobs.remove(job)
            if job.error:
                self.say(job.error, error=not job.cancelled)
            job.deliver()
            self._drawn = 0.0

    def _draw(self) -> None:
        if time.monotonic() - self._drawn > REDRAW_EVERY:
            self._drawn = time.monotonic()
            redraw_panels()
            for part in self.on_draw:
                part()


def redraw_panels() -> None:
    """Every sidebar of every window."""
    for window in bpy.context.window_manager.windows if bpy.context.window_manager else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()


def _tick() -> float | None:
    """The one timer. It never raises, because Blender drops a timer that does without a word."""
    try:
        runtime.step()
        runtime._errors = 0
    except Exception as error:  # the boundary to Blender's main loop
        log.exception("a step failed")
        runtime._errors += 1
        if runtime._errors >= MOST_ERRORS:
            runtime.stop_all()
            runtime.say(f"Stopped after {MOST_ERRORS} errors in a row ({error}). The log says more.", error=True)
    return TICK if runtime.busy else None


def remove_timer() -> None:
    """At the add-on's end."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def take_folder() -> Path:
    """Where takes are looked for and recorded."""
    from .preferences import preferences

    return Path(bpy.path.abspath(preferences().take_folder)).expanduser()


runtime = Runtime()
