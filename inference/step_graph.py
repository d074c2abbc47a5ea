"""A causal network's step on a GPU, as one CUDA graph."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from .cuda_graph import recorded
from .doors import check_finite

Step = Callable[..., tuple[Tensor, Any]]
_RECORDED: "WeakKeyDictionary[nn.Module, StepGraph]" = WeakKeyDictionary()  # recording takes longer than a second


def step_of(network: Any) -> Step:
    """`network.step` as fast as its device can do it, on inputs from anywhere and with an answer on the CPU.

    A state goes back to whichever call follows it, of the same network.
    """
    device = next(network.parameters()).device

    def step(*inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        there = [values.to(device) for values in inputs]
        if device.type != "cuda":
            pose, after = network.step(*there, state)
            return pose.cpu(), after
        for values in inputs:  # a graph does not look at what it is given
            check_finite(type(network).__name__, "inputs", values[:, None])
        if network not in _RECORDED:
            _RECORDED[network] = StepGraph(network, there)
        pose, after = _RECORDED[network](there, state)
        return pose.cpu(), after

    return step


class StepGraph:
    """`network.step` for inputs of the shapes of `inputs`. The network has to outlive it."""

    def __init__(self, network: Any, inputs: list[Tensor]) -> None:
        self._inputs = [values.clone() for values in inputs]
        _, before = network.step(*self._inputs, None)
        self._before = tensors(before)
        self._zeros = [torch.zeros_like(values) for values in self._before]  # what None stands for

        def run() -> tuple[Tensor, list[Tensor]]:
            pose, after = network.step(*self._inputs, before)
            return pose, tensors(after)

        self._graph, (self._pose, self._after) = recorded(run)

    def __call__(self, inputs: list[Tensor], state: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """The pose and what is remembered after it."""
        torch._foreach_copy_(self._inputs, inputs)
        torch._foreach_copy_(self._before, self._zeros if state is None else state)
        self._graph.replay()
        return self._pose.clone(), [values.clone() for values in self._after]


def tensors(state: Any) -> list[Tensor]:
    """All that a network remembers, whatever tuples it lies in."""
    return [state] if isinstance(state, Tensor) else [values for part in state for values in tensors(part)]
