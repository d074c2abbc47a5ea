"""What `bootstrap.py` does: an environment with what the command needs, then the command in it."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .checks import run_checks
from .environment import Environment, SetupError

ROOT = Path(__file__).resolve().parents[1]
USAGE = """Sets Mocamba up in .venv beside this file, once, and runs it.

  python bootstrap.py demo             the whole way without a sensor; results in the folder demo
  python bootstrap.py run ...          any command, for example: run import recordings/walk walk.take
  python bootstrap.py test             every check: format, lint, types, import contracts, tests
  python bootstrap.py test tests/...   the checks, with these tests alone

"""
CORE = frozenset({"blender", "camera", "devices", "panel"})
ALL = frozenset({"blender", "camera", "dev", "devices", "panel", "train"})
INTERRUPTED = 130  # as a shell reports SIGINT


def main(arguments: Sequence[str]) -> int:
    """Exit code of the command; 1 where it could not be set up, 2 where there is no such command."""
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("--help", [])
    if command not in ("demo", "run", "test"):
        asked = command in ("-h", "--help", "help")
        (sys.stdout if asked else sys.stderr).write(USAGE)
        return 0 if asked else 2
    try:
        environment = Environment(ROOT)
        environment.ensure(ALL if command == "test" else CORE)
        if command == "test":
            return run_checks(environment.python, ROOT, rest)
        return hand_over([str(environment.python), "-P", "-m", "mocamba", *_mocamba_arguments(command, rest)])
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Run the same command again to go on.\n")
        return INTERRUPTED


def _mocamba_arguments(command: str, rest: list[str]) -> list[str]:
    if command == "run":
        return rest
    named = any(argument == "--out" or argument.startswith("--out=") for argument in rest)
    return ["demo", *rest] if named else ["demo", "--out", "demo", *rest]


def hand_over(command: Sequence[str]) -> int:
    """Run `command` to its end. Ctrl-C is left to it alone: it knows what to clean up, and its exit code is ours."""
    # a handler, not SIG_IGN, which the command would inherit
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run(command, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code
