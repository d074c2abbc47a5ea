"""The environment that Mocamba runs in: `.venv` in the checkout, made once, reused, repaired where half made."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

BPY_PYTHON = (3, 11)  # the one version that the bpy module of Blender 5.0 is built for
# A tested version. An open range lets pip prefer a newer build of several GB to a small one at hand.
TORCH = "torch==2.13.0"
ROOM = 3_900_000_000  # bytes that an environment takes, without CUDA
WITHOUT_BPY = (
    "The bpy module is left out ({}). To bake, Mocamba uses a Blender installed on this machine; "
    "MOCAMBA_BLENDER names its program file where it is not found."
)


class SetupError(Exception):
    """Setting up failed; the message ends with what to do next."""


@dataclass(frozen=True)
class Python:
    """A Python on this machine, as started by `command`."""

    command: tuple[str, ...]
    version: tuple[int, int]


def choose_python() -> Python:
    """This Python where bpy fits it, else another on the machine that bpy fits, else this one."""
    mine = Python((sys.executable,), sys.version_info[:2])
    names = (("py", "-3.11"), ("python3.11",)) if sys.platform == "win32" else (("python3.11",),)
    others = (probe(name) for name in names) if mine.version != BPY_PYTHON else ()
    return next((other for other in others if other and other.version == BPY_PYTHON), mine)


def probe(command: tuple[str, ...], imports: str = "ensurepip, venv") -> Python | None:
    """What Python `command` starts; None where it starts none, or one without the modules `imports`."""
    code = f"import sys, {imports}; print(*sys.version_info[:2])"
    try:
        # -I: a PYTHONPATH of the user's is not what will be there later
        done = subprocess.run([*command, "-I", "-c", code], capture_output=True, text=True, check=False, timeout=60)
        major, minor = done.stdout.split()
        return Python(command, (int(major), int(minor)))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


class Environment:
    """`.venv` in the checkout `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        self.marker = self.folder / "mocamba.json"  # written last: without it an environment is half made
        self.quiet = bool(os.environ.get("CI")) or not sys.stdout.isatty()

    def ensure(self, extras: Collection[str]) -> None:
        """Make or complete it, so that the package and its `extras` are installed. Raises SetupError."""
        found = probe((str(self.python),), "pip")
        installed = self.installed_extras() if found else frozenset()
        if found and installed is not None and installed >= set(extras):
            return
        started = time.perf_counter()
        chosen = found or choose_python()
        say(f"Setting Mocamba up in {self.folder}, with Python {chosen.version[0]}.{chosen.version[1]}.")
        if not found:
            self._make(chosen)
        self.marker.unlink(missing_ok=True)
        wanted = sorted((installed or frozenset()) | set(extras))
        self._install(wanted, chosen.version)
        values = {"fingerprint": self.fingerprint(), "extras": wanted}
        self.marker.write_text(json.dumps(values), encoding="utf-8")
        say(f"Set up in {time.perf_counter() - started:.0f} s. From now on this step takes no time.\n")

    def installed_extras(self) -> frozenset[str] | None:
        """What the marker says; None where it is missing, damaged, or of another state of the checkout."""
        try:
            values = json.loads(self.marker.read_text(encoding="utf-8"))
            return frozenset(values["extras"]) if values["fingerprint"] == self.fingerprint() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def fingerprint(self) -> str:
        """Differs where something else has to be installed, or the checkout was moved."""
        wanted = TORCH
        parts = ((self.root / "pyproject.toml").read_bytes(), wanted.encode(), str(self.root).encode())
        return hashlib.sha256(b"\n".join(parts)).hexdigest()

    def _make(self, chosen: Python) -> None:
        if probe(chosen.command) is None:
            raise SetupError(
                "This Python cannot make environments: its modules venv and ensurepip are missing. Install them "
                f"(Debian and Ubuntu: sudo apt install python{chosen.version[0]}.{chosen.version[1]}-venv), "
                "then run this again."
            )
        try:
            free = shutil.disk_usage(self.root).free
        except OSError:
            free = ROOM
        if free < ROOM:
            raise SetupError(
                f"The disk has {free / 1e9:.1f} GB left, and the environment takes {ROOM / 1e9:.0f} GB. Free some "
                f"space, then run this again."
            )
        say("Making an empty environment: a few seconds.")
        command = [*chosen.command, "-m", "venv", "--clear", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            sys.stderr.write(done.stdout + done.stderr)
            raise SetupError(why_not(done.stdout + done.stderr, f"{self.folder} could not be made"))

    def _install(self, extras: list[str], version: tuple[int, int]) -> None:
        bpy = "blender" in extras and version == BPY_PYTHON
        what = "PyTorch, Blender's module bpy and smaller packages" if bpy else "PyTorch and smaller packages"
        cuda = "; on Linux pip may choose a PyTorch with CUDA, 1.2 GB more" if sys.platform == "linux" else ""
        say(
            f"Installing {what}: up to {1010 if bpy else 610} MB to download{cuda}. "
            "That takes one to ten minutes, once; what is there already is used."
        )
        if "blender" in extras and not bpy:
            say(WITHOUT_BPY.format(f"it needs Python 3.11, and this is {version[0]}.{version[1]}"))
        output, code = self._pip(extras)
        if code and "blender" in extras and no_build_of(output, "bpy"):
            say(WITHOUT_BPY.format("there is none for this system"))
            output, code = self._pip([extra for extra in extras if extra != "blender"])
        if code:
            raise SetupError(why_not(output, "pip could not install what Mocamba needs"))
        alone = tomllib.loads((self.root / "pyproject.toml").read_text("utf-8"))["tool"]["mocamba"]["alone"]
        for package in (alone[extra] for extra in extras if extra in alone):
            if self._run_pip(["--no-deps", package])[1]:
                say(f"{package} could not be installed, so people are not found in pictures. All else works.")

    def _pip(self, extras: list[str]) -> tuple[str, int]:
        return self._run_pip([TORCH, "--editable", f".[{','.join(extras)}]" if extras else "."])

    def _run_pip(self, what: list[str]) -> tuple[str, int]:
        """The end of what pip says of trouble, and its exit code. Its progress goes to the terminal as it is."""
        command = [str(self.python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        command += ["--quiet", "--progress-bar", "off"] if self.quiet else []
        command += what
        last: deque[str] = deque(maxlen=60)
        process = subprocess.Popen(command, cwd=self.root, stderr=subprocess.PIPE, text=True, errors="replace")
        with process:
            for line in process.stderr or ():
                last.append(line)
                if not self.quiet:
                    sys.stderr.write(line)
        if process.returncode and self.quiet:
            sys.stderr.writelines(last)
        return "".join(last), process.returncode


def no_build_of(output: str, package: str) -> bool:
    """Whether pip, which reached its index, found no `package` for this system."""
    return f"No matching distribution found for {package}" in output and not _says(output, _NETWORK)


_DISK = ("No space left on device", "Errno 28", "not enough space on the disk", "Disk quota exceeded")
_NETWORK = (
    "NewConnectionError",
    "NameResolutionError",
    "ProxyError",
    "SSLError",
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Network is unreachable",
    "getaddrinfo failed",
    "Connection broken",
    "Connection reset",
    "connection error",
    "requirement setuptools",  # which every index has: none answered
)
_RIGHTS = ("Permission denied", "Access is denied", "Read-only file system")


def why_not(output: str, what: str) -> str:
    """One sentence on what went wrong, told from a program's `output`, and what to do."""
    if _says(output, _DISK):
        return f"{what}: the disk is full. Free 3 GB (7 with CUDA), then run this again."
    if _says(output, _NETWORK):
        return f"{what}: the network did not answer. Check the connection or the proxy, then run this again."
    if _says(output, _RIGHTS):
        return f"{what}: this folder cannot be written. Move the checkout to one that is yours, then run this again."
    if no_build_of(output, "torch"):
        return (
            f"{what}: there is no {TORCH.replace('==', ' ')} for this computer (nor for Intel Macs and 32-bit "
            f"Pythons). Use a 64-bit Python 3.11 to 3.13, then run this again."
        )
    return f"{what}; the reason is above. Delete the folder .venv and run this again."


def _says(output: str, signs: tuple[str, ...]) -> bool:
    return any(sign.lower() in output.lower() for sign in signs)


def say(text: str) -> None:
    """To the user, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
