"""AMASS files: round trips, layouts of others, and files that cannot be used."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mocamba.rig.amass import read_amass, write_amass
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.motion import Motion, Origin
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24
from scipy.spatial.transform import Rotation

from . import motions


@pytest.fixture
def motion() -> Motion:
    wild = motions.wild(50, skeleton=SMPL24.scaled_to(1.83))
    jitter = np.random.default_rng(1).integers(-4_000_000, 4_000_000, 50)
    return replace(
        wild,
        t_ns=wild.t_ns + jitter + 1_234_567_890_123,
        confidence=np.linspace(0, 1, 50, dtype=np.float32),
        origin=Origin("hiposer-d", "sha:12", "Ana — 3"),
    )


def rewritten(path: Path, **changes: Any) -> Path:
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files} | changes
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def test_our_file_comes_back_as_it_was(motion: Motion, tmp_path: Path) -> None:
    path = tmp_path / "a take's “name”.npz"
    write_amass(motion, path)
    back = read_amass(path)
    np.testing.assert_allclose(back.rotations, motion.rotations, atol=2e-7)
    for name in ("translation", "t_ns", "confidence"):
        np.testing.assert_array_equal(getattr(back, name), getattr(motion, name))
        assert getattr(back, name).dtype == getattr(motion, name).dtype
    np.testing.assert_array_equal(back.skeleton.offsets, motion.skeleton.offsets)
    np.testing.assert_array_equal(back.skeleton.ends, motion.skeleton.ends)
    assert back.origin == motion.origin
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_standard_keys_are_what_other_tools_expect(motion: Motion, tmp_path: Path) -> None:
    write_amass(motion, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as z:
        assert z["poses"].shape == (50, 156)
        assert z["gender"] == "neutral"
        assert z["betas"].shape == (16,)
        assert float(z["mocap_frame_rate"]) == pytest.approx(motion.rate)
        root = Rotation.from_rotvec(z["poses"][:, :3])
        hand = Rotation.from_rotvec(z["poses"][:, 111:114])  # first joint of the right hand: 37
        np.testing.assert_allclose(z["trans"], motion.translation[:, [0, 2, 1]] * [1, -1, 1], atol=1e-6)
    ours = Rotation.from_quat(motion.rotations[:, 0][:, [1, 2, 3, 0]])
    assert (Rotation.from_euler("x", 90, degrees=True) * ours * root.inv()).magnitude().max() < 1e-5
    theirs = Rotation.from_quat(motion.rotations[:, 23][:, [1, 2, 3, 0]])
    assert (theirs * hand.inv()).magnitude().max() < 1e-5


@pytest.mark.parametrize(("joints", "hands"), [(24, (22, 23)), (52, (22, 37)), (55, (25, 40))])
def test_layouts_of_others(joints: int, hands: tuple[int, int], tmp_path: Path) -> None:
    poses = np.random.default_rng(0).normal(size=(4, joints, 3)) * 0.3
    poses[:, 0] = [np.pi / 2, 0, 0]  # upright in a Z-up world
    path = tmp_path / "other.npz"
    rate = "mocap_framerate" if joints == 52 else "mocap_frame_rate"
    np.savez(path, poses=poses.reshape(4, -1), trans=np.tile([1.0, 2, 3], (4, 1)), **{rate: 120.0})
    motion = read_amass(path)
    for ours, theirs in ((5, 5), (21, 21), (22, hands[0]), (23, hands[1])):
        expected = np.roll(Rotation.from_rotvec(poses[:, theirs]).as_quat(), 1, axis=1).astype(np.float32)
        assert angle_between(motion.rotations[:, ours], expected).max() < 1e-5
    assert angle_between(motion.rotations[:, 0], np.array([[1.0, 0, 0, 0]], np.float32)).max() < 1e-5
    np.testing.assert_allclose(motion.translation[0], [1, 3, -2], atol=1e-6)
    assert motion.rate == pytest.approx(120, rel=1e-6)


def test_a_y_up_world_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "y_up.npz"
    np.savez(path, poses=np.zeros((3, 72)), trans=np.tile([0.0, 0.95, 0], (3, 1)), mocap_frame_rate=60)
    motion = read_amass(path)
    np.testing.assert_allclose(motion.translation[0], [0, 0.95, 0], atol=1e-6)
    np.testing.assert_allclose(motion.rotations[0, 0], [1, 0, 0, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"poses": None}, "no 'poses'"),
        ({"trans": None}, "no 'trans'"),
        ({"t_ns": None}, "no 't_ns'"),
        ({"poses": np.zeros((50, 60))}, "shape"),
        ({"trans": np.zeros((49, 3))}, "50 poses"),
        ({"poses": np.full((50, 156), np.nan)}, "not numbers"),
        ({"poses": np.full((50, 156), "x")}, "no numbers"),
        ({"t_ns": np.arange(50)[::-1]}, "backwards"),
        ({"t_ns": np.arange(49)}, "another number of frames"),
        ({"mocamba_format": 99}, "Update Mocamba"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "no frames"),
        ({"mocamba_format": None, "mocap_frame_rate": 0.0}, "frames per second"),
        ({"skeleton_offsets": np.zeros((20, 3))}, "skeleton"),
    ],
)
def test_unusable_contents(motion: Motion, tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    write_amass(motion, tmp_path / "a.npz")
    with pytest.raises(FileFormatError, match=says) as caught:
        read_amass(rewritten(tmp_path / "a.npz", **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_cut_off_files(motion: Motion, tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.npz"
    write_amass(motion, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FileFormatError, match="cut off"):
        read_amass(path)


def test_damaged_bytes_never_pass_for_another_error(motion: Motion, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_amass(motion, path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 12):
            damaged[place] = rng.integers(0, 256)
        path.write_bytes(bytes(damaged))
        try:
            read_amass(path)
        except FileFormatError:
            continue


def test_wrong_names(motion: Motion, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"not an \.npz"):
        read_amass(tmp_path / "a.bvh")
    with pytest.raises(FileFormatError, match="does not exist"):
        read_amass(tmp_path / "none.npz")
    with pytest.raises(BadInputError, match=r"has to end in \.npz"):
        write_amass(motion, tmp_path / "a.txt")


def test_a_folder_that_cannot_be_made_is_said(motion: Motion, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInputError, match="cannot be written"):
        write_amass(motion, tmp_path / "file" / "a.npz")
