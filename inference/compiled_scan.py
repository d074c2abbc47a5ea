"""The selective scan on a CPU, compiled by Numba: what a channel remembers stays in registers from frame to frame.

Plain PyTorch (`scan.selective_scan_chunked`) writes states, decays and drives to memory and reads them back for every
frame, which takes most of its time. Without gradients, in float32 alone. Compiled once a computer, and kept.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit
from torch import Tensor

from .scan import LANES

ENOUGH = 2**21  # steps of single states from which a second thread is worth its start
LOWEST, HIGHEST = np.float32(-87.3), np.float32(88.3)  # between them 2^n is a normal float32
# exp(x) = 2^n exp(r), n whole and |r| < ln 2 / 2; ln 2 in two parts so that r is exact, a polynomial for exp(r)
# (Cephes, expf: S. L. Moshier, 1992)
PER_LN2, LN2_HIGH, LN2_LOW = np.float32(1 / math.log(2)), np.float32(0.693359375), np.float32(-2.12194440e-4)
P5, P4, P3 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3), np.float32(8.3334519073e-3)
P2, P1, P0 = np.float32(4.1665795894e-2), np.float32(1.6666665459e-1), np.float32(5.0000001201e-1)
ONE, HALF, BIAS, MANTISSA = np.float32(1), np.float32(0.5), np.int32(127), np.int32(23)
# sums may be reordered, which vectors need; NaN stays NaN
REORDERED = {"reassoc", "contract", "nsz", "arcp"}


def compiled_scan(
    u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """As `scan.selective_scan` on CPU tensors in float32, without gradients, with at most `LANES` states.

    Raises RuntimeError where shapes do not fit: compiled code would read what lies beside them in memory.
    """
    (batch, channels, frames), (groups, states) = u.shape, (b.shape[1], A.shape[1])
    if channels % groups:
        raise RuntimeError(f"{channels} channels cannot be split evenly over {groups} groups.")
    delta, A, d = delta.expand_as(u), A.expand(channels, -1), d.expand(channels)
    b, c = (x.expand(batch, groups, states, frames) for x in (b, c))
    rows, more = batch * channels, LANES - states  # states that stay 0
    last = u.new_zeros(batch, channels, LANES)
    if state is not None:
        last[..., :states] = state
    y = torch.empty(u.shape)
    inputs = (u, delta, F.pad(A, (0, more)), F.pad(b.mT, (0, more)), F.pad(c.mT, (0, more)), d)
    arrays = [x.detach().contiguous().numpy() for x in inputs] + [last.numpy(), y.numpy()]
    threads = min(torch.get_num_threads(), rows) if last.numel() * frames > ENOUGH else 1
    if threads == 1:
        _scan(0, rows, *arrays)
    else:
        ends = [rows * k // threads for k in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda k: _scan(ends[k], ends[k + 1], *arrays), range(threads)))
    return y, last[..., :states]


@njit(inline="always", fastmath=REORDERED)
def _exp(x: Any) -> Any:
    x = min(max(x, LOWEST), HIGHEST)
    t = x * PER_LN2
    k = np.int32(t + (HALF if t >= 0 else -HALF))  # math.floor gives an int64, of which a vector holds half as many
    n = np.float32(k)
    r = x - n * LN2_HIGH - n * LN2_LOW
    p = ((((P5 * r + P4) * r + P3) * r + P2) * r + P1) * r + P0
    return (p * r * r + r + ONE) * np.int32((k + BIAS) << MANTISSA).view(np.float32)


def _kept(function: Callable[..., None]) -> Callable[..., None]:
    """Compiled when it is called; kept for the next start where there is a place to keep it."""
    made: Callable[..., None]
    try:
        made = njit(nogil=True, fastmath=REORDERED, cache=True)(function)
    except RuntimeError:  # neither beside this file nor in a folder of the user's
        made = njit(nogil=True, fastmath=REORDERED)(function)
    return made


@_kept
def _scan(begin: int, end: int, u: Any, delta: Any, A: Any, into: Any, outof: Any, d: Any, state: Any, y: Any) -> None:
    """Rows `begin` to `end` of batch and channels; `into` and `outof (B, G, T, N)`; `state` is replaced."""
    channels, frames = u.shape[1:]
    shared = channels // into.shape[1]
    h, rates = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    for row in range(begin, end):
        i, k = row // channels, row % channels
        group = k // shared
        h[:], rates[:] = state[i, k], A[k]
        for t in range(frames):
            step = delta[i, k, t]
            fed, out = step * u[i, k, t], np.float32(0)
            for n in range(LANES):  # as many as the compiler knows of: it makes vectors of them
                h[n] = _exp(step * rates[n]) * h[n] + fed * into[i, group, t, n]
                out += h[n] * outof[i, group, t, n]
            y[i, k, t] = out + d[k] * u[i, k, t]
        state[i, k] = h


def prepare() -> None:
    """Compile it, or read what was compiled."""
    row = torch.zeros(1, 1, 1)
    with suppress(OSError):  # what was compiled could not be written, and will do for this run
        compiled_scan(row, row, row[0], row[None], row[None], row[0, 0])
