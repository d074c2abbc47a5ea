"""A causal network's step on a GPU, as one CUDA graph."""

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from .cuda_graph import recorded
from .doors import check_finite

_RECORDED: "WeakKeyDictionary[nn.Module, StepGraph]" = WeakKeyDictionary()  # recording takes longer than a second


class GraphedSteps:
    """One performer's frames through `network.step`; performers of one network share its graph. Inputs and answer are
    on the CPU."""

    def __init__(self, network: Any, device: torch.device) -> None:
        self._network, self._device = network, device
        self._state: list[Tensor] | None = None

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The next frame. Raises BadInputError for what is not a number, at which a graph does not look."""
        for values in inputs:
            check_finite(type(self._network).__name__, "inputs", values[:, None])
        there = [values.to(self._device) for values in inputs]
        if self._network not in _RECORDED:
            _RECORDED[self._network] = StepGraph(self._network, there)
        pose, self._state = _RECORDED[self._network](there, self._state)
        return pose.cpu()


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
