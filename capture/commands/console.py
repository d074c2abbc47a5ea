"""What every command shares: one way to fail, one to report, one bar."""

import errno
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ...rig.blender.messages import PROGRESS
from ...rig.errors import BadInputError, MocambaError

Progress = Callable[[float, str], None]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines, and nothing else.")]
ForceFlag = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]

_WANTS_JSON = "mocamba.json"
# What a path that the user gave can do to any command, wherever it is first touched.
_THE_USERS = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP, errno.EROFS, errno.ENOSPC)
INTERRUPTED = 130  # as a shell reports SIGINT


class Commands(TyperGroup):
    """Ends every command alike: errors as one sentence on stderr (or as JSON), Ctrl-C with exit code 130."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note `--json` before the command that owns it is known: its errors need it."""
        ctx.meta[_WANTS_JSON] = "--json" in args
        return list(super().parse_args(ctx, args))

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Faults nobody foresaw fly on, with their traceback."""
        try:
            return super().invoke(ctx)
        except MocambaError as error:
            _fail(ctx, str(error), type(error).__name__, error.exit_code)
        except OSError as error:
            if error.errno not in _THE_USERS:
                raise
            _fail(ctx, f"{error.filename}: the system says '{error.strerror}'.", "OSError", BadInputError.exit_code)
        except KeyboardInterrupt:
            _fail(ctx, "Stopped. Nothing was left half-written.", "Interrupted", INTERRUPTED)


def _fail(ctx: Any, message: str, kind: str, code: int) -> None:
    if ctx.meta[_WANTS_JSON]:
        typer.echo(json.dumps({"ok": False, "kind": kind, "error": message}, ensure_ascii=True))
    else:
        typer.secho(message, err=True, fg="red")
    raise typer.Exit(code)


def report(values: dict[str, Any], lines: Sequence[str], as_json: bool) -> None:
    """The result: `values` as JSON, or `lines` for people. Warnings in `values` go to stderr for people."""
    if as_json:
        typer.echo(json.dumps({"ok": True, **values}, ensure_ascii=True))
        return
    for warning in values.get("warnings", ()):
        typer.secho(f"Note: {warning}", err=True, fg="yellow")
    for line in lines:
        typer.echo(line)


def as_argument(value: object) -> str:
    """As it has to be typed in this system's shell, quotes and blanks and all."""
    return subprocess.list2cmdline([str(value)]) if sys.platform == "win32" else shlex.quote(str(value))


@contextmanager
def progress_bar(as_json: bool) -> Iterator[Progress]:
    """A bar on stderr where somebody watches; silent in files, pipes and with `--json`.

    With MOCAMBA_PROGRESS in the environment, as the add-on sets it, each step is a line on stderr.
    """
    if os.environ.get("MOCAMBA_PROGRESS"):
        yield lambda share, doing: typer.echo(f"{PROGRESS}{share:.4f} {doing}", err=True)
        return
    if as_json or not sys.stderr.isatty():
        yield lambda share, doing: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Starting", total=1.0)
        yield lambda share, doing: bar.update(task, completed=share, description=doing)
