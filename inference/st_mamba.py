"""VIMCAN's STMamba: a spatial and a temporal scan block over the tokens of one body part or of the whole body."""

import torch
from torch import Tensor, nn

from .grid_scan import Directions, GridBlock, GridState

StState = tuple[GridState, GridState]


class STMamba(nn.Module):
    """Maps `(B, T, tokens, width)` to the same shape; T up to `frames`, any T where the scan is causal.

    `local` names a token for each place, as in `grid_scan`: with it the module is skeleton-aware, without part-aware
    (VIMCAN section 3.1).
    """

    def __init__(
        self,
        width: int,
        tokens: int,
        frames: int,
        *,
        causal: bool = False,
        local: tuple[int, ...] | None = None,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        directions: Directions = "causal" if causal else "two-way"
        self.place = nn.Parameter(torch.zeros(tokens, width))
        # a stream has no first frame
        self.time = None if causal else nn.Parameter(torch.zeros(frames, 1, width))
        self.spatial = GridBlock(width, directions, local, drop_path=drop_path)
        self.temporal = GridBlock(width, directions, local, drop_path=drop_path)
        self.spatial_norm = nn.LayerNorm(width, eps=1e-6)
        self.temporal_norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: Tensor, state: StState | None = None) -> tuple[Tensor, StState]:
        """The tokens, and what causal scans remember after the last frame."""
        x, first = self.spatial(x + self.place, None if state is None else state[0])
        x = self.spatial_norm(x)
        x = x if self.time is None else x + self.time[: x.shape[1]]
        x, second = self.temporal(x, None if state is None else state[1])
        return self.temporal_norm(x), (first, second)
