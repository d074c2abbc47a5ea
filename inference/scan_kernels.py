"""Triton kernels of the selective scan and its gradient; `triton_scan` calls them and says what is what.

A program, one warp, has `ROWS` channels of a group with all their states in registers, and goes through time `STEPS`
frames at once: their inputs are read ahead, and in the gradient their states are kept. Gradients of the maps, which
channels share, are left as one part a program: adding these up afterwards is faster than atomic additions, and gives
the same bits every time.
"""
# mypy: ignore-errors

import triton
import triton.language as tl

LOG2 = tl.constexpr(0.6931471805599453)


@triton.jit
def scan_forward(
    u, delta, rates, b, c, skip, y, marks,
    length, width, states, chunks, ROWS: tl.constexpr, STATES: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """`rates (N, D)`: A in powers of two. `marks (B, chunks + 1, N, D)`: the state before each chunk, the first given.
    `width`: channels of a group; `STATES`: N up to a power of two."""
    item, group, groups = tl.program_id(0).to(tl.int64), tl.program_id(1), tl.num_programs(1)
    channels = groups * width
    row, state = tl.program_id(2) * ROWS + tl.arange(0, ROWS), tl.arange(0, STATES)
    own, real, row = row < width, state < states, row + group * width
    cell, both = state[None, :] * channels + row[:, None], own[:, None] & real[None, :]
    mark = marks + item * (chunks + 1) * states * channels + cell
    lines, maps = (item * channels + row) * length, ((item * groups + group) * states + state) * length
    straight, rate = tl.load(skip + row, own, 0.0), tl.load(rates + cell, both, 0.0)
    h = tl.load(mark, both, 0.0)
    for chunk in range(chunks):
        fed, step, into, outof = (), (), (), ()
        for k in tl.static_range(STEPS):
            t = chunk * STEPS + k
            fed += (tl.load(u + lines + t, own & (t < length), 0.0),)
            step += (tl.load(delta + lines + t, own & (t < length), 0.0),)
            into += (tl.load(b + maps + t, real & (t < length), 0.0),)
            outof += (tl.load(c + maps + t, real & (t < length), 0.0),)
        for k in tl.static_range(STEPS):
            t = chunk * STEPS + k
            h = tl.exp2(step[k][:, None] * rate) * h + (step[k] * fed[k])[:, None] * into[k][None, :]
            tl.store(y + lines + t, tl.sum(h * outof[k][None, :], 1) + straight * fed[k], own & (t < length))
        tl.store(mark + (chunk + 1) * states * channels, h, both)


@triton.jit
def scan_backward(
    u, delta, rates, b, c, skip, marks, dy, du, ddelta, db, dc, drates, carry,
    length, width, states, chunks, ROWS: tl.constexpr, STATES: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """`db` and `dc (B, G, programs, T, N)`; `drates (B, N, D)` of A; `carry (B, N, D)`: the gradient of the last state,
    in the end that of the first."""
    item, group, groups = tl.program_id(0).to(tl.int64), tl.program_id(1), tl.num_programs(1)
    block, blocks, channels = tl.program_id(2), tl.num_programs(2), groups * width
    row, state = block * ROWS + tl.arange(0, ROWS), tl.arange(0, STATES)
    own, real, row = row < width, state < states, row + group * width
    cell, both = state[None, :] * channels + row[:, None], own[:, None] & real[None, :]
    mark, mine = marks + item * (chunks + 1) * states * channels + cell, item * states * channels + cell
    lines, maps = (item * channels + row) * length, ((item * groups + group) * states + state) * length
    part = ((item * groups + group) * blocks + block) * length * states + state
    straight, rate = tl.load(skip + row, own, 0.0), tl.load(rates + cell, both, 0.0)
    g, turned = tl.load(carry + mine, both, 0.0), tl.zeros_like(rate)
    for back in range(chunks):
        chunk = chunks - 1 - back
        h = tl.load(mark + chunk * states * channels, both, 0.0)
        fed, step, into, outof, wanted = (), (), (), (), ()
        for k in tl.static_range(STEPS):
            t = chunk * STEPS + k
            fed += (tl.load(u + lines + t, own & (t < length), 0.0),)
            step += (tl.load(delta + lines + t, own & (t < length), 0.0),)
            wanted += (tl.load(dy + lines + t, own & (t < length), 0.0),)
            into += (tl.load(b + maps + t, real & (t < length), 0.0),)
            outof += (tl.load(c + maps + t, real & (t < length), 0.0),)
        decay, kept = (), ()  # a_t, and a_t h_{t-1}
        for k in tl.static_range(STEPS):
            t = chunk * STEPS + k
            decay += (tl.exp2(step[k][:, None] * rate),)
            kept += (decay[k] * h,)
            h = kept[k] + (step[k] * fed[k])[:, None] * into[k][None, :]
            tl.store(dc + part + t * states, tl.sum(wanted[k][:, None] * h, 0), real & (t < length))
        for k in tl.static_range(STEPS - 1, -1, -1):
            t = chunk * STEPS + k
            g += wanted[k][:, None] * outof[k][None, :]
            tl.store(db + part + t * states, tl.sum(g * (step[k] * fed[k])[:, None], 0), real & (t < length))
            driven, left = tl.sum(g * into[k][None, :], 1), g * kept[k]
            tl.store(du + lines + t, straight * wanted[k] + step[k] * driven, own & (t < length))
            slower = tl.sum(left * rate, 1) * LOG2
            tl.store(ddelta + lines + t, slower + fed[k] * driven, own & (t < length))
            turned += left * step[k][:, None]
            g *= decay[k]
    tl.store(drates + mine, turned, both)
    tl.store(carry + mine, g, both)
