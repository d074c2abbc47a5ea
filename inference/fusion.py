"""How VIMCAN's visual and inertial tokens of one body part come together, frame by frame (sections 3.2 and 3.3)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attention import Attention
from .mamba import initial_step_bias
from .scan import selective_scan

STATES = 16


class CrossAttention(nn.Module):
    """Attention from the visual tokens to `others`, a residual on them, LayerNorm (equation 5)."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.norm = nn.LayerNorm(width)

    def forward(self, visual: Tensor, others: Tensor) -> Tensor:
        """`visual (B, T, J, width)` and `others (B, T, S, width)` to the shape of `visual`."""
        tokens, others = visual.flatten(0, 1), others.flatten(0, 1)
        return self.norm(visual + self.attention(tokens, others, others).view_as(visual))  # type: ignore[no-any-return]


class CrossMamba(nn.Module):
    """The paper's alternative (section 3.3): visual and inertial tokens as one row, scanned both ways.

    Both streams get a linear layer and a convolution over their tokens; a linear layer from the inertial to all
    tokens gives the gates. The paper states no widths: inner is twice the width, as in every block of the family.
    """

    def __init__(self, width: int, visual: int, inertial: int) -> None:
        super().__init__()
        inner, self.rank = 2 * width, max(1, width // 16)
        self.split = (visual, inertial)
        self.visual_in, self.inertial_in = nn.Linear(width, inner, bias=False), nn.Linear(width, inner, bias=False)
        self.visual_conv = nn.Conv1d(inner, inner, 3, padding=1, groups=inner)
        self.inertial_conv = nn.Conv1d(inner, inner, 3, padding=1, groups=inner)
        self.gate_in = nn.Linear(width, inner, bias=False)
        self.gate_tokens = nn.Linear(inertial, visual + inertial)
        self.select = nn.Linear(inner, self.rank + 2 * STATES, bias=False)
        self.step = nn.Linear(self.rank, inner)
        with torch.no_grad():
            self.step.bias.copy_(initial_step_bias(inner))
        self.A_log = nn.Parameter(torch.log(torch.arange(1.0, STATES + 1)).repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_norm = nn.LayerNorm(inner)
        self.out = nn.Linear(inner, width, bias=False)

    def forward(self, visual: Tensor, inertial: Tensor) -> Tensor:
        """`(B, T, J, width)` and `(B, T, S, width)` to `(B, T, J + S, width)`."""
        shape = visual.shape[:2]
        visual, inertial = visual.flatten(0, 1), inertial.flatten(0, 1)
        streams = (
            F.silu(conv(layer(x).transpose(1, 2)))
            for layer, conv, x in (
                (self.visual_in, self.visual_conv, visual),
                (self.inertial_in, self.inertial_conv, inertial),
            )
        )
        row = torch.cat(list(streams), dim=2)  # (B·T, inner, J + S)
        y = self._scan(row) + self._scan(row.flip(2)).flip(2)
        gates = F.silu(self.gate_tokens(self.gate_in(inertial).transpose(1, 2))).transpose(1, 2)
        return self.out(self.out_norm(y.transpose(1, 2)) * gates).unflatten(0, shape)  # type: ignore[no-any-return]

    def _scan(self, row: Tensor) -> Tensor:
        steps, b, c = self.select(row.transpose(1, 2)).split([self.rank, STATES, STATES], dim=-1)
        steps = F.softplus(self.step(steps)).transpose(1, 2)
        A = -torch.exp(self.A_log)
        return selective_scan(row, steps, A, b.transpose(1, 2)[:, None], c.transpose(1, 2)[:, None], self.D)[0]
