"""All commands on one app. Nothing here imports torch or bpy: the commands that need them do when they run."""

from typing import Annotated

import typer

from ... import __version__
from . import add_commands
from .console import Commands

HELP = """Motion capture for Blender from six body-worn sensors.

A recording becomes a take, a take is solved by a pose network, and the motion is baked to keyframes:

  mocamba import recordings/walk walk.take

  mocamba solve walk.take

  mocamba bake walk.take --blend walk.blend

To see it all at once without any sensor: mocamba demo
"""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mocamba {__version__}")
        raise typer.Exit


def _callback(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """See HELP."""


def build_app() -> typer.Typer:
    """Every command of `mocamba`."""
    app = typer.Typer(
        cls=Commands, help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    app.callback()(_callback)
    add_commands(app)
    return app
