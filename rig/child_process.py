"""Child processes that are followed: what they say as they say it, and their end where nobody wants them any more."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from .blender.messages import PROGRESS
from .errors import MocambaError
from .progress import Progress

LAST_LINES = 30
ASK_EVERY = 0.1  # seconds between two calls of `ask`
END_WITHIN = 5.0  # seconds to tidy up, before it is ended by force


def follow(
    command: Sequence[str],
    heard: Callable[[str], None],
    ask: Callable[[], None] = lambda: None,
    environment: Mapping[str, str] | None = None,
    output: list[str] | None = None,
) -> int:
    """Run to its end; gives the exit code. `heard` is given each line that it says, without its end; where there is an
    `output`, standard output goes there instead, so that no warning falls into the middle of it.

    `ask` is called again and again, also while nothing is said. Whatever either raises, Ctrl-C too, ends the child with
    all that it started. Raises OSError where it cannot be started.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if output is None else subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=None if environment is None else dict(environment),
        **apart(),
    ) as child:
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        readers = [_reading(lambda: _pass_on((child.stdout if output is None else child.stderr) or (), lines))]
        if output is not None:
            readers.append(_reading(lambda: output.extend(child.stdout or ())))
        try:
            _listen(lines, heard, ask)
        except BaseException:
            _end(child)
            raise
        finally:
            for reader in readers:
                reader.join()
    return child.returncode


def _reading(what: Callable[[], None]) -> threading.Thread:
    reader = threading.Thread(target=what, name="mocamba child", daemon=True)
    reader.start()
    return reader


def _pass_on(stream: Iterable[str], lines: "queue.SimpleQueue[str | None]") -> None:
    for line in stream:
        lines.put(line.rstrip())
    lines.put(None)


def _listen(lines: "queue.SimpleQueue[str | None]", heard: Callable[[str], None], ask: Callable[[], None]) -> None:
    asked = time.monotonic()
    while True:
        with suppress(queue.Empty):
            line = lines.get(timeout=ASK_EVERY)
            if line is None:
                return
            heard(line)
        if time.monotonic() - asked > ASK_EVERY:
            ask()
            asked = time.monotonic()


def _end(child: "subprocess.Popen[str]") -> None:
    _signal(child, signal.SIGTERM)
    try:
        child.wait(END_WITHIN)
    except subprocess.TimeoutExpired:
        _signal(child, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)


def _signal(child: "subprocess.Popen[str]", what: signal.Signals) -> None:
    """To all that it started where the system can."""
    if sys.platform == "win32":
        child.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(child.pid, what)


def apart(*, own_console: bool = True) -> dict[str, Any]:
    """A group of its own: Ctrl-C in the terminal that we were started from is ours. On Windows, without a window where
    it has its `own_console`; in ours it can be interrupted."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | own_console * subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def told_progress(line: str, progress: Progress) -> bool:
    """Whether the line is progress, which is passed on then."""
    if not line.startswith(PROGRESS):
        return False
    share, _, doing = line[len(PROGRESS) :].strip().partition(" ")
    progress(float(share), doing)
    return True


def run_child(
    command: Sequence[str], environment: Mapping[str, str], report: Progress, remedy: str = ""
) -> dict[str, Any]:
    """The JSON that a `mocamba` command says. `report` is told the share done and with what, again and again; where it
    raises CancelledError, the child is ended. Raises MocambaError with the command's own sentence, or else with what it
    said last and `remedy`."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    output: list[str] = []
    now = 0.0, ""

    def told(share: float, doing: str) -> None:
        nonlocal now
        now = share, doing
        report(share, doing)

    def heard(line: str) -> None:
        if not told_progress(line, told):
            last.append(line)

    try:
        code = follow(command, heard, lambda: report(*now), environment, output)
    except OSError as error:
        raise MocambaError(f"{command[0]} cannot be started ({error.strerror}). {remedy}".rstrip()) from error
    return _result(output, list(last), code, remedy)


def _result(output: list[str], last: list[str], code: int, remedy: str) -> dict[str, Any]:
    for line in reversed(output):
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
