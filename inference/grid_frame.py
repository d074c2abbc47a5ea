"""One frame through causal grid blocks, for one performer: what `GridBlock` computes, laid out for it once.

A frame is 17 tokens or fewer, and most of the time of a PyTorch call on one is the call. So the four selections of a
scan are one product, its decays and drives one call each, a joint of the frame-by-frame scans a single multiply-add for
both ways; each joint's own scan through time is one as well. Blocks of equal width that do not depend on each other
(VIMCAN's body parts) run as one, the shorter ones filled up with tokens that change nothing.

Letters in shapes: G blocks side by side, J tokens of the longest, C width, D inner width, R rank, N states.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .grid_scan import STATES, GridBlock, GridScan, K

KINDS, WAYS = 2, 2  # of scans: the joints there and back, each joint through time twice
LOG2_E = 1.4426950408889634  # torch.exp2 takes a third of the time of torch.exp
NEVER = -1e4  # softplus of it is 0: a token that fills up leaves a scan's memory as it is


class Norm:
    """LayerNorms of equal width on `(G, J, C)`, each on its own rows."""

    def __init__(self, norms: Sequence[nn.LayerNorm]) -> None:
        self._shape, self._eps = norms[0].normalized_shape, norms[0].eps
        self.weight, self.bias = (stacked([getattr(norm, name)[None] for norm in norms]) for name in ("weight", "bias"))

    def __call__(self, x: Tensor) -> Tensor:
        """To the same shape."""
        return torch.addcmul(self.bias, self.plain(x), self.weight)

    def plain(self, x: Tensor) -> Tensor:
        """Without weight and bias, which the layer after may have taken over."""
        return F.layer_norm(x, self._shape, eps=self._eps)


class Affine:
    """Linear layers of equal shape side by side: `(G, J, in)` by `weight (G, in, out)` and `bias (G, 1, out)`."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = weight.contiguous(), bias

    @classmethod
    def of(cls, layers: Sequence[nn.Linear], normed: Norm | None = None) -> Self:
        """With the weights of the norm before, where the input is `normed` by its `Norm.plain`."""
        weight = stacked([layer.weight for layer in layers]).mT
        bias = None if layers[0].bias is None else stacked([layer.bias for layer in layers])[:, None]
        if normed is None:
            return cls(weight, bias)
        moved = normed.bias @ weight
        return cls(normed.weight.mT * weight, moved if bias is None else moved + bias)

    def __call__(self, x: Tensor) -> Tensor:
        """`(G, J, out)`."""
        return torch.bmm(x, self._weight) if self._bias is None else torch.baddbmm(self._bias, x, self._weight)

    def onto(self, x: Tensor, y: Tensor) -> Tensor:
        """`x` and what becomes of `y`."""
        x = torch.baddbmm(x, y, self._weight)
        return x if self._bias is None else x.add_(self._bias)


def stacked(tensors: Sequence[Tensor]) -> Tensor:
    """A copy, `(G, …)`."""
    return torch.stack([tensor.detach() for tensor in tensors])


class _Rows(NamedTuple):
    """What a scan works in, `(2 kinds, J, G, 2 ways, N, D)`, and the kind from joint to joint, row by row."""

    decays: Tensor
    drives: Tensor
    decay: tuple[Tensor, ...]
    drive: tuple[Tensor, ...]


class Workspace:
    """Memory that scans of one shape use one after the other: a processor's cache would not hold all of theirs."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, ...], _Rows] = {}

    def rows(self, groups: int, joints: int, like: Tensor) -> _Rows:
        """For states `like (..., N, D)`."""
        shape = (KINDS, joints, groups, WAYS, *like.shape[-2:])
        if shape not in self._rows:
            decays, drives = like.new_empty(shape), like.new_empty(shape)
            self._rows[shape] = _Rows(decays, drives, decays[0].unbind(), drives[0].unbind())
        return self._rows[shape]


class GridFrame:
    """`GridBlock`s of equal width for `tokens` joints each, and all that they remember."""

    def __init__(self, blocks: Sequence[GridBlock], tokens: Sequence[int], workspace: Workspace) -> None:
        self._norm, self._norm2 = (Norm([getattr(block, name) for block in blocks]) for name in ("norm", "norm2"))
        scans = [block.op for block in blocks]
        self._into = Affine.of([scan.in_proj for scan in scans], self._norm)
        self._scan = _FrameScan(scans, tokens, workspace)
        self._out_norm = Norm([scan.out_norm for scan in scans])
        self._out = Affine.of([scan.out_proj for scan in scans])
        self._up = Affine.of([block.mlp.fc1 for block in blocks], self._norm2)
        self._down = Affine.of([block.mlp.fc2 for block in blocks])

    def __call__(self, x: Tensor) -> Tensor:
        """`(G, J, C)` to the same shape."""
        u, gate = self._into(self._norm.plain(x)).chunk(2, dim=-1)
        y = self._out_norm(self._scan(u)) * F.silu(gate)
        x = self._out.onto(x, y)
        return self._down.onto(x, F.gelu(self._up(self._norm2.plain(x))))


class _FrameScan:
    """`GridScan`s between their projections: convolution, the four selections and scans, their sum.

    Kind 0 of scans goes from joint to joint, there and back, kind 1 through time.
    """

    def __init__(self, scans: Sequence[GridScan], tokens: Sequence[int], workspace: Workspace) -> None:
        self._groups, self._joints, self._inner = len(scans), max(tokens), scans[0].out_proj.in_features
        self._convolution = _Convolution([scan.conv2d for scan in scans], tokens)
        like = scans[0].Ds.detach()
        self._orders = stacked([_orders(scan, count, self._joints) for scan, count in zip(scans, tokens, strict=True)])
        self._back = torch.stack([_back(count, self._joints) for count in tokens]).to(like)
        self._split = [scans[0].rank, STATES, STATES]
        self._select = _by_kind([scan.x_proj_weight for scan in scans]).flatten(0, 1).mT.contiguous()
        self._steps = _by_kind([scan.dt_projs_weight for scan in scans]).flatten(0, 1).mT.contiguous()
        bias = _by_kind([scan.dt_projs_bias for scan in scans])[:, :, None]
        there = torch.stack([_there(count, self._joints) for count in tokens])[:, None]
        self._bias = torch.where(there, bias, NEVER).flatten(0, 1)
        rates = _by_kind([-LOG2_E * torch.exp(scan.A_logs).unflatten(0, (K, -1)) for scan in scans])
        self._rates = rates.unflatten(1, (KINDS, WAYS)).transpose(0, 1).mT[:, None].contiguous()
        skips = _by_kind([scan.Ds.unflatten(0, (K, -1)) for scan in scans]).unflatten(1, (KINDS, WAYS)).sum(2)
        self._skip_frames, self._skip_joints = skips[:, :1], skips[:, 1:]
        self._frames = like.new_zeros(self._groups, WAYS, STATES, self._inner)
        self._alone = like.new_zeros(self._joints, self._groups, WAYS, STATES, self._inner)
        self._rows = workspace.rows(self._groups, self._joints, self._frames)

    def __call__(self, u: Tensor) -> Tensor:
        """`(G, J, D)` to the same shape; what the places that fill up say means nothing."""
        x = torch.bmm(self._orders, F.silu(self._convolution(u))).view(-1, self._joints, self._inner)  # (4 G, J, D)
        low, b, c = torch.bmm(x, self._select).split(self._split, dim=-1)
        steps = F.softplus(torch.baddbmm(self._bias, low, self._steps))
        rows = self._rows
        torch.mul(self._by_joint(steps)[..., None, :], self._rates, out=rows.decays)
        torch.exp2(rows.decays, out=rows.decays)
        torch.mul(self._by_joint(steps * x)[..., None, :], self._by_joint(b)[..., None], out=rows.drives)
        y = self._read(self._by_joint(c).contiguous())
        by_frame, _, alone, _ = x.unflatten(0, (self._groups, K)).unbind(1)
        return y.addcmul_(by_frame, self._skip_frames).addcmul_(alone, self._skip_joints)

    def _read(self, c: Tensor) -> Tensor:
        """The scans' memory goes on by a frame and is read by `c (2, J, G, 2, N)`; summed, `(G, J, D)`."""
        rows, h = self._rows, self._frames
        for decay, drive in zip(rows.decay, rows.drive, strict=True):
            h = torch.addcmul(drive, decay, h, out=drive)
        self._frames.copy_(h)
        torch.addcmul(rows.drives[1], rows.decays[1], self._alone, out=self._alone)
        by_frame = torch.bmm(c[0].view(-1, 1, STATES), rows.drives[0].view(-1, STATES, self._inner))
        alone = torch.bmm(c[1].view(-1, 1, WAYS * STATES), self._alone.view(-1, WAYS * STATES, self._inner))
        by_frame = by_frame.view(self._joints, self._groups, WAYS, self._inner).transpose(0, 1).flatten(1, 2)
        return torch.baddbmm(alone.view(self._joints, self._groups, self._inner).transpose(0, 1), self._back, by_frame)

    def _by_joint(self, x: Tensor) -> Tensor:
        """`(4 G, J, …)` to `(2 kinds, J, G, 2 ways, …)`."""
        return x.view(self._groups, KINDS, WAYS, self._joints, -1).permute(1, 3, 0, 2, 4)


class _Convolution:
    """`nn.Conv2d` of each channel on its own, over three frames and three neighbouring joints."""

    def __init__(self, layers: Sequence[nn.Conv2d], tokens: Sequence[int]) -> None:
        taps = stacked([layer.weight[:, 0] for layer in layers]).permute(2, 3, 0, 1)[..., None, :]  # (3, 3, G, 1, D)
        # the oldest of three frames is overwritten by the newest: frame t is in row t % 3
        self._taps = [taps.roll(newest + 1, 0).contiguous() for newest in range(3)]
        self._bias = stacked([layer.bias for layer in layers])[:, None]  # type: ignore[misc]
        self._there = torch.stack([_there(count, max(tokens)) for count in tokens]).to(taps)
        seen = taps.new_zeros(3, len(layers), max(tokens) + 2, taps.shape[-1])
        self._windows = seen.unfold(2, max(tokens), 1).permute(0, 2, 1, 4, 3)
        self._newest = seen[:, :, 1:-1].unbind()
        self._products = torch.empty_like(self._windows, memory_format=torch.contiguous_format)
        self._frames = 0

    def __call__(self, u: Tensor) -> Tensor:
        """`(G, J, D)` to the same shape."""
        row = self._frames % 3
        self._frames += 1
        torch.mul(u, self._there, out=self._newest[row])
        torch.mul(self._windows, self._taps[row], out=self._products)
        return self._products.sum((0, 1)).add_(self._bias)


def _by_kind(weights: Sequence[Tensor]) -> Tensor:
    """`(G, K, …)`, the two scans of the first kind before those of the second."""
    return stacked(weights)[:, [0, 2, 1, 3]]


def _there(count: int, joints: int) -> Tensor:
    """`(J, 1)`, False for what fills up."""
    return torch.arange(joints)[:, None] < count


def _orders(scan: GridScan, count: int, joints: int) -> Tensor:
    """`(4 J, J)`: from the joints to what the four scans read, one after the other; zeros for what fills up."""
    own = torch.eye(count).to(scan.Ds)
    near = own if scan.local is None else own + scan.local.mT
    return torch.cat([F.pad(rows, (0, joints - count, 0, joints - count)) for rows in (near, near.flip(0), own, own)])


def _back(count: int, joints: int) -> Tensor:
    """`(J, 2 J)`: the sum of the answers there and back, which lie side by side for each place in the scan."""
    own = torch.eye(count)
    both = torch.stack([own, own.flip(0)], dim=-1)
    return F.pad(both, (0, 0, 0, joints - count, 0, joints - count)).flatten(1)
