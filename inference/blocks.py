"""The pre-norm block that the networks of this family put around whatever mixes their tokens."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DropPath(nn.Module):
    """Leave a residual branch out for a share of the sequences (stochastic depth, Huang et al. 2016)."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, x: Tensor) -> Tensor:
        """`x (B, …)`, each of the B kept, and scaled up for it, or left out as a whole."""
        if not self.training or self.chance == 0:
            return x
        kept = torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device) >= self.chance
        return x * kept / (1 - self.chance)


def drop_rates(largest: float, depth: int) -> list[float]:
    """Rates that rise evenly from 0 to `largest` over `depth` blocks."""
    return [largest * k / max(1, depth - 1) for k in range(depth)]


class Mlp(nn.Module):
    """`ratio` times the width, GELU, and back."""

    def __init__(self, width: int, ratio: int = 2) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, ratio * width)
        self.fc2 = nn.Linear(ratio * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """`(…, width)` to the same shape."""
        return self.fc2(F.gelu(self.fc1(x)))  # type: ignore[no-any-return]


class ResidualBlock(nn.Module):
    """x + mixer(LN x), then x + MLP(LN x)."""

    def __init__(self, width: int, mixer: nn.Module, drop_path: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.mixer = mixer
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """`(…, width)` as the mixer wants it, to the same shape."""
        x = x + self.drop_path(self.mixer(self.norm(x)))
        return x + self.drop_path(self.mlp(self.norm2(x)))  # type: ignore[no-any-return]
