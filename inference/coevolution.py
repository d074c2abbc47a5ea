"""Joints and coarse vertices that refine each other, steered by image features (PMCE, You et al. 2023, section 3.3)."""

import torch
from torch import Tensor, nn

from .attention import Attention
from .blocks import DropPath, Mlp


class AdaptiveNorm(nn.Module):
    """Layer normalisation whose scale and shift an image feature `(B, features)` decides."""

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.scale = nn.Linear(features, width)
        self.shift = nn.Linear(features, width)

    def forward(self, x: Tensor, feature: Tensor) -> Tensor:
        """`x (B, L, width)`."""
        return self.norm(x) * (1 + self.scale(feature)[:, None]) + self.shift(feature)[:, None]  # type: ignore[no-any-return]


class AdaptiveBlock(nn.Module):
    """Attention to others or to itself, then an MLP of four widths; adaptive norms first, residual paths beside."""

    def __init__(self, width: int, heads: int, features: int, drop_path: float, across: bool) -> None:
        super().__init__()
        self.norm_query = AdaptiveNorm(width, features)
        self.norm_keys = AdaptiveNorm(width, features) if across else None
        self.norm_values = AdaptiveNorm(width, features) if across else None
        self.norm_mlp = AdaptiveNorm(width, features)
        self.attention = Attention(width, heads)
        self.mlp = Mlp(width, ratio=4)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, feature: Tensor, others: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """`x (B, L, width)`; `others` are keys and values, each `(B, K, width)`."""
        query = self.norm_query(x, feature)
        keys = values = query
        if others is not None and self.norm_keys is not None and self.norm_values is not None:
            keys, values = self.norm_keys(others[0], feature), self.norm_values(others[1], feature)
        x = x + self.drop_path(self.attention(query, keys, values))
        return x + self.drop_path(self.mlp(self.norm_mlp(x, feature)))  # type: ignore[no-any-return]


class Stream(nn.Module):
    """One side of the evolution: `count` points, from coordinates to tokens and back."""

    def __init__(self, count: int, others: int, width: int, heads: int, features: int, drop_path: float) -> None:
        super().__init__()
        self.embed = nn.Linear(3, width)
        self.from_others = nn.Linear(width, width)
        self.position = nn.Parameter(torch.randn(count, width))
        self.position_others = nn.Parameter(torch.randn(others, width))
        self.cross = AdaptiveBlock(width, heads, features, drop_path, across=True)
        self.own = AdaptiveBlock(width, heads, features, drop_path, across=False)
        self.to_points = nn.Linear(width, 3)
        nn.init.zeros_(self.to_points.weight)  # it begins by moving nothing
        nn.init.zeros_(self.to_points.bias)

    def forward(self, tokens: Tensor, others: Tensor, feature: Tensor) -> Tensor:
        """`tokens (B, count, width)` and the `others (B, others, width)` to displacements `(B, count, 3)`."""
        others = self.from_others(others)
        x = self.cross(tokens + self.position, feature, (others + self.position_others, others))
        return self.to_points(self.own(x, feature))  # type: ignore[no-any-return]


class Coevolution(nn.Module):
    """One step: `joints (B, J, 3)` and `vertices (B, V, 3)`, metres, each moved by what both and the picture say."""

    def __init__(self, joints: int, vertices: int, width: int, features: int, drop_path: float) -> None:
        super().__init__()
        self.joints = Stream(joints, vertices, width, 8, features, drop_path)
        self.vertices = Stream(vertices, joints, width, 2, features, drop_path)

    def forward(self, joints: Tensor, vertices: Tensor, feature: Tensor) -> tuple[Tensor, Tensor]:
        """`feature (B, features)` of the frame."""
        j, v = self.joints.embed(joints), self.vertices.embed(vertices)
        return joints + self.joints(j, v, feature), vertices + self.vertices(v, j, feature)
