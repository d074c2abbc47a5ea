"""`bootstrap.py` and its environment: what is reused, what is repaired, what is said when it cannot be done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mocamba.tools import checks, environment, start
from mocamba.tools.environment import Environment, SetupError, choose_python, no_build_of, probe, why_not

ROOT = Path(__file__).resolve().parents[1]
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="stands a shell script in for a program")


def bootstrap(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "bootstrap.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a check-out with spaces, ü"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "mocamba"\nversion = "0"\n')
    return root


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def marked(checkout: Path, *extras: str) -> Environment:
    """An environment that was set up: this Python stands in for the one in it."""
    made = Environment(checkout)
    script(made.python, f'exec "{sys.executable}" "$@"')
    made.marker.write_text(json.dumps({"fingerprint": made.fingerprint(), "extras": extras}))
    return made


def test_usage() -> None:
    asked, lost = bootstrap("--help"), bootstrap("fly")
    assert (asked.returncode, lost.returncode) == (0, 2)
    assert asked.stdout == lost.stderr == start.USAGE


def test_old_pythons_are_told() -> None:
    """The gate's own lines, in a Python that says it is old."""
    file = str(ROOT / "bootstrap.py")
    code = f"import runpy, sys; sys.version_info = (3, 9, 1); runpy.run_path({file!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("Mocamba needs Python 3.11 or newer, and this is Python 3.9.")
    assert "Traceback" not in done.stderr


@posix_only
def test_a_finished_environment_is_left_alone(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = marked(checkout, "blender", "dev")
    monkeypatch.setattr(Environment, "_install", lambda *_: pytest.fail("installed again"))
    made.ensure({"blender"})


@posix_only
@pytest.mark.parametrize(
    "change", ["more extras", "pyproject", "moved", "marker lost", "marker damaged", "python gone"]
)
def test_what_is_half_made_is_completed(checkout: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    made = marked(checkout, "blender")
    installed: list[tuple[list[str], bool]] = []
    monkeypatch.setattr(
        Environment, "_install", lambda self, extras, _: installed.append((extras, self.marker.exists()))
    )
    wanted = {"blender", "dev"} if change == "more extras" else {"blender"}
    if change == "pyproject":
        (checkout / "pyproject.toml").write_text('[project]\nname = "mocamba"\nversion = "1"\n')
    elif change == "moved":
        checkout = checkout.rename(checkout.with_name("elsewhere"))
        made = Environment(checkout)
    elif change == "marker lost":
        made.marker.unlink()
    elif change == "marker damaged":
        made.marker.write_text('{"extras": ')
    elif change == "python gone":
        script(made.python, "exit 127")
    made.ensure(wanted)
    # while pip works there is no marker, so that an interrupted install is taken up again
    assert installed == [(sorted(wanted), False)]
    assert made.installed_extras() == wanted
    assert probe((str(made.python),), "pip") is not None


def test_a_failed_install_leaves_no_marker(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Environment(checkout)
    # nothing listens there: pip meets a real network failure
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    with pytest.raises(SetupError, match="the network did not answer"):
        made.ensure(set())
    assert not made.marker.exists()


def test_a_full_disk_is_said_before_anything_is_made(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 100_000_000})()
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(SetupError, match=r"0\.1 GB left"):
        Environment(checkout).ensure(set())
    assert not (checkout / ".venv").exists()


@posix_only
def test_without_the_venv_module(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lame = script(tmp_path / "python", "echo \"No module named 'ensurepip'\" >&2; exit 1")
    monkeypatch.setattr(environment, "choose_python", lambda: environment.Python((str(lame),), (3, 12)))
    with pytest.raises(SetupError, match=r"sudo apt install python3\.12-venv"):
        Environment(checkout).ensure(set())


@posix_only
def test_a_newer_python_looks_for_the_one_that_bpy_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.sys, "version_info", (3, 13, 0, "final", 0))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    # as version managers leave them: a name that starts nothing
    script(tmp_path / "python3.11", "echo 'command not found' >&2; exit 127")
    assert choose_python().version == (3, 13)
    script(tmp_path / "python3.11", "echo 3 11")
    assert choose_python() == environment.Python(("python3.11",), (3, 11))


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("NewConnectionError(...)\nERROR: No matching distribution found for torch==2.13.0", "network"),
        ("PermissionError: [Errno 13] Permission denied: '/opt/mocamba/.venv'", "cannot be written"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no torch 2.13.0 for this computer"),
        ("ERROR: something else", "Delete the folder .venv"),
    ],
)
def test_every_failure_ends_in_what_to_do(output: str, says: str) -> None:
    said = why_not(output, "pip could not install what Mocamba needs")
    assert says in said
    assert "run this again" in said
    assert "\n" not in said


def test_a_missing_bpy_is_told_from_a_missing_network() -> None:
    lacking = "ERROR: No matching distribution found for bpy<5.1,>=5.0.1; extra == 'blender'"
    assert no_build_of(lacking, "bpy")
    assert not no_build_of(f"NameResolutionError\n{lacking}", "bpy")


@posix_only
@pytest.mark.parametrize(("ends", "code"), [("exit 0", 0), ("exit 2", 2), ("kill -TERM $$", 128 + 15)])
def test_the_command_decides_the_exit_code(tmp_path: Path, ends: str, code: int) -> None:
    assert start.hand_over([str(script(tmp_path / "run", ends))]) == code


@posix_only
def test_all_checks_run_whatever_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    failing = script(tmp_path / "python", f'echo "$@" >> "{log}"; case "$*" in *mypy*|*pytest*) exit 1;; esac')
    assert checks.run_checks(failing, tmp_path, ["tests/test_bvh.py"]) == 1
    assert [line.split()[1] for line in log.read_text().splitlines()] == ["ruff", "ruff", "mypy", "from", "pytest"]
    assert log.read_text().endswith("pytest tests/test_bvh.py\n")
    shown = capfd.readouterr()
    assert shown.err.strip() == "Failed: types, tests."
    assert (tmp_path / ".ns" / "mocamba").resolve() == tmp_path
    assert checks.run_checks(script(tmp_path / "fine", "exit 0"), tmp_path) == 0
