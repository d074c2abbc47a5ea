"""Sizes against the published ones, to the digits given; and the command that prints them."""

import json
from typing import Any

import pytest
import torch
from mocamba.capture.commands.app import build_app
from mocamba.inference import catalog
from mocamba.inference.catalog import Entry, designs, measured
from mocamba.inference.sizes import measure
from torch import nn
from typer.testing import CliRunner


@pytest.fixture(scope="module")
def entries() -> dict[tuple[str, str], Entry]:
    rows = [measured(design) for design in designs()]
    assert len({(row.network, row.variant) for row in rows}) == len(rows)
    return {(row.network, row.variant): row for row in rows}


# What no known layout gives to the digit; docs/networks says by how much and why
MISFITS = {
    ("VIMCAN", "B, no groups"),
    ("VIMCAN", "B, no skeleton scan"),
    ("VIMCAN", "widths 96, 96"),
    ("HMRMamba", "S"),
    ("HMRMamba", "L"),
}


def test_published_sizes_fit_but_for_those_listed(entries: dict[tuple[str, str], Entry]) -> None:
    published = {key for key, row in entries.items() if row.published_params}
    assert len(published) == 23
    assert {key for key in published if not entries[key].fits} == MISFITS


@pytest.mark.parametrize(
    ("network", "variant", "profiler", "true"),
    [
        ("HiPoser", "Seq-D", 116_763, 582_683),
        ("HiPoser", "LSTM", 1_173_531, 1_173_531),
        ("HiPoser", "Bi-LSTM", 2_820_123, 2_820_123),
        ("HiPoser", "Transformer", 519_195, 1_311_771),
        ("PoseMamba", "S", 859_651, 1_470_211),
        ("PoseMamba", "X", 26_534_915, 33_318_915),
        ("VIMCAN", "B", 12_265_219, 14_422_211),
        ("MDTF", "Tiny", 869_827, 933_795),
        ("MDTF", "Large", 4_269_715, 4_424_307),
    ],
)
def test_counts(entries: dict[tuple[str, str], Entry], network: str, variant: str, profiler: int, true: int) -> None:
    row = entries[network, variant]
    assert (row.profiler_params, row.true_params) == (profiler, true)


@pytest.mark.parametrize(("variant", "giga"), [("S", "3.587"), ("B", "13.943"), ("L", "27.881"), ("X", "109.909")])
def test_macs_of_posemamba_are_the_published_ones(
    entries: dict[tuple[str, str], Entry], variant: str, giga: str
) -> None:
    """The published ones, of a clip of 243 frames."""
    assert f"{entries['PoseMamba', variant].macs_per_frame * 243 / 1e9:.3f}" == giga


def test_look_ahead_of_the_causal_networks_is_none_at_all(entries: dict[tuple[str, str], Entry]) -> None:
    causal = {key for key, row in entries.items() if row.look_ahead == 0}
    assert {key for key in causal if key[0] != "HiPoser"} == {("VIMCAN", "T, causal"), ("PoseMamba", "S, causal")}
    assert ("HiPoser", "Bi-LSTM") not in causal
    assert ("HiPoser", "Seq-D, ours") in causal


def test_a_layer_is_counted_by_its_rule() -> None:
    """By hand, on one sequence of five frames."""
    x = torch.zeros(1, 5, 4)
    cases: list[tuple[nn.Module, Any, int, int]] = [
        (nn.Linear(4, 6), x, 30, 5 * 24),
        (nn.LayerNorm(4), x, 8, 5 * 16),
        (nn.Conv1d(4, 4, 3, padding=1, groups=4), x.mT, 16, 5 * 4 * 3),
        (nn.LSTM(4, 3, batch_first=True), x, 4 * 3 * 7 + 24, 5 * (4 * ((4 + 3) * 3 + 9) + 12)),
    ]
    for layer, given, params, macs in cases:
        size = measure(layer, given, frames=5)
        assert (size.profiler_params, size.profiler_macs) == (params, macs)
        assert size.true_params == params
    hidden = measure(nn.Sequential(nn.Linear(4, 4), nn.LSTM(4, 3)), x, frames=5, blind=(nn.LSTM,))
    assert hidden.profiler_params == 20
    assert hidden.true_params > 20


def test_the_command_prints_the_table(entries: dict[tuple[str, str], Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner()
    said = runner.invoke(build_app(), ["networks", "--json"])
    assert said.exit_code == 0
    rows = json.loads(said.stdout)["networks"]
    assert {row["network"] for row in rows} == {"HiPoser", "VIMCAN", "PoseMamba", "MDTF", "HMRMamba"}
    row = next(row for row in rows if row["variant"] == "Seq-D, ours")
    assert row["weights"] == "hiposer-d"
    assert row["licence"] == "CC0-1.0"
    # counted once more it would be the same
    monkeypatch.setattr(catalog, "measured", lambda design: entries[design.network, design.variant])
    shown = runner.invoke(build_app(), ["networks"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert "12.7 ✗" in shown.stdout
