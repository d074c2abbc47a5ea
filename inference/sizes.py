"""How large a network is: as the papers' profiler counts, and in truth.

Papers of this family report what the profiler `thop` sees: the parameters and multiply-adds of layers that are called
as modules. Bare parameters (the selections of a scan), the scan itself, and layers whose weights a fused kernel takes
without calling them, count nothing. Rules per layer are thop's (0.1.1): a linear layer in·out a row, a LayerNorm four
operations an element (two in versions before 0.1), a convolution its kernel an output, an LSTM or GRU its gates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Size:
    """`profiler_params` and `profiler_macs` as a profiler counts; `true_params` all there are.

    MACs are of the whole call, with `frames` frames of one sequence in it.
    """

    profiler_params: int
    true_params: int
    profiler_macs: int
    frames: int

    @property
    def macs_per_frame(self) -> float:
        """Multiply-adds of one frame, as a profiler counts."""
        return self.profiler_macs / self.frames


@torch.no_grad()
def measure(network: nn.Module, *inputs: Any, frames: int, blind: tuple[type[nn.Module], ...] = ()) -> Size:
    """Sizes of a network from one call of it with `inputs`, one sequence of `frames` frames.

    `blind`: modules that the published implementation runs as one fused kernel, of which a profiler sees nothing.
    """
    hidden = {part for module in network.modules() if isinstance(module, blind) for part in module.modules()}
    seen: dict[nn.Module, int] = {}
    handles = [
        module.register_forward_hook(_count(seen, MACS[type(module)]))
        for module in network.modules()
        if type(module) in MACS and module not in hidden
    ]
    try:
        network.eval()(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    visible = sum(p.numel() for module in seen for p in module.parameters())
    return Size(visible, sum(p.numel() for p in network.parameters()), sum(seen.values()), frames)


def _count(seen: dict[nn.Module, int], macs: Callable[..., int]) -> Callable[..., None]:
    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Any) -> None:
        seen[module] = seen.get(module, 0) + macs(module, inputs[0], output)

    return hook


def _linear(layer: nn.Linear, x: Tensor, y: Tensor) -> int:
    return layer.in_features * y.numel()


def _normed(layer: nn.Module, x: Tensor, y: Tensor) -> int:
    return 4 * x.numel()


def _convolution(layer: nn.Conv1d | nn.Conv2d, x: Tensor, y: Tensor) -> int:
    return y.numel() * layer.in_channels // layer.groups * layer.weight[0, 0].numel()


def _recurrent(layer: nn.LSTM | nn.GRU, x: Tensor, y: Any) -> int:
    gates = 4 if isinstance(layer, nn.LSTM) else 3
    ways = 2 if layer.bidirectional else 1
    width, total = layer.hidden_size, 0
    for k in range(layer.num_layers):
        inputs = layer.input_size if k == 0 else width * ways
        cell = gates * ((inputs + width) * width + 3 * width) + 4 * width
        total += ways * cell
    return total * x.shape[0] * x.shape[1]


MACS: dict[type[nn.Module], Callable[..., int]] = {
    nn.Linear: _linear,
    nn.LayerNorm: _normed,
    nn.BatchNorm1d: _normed,
    nn.Conv1d: _convolution,
    nn.Conv2d: _convolution,
    nn.LSTM: _recurrent,
    nn.GRU: _recurrent,
}
