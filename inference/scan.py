"""The selective scan (S6) of Mamba-1, forward in time.

Per channel d with N states (Gu & Dao 2023, algorithm 2):

    h_t = exp(Δ_t A_d) h_{t-1} + Δ_t B_t u_t
    y_t = <C_t, h_t> + D_d u_t

Three paths give the same result: `selective_scan_reference` (one step at a time; the yardstick of the
tests), `selective_scan_chunked` (plain PyTorch on any device) and the CUDA kernel of mamba-ssm, which
`selective_scan` takes where it is installed. Shapes in all of them:

    u, delta (B, D, T)   input and step sizes (after softplus)
    A (D, N)             negative
    b, c (B, G, N, T)    input and output maps; channels are split evenly over the G groups
    d (D,)               skip
    state (B, D, N)      carried from earlier frames, None for zeros
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

CHUNK = 32  # frames per parallel chunk: log2(32) doubling passes, memory B·D·N·32


def selective_scan_reference(
    u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Output `(B, D, T)` and the state after the last frame, one frame at a time."""
    decay, drive = _discretise(u, delta, A, b)
    h = _initial(u, A, state)
    outputs = []
    for t in range(u.shape[-1]):
        h = decay[..., t] * h + drive[..., t]
        outputs.append((h * _per_channel(c, u.shape[1])[..., t]).sum(-1))
    return torch.stack(outputs, dim=-1) + d[:, None] * u, h


def selective_scan_chunked(
    u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The same by a doubling scan inside chunks of `CHUNK` frames and a carried state between them.

    Work O(T log CHUNK), memory O(CHUNK): a take of any length fits. Products of decays never leave
    [0, 1], so there is none of the overflow of the cumulative-sum form.
    """
    h = _initial(u, A, state)
    outputs = []
    for u_k, delta_k, b_k, c_k in zip(*(torch.split(x, CHUNK, dim=-1) for x in (u, delta, b, c)), strict=True):
        decay, drive = _discretise(u_k, delta_k, A, b_k)
        states = _doubling_scan(decay, drive, h)
        h = states[..., -1]
        outputs.append((states * _per_channel(c_k, u.shape[1])).sum(2))
    return torch.cat(outputs, dim=-1) + d[:, None] * u, h


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The fastest path for this device; the CUDA kernel starts from zeros only."""
    kernel = fused_scan() if u.is_cuda and state is None else None
    if kernel is None:
        return selective_scan_chunked(u, delta, A, b, c, d, state)
    y, last = kernel(u.contiguous(), delta.contiguous(), A, b.contiguous(), c.contiguous(), d, return_last_state=True)
    return y, last


@cache
def fused_scan() -> Callable[..., Any] | None:
    """mamba-ssm's kernel, or None where it is not installed with its CUDA extension."""
    try:
        from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
    except ImportError:
        return None
    return selective_scan_fn  # type: ignore[no-any-return]


def _discretise(u: Tensor, delta: Tensor, A: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    decay = torch.exp(delta[:, :, None] * A[:, :, None])  # (B, D, N, T)
    drive = (delta * u)[:, :, None] * _per_channel(b, u.shape[1])
    return decay, drive


def _per_channel(maps: Tensor, channels: int) -> Tensor:
    """`(B, G, N, T)` to `(B, D, N, T)`."""
    return maps.repeat_interleave(channels // maps.shape[1], dim=1)


def _initial(u: Tensor, A: Tensor, state: Tensor | None) -> Tensor:
    return u.new_zeros(*u.shape[:2], A.shape[1]) if state is None else state


def _doubling_scan(decay: Tensor, drive: Tensor, h: Tensor) -> Tensor:
    """All states of a chunk by Hillis and Steele's doubling: pass k joins spans of 2^k frames."""
    drive = torch.cat([drive[..., :1] + decay[..., :1] * h[..., None], drive[..., 1:]], dim=-1)
    span = 1
    while span < drive.shape[-1]:
        joined = drive[..., span:] + decay[..., span:] * drive[..., :-span]
        decay = torch.cat([decay[..., :span], decay[..., span:] * decay[..., :-span]], dim=-1)
        drive = torch.cat([drive[..., :span], joined], dim=-1)
        span *= 2
    return drive
