"""The published protocol on a file of MotionBERT's layout, made here."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mocamba.capture.commands.app import build_app
from mocamba.inference.h36m_evaluation import WRONG, cut, evaluate_h36m, read_h36m
from mocamba.inference.lifting import mirror_points
from mocamba.inference.networks.mdtf import MDTF, BoneAwareConfig, MDTFConfig
from mocamba.inference.networks.posemamba import PoseMamba, PoseMambaConfig
from mocamba.rig.errors import BadInputError, FileFormatError
from torch import Tensor
from typer.testing import CliRunner

SMALL = PoseMambaConfig(width=8, pairs=1, frames=9)
SEQUENCES = (
    ("s_09_act_02_subact_01_ca_01", "Directions", "54138969", 20),
    ("s_11_act_02_subact_01_ca_03", "Directions", "58860488", 9),
    ("s_09_act_03_subact_01_ca_02", "Discussion", "55011271", 5),
    (f"{WRONG[0]}_ca_01", "Eating", "60457274", 18),
)


def tables(seed: int = 0) -> dict[str, Any]:
    """Truth in mm is the picture's joints times each frame's factor, as in the published file."""
    random = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {key: [] for key in ("image", "factor", "camera_name", "source", "action")}
    for source, action, camera, count in SEQUENCES:
        rows["image"].append(500 + 100 * random.standard_normal((count, 17, 3)))
        rows["factor"] += (3 + random.random(count)).tolist()
        for key, value in (("camera_name", camera), ("source", source), ("action", action)):
            rows[key] += [value] * count
    image = np.concatenate(rows["image"])
    factor = np.array(rows["factor"])
    half = {
        "joint_2d": image[..., :2] + 2 * random.standard_normal((len(image), 17, 2)),
        "confidence": np.ones((len(image), 17, 1)),
        "joint3d_image": image,
        "joints_2.5d_image": image * factor[:, None, None],
        "2.5d_factor": factor,
        "camera_name": rows["camera_name"],
        "source": rows["source"],
        "action": rows["action"],
    }
    return {"train": {}, "test": half}


def written(path: Path, values: Any) -> Path:
    path.write_bytes(pickle.dumps(values, protocol=4))
    return path


class Oracle(PoseMamba):
    """Says the truth of the clips it is asked for, wrong by `off` in x; mirrored, if they are."""

    def __init__(self, path: Path, off: float = 0.0) -> None:
        super().__init__(SMALL)
        self.off, self.asked = off, 0
        half = tables()["test"]
        image, frames = np.array(half["joint3d_image"]), read_h36m(path)
        width = frames.size[:, None, :1]
        said = 2 * (image - image[:, :1]) / width
        self.said = torch.from_numpy(said).float()
        self.clips = list(cut(frames.source, SMALL.frames))

    def forward(self, keypoints: Tensor) -> Tensor:
        rows = torch.from_numpy(np.stack(self.clips[: len(keypoints)]))
        said = self.said[rows].clone()
        said[..., 1:, 0] += self.off
        self.asked += 1
        return said if self.asked % 2 else mirror_points(said)


def test_the_truth_has_no_error_and_a_shift_has_its_own(tmp_path: Path) -> None:
    path = written(tmp_path / "h36m.pkl", tables())
    exact = evaluate_h36m(Oracle(path), read_h36m(path))
    assert exact.P1 < 0.01
    assert set(exact.by_action) == {"Directions", "Discussion"}  # the wrong sequence is left out
    assert exact.frames == 18 + 9 + 5
    shifted = evaluate_h36m(Oracle(path, 0.02), read_h36m(path))
    frames = read_h36m(path)
    # 0.02 of 500 pixels times mm a pixel, of 16 joints in 17
    expected = {
        action: 10 * 16 / 17 * np.mean([frames.factor[k] for k in rows])
        for action, rows in {"Directions": [*range(18), *range(20, 29)], "Discussion": range(29, 34)}.items()
    }
    for action, (p1, _) in shifted.by_action.items():
        assert p1 == pytest.approx(expected[action], rel=1e-4)
    assert pytest.approx(np.mean(list(expected.values())), rel=1e-4) == shifted.P1
    assert shifted.P2 < shifted.P1


def test_clips_follow_each_other_and_short_ones_are_stretched() -> None:
    clips = list(cut(["a"] * 20 + ["b"] * 4 + [WRONG[1] + "_x"] * 30, 9))
    assert [clip[[0, -1]].tolist() for clip in clips] == [[0, 8], [9, 17], [20, 23]]
    assert all(len(clip) == 9 for clip in clips)


@pytest.mark.parametrize("kind", ["PoseMamba", "MDTF"])
def test_real_networks_run(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    small = MDTFConfig(width=8, depth=1, frames=9, bone_aware=BoneAwareConfig((8, 4)))
    network = PoseMamba(SMALL) if kind == "PoseMamba" else MDTF(small)
    frames = read_h36m(written(tmp_path / "h36m.pkl", tables()))
    with_flip, without = (evaluate_h36m(network, frames, flip=flip) for flip in (True, False))
    assert 0 < with_flip.P2 < with_flip.P1 < 5000
    assert with_flip.P1 != without.P1


def test_the_command_takes_an_authors_checkpoint(tmp_path: Path) -> None:
    data = written(tmp_path / "h36m.pkl", tables())
    torch.manual_seed(0)
    torch.save({"model_pos": PoseMamba(SMALL).state_dict()}, tmp_path / "best.bin")
    said = CliRunner().invoke(build_app(), ["evaluate", str(tmp_path / "best.bin"), "--h36m", str(data), "--json"])
    assert said.exit_code == 0, said.output
    values = json.loads(said.stdout)
    assert values["P1"] > values["P2"] > 0
    assert values["frames"] == 32
    for wrong in (["--h36m", str(data), "--motion", str(data)], []):
        refused = CliRunner().invoke(build_app(), ["evaluate", str(tmp_path / "best.bin"), *wrong])
        assert refused.exit_code != 0


def test_what_is_no_such_file_is_one_sentence(tmp_path: Path) -> None:
    good = tables()
    cases: dict[str, tuple[Any, str]] = {
        "other": ({"a": 1}, "no half 'test'"),
        "keys": ({"test": {"joint_2d": np.zeros((3, 17, 2))}}, "lacks confidence"),
        "camera": ({"test": {**good["test"], "camera_name": ["1"] * 52}}, "cameras that Human3.6M has not"),
        "shape": ({"test": {**good["test"], "joint_2d": np.zeros((3, 17, 2))}}, "arrays of shapes"),
        "nan": ({"test": {**good["test"], "joint_2d": np.full((52, 17, 2), np.nan)}}, "NaN in joint_2d"),
    }
    for name, (values, said) in cases.items():
        with pytest.raises(FileFormatError, match=said):
            read_h36m(written(tmp_path / f"{name}.pkl", values))
    only_wrong = {key: np.array(value)[34:] for key, value in good["test"].items()}
    only_wrong |= {key: only_wrong[key].tolist() for key in ("camera_name", "source", "action")}
    with pytest.raises(BadInputError, match="No sequence"):
        evaluate_h36m(PoseMamba(SMALL), read_h36m(written(tmp_path / "w.pkl", {"test": only_wrong})))
