"""`mocamba panel`."""

import ctypes.util
import importlib.util
import os
import sys

import typer

from ...rig.errors import MissingToolError

HELP = """Open the control panel: a window that leads from sensors in the box to a recording.

Without any sensor at hand, choose "Try it without sensors" in it.

Example:

  mocamba panel
"""


def panel_command() -> None:
    """See HELP."""
    _check_qt()
    # Qt comes with it
    from ...panel.app import run_panel

    raise typer.Exit(run_panel())


def _check_qt() -> None:
    """What Qt itself would end the process over, in sentences."""
    if importlib.util.find_spec("PySide6") is None:
        raise MissingToolError(
            'The control panel needs PySide6, which is not installed. Run: pip install "mocamba[panel]"'
        )
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY"):
        return
    if not os.environ.get("DISPLAY"):
        raise MissingToolError(
            "The control panel is a window, and there is no screen here (DISPLAY is not set). Start it on a desktop, "
            "or capture in this terminal with: mocamba capture"
        )
    if ctypes.util.find_library("xcb-cursor") is None:
        raise MissingToolError(
            "Qt's windows need the library xcb-cursor. Debian and Ubuntu: sudo apt install libxcb-cursor0 "
            "libxcb-icccm4 libxcb-keysyms1; Fedora: sudo dnf install xcb-util-cursor xcb-util-wm xcb-util-keysyms"
        )
