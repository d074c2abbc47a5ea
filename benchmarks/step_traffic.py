"""What a training step of PoseMamba-S moves through memory, counted without a GPU: operation by operation.

    python benchmarks/step_traffic.py            needs Triton (pip install triton), as PyTorch for CUDA brings it

Networks on the meta device have shapes and no values: each operation is counted with all that it reads and writes once,
views with nothing. Our kernels are counted by their arguments, so the scans alone, without what they read again.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from mocamba.inference import grid_scan, selection, triton_conv, triton_scan
from mocamba.inference.networks.posemamba import PoseMamba
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

CLIPS, FRAMES = 16, 81
SHOWN = 14
KERNELS = ((triton_scan, "scan_forward"), (triton_scan, "scan_backward"))
KERNELS += ((triton_conv, "conv_forward"), (triton_conv, "conv_slope"))


def main() -> None:
    """See the module's docstring."""
    before, after = step(by_kernels=False), step(by_kernels=True)
    table = Table("operation", "plain, GB", "calls", "in orders, GB", "calls")
    names = [name for name, _ in (before.bytes | after.bytes).most_common()]
    names.sort(key=lambda name: -max(before.bytes[name], after.bytes[name]))
    for name in names[:SHOWN]:
        table.add_row(name, *row(before, name), *row(after, name))
    table.add_row("all", *(f"{x:.1f}" for m in (before, after) for x in (m.bytes.total() / 1e9, m.calls.total())))
    Console().print(f"{CLIPS} clips of {FRAMES} frames, forward and backward", table)


def row(count: "Traffic", name: str) -> tuple[str, str]:
    """Gigabytes and calls."""
    return f"{count.bytes[name] / 1e9:.2f}", str(count.calls[name])


class Traffic(TorchDispatchMode):
    """Bytes and calls by operation."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def count(self, name: str, *values: Any) -> None:
        """Tensors among the values, expanded ones as what is behind them."""
        tensors = [x for x in tree_leaves(values) if isinstance(x, Tensor)]
        self.bytes[name] += sum(x.element_size() * behind(x) for x in tensors)
        self.calls[name] += 1

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if not (func.is_view or "empty" in name or name in ("detach", "_unsafe_view")):
            self.count(name, args, kwargs, answer)
        return answer


def behind(x: Tensor) -> int:
    """Elements in memory."""
    return torch.Size(size for size, stride in zip(x.shape, x.stride(), strict=True) if stride).numel()


class Launch:
    """In a kernel's place: counts its arguments."""

    def __init__(self, name: str, count: Traffic) -> None:
        self.name, self.traffic = name, count

    def __getitem__(self, _: object) -> Any:
        return lambda *given, **_: self.traffic.count(self.name, given)


class _OldScan(torch.autograd.Function):
    """A scan of shapes alone, `(B, D, T)`, by kernels that keep and leave as much as ours."""

    @staticmethod
    def forward(ctx: Any, count: Traffic, *given: Tensor) -> tuple[Tensor, Tensor]:
        ctx.count = count
        ctx.save_for_backward(*given)
        answers = torch.empty_like(given[0]), given[0].new_empty(*given[0].shape[:2], given[2].shape[1])
        (batch, channels, length), states = given[0].shape, given[2].shape[1]
        ctx.marks = answers[0].new_empty(batch, channels, length // triton_scan.STEPS, states)
        ctx.parts = answers[0].new_empty(batch, channels // triton_scan.ROWS, length, 2 * states)
        count.count("scan_forward", given, answers, ctx.marks)
        return answers

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        answers = [torch.empty_like(x) for x in ctx.saved_tensors]
        ctx.count.count("scan_backward", ctx.saved_tensors, gradients, answers, ctx.marks, ctx.parts)
        ctx.count.count("sum", ctx.parts, answers[3:5])
        return None, *answers


@contextmanager
def pretended(count: Traffic, by_kernels: bool) -> Iterator[None]:
    """No kernel is launched."""
    with ExitStack() as stack:
        for module, name in KERNELS:
            stack.enter_context(mock.patch.object(module, name, Launch(name, count)))
        stack.enter_context(mock.patch.object(grid_scan, "has_kernels", return_value=by_kernels))
        old = lambda *given: _OldScan.apply(count, *given[:6])  # noqa: E731
        stack.enter_context(mock.patch.object(selection, "selective_scan", old))
        yield


def step(by_kernels: bool) -> Traffic:
    """One step's."""
    count = Traffic()
    with torch.device("meta"):
        network, clip = PoseMamba(), torch.randn(CLIPS, FRAMES, 17, 2)
    with pretended(count, by_kernels), count:
        torch.autograd.grad(network(clip).sum(), list(network.parameters()))
    return count


if __name__ == "__main__":
    main()
