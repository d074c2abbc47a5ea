"""The training runs behind the shipped weights and the tables, by name."""

from dataclasses import replace
from typing import Any

from ..losses import TERMS, Term
from ..networks import mdtf, posemamba, vimcan
from ..networks.hiposer import SEQ_S, HiPoserConfig
from .hiposer import TrainingConfig
from .lifting import PLAIN, LifterConfig, LiftingTraining
from .windows import Augmentation
from .worn import HEAVIER

WIDTHS = ((64, 64), (96, 256), (96, 96), (128, 128))  # VIMCAN's, of its Table 6; B and T are the other two
VARIABLE = tuple(range(9, 82, 9))  # frames of a clip: VIMCAN's variable-length training

# Of networks that read a camera: what is shipped, and what stands beside it. Rows of the papers' tables take ROW_STEPS
STEPS = {
    "vimcan-b": 16000,
    "vimcan-b-camera": 16000,
    "vimcan-t": 6000,
    "vimcan-t-causal": 6000,
    "posemamba-s": 10000,
    "posemamba-s-causal": 8000,
    "mdtf-tiny": 6000,
}
ROW_STEPS = 1600

# What the ablation keeps. Whether other body sizes help stayed open; its first trainings said that they do not
KEPT = Augmentation(size=0.0, proportions=0.0, even=0.5)
_SHIPPED = HiPoserConfig(blocks=2, residual=True, sensor_skip=True, dropout=0.1, smoothing=5)
_PAPER = HiPoserConfig(sensor_skip=True, smoothing=5)


def _run(network: HiPoserConfig, steps: int = 2200, rate: float = 2e-3) -> TrainingConfig:
    return TrainingConfig(network=network, augmentation=KEPT, steps=steps, rate=rate)


def _lifting(network: LifterConfig, **changes: Any) -> LiftingTraining:
    return LiftingTraining(replace(network, framed=True), **changes)


def _vimcan_rows(network: vimcan.VimcanConfig) -> dict[str, LiftingTraining]:
    """What the paper's tables change of VIMCAN."""
    return {
        "variable": _lifting(network, lengths=VARIABLE),
        **{str(frames): _lifting(network, lengths=(frames,)) for frames in (9, 27, 81)},
        "8-sensors": _lifting(replace(network, sensors=8)),
        "camera": _lifting(replace(network, fusion="self-attention")),
        "cross-mamba": _lifting(replace(network, fusion="cross-mamba")),
        "3-groups": _lifting(replace(network, groups=3)),
        "no-groups": _lifting(replace(network, groups=0)),
        "no-skeleton": _lifting(replace(network, skeleton=False)),
        "as-recorded": _lifting(network, augmentation=Augmentation(clip_start=0.0)),  # people too
    }


def _posemamba_rows() -> dict[str, LiftingTraining]:
    """What the paper's tables change of PoseMamba-S."""
    network = posemamba.VARIANTS["s"]
    scans: tuple[posemamba.Scan, ...] = ("fs-ft", "fs-bt", "bs-ft", "bs-bt", "bidirectional")
    losses: dict[str, tuple[Term, ...]] = {
        "mpjpe": ("position",),
        "mpjpe-scaled": ("position", "scaled"),
        "mpjpe-temporal": ("position", "velocity", "consistency"),
    }
    return {
        **{scan: _lifting(replace(network, scan=scan)) for scan in scans},
        **{name: _lifting(network, losses=terms) for name, terms in losses.items()},
        "whole-picture": LiftingTraining(network),
    }


_LIFTERS = {
    **{f"vimcan-{name}": _lifting(config) for name, config in vimcan.VARIANTS.items()},
    **{f"vimcan-{size}-{name}": run for size in "bt" for name, run in _vimcan_rows(vimcan.VARIANTS[size]).items()},
    **{f"vimcan-{w}-{g}": _lifting(vimcan.VimcanConfig(width=w, group_width=g)) for w, g in WIDTHS},
    **{f"posemamba-{name}": _lifting(config) for name, config in posemamba.VARIANTS.items()},
    **{f"posemamba-s-{name}": run for name, run in _posemamba_rows().items()},
    **{f"mdtf-{name}": _lifting(config, losses=TERMS[:3]) for name, config in mdtf.VARIANTS.items()},
}
PRESETS: dict[str, TrainingConfig | LiftingTraining] = {
    "hiposer-d": _run(_SHIPPED),
    "hiposer-s": _run(replace(_SHIPPED, order=SEQ_S)),
    # one block a level, no residual: the paper's size; it learns more slowly
    "hiposer-d-paper": _run(_PAPER, steps=4000),
    "hiposer-s-paper": _run(replace(_PAPER, order=SEQ_S), steps=4000),
    "hiposer-d-lstm": _run(replace(_SHIPPED, backbone="lstm"), rate=1e-3),
    "hiposer-d-bilstm": _run(replace(_SHIPPED, backbone="bilstm"), rate=1e-3),
    "hiposer-d-transformer": _run(replace(_SHIPPED, backbone="transformer"), rate=1e-3),
    "hiposer-d-no-hierarchy": _run(replace(_SHIPPED, hierarchy=False)),
    "hiposer-d-no-parts": _run(replace(_SHIPPED, parts=False)),
    "hiposer-d-baseline": _run(replace(_SHIPPED, hierarchy=False, parts=False)),
    "hiposer-d-state-config": _run(replace(_SHIPPED, states="config")),
    "hiposer-d-state-single": _run(replace(_SHIPPED, states="single")),
    "hiposer-d-state-none": _run(replace(_SHIPPED, states="none")),
    **{name: replace(run, steps=STEPS.get(name, ROW_STEPS)) for name, run in _LIFTERS.items()},
}

# What each way to make more of little motion is worth: the same run without it, or with one that is not used
_ALL = Augmentation()
_WAYS: dict[str, Augmentation] = {
    "all": _ALL,
    "none": PLAIN,
    "no-mirror": replace(_ALL, mirror=0.0),
    "no-recombination": replace(_ALL, recombine=0.0),
    "no-perturbation": replace(_ALL, offset=0.0, wobble=0.0),
    "no-body-sizes": replace(_ALL, size=0.0, proportions=0.0),
    "no-speed": replace(_ALL, speed=0.0),
    "invented": replace(_ALL, invented=0.15),
    "even": replace(_ALL, even=0.5),
}
ABLATIONS: dict[str, TrainingConfig] = {
    name: replace(_run(replace(_SHIPPED, order=SEQ_S), steps=1000), augmentation=way) for name, way in _WAYS.items()
}
ABLATIONS["clean-sensors"] = replace(ABLATIONS["all"], clean=1.0)
ABLATIONS["heavier-sensors"] = replace(ABLATIONS["all"], errors=HEAVIER)
