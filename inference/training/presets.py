"""The training runs behind the shipped weights and the tables, by name."""

from dataclasses import replace

from ..networks import mdtf, posemamba, vimcan
from ..networks.hiposer import SEQ_S, HiPoserConfig
from .hiposer import TrainingConfig
from .lifting import LiftingTraining

VARIABLE = tuple(range(9, 82, 9))  # frames of a clip: VIMCAN's variable-length training

_SHIPPED = HiPoserConfig(blocks=2, residual=True, sensor_skip=True, dropout=0.1, smoothing=5)
_PAPER = HiPoserConfig(sensor_skip=True, smoothing=5)


def _run(network: HiPoserConfig, steps: int = 2200, rate: float = 2e-3) -> TrainingConfig:
    return TrainingConfig(network=network, steps=steps, rate=rate)


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
    **{f"vimcan-{name}": LiftingTraining(config) for name, config in vimcan.VARIANTS.items()},
    "vimcan-b-variable": LiftingTraining(lengths=VARIABLE),
    **{f"posemamba-{name}": LiftingTraining(config) for name, config in posemamba.VARIANTS.items()},
    **{f"mdtf-{name}": LiftingTraining(config) for name, config in mdtf.VARIANTS.items()},
}
