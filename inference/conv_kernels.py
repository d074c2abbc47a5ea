"""Triton kernels of the depthwise 3x3 convolution over frames and joints; `triton_conv` says what is what.

Tokens lie with their channels side by side: each is read nine times, out of the cache but for the first.
"""
# mypy: ignore-errors

import triton
import triton.language as tl


@triton.jit
def around(x, token, frame, joint, channel, real, frames, joints, stride, AGO: tl.constexpr):
    """The nine tokens from `AGO` frames ago and the joint before on, zeros beyond the grid."""
    found = ()
    for k in tl.static_range(9):
        t, j = frame + k // 3 - AGO, joint + k % 3 - 1
        here = ((t >= 0) & (t < frames) & (j >= 0) & (j < joints))[:, None] & real
        at = (token + (k // 3 - AGO) * joints + k % 3 - 1).to(tl.int64) * stride
        found += (tl.load(x + at[:, None] + channel[None, :], here, 0.0).to(tl.float32),)
    return found


@triton.jit
def weighted(found, weight, bias, channel, CHANNELS: tl.constexpr):
    """`weight (9, inner)`."""
    total = tl.load(bias + channel, channel < CHANNELS, 0.0)[None, :]
    for k in tl.static_range(9):
        total += found[k] * tl.load(weight + k * CHANNELS + channel, channel < CHANNELS, 0.0)[None, :]
    return total


@triton.jit(do_not_specialize=("total", "frames"))
def conv_forward(
    x, weight, bias, local, y, alone, total, frames, joints, stride,
    AGO: tl.constexpr, LOCAL: tl.constexpr, SILU: tl.constexpr, CHANNELS: tl.constexpr,
    TOKENS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """Where `LOCAL`, `y` has each token and its joint's local one added, which is made again, `alone` the token."""
    token, channel = tl.program_id(0) * TOKENS + tl.arange(0, TOKENS), tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    frame, joint, real = token // joints % frames, token % joints, (token < total)[:, None] & (channel < CHANNELS)[None]
    cell = token.to(tl.int64)[:, None] * CHANNELS + channel[None, :]
    found = around(x, token, frame, joint, channel, real, frames, joints, stride, AGO)
    value = weighted(found, weight, bias, channel, CHANNELS)
    if SILU:
        value *= tl.sigmoid(value)
    if LOCAL:
        tl.store(alone + cell, value, real)
        other = tl.load(local + joint)
        found = around(x, token - joint + other, frame, other, channel, real, frames, joints, stride, AGO)
        near = weighted(found, weight, bias, channel, CHANNELS)
        value += near * tl.sigmoid(near)
    tl.store(y + cell, value, real)


@triton.jit(do_not_specialize=("total", "frames"))
def conv_slope(
    x, weight, bias, dy, slope, parts, total, frames, joints, stride,
    AGO: tl.constexpr, CHANNELS: tl.constexpr, TOKENS: tl.constexpr, WIDTH: tl.constexpr,
):  # fmt: skip
    """`slope (B L, inner)`: the gradient before SiLU. `parts (programs, 10, inner)`: those of weight and bias."""
    token, channel = tl.program_id(0) * TOKENS + tl.arange(0, TOKENS), tl.program_id(1) * WIDTH + tl.arange(0, WIDTH)
    frame, joint, real = token // joints % frames, token % joints, (token < total)[:, None] & (channel < CHANNELS)[None]
    cell = token.to(tl.int64)[:, None] * CHANNELS + channel[None, :]
    found = around(x, token, frame, joint, channel, real, frames, joints, stride, AGO)
    value = weighted(found, weight, bias, channel, CHANNELS)
    share = tl.sigmoid(value)
    g = tl.load(dy + cell, real, 0.0) * share * (1.0 + value * (1.0 - share))
    tl.store(slope + cell, g, real)
    part = parts + tl.program_id(0).to(tl.int64) * 10 * CHANNELS + channel
    for k in tl.static_range(9):
        tl.store(part + k * CHANNELS, tl.sum(g * found[k], 0), channel < CHANNELS)
    tl.store(part + 9 * CHANNELS, tl.sum(g, 0), channel < CHANNELS)
