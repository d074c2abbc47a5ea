"""MPI-INF-3DHP in the layout that the lifting line prepares, of a known motion; and files that are none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mocamba.capture.commands.app import build_app
from mocamba.inference.datasets.collect import collect
from mocamba.inference.datasets.threedhp import ROWS, frames_of_3dhp, is_3dhp, read_3dhp
from mocamba.inference.h36m_evaluation import H36MFrames, cut, evaluate_h36m
from mocamba.inference.networks.posemamba import PoseMamba, PoseMambaConfig
from mocamba.inference.virtual_film import Tripod, set_up
from mocamba.inference.weights_file import WeightsCard, save_weights
from mocamba.rig.errors import FileFormatError
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.lens import lens_of_field
from mocamba.rig.motion import Motion
from mocamba.rig.skeleton import SMPL24
from torch import Tensor
from typer.testing import CliRunner

from .performers import cut_motion, performance

LENS = lens_of_field(2048, 2048, 60)
SMALL = PoseMambaConfig(width=8, pairs=1, frames=9)


@pytest.fixture(scope="module")
def truth() -> Motion:
    return cut_motion(performance(), 0, 360)


def seen(motion: Motion, every: int, bearing: float) -> dict[str, np.ndarray]:
    """What one camera has of it, every so many frames, in the set's order of joints."""
    joints = h36m_positions(motion).astype(np.float64)
    turn, place = set_up(joints, Tripod(4.0, bearing))
    there = (joints[::every] - place) @ turn.T
    theirs = np.argsort(ROWS)
    return {"data_2d": LENS.project(there)[:, theirs], "data_3d": 1000 * there[:, theirs]}


def training(motion: Motion) -> dict[str, Any]:
    cameras = {str(camera): seen(motion, 2, 40.0 * camera) for camera in (0, 1, 4)}
    return {"S1 Seq1": [cameras, 30], "S1 Seq2": [cameras, 30], "S2 Seq1": [cameras, 30]}


def test_set(motion: Motion) -> dict[str, Any]:
    valid = np.ones(180)
    valid[:10] = 0
    return {name: {**seen(motion, 2, 30.0), "valid": valid} for name in ("TS1", "TS5")}


test_set.__test__ = False  # type: ignore[attr-defined]


def written(path: Path, table: Any) -> Path:
    np.savez_compressed(path, data=table)
    return path


def test_both_files_are_read_in_our_order(truth: Motion, tmp_path: Path) -> None:
    path = written(tmp_path / "data_train_3dhp.npz", training(truth))
    assert is_3dhp(path)
    found = read_3dhp(path)
    assert [one.name for one in found[:4]] == ["S1 Seq1 0", "S1 Seq1 1", "S1 Seq1 4", "S1 Seq2 0"]
    assert {one.person for one in found} == {"S1", "S2"}
    one = found[1]
    assert (one.size, one.rate, one.valid.all()) == ((2048, 2048), 30.0, True)
    np.testing.assert_allclose(LENS.project(one.joints / 1000), one.keypoints, atol=1e-6)
    joints = h36m_positions(truth)[::2]
    bones, theirs = (np.linalg.norm(np.diff(x[:, [1, 2, 3]], axis=1), axis=-1) for x in (joints, one.joints / 1000))
    np.testing.assert_allclose(theirs, bones, atol=1e-5)
    first, wide = read_3dhp(written(tmp_path / "data_test_3dhp.npz", test_set(truth)))
    assert (first.rate, first.size, wide.size) == (25.0, (2048, 2048), (1920, 1080))
    assert first.valid.sum() == 170


def test_it_becomes_motion(truth: Motion, tmp_path: Path) -> None:
    written(tmp_path / "data_train_3dhp.npz", training(truth))
    found = collect([tmp_path])
    assert not found.left_out
    assert [clip.name for clip in found.clips] == ["S1_Seq1", "S1_Seq2", "S2_Seq1"]
    assert {clip.subject for clip in found.clips} == {"3dhp_S1", "3dhp_S2"}
    motion = found.clips[0].motion
    assert motion.rate == pytest.approx(60)
    joints, real = (h36m_positions(one).astype(np.float64) for one in (motion, truth))
    rooted, goal = joints - joints[:, :1], real[: len(joints)] - real[: len(joints), :1]
    u, _, v = np.linalg.svd(np.einsum("tki,tkj->ij", rooted, goal))
    assert np.linalg.norm(rooted @ (u @ v) - goal, axis=-1).mean() < 0.02
    assert (u @ v)[1, 1] > np.cos(np.radians(3))  # up is up
    assert np.abs(motion.joint_positions()[:, [7, 8, 10, 11], 1].min(axis=1) - SMPL24.sole_depth).max() < 0.08
    assert (np.diff(joints[:, 0, [0, 2]], axis=0) ** 2).sum() > 0


class Oracle(PoseMamba):
    """Says the truth of the clips it is asked for, wrong by `off` mm in x."""

    def __init__(self, frames: H36MFrames, off: float) -> None:
        super().__init__(SMALL)
        real = frames.truth - frames.truth[:, :1]
        real[:, 1:, 0] += off
        self.said = torch.from_numpy(real / (frames.factor * frames.size[:, 0] / 2)[:, None, None]).float()
        self.clips = cut(frames.source, 9)

    def forward(self, keypoints: Tensor) -> Tensor:
        rows = np.stack([next(self.clips) for _ in keypoints])
        return self.said[torch.from_numpy(rows)]


def test_lifting_networks_are_measured_on_the_frames_that_count(truth: Motion, tmp_path: Path) -> None:
    path = written(tmp_path / "data_test_3dhp.npz", test_set(truth))
    frames = frames_of_3dhp(path)
    # a person so far away is as large in the picture as the factor says
    np.testing.assert_allclose(frames.factor, np.median(frames.factor), rtol=0.4)
    right, wrong = (evaluate_h36m(Oracle(frames, off), frames, flip=False) for off in (0.0, 17.0))
    assert right.P1 < 1e-2
    assert pytest.approx(16.0, rel=1e-3) == wrong.P1  # of 17 joints one is the root
    assert set(wrong.by_action) == {"TS1", "TS5"}
    assert wrong.frames == 2 * 170
    weights = tmp_path / "small.safetensors"
    save_weights(PoseMamba(SMALL), WeightsCard("small", "", ""), weights)
    said = CliRunner().invoke(build_app(), ["evaluate", str(weights), "--3dhp", str(path), "--json"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["P1"] > 0
    none = written(tmp_path / "none.npz", {"TS1": {**test_set(truth)["TS1"], "valid": np.zeros(180)}})
    with pytest.raises(FileFormatError, match="no frame that counts"):
        frames_of_3dhp(none)


def without(table: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: {k: v for k, v in value.items() if k != key} for name, value in table.items()}


def test_what_is_laid_out_otherwise_is_refused(truth: Motion, tmp_path: Path) -> None:
    good = test_set(truth)
    holes = {**good["TS1"], "data_3d": np.where(np.arange(180)[:, None, None] == 90, np.nan, good["TS1"]["data_3d"])}
    for table, said in (
        ({}, "has no sequences"),
        (without(good, "data_2d"), "data_2d"),
        ({"TS1": {**good["TS1"], "data_3d": np.zeros((180, 14, 3))}}, r"arrays of shapes .*14"),
        ({"TS1": {**good["TS1"], "valid": np.ones(5)}}, "arrays of shapes"),
        ({"TS1": holes}, "NaN in TS1"),
        ({"TS1": {key: value[:0] for key, value in good["TS1"].items()}}, "no frames"),
        ({"S1 Seq1": [{"0": good["TS1"]}, 0]}, "0 frames a second"),
        ({"S1 Seq1": "text"}, "not laid out"),
        ([1, None], "no table of sequences"),
    ):
        path = written(tmp_path / "wrong.npz", table)
        with pytest.raises(FileFormatError, match=said):
            read_3dhp(path)
    invalid = {"TS1": {**good["TS1"], "valid": np.zeros(180)}}
    written(tmp_path / "wrong.npz", invalid)
    assert "no two frames" in collect([tmp_path]).left_out[0]
    nobody = {"TS1": {**good["TS1"], "data_3d": np.zeros((180, 17, 3))}}
    written(tmp_path / "wrong.npz", nobody)
    assert "holds nobody in TS1" in collect([tmp_path]).left_out[0]
    np.savez(tmp_path / "plain.npz", data=np.zeros(3))
    assert not is_3dhp(tmp_path / "plain.npz")
    with pytest.raises(FileFormatError, match="plain arrays"):
        read_3dhp(tmp_path / "plain.npz")


class Malicious:
    """Its pickle would write a file."""

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("touch pwned",)


def test_no_code_runs_and_damage_is_told(truth: Motion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileFormatError):
        read_3dhp(written(tmp_path / "evil.npz", {"TS1": Malicious()}))
    assert not (tmp_path / "pwned").exists()
    path = written(tmp_path / "whole.npz", test_set(truth))
    data = path.read_bytes()
    for share in (0.0, 0.1, 0.5, 0.99):
        path.write_bytes(data[: int(share * len(data))])
        assert not is_3dhp(path)
        with pytest.raises(FileFormatError, match=r"whole\.npz"):
            read_3dhp(path)
    random = np.random.default_rng(3)
    for _ in range(30):
        spoilt = bytearray(data)
        spoilt[int(random.integers(len(spoilt)))] = int(random.integers(256))
        path.write_bytes(spoilt)
        try:
            assert all(np.isfinite(one.joints[one.valid]).all() for one in read_3dhp(path))
        except FileFormatError as error:
            assert "whole.npz" in str(error)  # noqa: PT017
