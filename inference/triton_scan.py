"""The selective scan on a GPU by kernels of our own, forward and backward: float32, any length, from any state.

They need Triton alone, which comes with PyTorch's CUDA builds. mamba-ssm's kernel has to be compiled by its user,
starts from zeros, and adds the maps' gradients by one atomic operation for each frame, channel and state.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .scan_kernels import scan_backward, scan_forward

ROWS = 8  # channels a program: what a warp's registers hold in the backward kernel, with eight frames
STEPS = 8  # frames between two states that are kept for it


class _Cut(NamedTuple):
    """`programs` of a scan; `sizes`: frames in all, channels of a group, states, chunks; constants of the kernels."""

    programs: tuple[int, int, int]
    sizes: tuple[int, int, int, int]
    constants: dict[str, int]


def _cut(u: Tensor, maps: Tensor) -> _Cut:
    batch, channels, length = u.shape
    groups, states = maps.shape[1:3]
    width = channels // groups
    constants = {"ROWS": ROWS, "STATES": 2 ** math.ceil(math.log2(states)), "STEPS": STEPS, "num_warps": 1}
    sizes = (length, width, states, math.ceil(length / STEPS))
    return _Cut((batch, groups, math.ceil(width / ROWS)), sizes, constants)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        u, delta, A, b, c, d = (values.contiguous() for values in inputs[:6])
        cut, rates = _cut(u, b), A.T.contiguous() / math.log(2)
        y, marks = torch.empty_like(u), u.new_empty(len(u), cut.sizes[3] + 1, *rates.shape)
        marks[:, 0] = inputs[6].mT
        scan_forward[cut.programs](u, delta, rates, b, c, d, y, marks, *cut.sizes, **cut.constants)
        ctx.save_for_backward(u, delta, b, c, d, rates, marks)
        return y, marks[:, -1].mT.contiguous()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        u, delta, b, c, d, rates, marks = ctx.saved_tensors
        dy, carry, cut = gradients[0].contiguous(), gradients[1].mT.contiguous(), _cut(u, b)
        du, ddelta, dA = torch.empty_like(u), torch.empty_like(u), torch.empty_like(carry)
        parts = (*b.shape[:2], cut.programs[2], b.shape[3], b.shape[2])
        db, dc = u.new_empty(parts), u.new_empty(parts)
        given = (u, delta, rates, b, c, d, marks, dy, du, ddelta, db, dc, dA, carry)
        scan_backward[cut.programs](*given, *cut.sizes, **cut.constants)
        return du, ddelta, dA.sum(0).T, db.sum(2).mT, dc.sum(2).mT, (dy * u).sum((0, 2)), carry.mT


def triton_scan(
    u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As `scan.selective_scan`, on CUDA tensors in float32."""
    state = u.new_zeros(len(u), *A.shape) if state is None else state
    y, last = _Scan.apply(u, delta, A, b, c, d, state)  # type: ignore[no-untyped-call]
    return y, last
