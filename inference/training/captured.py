"""A training loss and its gradients as one CUDA graph."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import lightning
import torch
from torch import Tensor, nn

from ..cuda_graph import recorded

Terms = dict[str, Tensor]


def can_capture(task: lightning.LightningModule) -> bool:
    """One GPU in full precision: scaled losses and gradients that are exchanged between GPUs are not in a graph."""
    trainer = task.trainer
    return task.device.type == "cuda" and trainer.world_size == 1 and trainer.precision == "32-true"


class CapturedLoss:
    """`loss(*inputs)`, always on inputs of the shapes of `example`, for a network of `parameters` that stay in place.

    CUDA alone. The sum of the answer's terms can be differentiated; the graph has its gradients ready.
    """

    def __init__(
        self, loss: Callable[..., Terms], parameters: Iterable[nn.Parameter], example: Sequence[Tensor]
    ) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self._loss = loss
        self._inputs = [values.clone() for values in example]
        self._graph, (self._terms, self.sum, self.gradients) = recorded(self._run)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, Terms]:
        """The sum of the terms, which has gradients, and the terms, which have none."""
        torch._foreach_copy_(self._inputs, list(inputs))
        self._graph.replay()
        total: Tensor = _Replayed.apply(self, *self.parameters)  # type: ignore[no-untyped-call]
        return total, {name: value.clone() for name, value in self._terms.items()}

    def _run(self) -> tuple[Terms, Tensor, tuple[Tensor | None, ...]]:
        terms = self._loss(*self._inputs)
        total = torch.stack(list(terms.values())).sum()
        gradients = torch.autograd.grad(total, self.parameters, allow_unused=True)
        return {name: value.detach() for name, value in terms.items()}, total.detach(), gradients


class _Replayed(torch.autograd.Function):
    """Hands autograd the gradients that a replay left in the graph's memory."""

    @staticmethod
    def forward(ctx: Any, captured: CapturedLoss, *parameters: Tensor) -> Tensor:
        ctx.captured = captured
        return captured.sum.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        ready = ctx.captured.gradients
        scaled = iter(torch._foreach_mul([mine for mine in ready if mine is not None], gradient))
        return (None, *(None if mine is None else next(scaled) for mine in ready))
