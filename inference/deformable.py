"""Deformable attention over the grid of frames and joints (Zhu et al. 2021, eq. 2; HMRMamba eq. 8)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DeformableAttention(nn.Module):
    """Each query says where around its own place to look, and how much each look counts.

    Places are (frame, joint), offsets in frames and joint numbers; between places values are interpolated, outside the
    grid its border counts.
    """

    def __init__(self, width: int, heads: int = 8, points: int = 4) -> None:
        super().__init__()
        self.heads, self.points = heads, points
        self.offsets = nn.Linear(width, heads * points * 2)
        self.weights = nn.Linear(width, heads * points)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        for linear in (self.offsets, self.weights):
            nn.init.zeros_(linear.weight)
        nn.init.zeros_(self.weights.bias)
        with torch.no_grad():
            self.offsets.bias.copy_(self._first_places().flatten())

    def _first_places(self) -> Tensor:
        """`(heads, points, 2)`: each head looks in a direction of its own, each point a step further."""
        angle = torch.arange(self.heads) * (2 * math.pi / self.heads)
        direction = torch.stack([angle.cos(), angle.sin()], dim=-1)
        direction = direction / direction.abs().amax(-1, keepdim=True)
        return direction[:, None] * torch.arange(1, self.points + 1)[:, None]

    def forward(self, query: Tensor, values: Tensor) -> Tensor:
        """`query` and `values (B, T, J, width)` to the same shape."""
        frames, joints = values.shape[1:3]
        offsets = torch.unflatten(self.offsets(query), -1, (self.heads, self.points, 2))
        weights = torch.unflatten(self.weights(query), -1, (self.heads, self.points)).softmax(-1)
        own = torch.cartesian_prod(torch.arange(frames), torch.arange(joints)).to(offsets)
        places = torch.unflatten(own, 0, (frames, joints))[:, :, None, None] + offsets  # (B, T, J, heads, points, 2)
        seen = self._sample(self.value(values), places)
        seen = (seen * weights.permute(0, 3, 1, 2, 4)[:, :, None]).sum(-1)  # (B, heads, width / heads, T, J)
        return self.out(seen.permute(0, 3, 4, 1, 2).flatten(-2))  # type: ignore[no-any-return]

    def _sample(self, values: Tensor, places: Tensor) -> Tensor:
        """`(B, heads, width / heads, T, J, points)`, linear between the four places around."""
        batch, frames, joints, width = values.shape
        images = values.permute(0, 3, 1, 2).reshape(batch * self.heads, width // self.heads, frames, joints)
        last = places.new_tensor([max(frames - 1, 1), max(joints - 1, 1)])
        grid = (2 * places / last - 1).flip(-1).permute(0, 3, 1, 2, 4, 5).flatten(0, 1)  # grid_sample wants x, y
        seen = F.grid_sample(
            images, grid.flatten(1, 2), mode="bilinear", padding_mode="border", align_corners=True
        )  # (B heads, width / heads, T J, points)
        return seen.reshape(batch, self.heads, width // self.heads, frames, joints, self.points)
