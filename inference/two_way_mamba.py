"""The Mamba cell that reads a sequence both ways, and its variant with a graph convolution before each way.

Vim's "v2" (Zhu et al. 2024, algorithm 1) with expansion 1, as MDTF uses it: one pair of projections, and for each
direction its own convolution, selection, A and D.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .mamba import SelectivePath
from .scan import full_precision, selective_scan

KERNEL = 4
STATES = 16


class GraphConvolution(nn.Module):
    """ReLU(x + BN(Â V x + U x)) over the nodes of a graph, Â = D^-½ A D^-½ without self-loops."""

    adjacency: Tensor

    def __init__(self, width: int, adjacency: Tensor) -> None:
        super().__init__()
        degree = adjacency.sum(-1)
        self.register_buffer("adjacency", adjacency / torch.sqrt(degree[:, None] * degree), persistent=False)
        self.neighbours = nn.Linear(width, width)
        self.itself = nn.Linear(width, width)
        self.norm = nn.BatchNorm1d(len(adjacency))
        for linear in (self.neighbours, self.itself):
            nn.init.normal_(linear.weight, std=math.sqrt(2 / width))

    def forward(self, x: Tensor) -> Tensor:
        """`(B, nodes, width)` to the same shape."""
        gathered = torch.einsum("ij,bjc->bic", self.adjacency, self.neighbours(x))
        return torch.relu(x + self.norm(gathered + self.itself(x)))


class TwoWayMamba(nn.Module):
    """Half the sum of a scan forward and one backward, each gated, over `(B, L, width)`.

    With an `adjacency (L, L)`, the input of each direction passes LN and a graph convolution first; the backward one
    sees the same graph, its nodes in reverse order.
    """

    def __init__(self, width: int, adjacency: Tensor | None = None) -> None:
        super().__init__()
        self.in_proj = nn.Linear(width, 2 * width, bias=False)
        self.paths = nn.ModuleList(SelectivePath(width, math.ceil(width / 16), STATES, KERNEL) for _ in range(2))
        graphs = [] if adjacency is None else [adjacency, adjacency.flip(0, 1)]
        self.graphs = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width, 1e-6), GraphConvolution(width, graph)) for graph in graphs
        )
        self.out_proj = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Look-ahead: the whole sequence."""
        u, gate = self.in_proj(x).chunk(2, dim=-1)
        ways: Sequence[Tensor] = (u, u.flip(1))
        if len(self.graphs):
            ways = [graph(way) for graph, way in zip(self.graphs, ways, strict=True)]
        there, back = self._scan(ways).chunk(2, dim=1)
        y = (there + back.flip(-1)).transpose(1, 2)
        return self.out_proj(y.to(gate.dtype) * F.silu(gate) / 2)  # type: ignore[no-any-return]

    def _scan(self, ways: Sequence[Tensor]) -> Tensor:
        """Both directions as the two groups of one scan: `(B, 2 width, L)`."""
        padded = [F.pad(way.transpose(1, 2), (KERNEL - 1, 0)) for way in ways]
        inputs = [path.scan_inputs(way) for path, way in zip(self.paths, padded, strict=True)]  # type: ignore[operator]
        u, delta, b, c = (torch.cat(parts, dim=1) for parts in zip(*inputs, strict=True))
        A = -torch.exp(torch.cat([path.A_log for path in self.paths]))  # type: ignore[misc]
        d = torch.cat([path.D for path in self.paths])  # type: ignore[misc]
        with full_precision(u):
            return selective_scan(u, delta, A, b, c, d)[0]
