"""Every network and variant with what it reads and gives, its sizes as counted and as published, and its weights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

import torch
from torch import nn

from .mamba import MambaBlock
from .networks import hmrmamba, mdtf, posemamba, vimcan
from .networks.hiposer import SEQ_S, HiPoser, HiPoserConfig
from .shipped import shipped_networks
from .sizes import measure

FRAMES = 1  # of the clip that MACs are counted on; they are linear in it
SENSORS, CAMERA, BOTH = "6 sensors", "17 keypoints", "17 keypoints, {} sensors"
VIDEO = "17 keypoints, image features"
ROTATIONS, JOINTS, MESH = "24 rotations, translation", "17 joints", "17 joints, mesh"
# What the profiler of HiPoser's Table 5 does not see: Mamba's fused block and multi-head attention
HIPOSER_BLIND = (MambaBlock, nn.MultiheadAttention)


@dataclass(frozen=True)
class Entry:
    """One row. Parameters are numbers, MACs multiply-adds; `published` are millions as the paper prints them, as text.

    `look_ahead` is in frames; None: the whole clip of up to `frames`. `fits`: the profiler's count, rounded to the
    published digits, is the published one; None where nothing is published. MDTF's published counts are true ones.
    """

    network: str
    variant: str
    reads: str
    gives: str
    look_ahead: int | None
    frames: int | None
    profiler_params: int
    true_params: int
    published_params: str | None
    fits: bool | None
    macs_per_frame: int
    published_macs_per_frame: str | None
    weights: str | None
    licence: str | None


@dataclass(frozen=True)
class Design:
    """A row before it is measured."""

    network: str
    variant: str
    reads: str
    gives: str
    make: Callable[[], nn.Module]
    inputs: tuple[tuple[int, ...], ...]  # of a frame
    published: str | None = None
    published_macs: str | None = None
    weights: str | None = None
    frames: int | None = None
    blind: tuple[type[nn.Module], ...] = ()
    true_count: bool = False  # the paper prints the true number of parameters


def designs() -> list[Design]:
    """All rows, family by family."""
    return [*_hiposers(), *_vimcans(), *_posemambas(), *_mdtfs(), *_hmrmambas()]


def measured(design: Design) -> Entry:
    """The row, counted on a network without memory behind it: nothing is computed."""
    clip = design.frames if design.network == "HMRMamba" and design.frames else FRAMES
    with torch.device("meta"):
        network: Any = design.make()
        inputs = [torch.empty(1, clip, *shape) for shape in design.inputs]
    size = measure(network, *inputs, frames=clip, blind=design.blind)
    counted = size.true_params if design.true_count else size.profiler_params
    weights = design.weights if design.weights in shipped_networks() else None
    return Entry(
        network=design.network,
        variant=design.variant,
        reads=design.reads,
        gives=design.gives,
        look_ahead=network.look_ahead,
        frames=design.frames,
        profiler_params=size.profiler_params,
        true_params=size.true_params,
        published_params=design.published,
        fits=None if design.published is None else _rounds_to(Decimal(counted) / 10**6, design.published),
        macs_per_frame=round(size.macs_per_frame),
        published_macs_per_frame=design.published_macs,
        weights=weights,
        licence="CC0-1.0" if weights else None,
    )


def _rounds_to(value: Decimal, published: str) -> bool:
    return value.quantize(Decimal(published), ROUND_HALF_UP) == Decimal(published)


def _hiposers() -> Iterator[Design]:
    paper = HiPoserConfig(contact=False)
    shipped = HiPoserConfig(blocks=2, residual=True, sensor_skip=True, smoothing=5)
    rows: dict[str, tuple[HiPoserConfig, str | None, str | None]] = {
        "Seq-D, ours": (shipped, None, "hiposer-d"),
        "Seq-S, ours": (replace(shipped, order=SEQ_S), None, "hiposer-s"),
        "Seq-D": (paper, "0.11676", None),
        "Seq-S": (replace(paper, order=SEQ_S), "0.11676", None),
        "Seq-D, states of sensor joints": (replace(paper, states="config"), None, None),
        "Seq-D, P_init alone": (replace(paper, states="single"), None, None),
        "Seq-D, no states": (replace(paper, states="none"), None, None),
        "w/o hierarchy": (replace(paper, hierarchy=False), None, None),
        "w/o parts": (replace(paper, parts=False), None, None),
        "baseline": (replace(paper, hierarchy=False, parts=False), None, None),
        "LSTM": (replace(paper, backbone="lstm"), "1.17", None),
        "Bi-LSTM": (replace(paper, backbone="bilstm"), "2.82", None),
        "Transformer": (replace(paper, backbone="transformer"), "0.51920", None),
    }
    for variant, (config, published, weights) in rows.items():
        make = partial(HiPoser, config)
        yield Design(
            "HiPoser", variant, SENSORS, ROTATIONS, make, ((72,),), published, None, weights, None, HIPOSER_BLIND
        )


def _vimcans() -> Iterator[Design]:
    base = vimcan.VimcanConfig()
    rows: dict[str, tuple[vimcan.VimcanConfig, str | None]] = {
        "B": (base, "12.3"),
        "T": (vimcan.VARIANTS["t"], "3.9"),
        "T, causal": (vimcan.VARIANTS["t-causal"], None),
        "B, 8 sensors": (replace(base, sensors=8), None),
        "B, 3 groups": (replace(base, groups=3), "9.6"),
        "B, no groups": (replace(base, groups=0), "6.8"),
        "B, no skeleton scan": (replace(base, skeleton=False), "12.7"),
        "B, self-attention (camera alone)": (replace(base, fusion="self-attention"), None),
        "B, Cross-Mamba": (replace(base, fusion="cross-mamba"), "12.5"),
        "widths 64, 64": (replace(base, group_width=64), "1.8"),
        "widths 96, 256": (replace(base, width=96), "13.7"),
        "widths 96, 96": (replace(base, width=96, group_width=96), "4.1"),
        "widths 128, 128": (replace(base, width=128, group_width=128), "7.1"),
    }
    names = {"B": "vimcan-b", "T": "vimcan-t", "T, causal": "vimcan-t-causal"}
    for variant, (config, published) in rows.items():
        camera_alone = config.fusion == "self-attention"
        yield Design(
            network="VIMCAN",
            variant=variant,
            reads=CAMERA if camera_alone else BOTH.format(config.sensors),
            gives=JOINTS,
            make=partial(vimcan.Vimcan, config),
            inputs=((17, 2), (config.sensors, 4)),
            published=published,
            weights=names.get(variant),
            frames=None if config.causal else config.frames,
        )


def _posemambas() -> Iterator[Design]:
    published = {
        "s": ("0.860", "14.762"),
        "b": ("3.358", "57.379"),
        "l": ("6.714", "114.737"),
        "x": ("26.535", "452.3"),
    }
    small = posemamba.VARIANTS["s"]
    configs = {
        **posemamba.VARIANTS,
        "s, bidirectional": replace(small, scan="bidirectional"),
        **{f"s, unidirectional {scan}": replace(small, scan=scan) for scan in ("fs-ft", "fs-bt", "bs-ft", "bs-bt")},
    }
    for variant, config in configs.items():
        params, macs = published.get(variant, (None, None))
        yield Design(
            network="PoseMamba",
            variant=variant[:1].upper() + variant[1:].replace("-causal", ", causal"),
            reads=CAMERA,
            gives=JOINTS,
            make=partial(posemamba.PoseMamba, config),
            inputs=((17, 2),),
            published=params,
            published_macs=macs,
            weights=f"posemamba-{variant}",
            frames=None if config.causal else config.frames,
        )


def _mdtfs() -> Iterator[Design]:
    for variant, params, macs in (("tiny", "0.9", "12.8"), ("large", "4.4", "58.7")):
        config = mdtf.VARIANTS[variant]
        yield Design(
            network="MDTF",
            variant=variant.capitalize(),
            reads=f"{CAMERA} with confidence",
            gives=JOINTS,
            make=partial(mdtf.MDTF, config),
            inputs=((17, 3),),
            published=params,
            published_macs=macs,
            weights=f"mdtf-{variant}",
            frames=config.frames,
            true_count=True,
        )


def _hmrmambas() -> Iterator[Design]:
    for variant, params in (("s", "79.63"), ("l", "89.04")):
        config = hmrmamba.VARIANTS[variant]
        yield Design(
            network="HMRMamba",
            variant=variant.upper(),
            reads=VIDEO,
            gives=MESH,
            make=partial(hmrmamba.HMRMamba, config),
            inputs=((17, 2), (2048,)),
            published=params,
            frames=config.frames,
        )
