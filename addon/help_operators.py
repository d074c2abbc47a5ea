"""The log, and what whoever helps has to know."""

import logging
import logging.handlers
import platform
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .capture_control import capture_control
from .preferences import ROOT, user_folder
from .runtime import runtime, take_folder
from .saying import Result, done, told

LAST_LINES = 40
LOG_BYTES = 1 << 20


class MOCAMBA_OT_open_log(bpy.types.Operator):
    """Show the add-on's log in the system's text editor"""

    bl_idname = "mocamba.open_log"
    bl_label = "Open Log"

    @told
    def execute(self, _context: Any) -> Result:
        """It is made when the add-on is switched on."""
        bpy.ops.wm.path_open(filepath=str(log_file()))
        return {"FINISHED"}


class MOCAMBA_OT_copy_diagnostics(bpy.types.Operator):
    """Copy versions, states and the end of the logs, without your name in paths, to paste into a question"""

    bl_idname = "mocamba.copy_diagnostics"
    bl_label = "Copy Diagnostics"

    @told
    def execute(self, context: Any) -> Result:
        """Nothing is sent anywhere."""
        context.window_manager.clipboard = diagnostics()
        return done(self, "The diagnostics are in the clipboard.")


def diagnostics() -> str:
    """Plain text; the home folder is written ~."""
    connection = runtime.connection
    lines = [
        f"Mocamba add-on in Blender {bpy.app.version_string}, NumPy {np.__version__}, Python {sys.version.split()[0]}",
        f"System: {platform.platform()}, {platform.machine()}",
        f"Engine: {capture_control.look() or 'ready'} in {capture_control.engine.folder}",
        f"Link: {connection.phase if connection else 'off'}, {connection.status.get('state') if connection else ''}",
        f"Takes: {take_folder()}; a step takes {runtime.step_ms:.3f} ms; last said: {runtime.message}",
    ]
    for path in (log_file(), capture_control.engine.log):
        lines += [f"-- {path.name}", *_end_of(path)]
    return "\n".join(lines).replace(str(Path.home()), "~") + "\n"


def _end_of(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").splitlines()[-LAST_LINES:]
    except OSError:
        return ["(none)"]


def log_file() -> Path:
    """Of the add-on."""
    return user_folder("logs") / "mocamba.log"


def start_log() -> None:
    """Of all our modules, to a file that never grows large; without one where the folder cannot be written."""
    ours = logging.getLogger(ROOT)
    ours.setLevel(logging.INFO)
    try:
        handler = logging.handlers.RotatingFileHandler(
            log_file(), maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    ours.addHandler(handler)


def stop_log() -> None:
    """Close it."""
    ours = logging.getLogger(ROOT)
    for handler in list(ours.handlers):
        ours.removeHandler(handler)
        handler.close()


CLASSES = (MOCAMBA_OT_open_log, MOCAMBA_OT_copy_diagnostics)
