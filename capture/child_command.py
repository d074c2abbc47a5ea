"""One `mocamba` command as a child process: its progress, its result or its own sentence, and a way to stop it.

For programs with a window, which torch, Blender's module and long work are better kept out of.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..rig.blender.messages import PROGRESS
from ..rig.errors import CancelledError, MocambaError

LAST_LINES = 30
ASK_EVERY = 0.1  # seconds between two looks whether it was cancelled
END_WITHIN = 5.0  # seconds to tidy up, before it is ended by force


def run_command(arguments: Sequence[str], report: Callable[[float, str], None]) -> dict[str, Any]:
    """`mocamba ARGUMENTS --json` by this very Python; see `run_child`."""
    environment = {**os.environ, "MOCAMBA_PROGRESS": "1", "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    return run_child([sys.executable, "-m", "mocamba", *arguments, "--json"], environment, report)


def run_child(
    command: Sequence[str], environment: Mapping[str, str], report: Callable[[float, str], None], remedy: str = ""
) -> dict[str, Any]:
    """Its JSON. `report` is told the share done and with what, again and again; where it raises CancelledError, the
    child is ended. Raises MocambaError with the command's own sentence, or else with what it said last and `remedy`."""
    said: list[str] = []
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=dict(environment),
        **apart(),
    ) as child:
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        readers = (
            threading.Thread(target=lambda: said.extend(child.stdout or ()), daemon=True),
            threading.Thread(target=lambda: _pass_on(child.stderr or (), lines), daemon=True),
        )
        for reader in readers:
            reader.start()
        try:
            _follow(lines, last, report)
        except CancelledError:
            _end(child)
            raise
        finally:
            for reader in readers:
                reader.join()
    return _result(said, list(last), child.returncode, remedy)


def _pass_on(stream: Any, lines: "queue.SimpleQueue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _follow(lines: "queue.SimpleQueue[str | None]", last: deque[str], report: Callable[[float, str], None]) -> None:
    """Until the child has no more to say."""
    share, doing = 0.0, ""
    while True:
        try:
            line = lines.get(timeout=ASK_EVERY)
        except queue.Empty:
            report(share, doing)
            continue
        if line is None:
            return
        if line.startswith(PROGRESS):
            number, _, doing = line[len(PROGRESS) :].strip().partition(" ")
            share = float(number)
            report(share, doing)
        else:
            last.append(line.rstrip())


def _end(child: "subprocess.Popen[str]") -> None:
    child.terminate()
    try:
        child.wait(END_WITHIN)
    except subprocess.TimeoutExpired:
        child.kill()


def _result(said: list[str], last: list[str], code: int, remedy: str) -> dict[str, Any]:
    for line in reversed(said):
        try:
            values = json.loads(line)
        except ValueError:
            continue
        if isinstance(values, dict) and not values.get("ok", True):
            raise MocambaError(str(values.get("error")))
        if isinstance(values, dict) and code == 0:
            return values
    why = next((line for line in reversed(last) if line.strip()), "it said nothing")
    raise MocambaError(f"The engine stopped (code {code}): {why}. {remedy}".rstrip())


def apart() -> dict[str, Any]:
    """A group of its own: Ctrl-C in the terminal that the window was started from is the window's."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
