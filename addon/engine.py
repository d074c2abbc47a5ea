"""The capture engine: `mocamba` in an environment of its own, run as a child of Blender. No bpy in here."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..rig.child_process import apart, run_child
from ..rig.errors import MissingToolError
from .jobs import Job

PACKAGE = Path(__file__).resolve().parents[1]  # the code that the engine runs: this very folder
ALIAS = Path(__file__).parent / "alias"  # holds a package `mocamba` that is PACKAGE, whatever that folder's name
END_WITHIN = 20.0  # seconds to finish a take and let sensors go
SET_UP = "Open the add-on's preferences and press Set Up Engine."


@dataclass(frozen=True)
class Engine:
    """`folder` holds the environment and the log of what ran in it; `existing` is the Python of another environment to
    use instead, `weights` a folder of networks' weights that the add-on does not carry."""

    folder: Path
    existing: Path | None = None
    weights: Path | None = None

    @property
    def python(self) -> Path:
        """Of the environment."""
        if self.existing is not None:
            return self.existing
        return self.folder / "env" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    @property
    def marker(self) -> Path:
        """Written as the last step of setting up: without it the environment is half made."""
        return self.folder / "engine.json"

    @property
    def log(self) -> Path:
        """What the engine said last."""
        return self.folder / "engine.log"

    def state(self, fingerprint: str) -> str:
        """Why it cannot run, as a sentence; "" where it can."""
        if not self.python.is_file():
            return f"The capture engine is not set up yet. {SET_UP}"
        try:
            values = json.loads(self.marker.read_text("utf-8"))
        except FileNotFoundError:
            return f"Setting up the capture engine was not finished. {SET_UP} It goes on where it stopped."
        except (OSError, ValueError):
            return f"The capture engine's folder is damaged. {SET_UP}"
        if not isinstance(values, dict) or values.get("python") != str(self.python):
            return f"The capture engine was set up with another Python. {SET_UP}"
        if values.get("fingerprint") != fingerprint:
            return f"The capture engine was set up for another version of Mocamba. {SET_UP}"
        return ""

    def environment(self) -> dict[str, str]:
        """Ours without what would lead another Python astray, and with this folder as the package `mocamba`."""
        ours = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "BLENDER_"))}
        python = {"PYTHONPATH": str(ALIAS), "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", "PYTHONNOUSERSITE": "1"}
        weights = {"MOCAMBA_WEIGHTS": str(self.weights)} if self.weights is not None else {}
        return {**ours, **python, **weights, "MOCAMBA_PROGRESS": "1"}

    def command(self, *arguments: str) -> list[str]:
        """`mocamba …` in the environment."""
        return [str(self.python), "-m", "mocamba", *arguments]


def run(engine: Engine, job: Job, *arguments: str) -> dict[str, Any]:
    """One command to its end, with `--json`; gives its result. Raises MocambaError with the command's own sentence."""
    command = [*engine.command(*arguments), "--json"]
    return run_child(command, engine.environment(), job.report, "Repair it in the preferences.")


class Capture:
    """A running `mocamba capture`. It outlives a Blender that dies, so that no take is lost; the next one connects."""

    def __init__(self, engine: Engine, arguments: Sequence[str]) -> None:
        self.log = engine.log
        engine.folder.mkdir(parents=True, exist_ok=True)
        try:
            with engine.log.open("wb") as log:  # a file and no pipe: nobody has to read it
                self._process = subprocess.Popen(
                    engine.command("capture", *arguments),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    env=engine.environment(),
                    **apart(own_console=False),  # Blender's own, which is hidden
                )
        except OSError as error:
            raise MissingToolError(f"The engine cannot be started ({error.strerror}). {SET_UP}") from error

    @property
    def running(self) -> bool:
        """Not ended, by itself or by us."""
        return self._process.poll() is None

    def ended(self) -> str:
        """Why it ended, as a sentence; "" while it runs."""
        if self.running:
            return ""
        code = self._process.returncode
        return f"The capture engine stopped ({code}): {self.last_line() or 'it said nothing'}" if code else "Stopped."

    def last_line(self) -> str:
        """Of its log."""
        try:
            lines = self.log.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def stop(self) -> None:
        """Let it finish its take, and end it by force if it does not."""
        if self.running:
            self._process.terminate() if sys.platform != "win32" else _interrupt(self._process)
            try:
                self._process.wait(END_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _interrupt(process: "subprocess.Popen[bytes]") -> None:
    """As Ctrl-C does: Windows has no other way to ask. Where Blender has no console, it is ended by force later."""
    with suppress(OSError):
        process.send_signal(signal.CTRL_BREAK_EVENT)  # type: ignore[attr-defined,unused-ignore]
