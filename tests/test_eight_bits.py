"""Weights at 8 bits: what is lost, and what is refused."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.networks.vimcan import Vimcan, VimcanConfig
from mocamba.inference.weights_file import WeightsCard, load_weights, save_weights
from mocamba.rig.errors import FileFormatError
from safetensors.torch import load_file, save_file

SMALL = VimcanConfig(width=8, group_width=16, pairs=1, frames=9, drop_path=0.0)
CARD = WeightsCard("small", "none", "CC0-1.0")


def network(seed: int = 0) -> Vimcan:
    torch.manual_seed(seed)
    return Vimcan(SMALL).eval()


def test_every_weight_comes_back_within_half_a_step_of_its_row(tmp_path: Path) -> None:
    before = network()
    before.spread.weight.data[3] = 0.0
    before.spread.weight.data[4] *= 1e3
    save_weights(before, CARD, tmp_path / "a.safetensors", bits=8)
    after = load_weights(str(tmp_path / "a.safetensors")).network
    for name, value in before.state_dict().items():
        found = after.state_dict()[name]
        if value.dim() < 2:
            torch.testing.assert_close(found, value, rtol=1e-3, atol=1e-4)
            continue
        step = value.flatten(1).abs().amax(1) / 127
        error = (found - value).flatten(1).abs().amax(1)
        assert (error <= 0.5 * step + 2e-3 * 127 * step + 1e-5).all(), name
    assert (after.state_dict()["spread.weight"][3] == 0).all()


@settings(deadline=None, max_examples=20)  # files are written
@given(st.integers(0, 1000))
def test_poses_hardly_change(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    path = tmp_path_factory.mktemp("weights") / "b.safetensors"
    before = network(seed)
    save_weights(before, CARD, path, bits=8)
    after = load_weights(str(path)).network
    keypoints, turns = torch.rand(1, 9, 17, 2), torch.nn.functional.normalize(torch.rand(1, 9, 6, 4), dim=-1)
    with torch.inference_mode():
        assert (before(keypoints, turns) - after(keypoints, turns)).abs().max() < 0.1


def test_they_take_half_the_room(tmp_path: Path) -> None:
    big = Vimcan(VimcanConfig(width=32, group_width=64, pairs=1))
    for name, bits in (("16", 16), ("8", 8)):
        save_weights(big, CARD, tmp_path / name, bits=bits)
    assert (tmp_path / "8").stat().st_size < 0.62 * (tmp_path / "16").stat().st_size


def test_a_file_whose_scales_do_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_weights(network(), CARD, path, bits=8)
    tensors = load_file(path)
    tensors["spread.weight@scale"] = tensors["spread.weight@scale"][:3]
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    save_file(tensors, path, metadata=header)
    with pytest.raises(FileFormatError):
        load_weights(str(path))
