"""HMRMamba's dual scan: one straight along an axis and one along the limbs, fused (arXiv 2601.21376, section 3.3).

The straight scan follows joint numbers within a frame, or the frames of one joint. The other follows every limb from
the root to its end, so that each joint hears of those that move it whatever their numbers; a joint on several limbs is
visited on each, and its answers are averaged. Both run forward and backward.
"""

import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .mamba import initial_step_bias
from .scan import has_kernels
from .selection import Selection, scan_ordered, scan_selected, there_and_back

STATES = 16
Axis = Literal["joints", "frames"]


def limbs(parents: Sequence[int]) -> list[list[int]]:
    """From the root to each joint that has no child, in the order of those."""
    paths = []
    for end in range(len(parents)):
        if end not in parents:
            path = [end]
            while parents[path[0]] >= 0:
                path.insert(0, parents[path[0]])
            paths.append(path)
    return paths


class TwoWayScan(nn.Module):
    """Selective scans forward and backward over `(B, channels, L)`, each with weights of its own, summed."""

    def __init__(self, channels: int, rank: int) -> None:
        super().__init__()
        rates = torch.log(torch.arange(1, STATES + 1, dtype=torch.float32))
        bound = channels**-0.5
        self.select = nn.Parameter(torch.empty(2, rank + 2 * STATES, channels).uniform_(-bound, bound))
        self.steps = nn.Parameter(torch.empty(2, channels, rank).uniform_(-(rank**-0.5), rank**-0.5))
        self.bias = nn.Parameter(initial_step_bias(2, channels))
        self.A_log = nn.Parameter(rates.repeat(2, channels, 1))
        self.D = nn.Parameter(torch.ones(2, channels))

    def forward(self, u: Tensor) -> Tensor:
        """Look-ahead: all of L."""
        selection = Selection(self.select, self.steps, self.bias, self.A_log, self.D)
        if has_kernels(self.D):
            y, _ = scan_ordered(u.float().mT.contiguous()[None], selection, there_and_back(u.shape[-1], u.device))
            return y.sum(0).mT.to(u.dtype)
        y, _ = scan_selected(torch.stack([u, u.flip(-1)], dim=1), selection)
        return (y[:, 0] + y[:, 1].flip(-1)).to(u.dtype)


class DualScan(nn.Module):
    """In-projection, convolution, both scans, fusion SiLU(conv(straight)) · limbs + straight, gate, out-projection.

    Works on `(B, T, J, width)`. Along "joints" each frame is on its own. Along "frames" the straight scan has each
    joint on its own, the other goes through a limb's joints one by one, all frames of each.
    """

    visits: Tensor
    leave: Tensor

    def __init__(self, width: int, axis: Axis, parents: Sequence[int]) -> None:
        super().__init__()
        self.axis = axis
        inner, rank = 2 * width, math.ceil(width / 16)
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.conv = nn.Conv1d(inner, inner, 3, padding=1, groups=inner)
        self.straight = TwoWayScan(inner, rank)
        self.limbs = TwoWayScan(inner, rank)
        self.fuse = nn.Conv1d(inner, inner, 3, padding=1, groups=inner)
        self.norm = nn.LayerNorm(inner)
        self.out_proj = nn.Linear(inner, width, bias=False)
        visits = torch.tensor([joint for limb in limbs(parents) for joint in limb])
        seen = F.one_hot(visits, len(parents)).T.float()
        self.register_buffer("visits", visits, persistent=False)
        self.register_buffer("leave", seen / seen.sum(-1, keepdim=True), persistent=False)  # (J, visits)

    def forward(self, x: Tensor) -> Tensor:
        """To the same shape."""
        u, gate = self.in_proj(x).chunk(2, dim=-1)
        lines = F.silu(self.conv(self._to_lines(u)))
        straight = self.straight(lines)
        along = self._to_lines(self._along_limbs(self._to_grid(lines, x.shape)))
        fused = F.silu(self.fuse(straight)) * along + straight
        return self.out_proj(self.norm(self._to_grid(fused, x.shape)) * F.silu(gate))  # type: ignore[no-any-return]

    def _along_limbs(self, grid: Tensor) -> Tensor:
        """`(B, T, J, inner)` to the same shape."""
        batch, frames, _, _ = grid.shape
        walk = grid[:, :, self.visits]
        if self.axis == "joints":
            y = self.limbs(walk.flatten(0, 1).transpose(1, 2)).transpose(1, 2)
            y = torch.unflatten(y, 0, (batch, frames))
        else:
            y = self.limbs(walk.permute(0, 3, 2, 1).flatten(2))
            y = torch.unflatten(y, 2, (len(self.visits), frames)).permute(0, 3, 2, 1)
        return torch.einsum("jv,btvc->btjc", self.leave.to(y.dtype), y)

    def _to_lines(self, grid: Tensor) -> Tensor:
        """`(B, T, J, C)` to one line a frame `(B T, C, J)`, or one a joint `(B J, C, T)`."""
        grid = grid if self.axis == "joints" else grid.transpose(1, 2)
        return grid.flatten(0, 1).transpose(1, 2)

    def _to_grid(self, lines: Tensor, shape: Sequence[int]) -> Tensor:
        batch, frames, joints = shape[:3]
        grid = torch.unflatten(lines.transpose(1, 2), 0, (batch, frames if self.axis == "joints" else joints))
        return grid if self.axis == "joints" else grid.transpose(1, 2)
