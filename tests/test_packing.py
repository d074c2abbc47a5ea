"""Weights at 4 to 7 bits: what comes back, what is lost, and what is refused."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.networks.vimcan import Vimcan, VimcanConfig
from mocamba.inference.packing import BITS, GROUP, pack, unpack
from mocamba.inference.shipped import network_table
from mocamba.inference.weights_file import SMALL, WeightsCard, load_weights, save_weights
from mocamba.rig.errors import FileFormatError
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

CARD = WeightsCard("small", "none", "CC0-1.0")
KEY = "spread.weight"  # large enough to be packed
shapes = st.lists(st.integers(1, 40), min_size=1, max_size=3).map(tuple)


def drawn(shape: tuple[int, ...], seed: int, size: float = 1.0) -> Tensor:
    return size * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None)
@given(shapes, st.sampled_from(BITS), st.integers(0, 2**31), st.sampled_from([1e-3, 1.0, 300.0]))
def test_every_weight_comes_back_within_a_step_of_its_group(
    shape: tuple[int, ...], bits: int, seed: int, size: float
) -> None:
    weights = drawn(shape, seed, size)
    planes, scales = pack(weights, bits)
    assert planes.shape == (bits, -(-weights.numel() // 8))
    found = unpack(planes, scales, weights.shape)
    assert found.dtype == torch.float32
    flat, again = weights.flatten(), found.flatten()
    for k, scale in enumerate(scales.float().abs()):
        part = slice(k * GROUP, (k + 1) * GROUP)
        levels = again[part] / scales[k].float()
        torch.testing.assert_close(levels, levels.round(), rtol=0, atol=1e-3)
        near = flat[part].abs() <= (2 ** (bits - 1) - 1) * scale  # others are clipped to the outermost number
        assert ((again - flat)[part][near].abs() <= 0.501 * scale).all()


@settings(deadline=None)
@given(shapes, st.sampled_from(BITS), st.integers(0, 2**31))
def test_it_loses_no_more_than_plain_rounding(shape: tuple[int, ...], bits: int, seed: int) -> None:
    """The plain reference: the largest weight of a group is the last number."""
    weights = drawn(shape, seed)
    flat = np.pad(weights.numpy().ravel(), (0, -weights.numel() % GROUP)).reshape(-1, GROUP)
    step = np.abs(flat).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    plain = float(((np.round(flat / step) * step - flat) ** 2).sum())
    packed = float(((unpack(*pack(weights, bits), weights.shape) - weights) ** 2).sum())
    assert packed <= 1.02 * plain + 2.0**-20 * float(weights.square().sum())  # scales are float16


@settings(deadline=None)
@given(st.sampled_from(BITS), st.integers(0, 2**31), st.integers(1, 5))
def test_what_was_packed_is_packed_again_without_loss(bits: int, seed: int, groups: int) -> None:
    random = torch.Generator().manual_seed(seed)
    half = 2 ** (bits - 1)
    whole = torch.randint(-half, half, (groups, GROUP), generator=random).float()
    whole[:, 0] = -half
    weights = whole * torch.tensor([2.0**-k for k in range(groups)])[:, None]
    assert torch.equal(unpack(*pack(weights, bits), weights.shape), weights)


@pytest.mark.parametrize("bits", BITS)
def test_zeros_stay_and_what_is_no_number_is_not_hidden(bits: int) -> None:
    weights = drawn((4, GROUP), 0)
    weights[1] = 0.0
    weights[2, 5] = torch.nan
    found = unpack(*pack(weights, bits), weights.shape)
    assert (found[1] == 0).all()
    assert found[2].isnan().any()
    assert found[[0, 3]].isfinite().all()


def test_more_bits_lose_less() -> None:
    weights = drawn((64, 256), 1)
    lost = [float((unpack(*pack(weights, bits), weights.shape) - weights).square().mean()) for bits in BITS]
    assert all(more > 3 * fewer for more, fewer in pairwise(lost))


@pytest.fixture(scope="module")
def network() -> Vimcan:
    torch.manual_seed(0)
    return Vimcan(VimcanConfig(width=16, group_width=16, pairs=1, frames=9, drop_path=0.0)).eval()


@pytest.mark.parametrize("bits", BITS)
def test_files_of_few_bits_are_small_and_load_like_any_other(
    network: Vimcan, tmp_path: Path, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = network.state_dict()
    sizes = {}
    for each in (bits, 8):
        save_weights(network, CARD, tmp_path / f"{each}.safetensors", bits=each)
        sizes[each] = (tmp_path / f"{each}.safetensors").stat().st_size
    assert sizes[bits] < sizes[8]
    loaded = load_weights(str(tmp_path / f"{bits}.safetensors"))
    assert loaded.card == CARD
    for key, found in loaded.network.state_dict().items():
        finest = 127 if before[key].numel() < SMALL else 2 ** (bits - 1) - 1
        step = before[key].abs().max() / finest  # 0.29 of it are lost by plain rounding, root mean square
        assert (found - before[key]).square().mean().sqrt() <= 0.33 * step + 1e-4, key
    monkeypatch.setenv("MOCAMBA_WEIGHTS", str(tmp_path))
    table = {row.name: row for row in network_table()}
    assert table[str(bits)].params == sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("bits", [0, 1, 3, 9, 12, 32])
def test_other_bits_are_not_written(network: Vimcan, tmp_path: Path, bits: int) -> None:
    with pytest.raises(ValueError, match="16 or with 4 to 8 bits"):
        save_weights(network, CARD, tmp_path / "a.safetensors", bits=bits)
    assert not list(tmp_path.iterdir())


def rewritten(path: Path, **changes: Tensor) -> None:
    tensors = load_file(path)
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    save_file({**tensors, **{key.replace("__", KEY): value for key, value in changes.items()}}, path, metadata=header)


def test_damage_is_told_with_file_and_key(network: Vimcan, tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    save_weights(network, CARD, path, bits=5)
    whole, tensors = path.read_bytes(), load_file(path)
    planes, scales = tensors[KEY], tensors[KEY + "@scale"]
    faults = {
        "3 bits a weight": {"__": planes[:3]},
        "9 bits a weight": {"__": torch.cat([planes, planes[:4]])},
        "0 bits a weight": {"__": planes[0, 0].clone()},
        "does not hold": {"__": planes[:, :-1].contiguous()},
        "does not hold the": {"__@scale": scales[:-1]},
        "scales that do not fit": {"__": planes.to(torch.int16)},
        "not numbers": {"__@scale": torch.full_like(scales, torch.nan)},
    }
    for said, changes in faults.items():
        path.write_bytes(whole)
        rewritten(path, **changes)
        with pytest.raises(FileFormatError, match=rf"small\.safetensors.*{KEY}.*{said}"):
            load_weights(str(path))
    path.write_bytes(whole)
    rewritten(path, **{"__@scale": scales})
    load_weights(str(path))


@settings(deadline=None, max_examples=40)  # files are written
@given(st.floats(0, 0.999))
def test_a_file_cut_off_anywhere_is_told(tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.safetensors"
    if not hasattr(test_a_file_cut_off_anywhere_is_told, "whole"):
        torch.manual_seed(0)
        save_weights(Vimcan(VimcanConfig(width=8, group_width=16, pairs=1, frames=9)), CARD, path, bits=4)
        test_a_file_cut_off_anywhere_is_told.whole = path.read_bytes()  # type: ignore[attr-defined]
    whole: bytes = test_a_file_cut_off_anywhere_is_told.whole  # type: ignore[attr-defined]
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileFormatError, match=r"cut\.safetensors"):
        load_weights(str(path))


def test_weights_are_shipped_with_their_bits_and_scores(
    network: Vimcan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mocamba.tools import ship_weights

    card = WeightsCard("vimcan-t", "", "")
    save_weights(network, card, tmp_path / "run.safetensors")
    row = {"network": "vimcan-t", "shard": "cmu", "protocol": "perfect", **dict.fromkeys(ship_weights.SCORES, 1.234)}
    (tmp_path / "table.json").write_text(json.dumps([row]))
    command = ["", str(tmp_path / "run.safetensors"), "--out", str(tmp_path / "out")]
    sizes = {}
    for bits, more in ((6, ["--table", str(tmp_path / "table.json")]), (4, ["--bits", "4"])):
        monkeypatch.setattr("sys.argv", command + more)
        ship_weights.main()
        assert f"{bits} bits a weight" in capsys.readouterr().out
        sizes[bits] = (tmp_path / "out" / "vimcan-t.safetensors").stat().st_size
        found = load_weights(str(tmp_path / "out" / "vimcan-t.safetensors")).card
        if bits == 6:
            assert found.licence == "CC0-1.0"
            assert found.scores["cmu, perfect"]["MPJPE"] == 1.23
        else:
            assert found == card
    assert sizes[4] < sizes[6]
