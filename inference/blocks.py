"""The pre-norm block that the networks of this family put around whatever mixes their tokens."""

import torch
from torch import Tensor, nn


class DropPath(nn.Module):
    """Leaves a branch out for whole samples in training, and scales the others up (stochastic depth)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """`x (B, …)`, each of the B kept or left out as a whole."""
        if not self.training or self.rate == 0:
            return x
        kept = torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device) >= self.rate
        return x * kept / (1 - self.rate)


def drop_rates(largest: float, depth: int) -> list[float]:
    """Rates that rise evenly from 0 to `largest` over `depth` blocks."""
    return [largest * k / max(1, depth - 1) for k in range(depth)]


class ResidualBlock(nn.Module):
    """x + mixer(LN x), then x + MLP(LN x) with a hidden layer of `ratio` widths and GELU."""

    def __init__(self, width: int, mixer: nn.Module, drop_path: float = 0.0, ratio: int = 2, eps: float = 1e-6) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps)
        self.mixer = mixer
        self.norm2 = nn.LayerNorm(width, eps)
        self.mlp = nn.Sequential(nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width))
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """`(…, width)` as the mixer wants it, to the same shape."""
        x = x + self.drop_path(self.mixer(self.norm1(x)))
        return x + self.drop_path(self.mlp(self.norm2(x)))  # type: ignore[no-any-return]
