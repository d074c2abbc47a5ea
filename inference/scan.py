"""The selective scan (S6) of Mamba-1, forward in time.

Per channel d with N states (Gu & Dao 2023, algorithm 2):

    h_t = exp(Δ_t A_d) h_{t-1} + Δ_t B_t u_t
    y_t = <C_t, h_t> + D_d u_t

Five paths give the same result: `selective_scan_reference` (one step at a time; the yardstick of the
tests), `selective_scan_chunked` (plain PyTorch on any device), `compiled_scan.py` (on a CPU, without
gradients), our own kernels (`triton_scan.py`) and the CUDA kernel of mamba-ssm. `selective_scan` takes the
fastest that is at hand. Shapes in all of them:

    u, delta (B, D, T)   input and step sizes (after softplus)
    A (D, N)             negative
    b, c (B, G, N, T)    input and output maps; channels are split evenly over the G groups
    d (D,)               skip
    state (B, D, N)      carried from earlier frames, None for zeros
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import torch
from torch import Tensor

CHUNK = 16  # frames whose decays and drives are made at once
SMALL = 2**14  # numbers of a state from which a single frame is work enough: more would not fit a CPU's cache

LANES = 16  # states of a channel, at most, that are compiled for a CPU: Mamba's usual number of them


def selective_scan_reference(
    u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Output `(B, D, T)` and the state after the last frame, as the equations read, one frame at a time."""
    h = _initial(u, A, state)
    b, c = _per_channel(b, u.shape[1]), _per_channel(c, u.shape[1])
    outputs = []
    for t in range(u.shape[-1]):
        step = delta[..., t, None]
        h = torch.exp(step * A) * h + step * b[..., t] * u[..., t, None]
        outputs.append((c[..., t] * h).sum(-1) + d * u[..., t])
    return torch.stack(outputs, dim=-1), h


def selective_scan_chunked(
    u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The same with all but the recurrence itself done for a chunk of frames at once, time first in memory.

    One fused multiply-add a frame is left. On a CPU that takes half the time of a parallel (doubling) scan, which moves
    five times the memory; decays are never multiplied up, so nothing overflows. A take of any length fits.
    """
    grouped = (b.shape[1], u.shape[1] // b.shape[1])  # broadcasting the maps: copies for every channel cost more
    h, rates = _initial(u, A, state).unflatten(1, grouped), A.unflatten(0, grouped)
    step, fed = (_time_first(x).unflatten(2, grouped)[..., None] for x in (delta, delta * u))  # (T, B, G, D/G, 1)
    into, outof = _time_first(b)[..., None, :], _time_first(c)[..., None]
    chunk = CHUNK if h.numel() < SMALL else 1
    outputs = []
    for step_k, fed_k, into_k, outof_k in zip(*(x.split(chunk) for x in (step, fed, into, outof)), strict=True):
        decays, drives = torch.exp(step_k * rates), fed_k * into_k
        after = []
        for decay, drive in zip(decays.unbind(0), drives.unbind(0), strict=True):
            h = torch.addcmul(drive, decay, h)
            after.append(h)
        outputs.append((torch.stack(after) @ outof_k).flatten(2))
    return torch.cat(outputs).permute(1, 2, 0) + d[:, None] * u, h.flatten(1, 2)


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The fastest path for this device; mamba-ssm's kernel starts from zeros only, and none but plain PyTorch knows
    float64."""
    if u.is_meta:  # a network without memory behind it, whose size is wanted
        return torch.empty_like(u), _initial(u, A, state)
    if has_kernels(u) and (kernels := own_kernels()) is not None:
        return kernels(u, delta, A, b, c, d, state)
    plain = u.device.type == "cpu" and u.dtype == torch.float32 and not torch.is_grad_enabled()
    if plain and A.shape[1] <= LANES and (compiled := compiled_kernel()) is not None:
        return compiled(u, delta, A, b, c, d, state)
    kernel = fused_scan() if u.is_cuda and state is None and u.dtype != torch.float64 else None
    if kernel is None:
        return selective_scan_chunked(u, delta, A, b, c, d, state)
    y, last = kernel(u.contiguous(), delta.contiguous(), A, b.contiguous(), c.contiguous(), d, return_last_state=True)
    return y, last


def full_precision(x: Tensor) -> AbstractContextManager[Any]:
    """Autocast off around a scan: its products over many steps want at least float32."""
    return nullcontext() if x.is_meta else torch.autocast(x.device.type, enabled=False)


def has_kernels(x: Tensor) -> bool:
    """Whether our kernels can do what is asked on this device in this precision."""
    return x.is_cuda and x.dtype == torch.float32 and own_kernels() is not None


@cache
def own_kernels() -> Callable[..., tuple[Tensor, Tensor]] | None:
    """`triton_scan`, or None where there is no Triton, or one before 3.3, whose language has no tuples in loops."""
    try:
        from triton import __version__ as version
    except ImportError:
        return None
    if tuple(int(part) for part in version.split(".")[:2]) < (3, 3):
        return None
    from .triton_scan import triton_scan

    return triton_scan


@cache
def compiled_kernel() -> Callable[..., tuple[Tensor, Tensor]] | None:
    """`compiled_scan`, or None where there is no Numba: it is built for fewer systems than PyTorch."""
    try:
        from .compiled_scan import compiled_scan, prepare
    except ImportError:
        return None
    prepare()
    return compiled_scan


@cache
def fused_scan() -> Callable[..., Any] | None:
    """mamba-ssm's kernel, or None where it is not installed with its CUDA extension."""
    try:
        from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
    except ImportError:
        return None
    return selective_scan_fn  # type: ignore[no-any-return]


def _per_channel(maps: Tensor, channels: int) -> Tensor:
    """`(B, G, N, T)` to `(B, D, N, T)`."""
    return maps.repeat_interleave(channels // maps.shape[1], dim=1)


def _time_first(x: Tensor) -> Tensor:
    """`(B, …, T)` to `(T, B, …)`, the last axis side by side in memory."""
    return x.movedim(-1, 0).contiguous()


def _initial(u: Tensor, A: Tensor, state: Tensor | None) -> Tensor:
    return u.new_zeros(*u.shape[:2], A.shape[1]) if state is None else state
