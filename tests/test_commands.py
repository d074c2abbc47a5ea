"""The commands as a shell sees them: what is printed where, exit codes, what is left on disk."""

import json
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocamba.capture import demo, solving
from mocamba.capture.baking import BakeOptions
from mocamba.capture.commands.app import build_app
from mocamba.capture.take import Take, open_take
from mocamba.devices.simulated.performer import perform
from mocamba.rig.amass import read_amass, write_amass
from mocamba.rig.errors import MocambaError
from mocamba.rig.imu import ImuSequence
from mocamba.rig.motion import Motion, Origin, evenly_timed
from mocamba.rig.skeleton import SMPL24, Skeleton
from typer.testing import CliRunner, Result

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "200"}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), [str(argument) for argument in arguments], prog_name="mocamba")


def shell(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mocamba", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=120, **more)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "performer.npz"
    write_amass(perform(SMPL24), path)
    return path


@pytest.fixture
def solver(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A network stands in for the real one; what it was asked is kept."""
    asked: list[dict[str, Any]] = []

    def solve(
        imu: ImuSequence, *, network: str, mode: str, skeleton: Skeleton, progress: Callable[[float, str], None]
    ) -> Motion:
        asked.append({"frames": len(imu), "network": network, "mode": mode, "height": skeleton.height})
        if network == "nothing":
            raise MocambaError("the weights are gone")
        progress(1.0, "Solving")
        rotations = np.tile(np.array([1, 0, 0, 0], np.float32), (len(imu), 24, 1))
        motion = evenly_timed(rotations, np.zeros((len(imu), 3), np.float32), skeleton)
        return replace(motion, origin=Origin(network, "w1"))

    module = types.ModuleType("mocamba.inference.solver")
    module.solve = solve  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mocamba.inference.solver", module)
    return asked


def test_help_teaches_and_stays_light() -> None:
    shown = shell("--help")
    assert shown.returncode == 0
    for word in ("import", "solve", "bake", "demo", "walk.take"):
        assert word in shown.stdout
    code = "import sys, mocamba.capture.commands.app as m; m.build_app(); "
    code += "print(*{'torch', 'bpy', 'rich.progress', 'serial', 'bleak', 'cv2', 'vqf', 'asyncio'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert loaded.stdout.split() == []


@pytest.mark.parametrize("command", ["import", "solve", "bake", "demo"])
def test_every_command_has_examples_and_json(command: str) -> None:
    shown = run(command, "--help")
    assert shown.exit_code == 0
    assert f"mocamba {command}" in shown.output
    assert "--json" in shown.output


def test_version() -> None:
    assert run("--version").output.startswith("mocamba 0.")


def test_import_for_people_and_machines(tmp_path: Path, source: Path) -> None:
    shown = run("import", source, tmp_path / "a.take", "--performer", "Zoë", "--height", "1.8")
    assert shown.exit_code == 0
    assert "mocamba solve" in shown.stdout
    assert "pelvis" in shown.stdout
    told = json.loads(run("import", source, tmp_path / "b.take", "--json", "--worn").stdout)
    assert told["ok"]
    assert told["frames"] > 1000
    assert len(told["sensors"]) == 6
    assert set(told["present"]) == {"left_forearm", "right_forearm", "left_shin", "right_shin", "head", "pelvis"}
    assert open_take(tmp_path / "a.take").manifest.height == 1.8


def test_real_recordings_become_takes(tmp_path: Path, recording: Callable[[str], Path]) -> None:
    for name in ("ximu3_lower_body", "dot_lower_body"):
        told = json.loads(run("import", recording(name), tmp_path / f"{name}.take", "--json").stdout)
        assert told["ok"]
        assert set(told["present"]) == {"left_shin", "right_shin", "pelvis"}
        assert min(told["present"].values()) > 0.85
    assert any("exchanged" in warning for warning in told["warnings"])


def test_slots_said_on_the_command_line_win(tmp_path: Path, recording: Callable[[str], Path]) -> None:
    path = recording("dot_lower_body")
    shown = run(
        "import", path, tmp_path / "a.take", "--slot", "LFemur=left_shin", "--slot", "LTibia=left_thigh", "--json"
    )
    told = json.loads(shown.stdout)
    assert not told["warnings"]
    assert {s["name"][:6]: s["slot"] for s in told["sensors"]}["LFemur"] == "left_shin"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{source}", "{out}/a.take", "--slot", "pelvis"], "NAME=SLOT"),
        (["{source}", "{out}/a.take", "--slot", "x=pelvis"], "no sensor"),
        (["{source}", "{out}/a.take", "--height", "17"], "metres"),
        (["{source}", "{out}/nul.take"], "Windows"),
        (["{source}", "{out}/a"], ".take"),
        (["{out}/nowhere", "{out}/a.take"], "does not exist"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    tmp_path: Path, source: Path, arguments: list[str], said: str
) -> None:
    filled = [argument.format(source=source, out=tmp_path) for argument in arguments]
    shown = run("import", *filled)
    assert shown.exit_code == 2
    assert said in shown.stderr
    assert not shown.stdout
    assert "Traceback" not in shown.stderr
    assert shown.stderr.count("\n") == 1
    told = json.loads(run("import", *filled, "--json").stdout)
    assert not told["ok"]
    assert said in told["error"]
    assert told["kind"]
    assert list(tmp_path.iterdir()) == []


def test_existing_output(tmp_path: Path, source: Path) -> None:
    assert run("import", source, tmp_path / "a.take").exit_code == 0
    again = run("import", source, tmp_path / "a.take")
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert run("import", source, tmp_path / "a.take", "--force").exit_code == 0


def test_solve_keeps_its_result_and_origin(tmp_path: Path, source: Path, solver: list[dict[str, Any]]) -> None:
    run("import", source, tmp_path / "a.take", "--height", "1.9")
    told = json.loads(run("solve", tmp_path / "a.take", "--network", "hiposer-s", "--mode", "offline", "--json").stdout)
    assert solver == [
        {"frames": told["frames"], "network": "hiposer-s", "mode": "offline", "height": pytest.approx(1.9, abs=1e-3)}
    ]
    kept = read_amass(tmp_path / "a.take" / "solved" / "hiposer-s.npz")
    calibration = open_take(tmp_path / "a.take").manifest.calibration
    assert calibration is not None
    assert kept.origin == Origin("hiposer-s", "w1", calibration.id)
    # the same again is no error: raw is what must never be replaced
    assert run("solve", tmp_path / "a.take", "--network", "hiposer-s").exit_code == 0


def test_our_fault_is_exit_code_1(tmp_path: Path, source: Path, solver: list[dict[str, Any]]) -> None:
    run("import", source, tmp_path / "a.take")
    shown = run("solve", tmp_path / "a.take", "--network", "nothing")
    assert solver
    assert shown.exit_code == 1
    assert shown.stderr.strip() == "the weights are gone"
    assert not (tmp_path / "a.take" / "solved").exists()


def test_interrupt_in_a_solve(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("import", source, tmp_path / "a.take")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mocamba.capture.commands.solve.solve_take", interrupt)
    shown = run("solve", tmp_path / "a.take")
    assert shown.exit_code == 130
    assert "Stopped" in shown.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process there")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
def test_interrupt_at_any_moment_of_an_import(
    tmp_path: Path, source: Path, after: float, ending: signal.Signals
) -> None:
    # from when Python itself has started, which it may end in its own ways
    program = "print('started', flush=True)\nfrom mocamba.__main__ import main\nmain()"
    command = [sys.executable, "-c", program, "import", str(source), str(tmp_path / "a.take")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert process.stdout
    process.stdout.readline()
    time.sleep(after)
    process.send_signal(ending)
    process.communicate(timeout=60)
    left = [file.name for file in tmp_path.iterdir()]
    if process.returncode == 0:
        assert left == ["a.take"]
    else:
        # the signal itself where our own code had not begun
        assert process.returncode in (130, -signal.SIGINT, -ending)
        assert left in ([], ["a.take"])
    if left:
        open_take(tmp_path / "a.take").imu()


def test_bake_refuses_before_it_works(tmp_path: Path, source: Path) -> None:
    run("import", source, tmp_path / "a.take")
    (tmp_path / "old.blend").write_text("")
    for arguments, said in (
        (["--blend", tmp_path / "old.blend"], "--force"),
        (["--blend", tmp_path / "a.txt"], ".blend"),
        (["--blend", tmp_path / "a.blend", "--render", tmp_path / "a.gif"], ".png"),
        (["--blend", tmp_path / "a.blend"], "mocamba solve"),
    ):
        shown = run("bake", tmp_path / "a.take", *arguments)
        assert shown.exit_code == 2
        assert said in shown.stderr
    assert not (tmp_path / "a.blend").exists()


def test_a_stopped_demo_leaves_nothing_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "solve_take", interrupt)
    assert run("demo", "--out", tmp_path).exit_code == 130
    assert list(tmp_path.iterdir()) == []


def test_paths_the_system_refuses(tmp_path: Path) -> None:
    shown = run("import", tmp_path / ("x" * 300), tmp_path / "a.take")
    assert shown.exit_code == 2
    assert "too long" in shown.stderr.lower()
    assert "Traceback" not in shown.stderr


def test_demo_refuses_to_overwrite(tmp_path: Path) -> None:
    (tmp_path / "demo.blend").write_text("mine")
    shown = run("demo", "--out", tmp_path)
    assert shown.exit_code == 2
    assert "--force" in shown.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["demo.blend"]


def test_demo_runs_through_every_component(
    tmp_path: Path, solver: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network and Blender stand in; sensors, take, calibration and comparison are real."""
    baked: list[Path] = []

    def bake(take: Take, options: BakeOptions, progress: object) -> None:
        baked.append(take.solved_file(options.network))
        assert options.render
        options.blend.write_text("blend")
        options.render.write_text("sheet")

    monkeypatch.setattr(demo, "bake_take", bake)
    metrics = types.ModuleType("mocamba.inference.metrics")
    metrics.pose_errors = lambda estimate, truth: types.SimpleNamespace(SIP=len(estimate), Ang=len(truth), Pos=3.0)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mocamba.inference.metrics", metrics)
    told = json.loads(run("demo", "--out", tmp_path / "out", "--json").stdout)
    assert told["ok"]
    assert told["SIP"] == solver[0]["frames"]
    assert told["Ang"] == len(read_amass(tmp_path / "out" / "truth.npz"))
    assert [file.name for file in baked] == [f"{solving.DEFAULT_NETWORK}.npz"]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "demo.blend",
        "demo.png",
        "demo.take",
        "truth.npz",
    ]
    take = open_take(tmp_path / "out" / "demo.take")
    assert take.manifest.device == "simulated"
    assert take.manifest.calibration is not None
    assert abs(told["SIP"] - told["Ang"]) <= 1
