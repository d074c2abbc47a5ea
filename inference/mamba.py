"""The Mamba-1 block, over a whole sequence and frame by frame.

MB(x) = Linear(SSM(SiLU(conv(Linear x))) · SiLU(Linear x)): HiPoser eqs. 7-8, Gu & Dao 2023 fig. 3.
Parameter names are mamba-ssm's, so that its checkpoints load.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .scan import full_precision, selective_scan


class MambaState(NamedTuple):
    """What one block remembers: `conv (B, inner, kernel-1)` last inputs, `ssm (B, inner, N)`."""

    conv: Tensor
    ssm: Tensor


def initial_step_bias(*shape: int, smallest: float = 1e-3, largest: float = 1e-1) -> Tensor:
    """Biases under which step sizes are log-uniform from `smallest` to `largest`, through the inverse of softplus."""
    span = math.log(largest) - math.log(smallest)
    steps = torch.exp(torch.rand(shape) * span + math.log(smallest)).clamp(min=1e-4)
    return steps + torch.log(-torch.expm1(-steps))


class ScanInputs(NamedTuple):
    """`u` and `delta (B, inner, T)`, `b` and `c (B, 1, N, T)`: what the scan reads beside A and D."""

    u: Tensor
    delta: Tensor
    b: Tensor
    c: Tensor


class SelectivePath(nn.Module):
    """Convolution over time and selection: all of a Mamba block between its two projections but the scan itself."""

    def __init__(self, inner: int, rank: int, states: int, kernel: int) -> None:
        super().__init__()
        self.rank = rank
        self.states = states
        self.conv1d = nn.Conv1d(inner, inner, kernel, groups=inner)
        self.x_proj = nn.Linear(inner, rank + 2 * states, bias=False)
        self.dt_proj = nn.Linear(rank, inner)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, states + 1, dtype=torch.float32)).repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        nn.init.uniform_(self.dt_proj.weight, -(rank**-0.5), rank**-0.5)
        with torch.no_grad():
            self.dt_proj.bias.copy_(initial_step_bias(inner))

    def scan_inputs(self, u: Tensor) -> ScanInputs:
        """From `u (B, inner, kernel - 1 + T)`, whose first frames are the convolution's past."""
        u = F.silu(self.conv1d(u))
        delta, b, c = self._select(u.transpose(1, 2))
        return ScanInputs(
            u.to(delta.dtype), delta.transpose(1, 2), b.transpose(1, 2)[:, None], c.transpose(1, 2)[:, None]
        )

    def _select(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Step sizes and the input and output maps from `u (..., inner)`: the selection of S6."""
        delta, b, c = self.x_proj(u).split([self.rank, self.states, self.states], dim=-1)
        return F.softplus(self.dt_proj(delta)).to(self.A_log.dtype), b.to(self.A_log.dtype), c.to(self.A_log.dtype)


class MambaBlock(SelectivePath):
    """Causal: the output at a frame depends on that frame and earlier ones only."""

    def __init__(self, width: int, states: int = 16, kernel: int = 4, expand: int = 2) -> None:
        inner = expand * width
        super().__init__(inner, math.ceil(width / 16), states, kernel)
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.out_proj = nn.Linear(inner, width, bias=False)

    def initial_state(self, batch: int) -> MambaState:
        """Nothing seen yet."""
        weight = self.conv1d.weight
        inner, _, kernel = weight.shape
        return MambaState(weight.new_zeros(batch, inner, kernel - 1), weight.new_zeros(batch, inner, self.states))

    def forward(self, x: Tensor, state: MambaState | None = None) -> tuple[Tensor, MambaState]:
        """`x (B, T, width)` to the same shape and the state after the last frame."""
        u, gate = self.in_proj(x).transpose(1, 2).chunk(2, dim=1)  # each (B, inner, T)
        past = self.initial_state(len(x)).conv if state is None else state.conv
        u = torch.cat([past.to(u.dtype), u], dim=-1)
        remembered = u[..., u.shape[-1] - past.shape[-1] :]
        scanned = self.scan_inputs(u)
        with full_precision(u):
            y, ssm = selective_scan(
                scanned.u,
                scanned.delta,
                -torch.exp(self.A_log),
                scanned.b,
                scanned.c,
                self.D,
                None if state is None else state.ssm,
            )
        return self.out_proj((y.to(gate.dtype) * F.silu(gate)).transpose(1, 2)), MambaState(remembered, ssm)

    def step(self, x: Tensor, state: MambaState) -> tuple[Tensor, MambaState]:
        """One frame `x (B, width)`; equals `forward` on a sequence of one, with fewer operations."""
        u, gate = self.in_proj(x).chunk(2, dim=-1)
        window = torch.cat([state.conv, u[..., None]], dim=-1)  # (B, inner, kernel)
        assert self.conv1d.bias is not None
        u = F.silu((window * self.conv1d.weight[:, 0]).sum(-1) + self.conv1d.bias)
        delta, b, c = self._select(u)
        decay = torch.exp(delta[..., None] * -torch.exp(self.A_log))
        ssm = decay * state.ssm + (delta * u)[..., None] * b[:, None]
        y = torch.einsum("bdn,bn->bd", ssm, c) + self.D * u
        return self.out_proj(y * F.silu(gate)), MambaState(window[..., 1:], ssm)
