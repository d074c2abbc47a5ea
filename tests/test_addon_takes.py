"""Takes as Blender lists them, without an engine: every kind of damage is one sentence, and nothing is lost."""

import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocamba.addon import trash
from mocamba.addon.runtime import runtime
from mocamba.addon.take_files import DEMO, demo_entry, load, next_name, raw_seconds, read_entry, scan, write_remarks
from mocamba.capture.commands.app import build_app
from mocamba.capture.manifest import Manifest
from mocamba.capture.span import span_of
from mocamba.capture.take import TakeWriter, open_take
from mocamba.rig.amass import read_amass, write_amass
from mocamba.rig.bvh import read_bvh
from mocamba.rig.errors import BadInputError
from typer.testing import CliRunner

from . import motions
from .addon_stage import state_of_data, world_heads

THIRD_PARTY = {
    "torch",
    "rich",
    "typer",
    "mcap",
    "safetensors",
    "serial",
    "bleak",
    "cv2",
    "pythonosc",
    "PySide6",
    "scipy",
}


def make_take(folder: Path, name: str, *, solved: bool = True, seconds: float = 2.0) -> Path:
    path = folder / f"{name}.take"
    with TakeWriter(path, Manifest("Ana", 1.7, "live")) as writer:
        writer.add_sensor("hip", "pelvis", 100.0)
        for k in range(round(seconds * 100) + 1):
            writer.add_sample("hip", k * 10_000_000, k, (1.0, 0, 0, 0, 0, 0, 0))
    if solved:
        open_take(path).save_solved(motions.walk(seconds), "hiposer-d")
    return path


def test_takes_are_read_without_any_engine(tmp_path: Path) -> None:
    make_take(tmp_path, "Lauf 1")
    code = (
        "import sys, mocamba.addon.take_files as t; from pathlib import Path\n"
        "entry, = t.scan(Path(sys.argv[1])); assert len(t.load(entry)) == 120\n"
        "assert not entry.fault and entry.performer == 'Ana', entry\n"
        f"assert not {THIRD_PARTY} & {{name.split('.')[0] for name in sys.modules}}"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_whole_add_on_imports_no_third_party_package(addon: None) -> None:
    code = (
        "import sys, bpy, mocamba; bpy.context.preferences.addons.new().module = 'mocamba'; mocamba.register()\n"
        "bpy.ops.mocamba.refresh()\n"
        "bpy.ops.mocamba.demo(); bpy.ops.mocamba.bake()\n"
        f"found = {THIRD_PARTY} & {{name.split('.')[0] for name in sys.modules}}; assert not found, found\n"
        "mocamba.unregister(); mocamba.unregister(); mocamba.register(); mocamba.unregister()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_length_without_reading_every_sample(tmp_path: Path) -> None:
    path = make_take(tmp_path, "Long", solved=False) / "raw.mcap"
    assert raw_seconds(path) == span_of(path)[0] == 2.0
    whole = path.read_bytes()
    for cut in range(0, len(whole), 997):
        path.write_bytes(whole[:cut])
        assert raw_seconds(path) is None


def test_damaged_takes_are_listed_with_what_is_wrong(tmp_path: Path) -> None:
    newer, cut, empty, broken = (make_take(tmp_path, name) for name in ("newer", "cut", "empty", "broken"))
    values = json.loads((newer / "take.json").read_text())
    (newer / "take.json").write_text(json.dumps({**values, "mocamba_take": 2}))
    raw = cut / "raw.mcap"
    raw.write_bytes(raw.read_bytes()[:3000])
    shutil.rmtree(cut / "solved")
    shutil.rmtree(empty)
    empty.mkdir()
    solve = broken / "solved" / "hiposer-d.npz"
    solve.write_bytes(solve.read_bytes()[:2000])
    good = make_take(tmp_path, "good")
    entries = {entry.name: entry for entry in scan(tmp_path)}
    assert "Update Mocamba" in entries["newer"].fault
    assert "Press Repair" in entries["cut"].fault
    assert "take.json" in entries["empty"].fault
    assert "hiposer-d.npz is cut off" in entries["broken"].fault
    assert entries["good"].fault == ""
    assert all("\n" not in entry.fault for entry in entries.values())
    assert len(load(entries["newer"])) == 120  # its motion can be baked all the same
    with pytest.raises(BadInputError, match="Solve Again"):
        load(entries["cut"])
    assert open_take(good).path == good
    assert scan(tmp_path / "none") == []


def test_a_motion_with_no_frames_is_told(tmp_path: Path, blender: Any) -> None:
    np.savez(tmp_path / "empty.npz", poses=np.zeros((0, 156)), trans=np.zeros((0, 3)), mocap_frame_rate=60.0)
    blender.ops.mocamba.add_armature()
    with pytest.raises(RuntimeError, match="has no frames"):
        blender.ops.mocamba.bake(path=str(tmp_path / "empty.npz"))
    with pytest.raises(RuntimeError, match="not there any more"):
        blender.ops.mocamba.bake(path=str(tmp_path / "gone.npz"))


def test_stars_and_notes_are_kept_with_the_take(blender: Any, tmp_path: Path) -> None:
    path = make_take(tmp_path / "takes", "Walk")
    blender.ops.mocamba.refresh()
    window = blender.context.window_manager.mocamba
    window.active_take = 1
    blender.ops.mocamba.star(stars=2)
    window.takes[1].note = "Die beste, 最高"
    entry = read_entry(path)
    assert (entry.stars, entry.note) == (2, "Die beste, 最高")
    blender.ops.mocamba.refresh()
    assert (window.takes[1].stars, window.takes[1].note) == (2, "Die beste, 最高")
    (path / "remarks.json").write_text("[]")
    assert read_entry(path).stars == 0
    with pytest.raises(RuntimeError, match="belongs to the add-on"):
        blender.ops.mocamba.star(path=str(DEMO), stars=1)


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="nothing is read-only to root")
def test_a_take_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = make_take(tmp_path, "Walk")
    path.chmod(0o500)
    with pytest.raises(BadInputError, match="cannot be written"):
        write_remarks(path, 1, "")


def test_names_of_the_next_take(tmp_path: Path) -> None:
    make_take(tmp_path, "Walk_001", solved=False, seconds=0.1)
    make_take(tmp_path, "walk_002", solved=False, seconds=0.1)
    assert next_name(tmp_path, " Walk ") == "Walk_003"
    assert next_name(tmp_path, "") == "Take_001"
    assert next_name(tmp_path / "none", "Lauf") == "Lauf_001"


def test_the_demo_take_moves_the_figure_and_goes_without_a_trace(blender: Any) -> None:
    blender.ops.mocamba.add_armature()
    before = state_of_data()
    blender.ops.mocamba.demo()
    armature = blender.context.scene.mocamba.armature
    assert runtime.player is not None
    seen = []
    for seconds in (0.5, 9.0, 20.0):
        runtime.player._began = time.monotonic() - seconds
        runtime.step()
        seen.append(world_heads(armature))
    truth = load(demo_entry()).joint_positions()
    for heads, seconds in zip(seen, (0.5, 9.0, 20.0), strict=True):
        near = truth[round(seconds * 60) - 2 : round(seconds * 60) + 12] * (1.7 / 1.72)
        assert np.abs(near - heads).max(axis=(1, 2)).min() < 0.02
    assert np.abs(seen[0] - seen[1]).max() > 0.2
    blender.ops.mocamba.preview_take()
    assert runtime.player is None
    assert state_of_data() == before


def test_deleting_is_moving_to_the_trash(blender: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("looks into the trash of the FreeDesktop specification")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for _ in range(2):
        path = make_take(tmp_path / "takes", "Weg 1")
        blender.ops.mocamba.refresh()
        blender.ops.mocamba.delete_take(path=str(path))
        assert not path.exists()
    bin_ = tmp_path / "data" / "Trash"
    assert sorted(one.name for one in (bin_ / "files").iterdir()) == ["Weg 1 2.take", "Weg 1.take"]
    assert "Path=" in (bin_ / "info" / "Weg 1.take.trashinfo").read_text()
    assert read_entry(bin_ / "files" / "Weg 1.take").fault == ""
    with pytest.raises(RuntimeError, match="stays"):
        blender.ops.mocamba.delete_take(path=str(DEMO))
    assert DEMO.exists()


def test_a_trash_that_refuses_leaves_the_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows' own")
    path = make_take(tmp_path, "Walk", seconds=0.1)

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(BadInputError, match="by hand"):
        trash.move_to_trash(path)
    assert (path / "raw.mcap").exists()
    assert not list((Path(os.environ.get("XDG_DATA_HOME", tmp_path)) / "Trash" / "info").glob("Walk*"))


@pytest.mark.parametrize("kind", ["bvh", "npz", "fbx", "glb", "usd"])
def test_exports_open_again_and_match(blender: Any, tmp_path: Path, kind: str) -> None:
    motion = motions.walk(1.5)
    write_amass(motion, tmp_path / "walk.npz")
    blender.ops.mocamba.add_armature()
    blender.ops.ed.undo_push(message="before")
    before = state_of_data()
    blocks = {
        name: len(getattr(blender.data, name)) for name in ("objects", "actions", "meshes", "scenes", "armatures")
    }
    out = tmp_path / "out" / f"Läufer 1.{kind}"
    blender.ops.mocamba.export(path=str(tmp_path / "walk.npz"), filepath=str(out), format=kind, fps=60)
    assert state_of_data() == before
    assert {name: len(getattr(blender.data, name)) for name in blocks} == blocks
    assert [file.name for file in out.parent.iterdir()] == [out.name]
    positions = motion.joint_positions()
    if kind in ("bvh", "npz"):
        again = (read_bvh if kind == "bvh" else read_amass)(out)
        assert np.abs(again.joint_positions() - positions).max() < 0.002
        return
    assert np.abs(imported(blender, out, kind, (1, 40, 80)) - positions[[0, 39, 79]]).max() < 0.005


def test_the_command_bakes_to_the_formats_of_others(tmp_path: Path) -> None:
    take = make_take(tmp_path, "Lauf 1")
    invoke = partial(CliRunner().invoke, build_app(), prog_name="mocamba")
    done = invoke(["bake", str(take), "--to", "fbx", "--to", "bvh", "--fps", "30", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["exported"] == [str(tmp_path / "Lauf 1.fbx"), str(tmp_path / "Lauf 1.bvh")]
    assert len(read_bvh(tmp_path / "Lauf 1.bvh")) == 60
    assert (tmp_path / "Lauf 1.fbx").stat().st_size > 10_000
    again = invoke(["bake", str(take), "--to", "bvh"])
    assert again.exit_code == 2
    assert "exists already" in again.output
    assert invoke(["bake", str(take)]).exit_code == 2


SHIFTED = {"fbx": 1}  # frames by which an importer places what another program would find in its place


def imported(blender: Any, path: Path, kind: str, frames: tuple[int, ...]) -> np.ndarray:
    """Joint heads at `frames`, by Blender's own importer, in our Y-up world."""
    blender.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = blender.context.scene
    scene.render.fps = 60
    importers = {
        "fbx": lambda: blender.ops.import_scene.fbx(filepath=str(path), automatic_bone_orientation=False),
        "glb": lambda: blender.ops.import_scene.gltf(filepath=str(path), bone_heuristic="BLENDER"),
        "usd": lambda: blender.ops.wm.usd_import(filepath=str(path)),
    }
    importers[kind]()
    armature = next(thing for thing in blender.data.objects if thing.type == "ARMATURE")
    found = []
    for frame in frames:
        scene.frame_set(frame + SHIFTED.get(kind, 0))
        found.append(world_heads(armature))
    return np.array(found)


def test_a_video_needs_a_file_and_the_engine(blender: Any, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"nothing\.mp4 is no file"):
        blender.ops.mocamba.solve_video(filepath=str(tmp_path / "nothing.mp4"))
    (tmp_path / "walk.mp4").write_text("no video")
    with pytest.raises(RuntimeError, match="Set Up Engine"):
        blender.ops.mocamba.solve_video(filepath=str(tmp_path / "walk.mp4"))
