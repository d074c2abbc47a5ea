"""Triton kernels of the selective scan and its gradient; `triton_scan` calls them and says what is what.

Tokens lie with their channels side by side, and each of several ways visits them in an order of its own: a table says
which token comes next, so that nothing is turned round, transposed or stacked before a scan. A program, one warp, has
`ROWS` channels of one way along one line of tokens with all their states in registers (four states a thread, which
lie side by side in memory), and goes on `STEPS` tokens at once. Gradients of the maps, which channels share, are left
as one part a program: adding these up afterwards is faster than atomic additions, and gives the same bits every time.
"""
# mypy: ignore-errors

import triton
import triton.language as tl

LOG2 = tl.constexpr(0.6931471805599453)
LENGTHS = ("length", "chunks", "tokens")  # clips of other lengths use what is compiled
NEVER = tl.constexpr(-1e30)  # a raw step whose softplus is 0: what comes after the end of a line changes nothing


@triton.jit
def softplus(x):
    """log(1 + exp x), small values to their last bits too: 2 artanh(e / (2 + e)) with e = exp(-|x|), and max(x, 0)."""
    e = tl.exp2(-tl.abs(x) / LOG2)
    s = e / (2.0 + e)
    q = s * s
    series = 1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13)))))
    return tl.maximum(x, 0.0) + 2.0 * s * (1.0 + q * series)


@triton.jit
def place(length, tokens, CHANNELS: tl.constexpr, N: tl.constexpr, ROWS: tl.constexpr, STATES: tl.constexpr):
    """What a program does: its way, line and way as one number, first entry of its order, first token of its item and
    the same counted over all ways; channels, states, cells `(ROWS, STATES)`, and a mask of each."""
    line, way = tl.program_id(0).to(tl.int64), tl.program_id(1).to(tl.int64)
    lines = tokens // length
    item, batch = line // lines, tl.num_programs(0) // lines
    starts = way, line * tl.num_programs(1) + way, (way * lines + line % lines) * length
    row, state = tl.program_id(2) * ROWS + tl.arange(0, ROWS), tl.arange(0, STATES)
    own, real = (row < CHANNELS) | (CHANNELS % ROWS == 0), (state < N) | (N == STATES)
    cell, both = row[:, None] * N + state[None, :], own[:, None] & real[None, :]
    return starts, item, item * tokens, (way * batch + item) * tokens, row, state, cell, own, real, both


@triton.jit
def read_tokens(
    start, length, order, u, raw, b, c, map_token, own, real,
    SOFTPLUS: tl.constexpr, CHANNELS: tl.constexpr, UNIT: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """`STEPS` tokens from `start` on: places, raw steps, inputs, both maps. Past the end the last one with no step."""
    at, step, fed, into, outof = (), (), (), (), ()
    for k in tl.static_range(STEPS):
        at += (tl.load(order + tl.minimum(start + k, length - 1)),)
        step += (tl.load(raw + at[k] * CHANNELS, own & (start + k < length), NEVER if SOFTPLUS else 0.0),)
        fed += (tl.load(u + at[k] * CHANNELS, own, 0.0),)
        into += (tl.load(b + at[k] * map_token * UNIT, real, 0.0),)
        outof += (tl.load(c + at[k] * map_token * UNIT, real, 0.0),)
    return at, step, fed, into, outof


@triton.jit(do_not_specialize=LENGTHS)
def scan_forward(
    u, raw, rates, b, c, bias, skip, order, first, y, marks, last,
    length, chunks, tokens, u_way, map_way, map_item, map_token, map_turn,
    SOFTPLUS: tl.constexpr, KEEP: tl.constexpr, SOURCES: tl.constexpr, CHANNELS: tl.constexpr, N: tl.constexpr,
    UNIT: tl.constexpr, ROWS: tl.constexpr, STATES: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """`rates (K, inner, N)`: A in powers of two. `marks (I, K, chunks, inner, N)`: the state before each chunk, if
    `KEEP`; I counts items and, in each, lines. `STATES`: N up to a power of two. Strides of maps are in `UNIT`s."""
    starts, item, item_at, way_at, row, state, cell, own, real, both = place(length, tokens, CHANNELS, N, ROWS, STATES)
    way, line_way, order_at = starts
    maps = ((way % SOURCES) * map_way + item * map_item + (way // SOURCES) * map_turn) * UNIT + state
    order, b, c, y = order + order_at, b + maps, c + maps, y + way_at * CHANNELS + row
    u, raw = u + (way % SOURCES) * u_way + item_at * CHANNELS + row, raw + way_at * CHANNELS + row
    rate = tl.load(rates + way * CHANNELS * N + cell, both, 0.0)
    straight, base = tl.load(skip + way * CHANNELS + row, own, 0.0), tl.load(bias + way * CHANNELS + row, own, 0.0)
    h = tl.load(first + line_way * CHANNELS * N + cell, both, 0.0)
    now = read_tokens(0, length, order, u, raw, b, c, map_token, own, real, SOFTPLUS, CHANNELS, UNIT, STEPS)
    for chunk in range(chunks):
        if KEEP:
            tl.store(marks + (line_way * chunks + chunk) * CHANNELS * N + cell, h, both)
        start = chunk * STEPS
        ahead = read_tokens(  # a chunk early: there are too few programs to hide how long it takes
            start + STEPS, length, order, u, raw, b, c, map_token, own, real, SOFTPLUS, CHANNELS, UNIT, STEPS
        )
        at, step, fed, into, outof = now
        for k in tl.static_range(STEPS):
            size = softplus(step[k] + base) if SOFTPLUS else step[k]
            h = tl.exp2(size[:, None] * rate) * h + (size * fed[k])[:, None] * into[k][None, :]
            answer = tl.sum(h * outof[k][None, :], 1) + straight * fed[k]
            tl.store(y + at[k] * CHANNELS, answer, own & (start + k < length))
        now = ahead
    tl.store(last + line_way * CHANNELS * N + cell, h, both)


@triton.jit
def repeat_forward(
    h, rate, base, at, step, fed, into, wanted, dc, inside, real, SOFTPLUS: tl.constexpr, STEPS: tl.constexpr
):
    """Of a chunk: steps, decays a_t, and a_t h_{t-1}. Stores the gradient of the output map, whose stride `dc` has."""
    size, decay, kept = (), (), ()
    for k in tl.static_range(STEPS):
        size += (softplus(step[k] + base) if SOFTPLUS else step[k],)
        decay += (tl.exp2(size[k][:, None] * rate),)
        kept += (decay[k] * h,)
        h = kept[k] + (size[k] * fed[k])[:, None] * into[k][None, :]
        tl.store(dc[0] + at[k] * dc[1], tl.sum(wanted[k][:, None] * h, 0), real & (k < inside))
    return size, decay, kept


@triton.jit(do_not_specialize=LENGTHS)
def scan_backward(
    u, raw, rates, b, c, bias, skip, order, marks, dy, dlast,
    du, draw, dmaps, drates, dbias, dskip, dfirst,
    length, chunks, tokens, u_way, map_way, map_item, map_token, map_turn, dy_way,
    SOFTPLUS: tl.constexpr, SOURCES: tl.constexpr, CHANNELS: tl.constexpr, N: tl.constexpr,
    UNIT: tl.constexpr, ROWS: tl.constexpr, STATES: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """`dmaps (K, B, L, programs, 2 N)` of b and c; `drates (I, K, inner, N)` of A; `dbias`, `dskip (I, K, inner)`."""
    starts, item, item_at, way_at, row, state, cell, own, real, both = place(length, tokens, CHANNELS, N, ROWS, STATES)
    way, line_way, order_at = starts
    maps = ((way % SOURCES) * map_way + item * map_item + (way // SOURCES) * map_turn) * UNIT + state
    order, b, c, dy = order + order_at, b + maps, c + maps, dy + way * dy_way + item_at * CHANNELS + row
    u, raw = u + (way % SOURCES) * u_way + item_at * CHANNELS + row, raw + way_at * CHANNELS + row
    du, draw, wide = du + way_at * CHANNELS + row, draw + way_at * CHANNELS + row, tl.num_programs(2) * 2 * N
    dmaps += way_at * wide + tl.program_id(2) * 2 * N + state
    rate = tl.load(rates + way * CHANNELS * N + cell, both, 0.0)
    straight, base = tl.load(skip + way * CHANNELS + row, own, 0.0), tl.load(bias + way * CHANNELS + row, own, 0.0)
    g, turned = tl.load(dlast + line_way * CHANNELS * N + cell, both, 0.0), tl.zeros_like(rate)
    pushed, skipped = tl.zeros_like(base), tl.zeros_like(base)
    for back in range(chunks):
        start = (chunks - 1 - back) * STEPS
        at, step, fed, into, _ = read_tokens(
            start, length, order, u, raw, b, c, map_token, own, real, SOFTPLUS, CHANNELS, UNIT, STEPS
        )
        wanted = ()
        for k in tl.static_range(STEPS):
            wanted += (tl.load(dy + at[k] * CHANNELS, own & (start + k < length), 0.0),)
        h = tl.load(marks + (line_way * chunks + chunks - 1 - back) * CHANNELS * N + cell, both, 0.0)
        size, decay, kept = repeat_forward(
            h, rate, base, at, step, fed, into, wanted, (dmaps + N, wide), length - start, real, SOFTPLUS, STEPS
        )
        for k in tl.static_range(STEPS - 1, -1, -1):
            inside = start + k < length
            into_k = tl.load(b + at[k] * map_token * UNIT, real, 0.0)  # again: there are not registers for all
            outof_k = tl.load(c + at[k] * map_token * UNIT, real, 0.0)
            g += wanted[k][:, None] * outof_k[None, :]
            tl.store(dmaps + at[k] * wide, tl.sum(g * (size[k] * fed[k])[:, None], 0), real & inside)
            driven, left = tl.sum(g * into_k[None, :], 1), g * kept[k]
            tl.store(du + at[k] * CHANNELS, straight * wanted[k] + size[k] * driven, own & inside)
            slower = tl.sum(left * rate, 1) * LOG2 + fed[k] * driven
            if SOFTPLUS:
                slower *= tl.sigmoid(step[k] + base)
            tl.store(draw + at[k] * CHANNELS, slower, own & inside)
            turned += left * size[k][:, None]
            pushed += slower
            skipped += wanted[k] * fed[k]
            g *= decay[k]
    tl.store(drates + line_way * CHANNELS * N + cell, turned, both)
    tl.store(dfirst + line_way * CHANNELS * N + cell, g, both)
    tl.store(dbias + line_way * CHANNELS + row, pushed, own)
    tl.store(dskip + line_way * CHANNELS + row, skipped, own)
