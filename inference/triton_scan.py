"""The selective scan on a GPU by kernels of our own, forward and backward: float32, any length, order and state.

They need Triton alone, which comes with PyTorch's CUDA builds. mamba-ssm's kernel has to be compiled by its user,
starts from zeros, and adds the maps' gradients by one atomic operation for each frame, channel and state.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .scan_kernels import scan_backward, scan_forward

ROWS = 8  # channels a program: more of them exchange less, fewer make more programs
STEPS = 8  # tokens between two states that are kept: more of them store less and hold more registers


class _Cut(NamedTuple):
    """`programs` of a scan; `sizes`: tokens of a line, chunks, tokens of an item; `strides` of sources and, in units,
    of the maps; constants of the kernels."""

    programs: tuple[int, int, int]
    sizes: tuple[int, int, int]
    strides: tuple[int, ...]
    constants: dict[str, int]


def _cut(u: Tensor, b: Tensor, order: Tensor) -> _Cut:
    """`b`'s strides stand for those of both maps."""
    (sources, batch, tokens, channels), (ways, lines, length), states = u.shape, order.shape, b.shape[-1]
    unit = 4 if all(stride % 4 == 0 for stride in b.stride()[:-1]) else 1  # such are read four at once
    constants = {"SOURCES": sources, "CHANNELS": channels, "N": states, "UNIT": unit, "num_warps": 1}
    constants |= {"ROWS": ROWS, "STATES": 2 ** math.ceil(math.log2(states)), "STEPS": STEPS}
    programs = (batch * lines, ways, math.ceil(channels / ROWS))
    strides = (u.stride(0), *(stride // unit for stride in b.stride()[:-1]))
    return _Cut(programs, (length, math.ceil(length / STEPS), tokens), strides, constants)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, softplus: bool, keep: bool, order: Tensor, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        u, b, c = _side_by_side(inputs[0]), *_alike(inputs[3], inputs[4])
        raw, A, bias, d, state = (inputs[k].contiguous() for k in (1, 2, 5, 6, 7))
        cut, rates = _cut(u, b, order), A / math.log(2)
        y, last = torch.empty_like(raw), torch.empty_like(state)
        marks = u.new_empty(*state.shape[:2], cut.sizes[1] if keep else 0, *A.shape[1:])
        given = (u, raw, rates, b, c, bias, d, order, state, y, marks, last)
        scan_forward[cut.programs](*given, *cut.sizes, *cut.strides, SOFTPLUS=softplus, KEEP=keep, **cut.constants)
        ctx.softplus = softplus
        ctx.save_for_backward(u, raw, rates, b, c, bias, d, order, marks)
        return y, last

    @staticmethod
    def backward(ctx: Any, dy: Tensor, dlast: Tensor) -> tuple[Tensor | None, ...]:
        u, raw, _, b, *_, order, _ = ctx.saved_tensors
        dy, dlast, cut = _side_by_side(dy), dlast.contiguous(), _cut(u, b, order)
        du, draw, drates, dfirst = (torch.empty_like(x) for x in (raw, raw, dlast, dlast))
        dmaps = raw.new_empty(*raw.shape[:3], cut.programs[2], 2 * b.shape[-1])
        dbias, dd = (raw.new_empty(dlast.shape[:3]) for _ in range(2))
        given = (*ctx.saved_tensors, dy, dlast, du, draw, dmaps, drates, dbias, dd, dfirst)
        numbers = (*cut.sizes, *cut.strides, dy.stride(0))
        scan_backward[cut.programs](*given, *numbers, SOFTPLUS=ctx.softplus, **cut.constants)
        db, dc = dmaps.sum(3).unflatten(0, (-1, len(u))).permute(1, 2, 3, 0, 4).chunk(2, dim=-1)
        dA, dbias, dd = (x.sum(0) for x in (drates, dbias, dd))
        return None, None, None, du.unflatten(0, (-1, len(u))).sum(0), draw, dA, db, dc, dbias, dd, dfirst


def _side_by_side(x: Tensor) -> Tensor:
    """`(K, B, L, inner)` whose first axis alone may have any stride: an expanded one is read in place."""
    return x if x[0].is_contiguous() else x.contiguous()


def _alike(b: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Both maps with the same strides and their states side by side."""
    return (b, c) if b.stride() == c.stride() and b.stride(-1) == 1 else (b.contiguous(), c.contiguous())


def scan_tokens(
    u: Tensor,
    raw: Tensor,
    A: Tensor,
    b: Tensor,
    c: Tensor,
    bias: Tensor,
    d: Tensor,
    order: Tensor,
    state: Tensor | None = None,
    softplus: bool = True,
) -> tuple[Tensor, Tensor]:
    """K ways through L tokens, of which there are S sources: way k reads source `k % S`.

    CUDA tensors in float32. `u (S, B, L, inner)`; `raw (K, B, L, inner)`, whose softplus with `bias (K, inner)` is the
    step; `A (K, inner, N)`; `b`, `c (S, B, L, K // S, N)`, read in place whatever their strides; `d (K, inner)`.
    `order (K, lines, L // lines)`, int32: which token comes when. Each token once a way; every line has a state of its
    own, `state (B·lines, K, inner, N)`. Gives `(K, B, L, inner)`, every answer at its token, and the last states.
    """
    if state is None:
        state = u.new_zeros(u.shape[1] * order.shape[1], *A.shape)
    given = (softplus, torch.is_grad_enabled(), order, u, raw, A, b, c, bias, d, state)
    y, last = _Scan.apply(*given)  # type: ignore[no-untyped-call]
    return y, last


def triton_scan(
    u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As `scan.selective_scan`, on CUDA tensors in float32: each group is a way of its own, straight on.

    Tensors that are transposed views of tokens are read as the tokens that they are, others copied.
    """
    groups, length = b.shape[1], u.shape[2]
    tokens, steps = (x.unflatten(1, (groups, -1)).permute(1, 0, 3, 2).contiguous() for x in (u, delta))
    into, outof = (x.permute(1, 0, 3, 2)[:, :, :, None] for x in (b, c))
    A, d = A.unflatten(0, (groups, -1)), d.unflatten(0, (groups, -1))
    order = torch.arange(length, device=u.device, dtype=torch.int32).expand(groups, 1, length).contiguous()
    state = None if state is None else state.unflatten(1, (groups, -1))
    y, last = scan_tokens(tokens, steps, A, into, outof, torch.zeros_like(d), d, order, state, softplus=False)
    return y.permute(1, 0, 3, 2).flatten(1, 2), last.flatten(1, 2)
