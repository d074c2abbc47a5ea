"""Makes and repairs the capture engine's environment, stage by stage. No bpy in here.

Stages that are done are not done again, so that one that was cancelled or broke goes on where it stopped.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..rig.child_process import follow
from ..rig.errors import BadInputError, CancelledError, MissingToolError, MocambaError
from ..rig.whole_file import whole_file, written
from .engine import PACKAGE, Engine
from .jobs import Job

PYTHONS = ((3, 11), (3, 14))  # the oldest and the newest that PyTorch has builds for
WITH_MEDIAPIPE = ("3.12", "3.11")  # the newest that it has builds for, best first
EXTRAS = ("devices", "camera")
TORCH_BUILDS = {"CPU": "https://download.pytorch.org/whl/cpu", "CUDA": "https://download.pytorch.org/whl/cu126"}
ROOM = {"CPU": 2_200_000_000, "CUDA": 8_200_000_000, "MPS": 2_200_000_000}  # bytes
LAST_LINES = 40
FAILED = "exit code "
WITHOUT = "{} was not to be had for its Python, so nobody is found in videos: install Python 3.12 and set up anew."
PATIENCE = ("--retries", "2", "--timeout", "20")


@dataclass(frozen=True)
class SetupWish:
    """`wheels`: a folder to install from without internet. `hardware`: AUTO, CPU or CUDA. `online`: downloads are
    allowed, by the user and by Blender."""

    wheels: Path | None = None
    hardware: str = "AUTO"
    online: bool = False


@dataclass(frozen=True)
class Plan:
    """What will be done, to be shown before it is: how torch is built, which Python, whether uv does it."""

    hardware: str
    python: tuple[str, ...]
    uv: str | None
    room: int


def requirements() -> list[str]:
    """Of the engine, from pyproject.toml, torch first."""
    project = _pyproject()["project"]
    extras = [one for extra in EXTRAS for one in project["optional-dependencies"][extra]]
    return sorted([*project["dependencies"], *extras], key=lambda one: (not one.startswith("torch"), one))


def alone() -> list[str]:
    """What is installed without what it asks for."""
    named = _pyproject()["tool"]["mocamba"]["alone"]
    return [named[extra] for extra in EXTRAS if extra in named]


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((PACKAGE / "pyproject.toml").read_text("utf-8"))


def fingerprint() -> str:
    """Differs where something else has to be installed."""
    return hashlib.sha256("\n".join((*requirements(), *alone())).encode()).hexdigest()[:16]


def make_plan(wish: SetupWish) -> Plan:
    """Raises MissingToolError where no Python fits."""
    hardware = wish.hardware if wish.hardware != "AUTO" else _best_hardware()
    uv = shutil.which("uv")
    python = find_python()
    if uv is None and python is None:
        raise MissingToolError(
            f"No Python {_spelled(PYTHONS[0])} to {_spelled(PYTHONS[1])} that can make environments was found. "
            "Install Python from python.org, or uv, then press Set Up Engine again."
        )
    return Plan(hardware, python or (), uv, ROOM[hardware])


def _best_hardware() -> str:
    if sys.platform == "darwin":
        return "MPS"
    return "CUDA" if shutil.which("nvidia-smi") else "CPU"


def find_python() -> tuple[str, ...] | None:
    """A Python that can make environments: one that MediaPipe has builds for, else this one, which is Blender's own,
    else any of the system's."""
    named = _system_pythons(WITH_MEDIAPIPE)
    names: list[tuple[str, ...]] = [(sys.executable,), *named]
    if _spelled(sys.version_info[:2]) not in WITH_MEDIAPIPE:
        names = [*named, (sys.executable,)]
    names += [*_system_pythons(("3.13", "3.14")), ("python3",)]
    return next((name for name in names if _fits(name)), None)


def _system_pythons(versions: Sequence[str]) -> list[tuple[str, ...]]:
    launcher = [("py", f"-{version}") for version in versions] if sys.platform == "win32" else []
    return [*launcher, *((f"python{version}",) for version in versions)]


def _fits(command: Sequence[str]) -> bool:
    code = "import sys, ensurepip, venv; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([*command, "-I", "-c", code], capture_output=True, text=True, check=False, timeout=30)
        version = tuple(map(int, done.stdout.split()))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return PYTHONS[0] <= version <= PYTHONS[1]


class EngineSetup:
    """One setting up; `run` is the work of a job and gives a sentence for its end."""

    def __init__(self, engine: Engine, wish: SetupWish) -> None:
        self.engine, self.wish = engine, wish
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._without: list[str] = []

    def run(self, job: Job) -> str:
        """Raises MocambaError with what to do next; CancelledError where it was stopped."""
        job.report(0.0, "Looking at this computer")
        plan = make_plan(self.wish) if self.engine.existing is None else None
        self._check(plan)
        self.engine.marker.unlink(missing_ok=True)
        with self.engine.log.open("w", encoding="utf-8") as log:
            if plan is not None:
                self._make(job, log, plan)
            job.report(0.95, "Testing")
            told = self._self_test(job, log)
        values = {"fingerprint": fingerprint(), "python": str(self.engine.python), **told}
        with whole_file(self.engine.marker) as part:
            part.write_text(json.dumps(values), encoding="utf-8")
        ready = f"The engine is ready: {told['ms']} ms a frame, PyTorch {told['torch']} on {told['device']}."
        return f"{ready} {WITHOUT.format(', '.join(self._without))}" if self._without else ready

    def _make(self, job: Job, log: Any, plan: Plan) -> None:
        if not self._healthy():
            job.report(0.05, "Making an environment")
            shutil.rmtree(self.engine.folder / "env", ignore_errors=True)  # what is left of one that broke
            self._call(job, log, self._environment_command(plan))
        torch, *others = requirements()
        job.report(0.1, f"Installing PyTorch for {plan.hardware}")
        self._call(job, log, [*self._installer(plan), *self._index(plan), torch], 0.1)
        job.report(0.7, "Installing smaller packages")
        self._call(job, log, [*self._installer(plan), *others], 0.7)
        for package in alone():
            try:
                self._call(job, log, [*self._installer(plan), "--no-deps", package], 0.9)
            except CancelledError:
                raise
            except MocambaError:
                self._without.append(package)

    def _check(self, plan: Plan | None) -> None:
        with written(self.engine.folder):
            self.engine.folder.mkdir(parents=True, exist_ok=True)
        if plan is None:
            if not self._healthy():
                raise BadInputError(f"{self.engine.python} is no Python that starts. Choose another, or none.")
            return
        if self.wish.wheels is not None and not self.wish.wheels.is_dir():
            raise BadInputError(f"{self.wish.wheels} is no folder. Choose the one with the offline packages.")
        if self.wish.wheels is None and not self.wish.online:
            raise BadInputError(
                "Nothing is downloaded before you agree: tick the box, allow online access in Blender's system "
                "preferences, or choose a folder of offline packages."
            )
        free = shutil.disk_usage(self.engine.folder).free
        if free < plan.room and not self._healthy():
            raise BadInputError(
                f"The disk of {self.engine.folder} has {free / 1e9:.1f} GB left, and the engine takes up to "
                f"{plan.room / 1e9:.0f} GB. Free some space or choose another folder."
            )

    def _healthy(self) -> bool:
        """Whether the environment's Python starts; one whose system Python is gone does not."""
        try:
            done = subprocess.run(
                [str(self.engine.python), "-c", "import sys"], capture_output=True, check=False, timeout=60
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    def _environment_command(self, plan: Plan) -> list[str]:
        place = self.engine.folder / "env"
        if plan.uv is not None:
            wanted = plan.python[0] if len(plan.python) == 1 else WITH_MEDIAPIPE[0]
            return [plan.uv, "venv", "--python", wanted, str(place)]
        return [*plan.python, "-m", "venv", str(place)]

    def _index(self, plan: Plan) -> list[str]:
        """Where PyTorch keeps the build for this hardware; its builds for Macs are where all packages are."""
        index = os.environ.get("MOCAMBA_TORCH_INDEX") or TORCH_BUILDS.get(plan.hardware)
        return [] if self.wish.wheels is not None or index is None else ["--index-url", index]

    def _installer(self, plan: Plan) -> list[str]:
        local = ["--no-index", "--find-links", str(self.wish.wheels)] if self.wish.wheels else []
        if plan.uv is not None:
            return [plan.uv, "pip", "install", "--python", str(self.engine.python), *local]
        pip = [str(self.engine.python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        return [*pip, "--progress-bar", "off", *PATIENCE, *local]

    def _call(self, job: Job, log: Any, command: list[str], share: float | None = None) -> None:
        """Run to the end with its output in the log; what it says it does is shown. Raises MocambaError."""

        def heard(line: str) -> None:
            self._last.append(line)
            log.write(line + "\n")
            log.flush()
            if share is not None and (named := re.match(r"\s*(Collecting|Downloading|Installing) (\S+)", line)):
                job.report(job.share, f"{named[1]} {named[2][:40]}")

        try:
            code = follow(command, heard, lambda: job.report(job.share, job.doing), self.engine.environment())
        except OSError as error:
            heard(f"{FAILED}{command[0]}: {error.strerror}")
            raise MocambaError(why_not("\n".join(self._last))) from error
        if code:
            heard(f"{FAILED}{code}")
            raise MocambaError(why_not("\n".join(self._last)))

    def _self_test(self, job: Job, log: Any) -> dict[str, Any]:
        self._call(job, log, [str(self.engine.python), "-m", "mocamba.capture.self_test"])
        for line in reversed(self._last):
            try:
                values = json.loads(line)
            except ValueError:
                continue
            if isinstance(values, dict):
                return values
        raise MocambaError("The engine's self-test said nothing. Press Set Up Engine again; the log says more.")


def why_not(output: str) -> str:
    """One sentence on what went wrong, told from an installer's `output`, and what to do."""
    text = output.lower()
    for signs, sentence in _REASONS:
        if any(sign in text for sign in signs):
            return sentence
    last = next((line for line in reversed(output.splitlines()) if line and not line.startswith(FAILED)), "")
    return f"Setting up the engine failed: {last[:200]} Press Set Up Engine again; the log says more."


_REASONS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("no space left", "not enough space", "disk quota", "errno 28", "os error 28"),
        "The disk is full. Free some space, then press Set Up Engine again: it goes on where it stopped.",
    ),
    (
        ("no matching distribution", "no solution found", "were not found in the package registry"),
        "A package that the engine needs is not there for this computer. Use a 64-bit system with Python 3.11 to 3.14, "
        "or put the missing file into the folder of offline packages; the log names it.",
    ),
    (
        ("newconnectionerror", "nameresolution", "proxyerror", "sslerror", "timed out", "unreachable", "getaddrinfo",
         "connection reset", "connection refused", "failed to fetch", "dns error"),
        "The network did not answer. Check the connection or the proxy, then press Set Up Engine again.",
    ),
    (
        ("permission denied", "access is denied", "read-only file system"),
        "The engine's folder cannot be written. Choose another one in the preferences.",
    ),
)  # fmt: skip


def _spelled(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
