"""One `mocamba` command as a child process, for programs with a window: torch, Blender's module and long work are
better kept out of these."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from ..rig.child_process import run_child
from ..rig.progress import Progress


def run_command(arguments: Sequence[str], report: Progress) -> dict[str, Any]:
    """`mocamba ARGUMENTS --json` by this very Python; see `run_child`."""
    environment = {**os.environ, "MOCAMBA_PROGRESS": "1", "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    return run_child([sys.executable, "-m", "mocamba", *arguments, "--json"], environment, report)
