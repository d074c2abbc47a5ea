"""The capture engine as the add-on makes, checks, starts and loses it; and the zip that carries it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mocamba.addon import engine as engine_module
from mocamba.addon import engine_setup
from mocamba.addon.capture_control import capture_control
from mocamba.addon.engine import ALIAS, Capture, Engine, run
from mocamba.addon.engine_setup import EngineSetup, SetupWish, fingerprint, make_plan, requirements, why_not
from mocamba.addon.help_operators import diagnostics
from mocamba.addon.jobs import CancelledError, Job
from mocamba.addon.runtime import runtime
from mocamba.addon.weights import fetch_weights, lying_beside, unpack_weights
from mocamba.capture.demo import simulate_recording
from mocamba.capture.equipment import Equipment
from mocamba.capture.importing import ImportOptions, write_take
from mocamba.capture.take import new_take
from mocamba.capture.video_solving import FILM_NETWORK, FUSION_NETWORKS
from mocamba.rig.errors import BadInputError, FileFormatError, MissingToolError, MocambaError

ROOT = Path(engine_module.__file__).resolve().parents[1]


class Quiet:
    """A job that nobody watches."""

    cancelled = False
    share, doing = 0.0, ""

    def __init__(self) -> None:
        self.told: list[float] = []

    def report(self, share: float, doing: str) -> None:
        self.share, self.doing = share, doing
        self.told.append(share)

    def wait_cancelled(self, timeout: float) -> bool:
        time.sleep(timeout)
        return False


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Of this very Python, set up as far as the marker says."""
    made = Engine(tmp_path / "Mötor 1")
    made.folder.mkdir()
    monkeypatch.setattr(Engine, "python", property(lambda _: Path(sys.executable)))
    return made


def test_requirements_come_from_the_project(tmp_path: Path) -> None:
    assert requirements()[0].startswith("torch")
    assert any(one.startswith("pyserial") for one in requirements())
    assert not any(one.startswith(("bpy", "lightning", "pytest")) for one in requirements())


def test_states_of_an_engine(engine: Engine) -> None:
    assert "not finished" in engine.state("a")
    engine.marker.write_text("{")
    assert "damaged" in engine.state("a")
    engine.marker.write_text(json.dumps({"fingerprint": "b", "python": "elsewhere"}))
    assert "another Python" in engine.state("a")
    engine.marker.write_text(json.dumps({"fingerprint": "b", "python": sys.executable}))
    assert "another version" in engine.state("a")
    assert engine.state("b") == ""


def test_an_engine_that_is_missing_is_told_with_the_next_step(blender: Any) -> None:
    with pytest.raises(RuntimeError, match="Set Up Engine"):
        blender.ops.mocamba.start_capture()
    assert "not set up" in runtime.message
    assert capture_control.trouble


def test_nothing_is_downloaded_before_it_is_agreed_to(blender: Any) -> None:
    from mocamba.addon.preferences import engine_folder

    with pytest.raises(RuntimeError, match="before you agree"):
        blender.ops.mocamba.set_up_engine()
    with pytest.raises(RuntimeError, match="before you agree"):
        blender.ops.mocamba.set_up_engine(agreed=True)  # Blender's own online access is off
    with pytest.raises(RuntimeError, match="is no folder"):
        blender.ops.mocamba.set_up_engine(wheels="/none")
    assert not (engine_folder() / "env").exists()


def test_no_python_and_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000_000))
    with pytest.raises(BadInputError, match=r"has 1\.0 GB left"):
        EngineSetup(Engine(tmp_path / "e"), SetupWish(online=True)).run(Quiet())  # type: ignore[arg-type]
    assert not (tmp_path / "e" / "env").exists()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(engine_setup, "find_python", lambda: None)
    with pytest.raises(MissingToolError, match=r"Python 3\.11 to 3\.14"):
        make_plan(SetupWish())


def test_setting_up_from_a_folder_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real environments and a real pip, from a folder of one small wheel in place of torch and the others."""
    wheels = tmp_path / "whéels"
    wheels.mkdir()
    write_wheel(wheels, "mocambatestone")
    monkeypatch.setattr(engine_setup, "requirements", lambda: ["mocambatestone", "mocambatesttwo"])
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(EngineSetup, "_self_test", lambda *_: {"ms": 1, "torch": "2", "device": "cpu"})
    engine = Engine(tmp_path / "Mötor 1")
    setup = EngineSetup(engine, SetupWish(wheels=wheels))
    with pytest.raises(MocambaError, match="the log names it"):
        setup.run(Quiet())  # type: ignore[arg-type]
    assert "not finished" in engine.state(fingerprint())
    made = (engine.folder / "env" / "pyvenv.cfg").stat().st_mtime_ns
    write_wheel(wheels, "mocambatesttwo")
    assert "ready" in EngineSetup(engine, SetupWish(wheels=wheels)).run(Quiet())  # type: ignore[arg-type]
    assert (engine.folder / "env" / "pyvenv.cfg").stat().st_mtime_ns == made  # not made anew
    assert engine.state(fingerprint()) == ""


def test_an_existing_environment_is_tested_and_used(tmp_path: Path) -> None:
    """This very Python; the self-test is a real one: HiPoser on the simulated performer."""
    engine = Engine(tmp_path / "e", existing=Path(sys.executable))
    assert "not finished" in engine.state(fingerprint())
    assert "ms a frame" in EngineSetup(engine, SetupWish()).run(Quiet())  # type: ignore[arg-type]
    assert engine.state(fingerprint()) == ""
    assert not (tmp_path / "e" / "env").exists()
    with pytest.raises(BadInputError, match="no Python that starts"):
        EngineSetup(Engine(tmp_path / "e", existing=tmp_path), SetupWish()).run(Quiet())  # type: ignore[arg-type]


def test_weights_that_were_added_are_known_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mocamba.inference.shipped import shipped_networks

    (tmp_path / "own.safetensors").write_bytes(b"")
    monkeypatch.setenv("MOCAMBA_WEIGHTS", Engine(tmp_path, weights=tmp_path).environment()["MOCAMBA_WEIGHTS"])
    assert shipped_networks()["own"] == tmp_path / "own.safetensors"
    assert "hiposer-d" in shipped_networks()


def write_wheel(folder: Path, name: str) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def test_cancelling_ends_the_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(tmp_path / "e")
    monkeypatch.setattr(
        EngineSetup, "_environment_command", lambda *_: [sys.executable, "-c", "import time; time.sleep(60)"]
    )
    job = Job("Set up", EngineSetup(engine, SetupWish(online=True)).run)
    while job.doing != "Making an environment":
        assert job.running, job.error
        time.sleep(0.01)
    began = time.monotonic()
    job.cancel()
    job.wait(10)
    assert time.monotonic() - began < 5
    assert job.error == "Set up was cancelled."
    assert not engine.marker.exists()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("ERROR: [Errno 28] No space left on device", "disk is full"),
        ("error: Failed to fetch: `https://…`\n dns error", "network did not answer"),
        ("ERROR: No matching distribution found for torch>=2.6", "log names it"),
        ("PermissionError: [Errno 13] Permission denied: '/opt'", "cannot be written"),
        ("something new", "something new"),
    ],
)
def test_what_installers_say_is_one_sentence(output: str, said: str) -> None:
    assert said in why_not(f"{output}\nexit code 1")
    assert "\n" not in why_not(output)


def test_the_engine_runs_the_very_code_of_the_extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder of another name, as Blender keeps it, and with a stranger's PYTHONPATH around."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger')")
    code = "import mocamba.capture.take as t, mocamba; print(t.__file__, mocamba.__version__)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=Engine(tmp_path).environment(), capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.split()[0]).resolve() == ROOT / "capture" / "take.py"
    assert ALIAS.is_dir()


def test_a_command_of_the_engine_tells_its_own_sentence(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(MocambaError, match="does not exist"):
        run(engine, Quiet(), "takes", "show", str(tmp_path / "none.take"))  # type: ignore[arg-type]
    assert run(engine, Quiet(), "takes", "list", str(tmp_path))["takes"] == []  # type: ignore[arg-type]


def test_solving_again_tells_its_progress_and_can_be_cancelled(engine: Engine, tmp_path: Path) -> None:
    """By the engine itself, of a take as it is recorded."""
    recording, _ = simulate_recording()
    with new_take(tmp_path / "Walk 1.take") as part:
        write_take(part, recording, "simulated", 1.72, ImportOptions(height=1.72))
    watched = Quiet()
    done = run(engine, watched, "takes", "solve", str(tmp_path / "Walk 1.take"))  # type: ignore[arg-type]
    assert Path(done["solved"][0]["file"]).exists()
    assert len(watched.told) > 3
    assert sorted(watched.told) == watched.told
    solved = Path(done["solved"][0]["file"]).stat().st_mtime_ns
    job = Job("Solving", lambda job: run(engine, job, "takes", "solve", str(tmp_path / "Walk 1.take")))
    time.sleep(0.3)  # while torch is loaded and nothing is said
    began = time.monotonic()
    job.cancel()
    job.wait(10)
    assert time.monotonic() - began < 5
    assert job.error == "Solving was cancelled."
    assert Path(done["solved"][0]["file"]).stat().st_mtime_ns == solved


def test_an_engine_that_crashes_is_told_with_its_last_words(
    engine: Engine, blender: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = [sys.executable, "-c", "import sys; sys.stderr.write('GPU on fire\\n'); sys.exit(11)"]
    monkeypatch.setattr(Engine, "command", lambda *_: dies)
    monkeypatch.setattr(capture_control.__class__, "need", lambda _: engine)
    capture_control.start([])
    end = time.monotonic() + 10
    while "stopped" not in runtime.message:
        assert time.monotonic() < end
        runtime.step()
        time.sleep(0.01)
    assert "stopped (11): GPU on fire" in runtime.message
    assert not capture_control.running
    assert runtime.connection is None


def test_an_engine_that_does_not_end_is_ended(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    monkeypatch.setattr(Engine, "command", lambda *_: [sys.executable, "-c", code])
    monkeypatch.setattr(engine_module, "END_WITHIN", 0.5)
    capture = Capture(engine, [])
    time.sleep(0.3)
    capture.stop()
    assert not capture.running
    monkeypatch.setattr(Engine, "command", lambda *_: [str(engine.folder / "none")])
    with pytest.raises(MissingToolError, match="cannot be started"):
        Capture(engine, [])


def test_a_job_that_is_cancelled_says_so() -> None:
    def work(job: Job) -> None:
        while True:
            job.report(0.5, "turning")
            time.sleep(0.01)

    job = Job("Turning", work)
    job.cancel()
    job.wait(5)
    assert job.error == "Turning was cancelled."
    assert issubclass(CancelledError, MocambaError)
    broken = Job("Breaking", lambda _: 1 / 0)
    broken.wait(5)
    assert "ZeroDivisionError" in broken.error
    assert "The log says more" in broken.error


def test_diagnostics_name_no_home(blender: Any) -> None:
    text = diagnostics()
    assert "Blender" in text
    assert "NumPy" in text
    assert str(Path.home()) + os.sep not in text


def test_weights_are_packed_and_unpacked_by_their_checksums(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    content = os.urandom(5000)
    (tmp_path / "runs" / "posemamba-b.safetensors").write_bytes(content)
    (tmp_path / "runs" / "hiposer-s.safetensors").write_bytes(b"carried already")
    command = [
        sys.executable,
        str(ROOT / "build_addon.py"),
        "--weights",
        str(tmp_path / "runs"),
        "--output",
        str(tmp_path),
    ]
    subprocess.run(command, check=True, capture_output=True)
    packed = next(tmp_path.glob("mocamba-weights-*.zip"))
    assert unpack_weights(packed, tmp_path / "w") == ["posemamba-b.safetensors"]
    assert (tmp_path / "w" / "posemamba-b.safetensors").read_bytes() == content
    damaged = tmp_path / "damaged.zip"
    with zipfile.ZipFile(packed) as good, zipfile.ZipFile(damaged, "w") as bad:
        bad.writestr("SHA256SUMS", good.read("SHA256SUMS"))
        bad.writestr("posemamba-b.safetensors", content[:-1] + b"x")
    with pytest.raises(FileFormatError, match=r"damaged posemamba-b"):
        unpack_weights(damaged, tmp_path / "v")
    assert not (tmp_path / "v").exists()
    for text, said in ((packed.read_bytes()[:100], "cut off"), (b"", "cut off")):
        damaged.write_bytes(text)
        with pytest.raises(FileFormatError, match=said):
            unpack_weights(damaged, tmp_path / "v")


def test_weights_among_the_downloads_are_found(tmp_path: Path, addon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    bpy = pytest.importorskip("bpy")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mdtf.safetensors").write_bytes(b"weights")
    home = tmp_path / "home"
    (home / "Downloads").mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.setattr("mocamba.addon.engine_operators.user_folder", lambda name: tmp_path / name)
    with pytest.raises(RuntimeError, match="No mocamba-weights file lies among your downloads"):
        bpy.ops.mocamba.add_weights()
    command = [sys.executable, str(ROOT / "build_addon.py"), "--weights", str(tmp_path / "runs"), "--output"]
    subprocess.run([*command, str(home / "Downloads")], check=True, capture_output=True)
    assert lying_beside([home, home / "nowhere", home / "Downloads"]) is not None
    assert bpy.ops.mocamba.add_weights() == {"FINISHED"}
    assert (tmp_path / "weights" / "mdtf.safetensors").read_bytes() == b"weights"


def test_weights_are_fetched_by_their_checksum(tmp_path: Path) -> None:
    """From a real server on this computer."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mdtf.safetensors").write_bytes(os.urandom(700_000))
    command = [sys.executable, str(ROOT / "build_addon.py"), "--weights", str(tmp_path / "runs"), "--output"]
    subprocess.run([*command, str(tmp_path)], check=True, capture_output=True)
    packed = next(tmp_path.glob("mocamba-weights-*.zip"))
    checksum = hashlib.sha256(packed.read_bytes()).hexdigest()

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}/{packed.name}"
        try:
            with pytest.raises(BadInputError, match="not the file of this checksum"):
                fetch_weights(Quiet(), address, "0" * 64, tmp_path / "w")  # type: ignore[arg-type]
            with pytest.raises(MocambaError, match="could not be fetched"):
                fetch_weights(Quiet(), address + "x", checksum, tmp_path / "w")  # type: ignore[arg-type]
            with pytest.raises(BadInputError, match="no address"):
                fetch_weights(Quiet(), "file:///etc/passwd", checksum, tmp_path / "w")  # type: ignore[arg-type]
            assert not (tmp_path / "w").exists()
            watched = Quiet()
            assert fetch_weights(watched, address, checksum, tmp_path / "w") == ["mdtf.safetensors"]  # type: ignore[arg-type]
            assert len(watched.told) > 1
        finally:
            server.shutdown()
            thread.join()


def build(out: Path) -> Path:
    subprocess.run(
        [sys.executable, str(ROOT / "build_addon.py"), "--output", str(out)], check=True, capture_output=True
    )
    return next(out.glob("mocamba-[0-9]*.zip"))


def test_the_zip_is_one_for_all_and_the_same_every_time(tmp_path: Path) -> None:
    first, second = build(tmp_path / "a"), build(tmp_path / "b ü")
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()
    assert first.stat().st_size < 10_000_000
    with zipfile.ZipFile(first) as archive:
        names = set(archive.namelist())
    assert {
        "__init__.py",
        "blender_manifest.toml",
        "addon/data/demo.npz",
    } <= names
    assert {f"inference/weights/{equipment.usual_network}.safetensors" for equipment in Equipment} <= names
    assert f"inference/weights/{FILM_NETWORK}.safetensors" in names
    assert any(f"inference/weights/{network}.safetensors" in names for network in FUSION_NETWORKS)
    assert {"pyproject.toml", "LICENSE", "rig/data/body.npz", "addon/alias/mocamba/__init__.py"} <= names
    assert not [name for name in names if name.endswith((".so", ".pyd", ".dll", ".pyc", ".whl")) or "tests" in name]


def test_what_is_in_the_zip_registers(tmp_path: Path, addon: None) -> None:
    """Unpacked under another name, by relative imports alone."""
    with zipfile.ZipFile(build(tmp_path)) as archive:
        archive.extractall(tmp_path / "extensions" / "anything")
    code = (
        "import sys, bpy; sys.path.insert(0, sys.argv[1]); import anything\n"
        "bpy.context.preferences.addons.new().module = 'anything'\n"
        "anything.register(); bpy.ops.mocamba.refresh(); bpy.ops.mocamba.demo(); bpy.ops.mocamba.bake()\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'mocamba']\n"
        "anything.unregister()"
    )
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-c", code, str(tmp_path / "extensions")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_manifest_follows_blenders_rules(tmp_path: Path) -> None:
    from mocamba.tools.extension_manifest import faults_of

    assert faults_of(ROOT / "blender_manifest.toml") == []
    text = (ROOT / "blender_manifest.toml").read_text()
    for before, after, said in (
        ('id = "mocamba"', 'id = "_mocamba"', "id is no Python identifier"),
        ('version = "0.1.0"', 'version = "0.1"', "version is no semantic"),
        ("live and baked", "live and baked.", "ends in punctuation"),
        ("live and baked", "live and baked" * 5, "64 are allowed"),
        ("SPDX:", "", "SPDX"),
        ('["2026 ', '["', "begin with a year"),
        ("clipboard =", "telepathy =", "'telepathy'"),
        ('"Tracking"', '"Magic"', "'Magic'"),
        ('"4.2.0"', '"4.2"', "three numbers"),
        ("[permissions]", 'wheels = ["a.whl"]\n[permissions]', "carries none"),
    ):
        assert before in text
        (tmp_path / "m.toml").write_text(text.replace(before, after))
        assert any(said in fault for fault in faults_of(tmp_path / "m.toml")), said
    (tmp_path / "m.toml").write_text("id =")
    assert "cannot be read" in faults_of(tmp_path / "m.toml")[0]
