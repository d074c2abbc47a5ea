"""The convolution of a grid's tokens on a GPU by kernels of our own, with SiLU and the local addend, and its gradient.

PyTorch's depthwise convolution wants the channels apart, and what is channels last in memory copied whole.
"""

import math
from typing import Any

import torch
from torch import Tensor

from .conv_kernels import conv_forward, conv_slope
from .scan import full_precision

TOKENS, WIDTH = 16, 32  # tokens and channels a program
CONSTANTS = {"TOKENS": TOKENS, "WIDTH": WIDTH, "num_warps": 4}


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, ago: int, local_grad: bool, x: Tensor, weight: Tensor, bias: Tensor, local: Tensor | None
    ) -> Tensor:
        taps, count = weight.flatten(1).T.contiguous(), 1 if local is None else 2
        nearby = None if local is None else local.argmax(0).int()
        y = x.new_empty(count, len(x), math.prod(x.shape[1:3]), x.shape[3], dtype=torch.float32)
        _convolve(x, taps, bias, nearby, (y[0], y[-1]), AGO=ago, SILU=True)
        ctx.ago, ctx.spread = ago, local if local_grad else None
        ctx.save_for_backward(x, taps, bias)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        x, taps, bias = ctx.saved_tensors
        (_, frames, joints, channels), tokens = x.shape, _tokens(x)
        g = _gathered(dy.unflatten(2, (frames, joints)), ctx.spread).contiguous()
        programs = (math.ceil(len(tokens) / TOKENS), math.ceil(channels / WIDTH))
        slope, parts = torch.empty_like(g), g.new_empty(programs[0], 10, channels)
        sizes = (len(tokens), frames, joints, tokens.stride(0))
        conv_slope[programs](tokens, taps, bias, g, slope, parts, *sizes, AGO=ctx.ago, CHANNELS=channels, **CONSTANTS)
        dx, nothing, sums = x.new_empty(x.shape), torch.zeros_like(bias), parts.sum(0)
        _convolve(slope, taps.flip(0), nothing, None, (dx, dx), AGO=2 - ctx.ago, SILU=False)
        return None, None, dx, sums[:9].T.reshape(channels, 1, 3, 3), sums[9], None


def _convolve(
    x: Tensor, taps: Tensor, bias: Tensor, nearby: Tensor | None, outputs: tuple[Tensor, Tensor], **constants: int
) -> None:
    tokens, channels = _tokens(x), x.shape[3]
    programs = (math.ceil(len(tokens) / TOKENS), math.ceil(channels / WIDTH))
    given = (tokens, taps, bias, tokens if nearby is None else nearby, *outputs)
    sizes = (len(tokens), x.shape[1], x.shape[2], tokens.stride(0))
    conv_forward[programs](*given, *sizes, LOCAL=nearby is not None, CHANNELS=channels, **constants, **CONSTANTS)


def _tokens(x: Tensor) -> Tensor:
    """`(B, T, J, inner)` to `(B·T·J, inner)`, channels side by side: of a projection's half, a view."""
    tokens = x.flatten(0, 2)
    return tokens if tokens.stride(1) == 1 else tokens.contiguous()


def _gathered(dy: Tensor, spread: Tensor | None) -> Tensor:
    """The gradient of each token from those of all sources `(S, B, T, J, inner)` that it is in."""
    if len(dy) == 1:
        return dy[0]
    if spread is None:  # the published gradient, which knows no addend
        return dy[0] + dy[1]
    to_both = (spread + torch.eye(len(spread), device=dy.device)).expand(dy[0, :, :, 0, 0].numel(), -1, -1)
    with full_precision(dy):
        summed = torch.baddbmm(dy[1].flatten(0, 1), to_both, dy[0].flatten(0, 1))
    return torch.unflatten(summed, 0, dy.shape[1:3])


def grid_conv(
    x: Tensor, weight: Tensor, bias: Tensor, local: Tensor | None, local_grad: bool = True, ago: int = 1
) -> Tensor:
    """SiLU of a depthwise convolution over `x (B, T, J, inner)` on a CUDA device, in float32 `(S, B, T·J, inner)`.

    `weight (inner, 1, 3, 3)` reaches from `ago` frames ago on, and one joint to either side. With `local (J, J)`, whose
    column j is one at the joint that is added to j, S = 2: the sums first. `local_grad=False`: without their gradient.
    """
    y: Tensor = _Conv.apply(ago, local_grad, x, weight, bias, local)  # type: ignore[no-untyped-call]
    return y
