"""`mocamba …` and `python -m mocamba …`: the same commands."""

import os
import signal
import sys
from types import FrameType
from typing import Any

INTERRUPTED = 130  # as a shell reports SIGINT


def main() -> None:
    """Entry of the console script."""
    # nothing is begun while modules load, and an interrupt inside NumPy's loading would come out as its ImportError
    _when_asked_to_end(_leave)
    from .capture.commands.app import build_app

    try:
        _when_asked_to_end(signal.default_int_handler)
        build_app()(prog_name="mocamba")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _when_asked_to_end(handler: Any) -> None:
    """By Ctrl-C, or by the system, which Windows does in its own way: a command tidies up after either. What the shell
    had us ignore stays ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
