"""Motion in the layouts of the sets that people have, made here, to shards and back."""

import json
import pickle
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.capture.commands.app import build_app
from mocamba.inference.datasets.collect import collect, read_clips_of
from mocamba.inference.shards import Clip, is_shard, read_shard, write_shard
from mocamba.rig.amass import write_amass
from mocamba.rig.bvh import write_bvh
from mocamba.rig.errors import BadInputError, FileFormatError
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import angle_between, from_axis_angle, multiply, rotate, to_rotation_vector
from mocamba.rig.rotation import quaternion_to_matrix
from mocamba.rig.skeleton import SMPL24
from typer.testing import CliRunner

from .motions import walk


def vectors(motion: Motion) -> np.ndarray:
    return to_rotation_vector(motion.rotations.astype(np.float64)).reshape(len(motion), 72)


def z_up(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Poses and translation in a world with Z up, as AMASS and 3DPW cameras have other axes up."""
    turn = from_axis_angle(np.array([1.0, 0, 0]), np.array(np.pi / 2))
    rotations = motion.rotations.astype(np.float64).copy()
    rotations[:, 0] = multiply(turn, rotations[:, 0])
    turned = Motion(rotations, motion.translation, motion.t_ns, motion.skeleton, motion.confidence)
    return vectors(turned), rotate(turn, motion.translation.astype(np.float64))


def threedpw(path: Path, *people: Motion) -> Path:
    """As the published pickles are: a table with a list entry a person; written by Python 2's protocol."""
    poses, places = zip(*(z_up(person) for person in people), strict=True)
    values = {
        "sequence": path.stem,
        "poses": [pose[::2] for pose in poses],
        "trans": [place[::2] for place in places],
        "poses_60Hz": list(poses),
        "trans_60Hz": list(places),
        "betas": [np.zeros(10) for _ in people],
        "genders": ["m"] * len(people),
        "cam_poses": np.tile(np.eye(4), (len(poses[0]) // 2, 1, 1)),
    }
    path.write_bytes(pickle.dumps(values, protocol=2))
    return path


def dip(path: Path, motion: Motion) -> Path:
    """DIP-IMU: 17 sensors, poses, no translation."""
    frames = len(motion)
    values = {
        "imu_ori": np.tile(np.eye(3), (frames, 17, 1, 1)),
        "imu_acc": np.zeros((frames, 17, 3)),
        "gt": vectors(motion),
        "sip": np.zeros(3),
    }
    path.write_bytes(pickle.dumps(values, protocol=2))
    return path


def same_pose(found: Motion, truth: Motion, degrees: float = 0.02) -> None:
    assert len(found) == len(truth)
    away = np.degrees(angle_between(found.rotations.astype(np.float64), truth.rotations.astype(np.float64)))
    assert away.max() < degrees


def test_shards_come_back(tmp_path: Path) -> None:
    clips = [Clip("a", "ann", walk(0.5), "walk"), Clip("b", "ben", walk(0.4, skeleton=SMPL24.scaled_to(1.9)), "")]
    write_shard(clips, tmp_path / "s.npz")
    assert is_shard(tmp_path / "s.npz")
    for found, truth in zip(read_shard(tmp_path / "s.npz"), clips, strict=True):
        assert (found.name, found.subject, found.label) == (truth.name, truth.subject, truth.label)
        same_pose(found.motion, truth.motion)
        np.testing.assert_allclose(found.motion.translation, truth.motion.translation, atol=1e-6)
        np.testing.assert_allclose(found.motion.skeleton.offsets, truth.motion.skeleton.offsets, atol=1e-6)


def test_3dpw_has_two_people_and_another_axis_up(tmp_path: Path) -> None:
    first, second = walk(1.0), walk(1.0, skeleton=SMPL24)
    path = threedpw(tmp_path / "courtyard_00.pkl", first, second)
    clips = list(read_clips_of(path, "unused"))
    assert [clip.subject for clip in clips] == ["3dpw_courtyard_00_0", "3dpw_courtyard_00_1"]
    same_pose(clips[0].motion, first)
    np.testing.assert_allclose(clips[0].motion.translation, first.translation, atol=1e-5)


def test_dip_has_no_translation_so_feet_are_put_on_the_floor(tmp_path: Path) -> None:
    (clip,) = read_clips_of(dip(tmp_path / "03.pkl", walk(1.0)), "s_09")
    assert clip.subject == "s_09"
    same_pose(clip.motion, walk(1.0))
    feet = clip.motion.joint_positions()[:, [7, 8, 10, 11], 1]
    np.testing.assert_allclose(feet.min(axis=1), SMPL24.sole_depth, atol=1e-5)
    assert np.abs(clip.motion.translation[:, [0, 2]]).max() < 1e-6


@pytest.mark.parametrize("form", ["vectors", "joints", "matrices"])
def test_what_transposes_preprocessing_leaves(form: str, tmp_path: Path) -> None:
    truth = walk(0.6)
    pose = torch.from_numpy(vectors(truth)).float()
    if form == "joints":
        pose = pose.view(-1, 24, 3)
    if form == "matrices":
        pose = torch.from_numpy(quaternion_to_matrix(truth.rotations.astype(np.float64))).float()
    place = torch.from_numpy(truth.translation)
    torch.save(
        {"pose": [pose, pose], "tran": [place, torch.zeros_like(place)], "acc": [], "ori": []}, tmp_path / "test.pt"
    )
    one, two = read_clips_of(tmp_path / "test.pt", "dip")
    same_pose(one.motion, truth, 0.1)
    np.testing.assert_allclose(one.motion.translation, truth.translation, atol=1e-5)
    assert np.abs(two.motion.translation[:, [0, 2]]).max() < 1e-6


def folder(tmp_path: Path) -> Path:
    """AMASS of two people, a BVH, a picture, and a file that is broken."""
    source = tmp_path / "set"
    for person in ("ann", "ben"):
        (source / person).mkdir(parents=True)
        write_amass(walk(0.5), source / person / "walk_poses.npz")
    write_bvh(walk(0.5), source / "ann" / "again.bvh")
    write_amass(walk(0.1), source / "ben" / "short.npz")
    np.savez(source / "ann" / "shape.npz", betas=np.zeros(10))
    (source / "ann" / "cut.pkl").write_bytes(b"\x80\x02}q\x00")
    (source / "readme.txt").write_text("no motion")
    return source


def test_a_folder_is_collected_by_person(tmp_path: Path) -> None:
    found = collect([folder(tmp_path)])
    assert [(clip.subject, clip.name) for clip in found.clips] == [
        ("set_ann", "again"),
        ("set_ann", "walk_poses"),
        ("set_ben", "walk_poses"),
    ]
    assert len(found.left_out) == 2
    assert any("cut.pkl" in sentence for sentence in found.left_out)
    assert any("shorter than 12 frames" in sentence for sentence in found.left_out)
    assert {clip.subject for clip in collect([folder(tmp_path / "x")], "ana").clips} == {"ana"}


def test_the_command(tmp_path: Path) -> None:
    runner, out = CliRunner(), tmp_path / "mine.npz"
    said = runner.invoke(build_app(), ["shards", str(folder(tmp_path)), "--out", str(out), "--json"])
    assert said.exit_code == 0, said.output
    values = json.loads(said.stdout)
    assert values["people"] == ["set_ann", "set_ben"]
    assert len(list(read_shard(out))) == values["clips"] == 3
    again = runner.invoke(build_app(), ["shards", str(folder(tmp_path / "y")), "--out", str(out)])
    assert again.exit_code != 0
    assert "--force" in again.output
    (tmp_path / "empty").mkdir()
    nothing = runner.invoke(build_app(), ["shards", str(tmp_path / "empty"), "--out", str(tmp_path / "n.npz")])
    assert nothing.exit_code != 0
    assert "No motion was found" in nothing.output
    assert not (tmp_path / "n.npz").exists()
    missing = runner.invoke(build_app(), ["shards", str(tmp_path / "nowhere"), "--out", str(tmp_path / "n.npz")])
    assert "does not exist" in missing.output


class Malicious:
    """Its pickle would write a file."""

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("touch pwned",)


def test_a_pickle_with_code_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps({"gt": Malicious()}))
    with pytest.raises(FileFormatError):
        list(read_clips_of(tmp_path / "evil.pkl", "x"))
    torch.save({"pose": [Malicious()], "tran": [1]}, tmp_path / "evil.pt")
    with pytest.raises(FileFormatError):
        list(read_clips_of(tmp_path / "evil.pt", "x"))
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"gt": np.zeros((5, 71))}, "poses of shape"),
        ({"gt": np.full((5, 72), np.nan)}, "no frame without NaN"),
        ({"gt": np.where(np.arange(20)[:, None] == 7, np.nan, np.zeros((20, 72)))}, "NaN between"),
        ({"gt": np.zeros(0)}, "has no frames"),
        ({"gt": np.array(3.0)}, "has no frames"),
        ({"poses_60Hz": [np.zeros((5, 72))]}, "no translation"),
        ({"poses_60Hz": [np.zeros((5, 72))], "trans_60Hz": [np.zeros((4, 3))]}, "translations of shape"),
        ({"poses_60Hz": [np.zeros((5, 72))], "trans_60Hz": [np.full((5, 3), np.inf)]}, "not numbers"),
        ({"gt": "text"}, "damaged"),
        ({"something": 1}, "neither 3DPW"),
    ],
)
def test_wrong_layouts_are_one_sentence(values: dict[str, object], said: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.pkl"
    path.write_bytes(pickle.dumps(values, protocol=2))
    with pytest.raises(FileFormatError, match=said):
        list(read_clips_of(path, "x"))


def test_nan_at_the_ends_is_cut_off(tmp_path: Path) -> None:
    truth = walk(1.0)
    poses = vectors(truth)
    poses[:4], poses[-2:] = np.nan, np.nan
    path = tmp_path / "ends.pkl"
    path.write_bytes(pickle.dumps({"gt": poses}, protocol=2))
    (clip,) = read_clips_of(path, "x")
    cut = evenly_timed(truth.rotations[4:-2], truth.translation[4:-2], SMPL24)
    same_pose(clip.motion, cut)


def test_tensors_that_are_none(tmp_path: Path) -> None:
    for name, values in {
        "list": [1, 2],
        "keys": {"pose": [torch.zeros(5, 72)]},
        "numbers": {"pose": [1], "tran": [2]},
    }.items():
        torch.save(values, tmp_path / f"{name}.pt")
        with pytest.raises(FileFormatError):
            list(read_clips_of(tmp_path / f"{name}.pt", "x"))
    (tmp_path / "cut.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(FileFormatError, match="cannot be read as tensors"):
        list(read_clips_of(tmp_path / "cut.pt", "x"))


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_a_damaged_pickle_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int, cut: bool
) -> None:
    path = dip(tmp_path_factory.mktemp("damaged") / "any.pkl", walk(0.1))
    data = bytearray(path.read_bytes())
    place %= len(data)
    data[place] = byte
    path.write_bytes(data[:place] if cut else data)
    with suppress(FileFormatError):
        assert all(np.isfinite(clip.motion.rotations).all() for clip in read_clips_of(path, "x"))


def test_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="does not exist"):
        collect([tmp_path / "nowhere"])
