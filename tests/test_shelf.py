"""Takes of a folder: listed, shown, repaired, exported, whatever happened to them."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mocamba.capture import appending
from mocamba.capture.appending import RecordingEndedError, check_room, free_seconds
from mocamba.capture.commands.app import build_app
from mocamba.capture.exporting import FORMATS, ExportOptions, export_take
from mocamba.capture.importing import ImportOptions, write_take
from mocamba.capture.manifest import Manifest, read_manifest
from mocamba.capture.repair import repair_take
from mocamba.capture.shelf import describe, list_takes
from mocamba.capture.take import Take, TakeWriter, check_take_name, new_take, open_take
from mocamba.devices.log import Recording, SensorLogs
from mocamba.devices.simulated.gestures import TIMING
from mocamba.devices.simulated.performer import perform
from mocamba.devices.simulated.sensors import simulate
from mocamba.rig.amass import read_amass, read_unpolished
from mocamba.rig.bvh import read_bvh
from mocamba.rig.errors import BadInputError, FileFormatError, OutputExistsError
from mocamba.rig.imu import WORN
from mocamba.rig.polish import Polish
from mocamba.rig.skeleton import SMPL24
from typer.testing import CliRunner, Result

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), [str(argument) for argument in arguments], prog_name="mocamba")


@pytest.fixture(scope="module")
def logs() -> SensorLogs:
    return simulate(perform(SMPL24), WORN, 1, still_until=TIMING.t_pose_end)


@pytest.fixture(scope="module")
def whole(logs: SensorLogs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take that was solved, to be copied."""
    path = tmp_path_factory.mktemp("whole") / "walk.take"
    with new_take(path) as part:
        write_take(part, Recording("simulated", logs), "test", 1.75, ImportOptions(performer="Zoë"))
    open_take(path).save_solved(perform(SMPL24), "hiposer-d")
    return path


@pytest.fixture(scope="module")
def brief(whole: Path, logs: SensorLogs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of it."""
    path = tmp_path_factory.mktemp("brief") / "a.take"
    with TakeWriter(path, open_take(whole).manifest) as writer:
        writer.add_logs(
            tuple(
                replace(
                    log,
                    t_ns=log.t_ns[:180],
                    t_device=log.t_device[:180],
                    orientation=log.orientation[:180],
                    acceleration=log.acceleration[:180],
                )
                for log in logs
            )
        )
    return path


@pytest.fixture
def take(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "walk.take"))


def test_show_tells_everything(take: Path) -> None:
    told = json.loads(run("takes", "show", take, "--json").stdout)
    assert told["ok"]
    assert told["duration_s"] == pytest.approx(TIMING.end, abs=0.05)
    assert (told["performer"], told["height"], told["device"]) == ("Zoë", 1.75, "simulated")
    assert {sensor["slot"] for sensor in told["sensors"]} >= {"pelvis", "head"}
    for sensor in told["sensors"]:
        assert sensor["nominal"] == pytest.approx(60, rel=1e-3)
        assert 0 < sensor["loss"] < 0.05
        assert sensor["quality"] > 0
    assert [solve["file"] for solve in told["solves"]] == ["hiposer-d.npz"]
    assert told["bytes"] == sum(file.stat().st_size for file in take.rglob("*") if file.is_file())
    assert not told["damaged"]


def test_list_shows_damaged_takes_with_what_is_wrong(take: Path) -> None:
    folder = take.parent
    raw = (take / "raw.mcap").read_bytes()
    for name, damage in (("cut", raw[: len(raw) // 2]), ("gone", b""), ("noise", os.urandom(5000))):
        shutil.copytree(take, folder / f"{name}.take")
        (folder / f"{name}.take" / "raw.mcap").write_bytes(damage)
    shutil.copytree(take, folder / "json.take")
    (folder / "json.take" / "take.json").write_text("{")
    shutil.copytree(take, folder / "solve.take")
    (folder / "solve.take" / "solved" / "hiposer-d.npz").write_bytes(b"PK\3\4 no")
    (folder / "empty.take").mkdir()
    (folder / "file.take").write_text("")
    (folder / ".hidden.take").mkdir()
    told = json.loads(run("takes", "list", folder, "--json").stdout)
    assert told["free_bytes"] > 0
    found = {one["name"]: one for one in told["takes"]}
    assert set(found) == {f"{n}.take" for n in ("walk", "cut", "gone", "noise", "json", "solve", "empty", "file")}
    assert {name for name, one in found.items() if not one["damaged"]} == {"walk.take"}
    assert found["cut.take"]["duration_s"] == pytest.approx(TIMING.end / 2, abs=0.3)
    assert found["json.take"]["duration_s"] is not None
    assert run("takes", "list", folder).exit_code == 0


def test_list_of_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("nowhere", "file"):
        shown = run("takes", "list", tmp_path / name)
        assert shown.exit_code == 2
        assert shown.stderr.count("\n") == 1
    assert "No takes" in run("takes", "list", tmp_path).stdout


@given(
    share=st.floats(0.02, 1.0),
    holes=st.lists(st.tuples(st.floats(0.01, 0.98), st.integers(1, 400)), max_size=3),
    seed=st.integers(0, 9),
)
@settings(max_examples=12, deadline=None, phases=[Phase.generate])
def test_repair_saves_all_that_is_whole_and_keeps_the_original(
    brief: Path, tmp_path_factory: pytest.TempPathFactory, share: float, holes: list[tuple[float, int]], seed: int
) -> None:
    path = Path(shutil.copytree(brief, tmp_path_factory.mktemp("r") / "a.take"))
    raw = bytearray((path / "raw.mcap").read_bytes())
    total = sum(len(log) for log in open_take(path).logs()[0])
    chance, lost = random.Random(seed), 0
    head = 3000  # of announcements: without them samples have no sensor
    for place, length in holes:
        begin = head + int(place * (len(raw) - head))
        raw[begin : begin + length] = chance.randbytes(min(length, len(raw) - begin))
        lost += length // 95 + 2
    damaged = bytes(raw[: head + int(share * (len(raw) - head))])
    (path / "raw.mcap").write_bytes(damaged)
    done = repair_take(path)
    kept = list(path.glob("raw.mcap.damaged*"))
    assert (kept[0].read_bytes() == damaged) if kept else not done.done
    logs, warnings = open_take(path).logs()
    assert not [warning for warning in warnings if "breaks off" in warning]
    enough = (len(damaged) - head) // 95 - lost - 40
    assert sum(map(len, logs)) >= min(enough, total - lost)
    assert not repair_take(path).done  # once is enough


def test_repair_of_take_json(take: Path) -> None:
    (take / "take.json").write_text('{"mocamba_take": 1, "performer": "Zoë", "height": 1.8, "device": 3')
    done = repair_take(take, height=1.6)
    assert "take.json.damaged" in done.kept
    assert read_manifest(take / "take.json").height == 1.6
    assert open_take(take).imu()[0].present.any()
    (take / "take.json").unlink()
    assert repair_take(take).done
    assert open_take(take).imu()[0].present.any()


def test_repair_leaves_what_it_cannot_read(take: Path) -> None:
    before = {file.name: file.read_bytes() for file in take.iterdir() if file.is_file()}
    (take / "raw.mcap").write_bytes(b"nothing at all")
    with pytest.raises(FileFormatError, match="left as it is"):
        repair_take(take)
    assert (take / "raw.mcap").read_bytes() == b"nothing at all"
    told = json.loads(before["take.json"]) | {"mocamba_take": 7}
    (take / "raw.mcap").write_bytes(before["raw.mcap"])
    (take / "take.json").write_text(json.dumps(told))
    with pytest.raises(FileFormatError, match="version 7"):
        repair_take(take)
    assert json.loads((take / "take.json").read_text()) == told
    with pytest.raises(FileFormatError, match="does not exist"):
        repair_take(take.parent / "nowhere.take")


def test_repair_of_a_whole_take_changes_nothing(take: Path) -> None:
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in take.rglob("*") if file.is_file()}
    shown = run("takes", "repair", take)
    assert "whole" in shown.stdout
    assert before == {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in take.rglob("*") if file.is_file()}


def test_repair_sets_damaged_solves_aside(take: Path) -> None:
    (take / "solved" / "hiposer-d.npz").write_bytes(b"PK\3\4 no")
    assert repair_take(take).kept == ("hiposer-d.npz.damaged",)
    assert not describe(take).faults


RECORD = """
import sys, time
from pathlib import Path
from mocamba.capture.manifest import Manifest
from mocamba.capture.take import TakeWriter
with TakeWriter(Path(sys.argv[1]), Manifest("p", 1.7, "simulated")) as writer:
    writer.add_sensor("a", "pelvis", 100.0)
    print("go", flush=True)
    for k in range(10**9):
        writer.add_sample("a", time.monotonic_ns(), k, (1.0, 0, 0, 0, 0, 0, 0))
        time.sleep(0.002)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_killed_at_random_moments(tmp_path: Path) -> None:
    chance, started = random.Random(4), []
    for k in range(6):
        path = tmp_path / f"{k}.take"
        process = subprocess.Popen([sys.executable, "-c", RECORD, str(path)], stdout=subprocess.PIPE, env=ENVIRONMENT)
        started.append((path, process))
    for path, process in started:
        assert process.stdout
        process.stdout.readline()
        time.sleep(chance.uniform(0.4, 0.9))
        process.send_signal(signal.SIGKILL)
        killed = time.monotonic_ns()
        process.wait()
        process.stdout.close()
        (log,), _ = open_take(path).logs()
        assert (killed - log.t_ns[-1]) / 1e9 < 1.0
        assert (np.diff(log.t_device) == 1).all()  # none missing before the end
        assert repair_take(path).messages == len(log)
        assert not describe(path).faults


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on files there")
@pytest.mark.parametrize("limit", [4_000, 30_000, 200_000])
def test_a_full_disk_ends_the_recording_with_all_that_fitted(tmp_path: Path, limit: int) -> None:
    """A limit on the file's size stands for the disk: writing fails in the middle of a record."""
    code = """
import resource, signal, sys
from pathlib import Path
from mocamba.capture import raw
from mocamba.capture.manifest import Manifest
from mocamba.capture.take import TakeWriter
from mocamba.capture.appending import RecordingEndedError
raw._FLUSH_EVERY = 0
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    with TakeWriter(Path(sys.argv[1]), Manifest("p", 1.7, "simulated")) as writer:
        writer.add_sensor("a", "pelvis", 100.0)
        for k in range(10000):
            writer.add_sample("a", k * 10_000_000, k, (1.0, 0, 0, 0, 0, 0, 0))
except RecordingEndedError as error:
    print(error)
"""
    path = tmp_path / "a.take"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(limit)], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    assert done.stdout.count("\n") == 1
    assert "is kept" in done.stdout
    (log,), _ = open_take(path).logs()
    assert len(log) >= (limit - 1200) // 95
    assert (np.diff(log.t_device) == 1).all()
    assert (path / "raw.mcap").stat().st_size <= limit
    repair_take(path)
    assert len(open_take(path).logs()[0][0]) == len(log)


@pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be deleted there")
def test_a_folder_that_vanishes_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.capture.raw._FLUSH_EVERY", 0.0)
    writer = TakeWriter(tmp_path / "a.take", Manifest("p", 1.7, "simulated"))
    writer.add_sensor("a", "pelvis", 100.0)
    writer.add_sample("a", 1, 1, (1.0, 0, 0, 0, 0, 0, 0))
    shutil.rmtree(tmp_path / "a.take")
    with pytest.raises(RecordingEndedError, match="was deleted"), writer:
        writer.add_sample("a", 2, 2, (1.0, 0, 0, 0, 0, 0, 0))
    with pytest.raises(RecordingEndedError, match="has ended"):
        writer.add_sample("a", 3, 3, (1.0, 0, 0, 0, 0, 0, 0))


def test_too_little_room_is_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_room(tmp_path / "not" / "there")
    assert free_seconds(tmp_path, 360) > 0
    monkeypatch.setattr(appending, "free_bytes", lambda folder: 1_000_000)
    with pytest.raises(BadInputError, match="1 MB left"):
        check_room(tmp_path)
    assert free_seconds(tmp_path, 360) == 0


@pytest.mark.parametrize("name", ["a\nb.take", "\x00.take", " .take", "..take", "\ud800.take", "\x1b[2J.take"])
def test_names_nobody_can_show(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError):
        check_take_name(tmp_path / name)


@given(st.text(max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_is_a_take_or_refused(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    path = tmp_path_factory.mktemp("n") / (name.replace("/", "").replace("\\", "") + ".take")
    try:
        with new_take(path) as part:
            part.mkdir()
            Manifest(name, 1.7, "x").write(part / "take.json")
    except BadInputError:
        return
    assert open_take(path).manifest.performer == name


def solved(take: Path) -> Take:
    return open_take(take)


@pytest.mark.parametrize("suffix", [".bvh", ".npz", ".csv"])
def test_plain_exports(take: Path, tmp_path: Path, suffix: str) -> None:
    out, truth = tmp_path / f"o{suffix}", solved(take).load_solved()
    told = json.loads(run("takes", "export", take, "--out", out, "--fps", "30", "--json").stdout)
    assert told["frames"] == pytest.approx(len(truth) / 2, abs=1)
    if suffix == ".csv":
        rows = np.genfromtxt(out, delimiter=",", names=True)
        assert len(rows) == told["frames"]
        np.testing.assert_allclose(rows["pelvis_y"], truth.translation[::2, 1][: len(rows)], atol=1e-5)
        np.testing.assert_allclose(np.diff(rows["seconds"]), 1 / 30, atol=1e-5)
    else:
        motion = (read_bvh if suffix == ".bvh" else read_amass)(out)
        assert np.abs(motion.joint_positions()[40] - truth.joint_positions()[80]).max() < 2e-3
    again = run("takes", "export", take, "--out", out)
    assert again.exit_code == 2
    assert "--force" in again.stderr


def test_exports_that_are_refused(take: Path, tmp_path: Path) -> None:
    for out, said in (("a.max", "one of"), ("a.blend", "one of"), ("nowhere/\x00.bvh", "")):
        shown = run("takes", "export", take, "--out", tmp_path / out)
        assert shown.exit_code in (1, 2)
        assert said in shown.stderr
    assert list(tmp_path.iterdir()) == [take]
    shutil.rmtree(take / "solved")
    assert "mocamba solve" in run("takes", "export", take, "--out", tmp_path / "a.bvh").stderr
    with pytest.raises(OutputExistsError):
        ExportOptions(_touched(tmp_path / "b.csv")).check()


def _touched(path: Path) -> Path:
    path.write_text("")
    return path


@pytest.mark.parametrize("suffix", [".fbx", ".glb", ".usdc"])
def test_exports_through_blender(take: Path, tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("bpy", reason="needs the bpy module")
    motion = perform(SMPL24)
    short = replace(motion, **{n: getattr(motion, n)[:121] for n in ("rotations", "translation", "t_ns", "confidence")})
    made = open_take(take)
    made.save_solved(short, "short")
    out = tmp_path / f"o{suffix}"
    assert export_take(made, ExportOptions(out, "short", 30.0), lambda share, doing: None) == 61
    heights = read_back(out, tmp_path)
    # the pelvis' height over the floor, Z up, in the middle and at the end
    np.testing.assert_allclose(heights, short.translation[[60, 120], 1], atol=0.02)


def read_back(path: Path, folder: Path) -> list[float]:
    """Height of the pelvis bone at frames 31 and 61, as Blender imports the file."""
    code = f"""
import bpy, json
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.context.scene.render.fps = 30
suffix = {path.suffix!r}
if suffix == ".fbx": bpy.ops.import_scene.fbx(filepath={str(path)!r})
elif suffix == ".glb": bpy.ops.import_scene.gltf(filepath={str(path)!r})
else: bpy.ops.wm.usd_import(filepath={str(path)!r})
armature = next(o for o in bpy.data.objects if o.type == "ARMATURE")
meshes = [o for o in bpy.data.objects if o.type == "MESH" and o.name != "Icosphere"]
assert meshes
first = 0 if suffix == ".glb" else 1
found = []
for frame in (30, 60):
    bpy.context.scene.frame_set(frame + first)
    found.append((armature.matrix_world @ armature.pose.bones["pelvis"].head)[2])
print("FOUND", json.dumps(found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder)
    line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND")), None)
    assert line, done.stdout[-2000:] + done.stderr[-2000:]
    return list(json.loads(line[6:]))


def test_formats_are_what_the_documentation_says() -> None:
    assert set(FORMATS) == {".bvh", ".npz", ".csv", ".fbx", ".glb", ".usd", ".usda", ".usdc", ".usdz"}


def test_polish_is_redone_and_undone(take: Path) -> None:
    made, motion = open_take(take), perform(SMPL24)
    shaken = replace(
        motion,
        translation=motion.translation + np.float32(0.05) * np.sin(np.arange(len(motion)))[:, None].astype(np.float32),
    )
    path = made.save_solved(shaken, "net", Polish(smooth=0.05, floor=True, feet=True))
    before, said = read_unpolished(path)
    np.testing.assert_array_equal(before.translation, shaken.translation)
    assert json.loads(said)["smooth"] == 0.05
    smooth = made.load_solved("net")
    assert (
        np.abs(np.diff(smooth.translation, 3, axis=0)).mean()
        < 0.1 * np.abs(np.diff(shaken.translation, 3, axis=0)).mean()
    )
    assert run("takes", "solve", take, "--polish-only", "--network", "net", "--floor").exit_code == 0
    assert json.loads(read_unpolished(path)[1])["smooth"] == 0
    assert run("takes", "solve", take, "--polish-only", "--network", "net").exit_code == 0
    np.testing.assert_array_equal(made.load_solved("net").translation, shaken.translation)
    assert read_unpolished(path)[1] == ""
    shown = run("takes", "solve", take, "--polish-only", "--smooth", "7")
    assert shown.exit_code == 2


def test_solves_of_another_length_are_refused(take: Path) -> None:
    path, motion = open_take(take).solved_path("x"), perform(SMPL24)
    open_take(take).save_solved(motion, "x", Polish(floor=True))
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **{**arrays, "unpolished_translation": arrays["unpolished_translation"][:3]})
    with pytest.raises(FileFormatError, match="another length"):
        read_unpolished(path)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=60, deadline=None)
def test_take_json_of_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("j") / "take.json"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        read_manifest(path)
    assert list_takes(path.parent).takes == ()
