"""`mocamba panel`."""

import importlib.util

import typer

from ...rig.errors import MissingToolError

HELP = """Open the control panel: a window that leads from sensors in the box to a recording.

Without any sensor at hand, choose "Try it without sensors" in it.

Example:

  mocamba panel
"""


def panel_command() -> None:
    """See HELP."""
    if importlib.util.find_spec("PySide6") is None:
        raise MissingToolError(
            'The control panel needs PySide6, which is not installed. Run: pip install "mocamba[panel]"'
        )
    # Qt comes with it
    from ...panel.app import run_panel

    raise typer.Exit(run_panel())
