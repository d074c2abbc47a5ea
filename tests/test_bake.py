"""Bakes through the real child process: what is in the saved file, and what happens when things go wrong."""

import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mocamba.rig.amass import read_amass, write_amass
from mocamba.rig.blender import job as job_module
from mocamba.rig.blender.find_blender import find_blender
from mocamba.rig.blender.job import BakeJob, blender_command, run_bake
from mocamba.rig.body import fitted_to, load_body, skin
from mocamba.rig.errors import BadInputError, FileFormatError, MissingToolError, MocambaError, OutputExistsError
from mocamba.rig.resample import resample
from mocamba.rig.skeleton import JOINTS, SMPL24

from . import motions

needs_bpy = pytest.mark.skipif(find_spec("bpy") is None, reason="bpy is not installed")

# Reopens a file and evaluates it: joint heads in Blender's world, body vertices, and what the file says about itself.
EVALUATE = """
import sys, json, bpy, numpy as np
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
frames = json.loads(sys.argv[2])
scene = bpy.context.scene
rig = next(ob for ob in bpy.data.objects if ob.type == "ARMATURE")
body = bpy.data.objects["Body"]
heads, flesh = [], []
for frame in frames:
    scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    posed = rig.evaluated_get(graph)
    heads.append([posed.matrix_world @ posed.pose.bones[name].head for name in json.loads(sys.argv[3])])
    if len(flesh) < 2:
        mesh = body.evaluated_get(graph).to_mesh()
        world = np.array(body.evaluated_get(graph).matrix_world)
        flesh.append([list(v.co) for v in mesh.vertices] @ world[:3, :3].T + world[:3, 3])
action = rig.animation_data.action
curve = action.layers[0].strips[0].channelbag(action.slots[0]).fcurves[5]
np.savez(sys.argv[4], heads=np.array(heads), flesh=np.array(flesh), start=scene.frame_start, end=scene.frame_end,
         fps=scene.render.fps / scene.render.fps_base, action=action.name, fake=action.use_fake_user,
         users=action.users, mode=rig.pose.bones[0].rotation_mode, bones=len(rig.pose.bones),
         kinds=sorted({p.interpolation for p in curve.keyframe_points}), group=curve.group.name,
         rest=np.array([b.matrix_local for b in rig.data.bones])[:, :3, :3], keys=len(curve.keyframe_points))
"""

READ_PIXELS = """
import sys, bpy, numpy as np
image = bpy.data.images.load(sys.argv[1])
np.save(sys.argv[2], np.array(image.pixels[:]).reshape(image.size[1], image.size[0], 4))
"""


def evaluated(blend: Path, frames: list[int]) -> dict[str, np.ndarray]:
    out = blend.with_suffix(".npz")
    command = [sys.executable, "-c", EVALUATE, str(blend), str(frames), str(list(JOINTS)).replace("'", '"'), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert out.exists(), done.stdout + done.stderr
    with np.load(out) as archive:
        return dict(archive)


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "wild.npz"
    write_amass(motions.wild(200, skeleton=SMPL24.scaled_to(1.62)), path)
    return path


@needs_bpy
@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 60])
def test_saved_file_holds_the_motion(take: Path, tmp_path: Path, fps: float) -> None:
    blend = tmp_path / "out" / "Tänzer's take.blend"
    said: list[tuple[float, str]] = []
    result = run_bake(BakeJob(take, "Take 7", blend, fps), lambda share, doing: said.append((share, doing)))
    motion = read_amass(take)
    expected = resample(motion, result.rate.value)
    assert result.frames == len(expected)
    assert [path.name for path in blend.parent.iterdir()] == [blend.name]
    assert said[-1][0] == 1
    assert [share for share, _ in said] == sorted(share for share, _ in said)

    frames = np.random.default_rng(0).integers(1, result.frames + 1, 50)
    file = evaluated(blend, frames.tolist())
    heads = file["heads"][..., [0, 2, 1]] * [1, 1, -1]
    assert np.abs(heads - expected.joint_positions()[frames - 1]).max() < 0.001
    assert float(file["fps"]) == pytest.approx(30 / 1.001 if fps == 29.97 else fps, rel=1e-6)
    length = (int(file["end"]) - int(file["start"])) / float(file["fps"])
    assert 0 <= motion.duration - length < 1 / fps

    body = fitted_to(load_body(), expected.skeleton)
    for flesh, frame in zip(file["flesh"], frames, strict=False):
        ours = skin(body, expected.rotations[frame - 1], expected.translation[frame - 1])
        assert np.abs(flesh[:, [0, 2, 1]] * [1, 1, -1] - ours).max() < 0.001

    assert file["action"] == "Take 7"
    assert file["fake"]
    assert int(file["keys"]) == result.frames
    assert file["kinds"].tolist() == ["LINEAR"]
    assert file["group"] in JOINTS
    assert file["mode"] == "QUATERNION"
    assert int(file["bones"]) == 24
    np.testing.assert_allclose(file["rest"], np.tile(np.eye(3), (24, 1, 1)), atol=1e-6)


@needs_bpy
def test_contact_sheet_shows_twelve_different_moments(tmp_path: Path) -> None:
    write_amass(motions.walk(3.0), tmp_path / "walk.npz")
    sheet = tmp_path / "sheet.png"
    run_bake(BakeJob(tmp_path / "walk.npz", "Walk", tmp_path / "walk.blend", 24, sheet))
    subprocess.run([sys.executable, "-c", READ_PIXELS, str(sheet), str(tmp_path / "sheet.npy")], check=True)
    pixels = np.load(tmp_path / "sheet.npy")
    assert pixels.shape == (800, 1920, 4)
    tiles = pixels.reshape(2, 400, 6, 320, 4).transpose(0, 2, 1, 3, 4).reshape(12, 400, 320, 4)
    suit = (tiles[..., 2] > tiles[..., 0] * 1.5).mean(axis=(1, 2))  # the blue of the suit
    assert (suit > 0.03).all()
    assert (suit < 0.4).all()
    edge = np.concatenate([tiles[:, :8], tiles[:, -8:]], axis=1)
    assert not (edge[..., 2] > edge[..., 0] * 1.5).any()  # nobody is cut off above or below
    for a, b in pairwise(tiles):
        assert np.abs(a - b).mean() > 0.005


@needs_bpy
def test_movie_has_every_frame(tmp_path: Path) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    write_amass(motions.walk(0.4), tmp_path / "walk.npz")
    movie = tmp_path / "walk.mp4"
    result = run_bake(BakeJob(tmp_path / "walk.npz", "Walk", tmp_path / "walk.blend", 12, movie))
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(movie))
    assert frames == result.frames
    assert seconds == pytest.approx(frames / 12, abs=0.05)


@needs_bpy
def test_an_output_that_exists_stays_unless_forced(take: Path, tmp_path: Path) -> None:
    blend = tmp_path / "a.blend"
    blend.write_text("precious")
    with pytest.raises(OutputExistsError, match="--force"):
        run_bake(BakeJob(take, "Take", blend))
    assert blend.read_text() == "precious"
    (tmp_path / "b.png").write_text("precious")
    with pytest.raises(OutputExistsError):
        run_bake(BakeJob(take, "Take", tmp_path / "b.blend", render=tmp_path / "b.png"))
    result = run_bake(BakeJob(take, "Take", blend, force=True))
    assert blend.stat().st_size > 10_000
    assert result.rate.value == 60  # the motion's own


@needs_bpy
def test_a_forced_bake_replaces_both_files_or_none(take: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.blend").write_text("old")
    (tmp_path / "out" / "folder.png").mkdir()
    with pytest.raises(BadInputError, match=r"folder\.png cannot be written"):
        run_bake(
            BakeJob(take, "walk", tmp_path / "out" / "old.blend", render=tmp_path / "out" / "folder.png", force=True)
        )
    assert (tmp_path / "out" / "old.blend").read_text() == "old"
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["folder.png", "old.blend"]


def test_a_full_disk_is_said_in_one_sentence(take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "blender_command", lambda: [sys.executable, "-c", "raise SystemExit(1)"])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    with pytest.raises(BadInputError, match="is full") as caught:
        run_bake(BakeJob(take, "walk", tmp_path / "out" / "a.blend"))
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_wrong_suffixes_and_rates_and_files(take: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"\.blend"):
        run_bake(BakeJob(take, "Take", tmp_path / "a.txt"))
    with pytest.raises(BadInputError, match=r"\.png or \.mp4"):
        run_bake(BakeJob(take, "Take", tmp_path / "a.blend", render=tmp_path / "a.gif"))
    with pytest.raises(BadInputError, match="frame rate"):
        run_bake(BakeJob(take, "Take", tmp_path / "a.blend", fps=0))
    with pytest.raises(FileFormatError, match="does not exist"):
        run_bake(BakeJob(tmp_path / "none.npz", "Take", tmp_path / "a.blend"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_child_that_dies_leaves_its_last_words_and_no_file(
    take: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "import sys; sys.stderr.write('out of memory, sorry\\n'); sys.exit(11)"
    monkeypatch.setattr(job_module, "blender_command", lambda: [sys.executable, "-c", script])
    with pytest.raises(MocambaError, match="out of memory, sorry") as caught:
        run_bake(BakeJob(take, "Take", tmp_path / "out" / "a.blend"))
    assert caught.value.exit_code == 1
    assert list((tmp_path / "out").iterdir()) == []


@needs_bpy
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_kills_the_child_and_leaves_nothing(take: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = (
        "import sys; from pathlib import Path; from mocamba.rig.blender.job import *\n"
        "run_bake(BakeJob(Path(sys.argv[1]), 'T', Path(sys.argv[2]) / 'a.blend', 60, Path(sys.argv[2]) / 'a.mp4'),"
        " lambda share, doing: (sys.stdout.write(doing + '\\n'), sys.stdout.flush()))"
    )
    command = [sys.executable, "-c", script, str(take), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout
        for line in parent.stdout:
            if "rendering frame" in line:
                break
        parent.send_signal(signal.SIGINT)
        assert parent.wait(20) != 0
    assert list(out.iterdir()) == []
    time.sleep(0.3)
    assert str(out) not in commands_running()


def commands_running() -> str:
    """Command lines of all processes, where the system shows them."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            lines.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(lines)


def test_blender_is_found_by_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "blender"
    program.write_text("#!")
    monkeypatch.setenv("MOCAMBA_BLENDER", str(program))
    assert find_blender() == program
    monkeypatch.setenv("MOCAMBA_BLENDER", str(tmp_path / "nothing"))
    with pytest.raises(MissingToolError, match="MOCAMBA_BLENDER"):
        find_blender()


def test_without_any_blender_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "find_blender", lambda: None)
    monkeypatch.setattr(job_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match=r"Install Blender 4\.2 or newer"):
        blender_command()
