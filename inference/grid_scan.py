"""The selective scan over a grid of frames and joints: the SS2D of VMamba as PoseMamba uses it, and a causal one.

A grid `(B, T, J, width)` is read in four orders at once, each with a selection of its own (K = 4 groups of one scan):

    two-way   frame by frame, joint by joint, and both backwards: every answer depends on the whole clip
    fs-ft …   the one-way pairs of PoseMamba's ablation: joints forward or back (fs, bs), time forward or back (ft,
              bt), each pair twice, so that all have one size
    causal    frame by frame with the joints forward and backward, and twice each joint on its own through time.
              Nothing looks ahead, not even the convolution; the size is that of the others

`local` names a token for each joint that is added to its own before the frame-by-frame scans (PoseMamba's global-local
scan, section 3.3). In the published code the gradient of that addend is lost; `local_grad=False` does the same.

Parameter names are PoseMamba's, so that its checkpoints load.
"""

import math
from functools import cache
from typing import Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import DropPath, Mlp
from .mamba import initial_step_bias
from .scan import has_kernels
from .selection import Selection, scan_ordered, scan_selected

Directions = Literal["two-way", "fs-ft", "fs-bt", "bs-ft", "bs-bt", "causal"]
STATES = 16
EXPAND = 2
K = 4


class GridState(NamedTuple):
    """What a causal scan remembers: `conv (B, inner, 2, J)` the last two frames before the convolution,
    `frames (B, 2·inner, 16)` of the frame-by-frame scans, `joints (B·J, 2·inner, 16)` of each joint's own."""

    conv: Tensor
    frames: Tensor
    joints: Tensor


class GridScan(nn.Module):
    """Maps `(B, T, J, width)` to the same shape."""

    local: Tensor | None

    def __init__(
        self,
        width: int,
        directions: Directions = "two-way",
        local: tuple[int, ...] | None = None,
        local_grad: bool = True,
    ) -> None:
        super().__init__()
        if directions not in get_args(Directions):
            raise ValueError(f"no such scan directions: {directions}")
        inner, self.rank = EXPAND * width, math.ceil(width / 16)
        self.directions, self.local_grad = directions, local_grad
        # as a matrix: gathering by index is slow to differentiate on a GPU
        nearby = None if local is None else F.one_hot(torch.tensor(local), len(local)).float().T
        self.register_buffer("local", nearby, persistent=False)
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.conv2d = nn.Conv2d(inner, inner, 3, groups=inner)
        bound = inner**-0.5
        self.x_proj_weight = nn.Parameter(torch.empty(K, self.rank + 2 * STATES, inner).uniform_(-bound, bound))
        bound = self.rank**-0.5
        self.dt_projs_weight = nn.Parameter(torch.empty(K, inner, self.rank).uniform_(-bound, bound))
        self.dt_projs_bias = nn.Parameter(initial_step_bias(K, inner))
        self.A_logs = nn.Parameter(torch.log(torch.arange(1.0, STATES + 1)).repeat(K * inner, 1))
        self.Ds = nn.Parameter(torch.ones(K * inner))
        self.out_norm = nn.LayerNorm(inner)
        self.out_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor, state: GridState | None = None) -> tuple[Tensor, GridState | None]:
        """The grid and, where the scan is causal, what it remembers after the last frame."""
        u, gate = self.in_proj(x).chunk(2, dim=-1)
        if state is None and has_kernels(self.Ds):
            y, state = self._by_kernels(u)
        else:
            y, state = self._plainly(u.permute(0, 3, 1, 2), state)
        return self.out_proj(self.out_norm(y).to(gate.dtype) * F.silu(gate)), state

    def _by_kernels(self, u: Tensor) -> tuple[Tensor, GridState | None]:
        """`u (B, T, J, inner)` to the same shape: as `_plainly`, with every token left where it is."""
        from .triton_conv import grid_conv

        (_, frames, joints, _), causal = u.shape, self.directions == "causal"
        assert self.conv2d.bias is not None
        sources = grid_conv(u, self.conv2d.weight, self.conv2d.bias, self.local, self.local_grad, 2 if causal else 1)
        orders = _orders(self.directions, frames, joints, u.device)
        if not causal:
            y, _ = scan_ordered(sources.expand(2, -1, -1, -1), self._selection(slice(None)), orders[0])
            return y.sum(0).view(u.shape), None
        each = sources.split(1)  # one, or with a local addend two
        by_frame, after_frames = scan_ordered(each[0], self._selection(slice(0, None, 2)), orders[0])
        by_joint, after_joints = scan_ordered(each[-1], self._selection(slice(1, None, 2)), orders[1])
        seen = F.pad(u[:, -2:], (0, 0, 0, 0, 2, 0))[:, -2:].permute(0, 3, 1, 2)
        y = (by_frame.sum(0) + by_joint.sum(0)).view(u.shape)
        return y, GridState(seen, after_frames.flatten(1, 2), after_joints.flatten(1, 2))

    def _plainly(self, u: Tensor, state: GridState | None) -> tuple[Tensor, GridState | None]:
        """`u (B, inner, T, J)` to `(B, T, J, inner)`."""
        if self.directions == "causal":
            y, state = self._causal(u, state)
        else:
            u = F.silu(self.conv2d(F.pad(u, (1, 1, 1, 1))))
            y = self._two_way(u) if self.directions == "two-way" else self._one_way(u)
        return y.permute(0, 2, 3, 1), state

    def _two_way(self, u: Tensor) -> Tensor:
        rows = self._with_local(u).flatten(2), u.mT.flatten(2)
        y, _ = self._scan(torch.stack([*rows, *(row.flip(2) for row in rows)], dim=1), slice(None), None)
        by_frame, by_joint = _on_grid(y[:, :2] + y[:, 2:].flip(3), u)
        return by_frame + by_joint

    def _one_way(self, u: Tensor) -> Tensor:
        """Each of two ways through the grid twice; a way backward is the way forward through the grid turned round."""
        space, time = _turned(self.directions)
        rows = self._with_local(u).flip(space).flatten(2), u.flip(time).mT.flatten(2)
        y, _ = self._scan(torch.stack([*rows, *rows], dim=1), slice(None), None)
        by_frame, by_joint = _on_grid(y[:, :2] + y[:, 2:], u)
        return by_frame.flip(space) + by_joint.flip(time)

    def _causal(self, u: Tensor, state: GridState | None) -> tuple[Tensor, GridState]:
        batch, inner, frames, joints = u.shape
        past = u.new_zeros(batch, inner, 2, joints) if state is None else state.conv
        seen = torch.cat([past, u], dim=2)
        u = F.silu(self.conv2d(F.pad(seen, (1, 1, 0, 0))))
        grid = self._with_local(u)
        by_frame = torch.stack([grid.flatten(2), grid.flip(3).flatten(2)], dim=1)
        by_frame, after_frames = self._scan(by_frame, slice(0, None, 2), None if state is None else state.frames)
        by_frame = torch.unflatten(by_frame, -1, (frames, joints))
        alone = u.permute(0, 3, 1, 2).reshape(batch * joints, 1, inner, frames).expand(-1, 2, -1, -1)
        by_joint, after_joints = self._scan(alone, slice(1, None, 2), None if state is None else state.joints)
        by_joint = by_joint.sum(1).reshape(batch, joints, inner, frames).permute(0, 2, 3, 1)
        y = by_frame[:, 0] + by_frame[:, 1].flip(3) + by_joint
        return y, GridState(seen[:, :, frames:], after_frames, after_joints)

    def _with_local(self, u: Tensor) -> Tensor:
        if self.local is None:
            return u
        near = u @ self.local
        return u + (near if self.local_grad else near.detach())

    def _scan(self, sequences: Tensor, groups: slice, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """`sequences (B, k, inner, L)` through the selections `groups` of the four, in float32 or better."""
        return scan_selected(sequences, self._selection(groups), state)

    def _selection(self, groups: slice) -> Selection:
        inner = self.dt_projs_bias.shape[1]
        return Selection(
            self.x_proj_weight[groups],
            self.dt_projs_weight[groups],
            self.dt_projs_bias[groups],
            self.A_logs.view(K, inner, STATES)[groups],
            self.Ds.view(K, inner)[groups],
        )


@cache  # and never dropped: CUDA graphs that were captured go on reading them
def _orders(directions: Directions, frames: int, joints: int, device: torch.device) -> tuple[Tensor, ...]:
    """Which token comes when, `(ways, lines, length)`: one table, or where causal one by frames and one by joints."""
    with torch.inference_mode(False):  # training may come after solving
        grid = torch.arange(frames * joints, dtype=torch.int32, device=device).view(frames, joints)
        if directions == "causal":
            by_frame = torch.stack([grid.flatten(), grid.flip(1).flatten()])[:, None]
            return by_frame, grid.T.expand(2, -1, -1).contiguous()
        if directions == "two-way":
            rows = grid.flatten(), grid.T.flatten()
            return (torch.stack([*rows, *(row.flip(0) for row in rows)])[:, None],)
        space, time = _turned(directions)
        rows = grid.flip([axis - 2 for axis in space]).flatten(), grid.flip([axis - 2 for axis in time]).T.flatten()
        return (torch.stack([*rows, *rows])[:, None],)


def _turned(directions: Directions) -> tuple[list[int], list[int]]:
    """Axes of `(B, inner, T, J)` that the frame-by-frame and joint-by-joint scans of a one-way pair go backwards."""
    space, time = directions.split("-")
    return [3] * (space[0] == "b"), [2] * (time[0] == "b")


def _on_grid(rows: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """`rows (B, 2, inner, T·J)`, the first frame by frame and the second joint by joint, laid out as `grid`."""
    frames, joints = grid.shape[2:]
    by_frame, by_joint = rows.unbind(1)
    return by_frame.unflatten(2, (frames, joints)), by_joint.unflatten(2, (joints, frames)).mT


class GridBlock(nn.Module):
    """Pre-norm scan and MLP, each on a residual path: PoseMamba's and VIMCAN's BiSTSSM block."""

    def __init__(
        self,
        width: int,
        directions: Directions = "two-way",
        local: tuple[int, ...] | None = None,
        local_grad: bool = True,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.op = GridScan(width, directions, local, local_grad)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, state: GridState | None = None) -> tuple[Tensor, GridState | None]:
        """`(B, T, J, width)` to the same shape, and the scan's state."""
        y, state = self.op(self.norm(x), state)
        x = x + self.drop_path(y)
        return x + self.drop_path(self.mlp(self.norm2(x))), state
