"""What carries time inside a HiPoser level: Mamba, or the paper's Table 5 alternatives.

Each maps `(B, T, width)` to `(B, T, features)` and returns what it must remember; `look_ahead` is how
many later frames an output depends on (None: the whole sequence).
"""

from typing import Literal

import torch
from torch import Tensor, nn

from .mamba import MambaBlock, MambaState

BackboneName = Literal["mamba", "lstm", "bilstm", "transformer"]
Memory = tuple[MambaState, ...] | tuple[Tensor, ...]


class MambaStack(nn.Module):
    """`blocks` Mamba-1 blocks; with `residual`, each is x + MB(LayerNorm(x))."""

    look_ahead: int | None = 0

    def __init__(self, width: int, blocks: int, residual: bool, dropout: float = 0.0) -> None:
        super().__init__()
        self.features = width
        self.blocks = nn.ModuleList(MambaBlock(width) for _ in range(blocks))
        self.norms = nn.ModuleList(nn.LayerNorm(width) if residual else nn.Identity() for _ in range(blocks))
        self.residual = residual
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, memory: tuple[MambaState, ...] | None = None) -> tuple[Tensor, tuple[MambaState, ...]]:
        """Whole sequence."""
        states = []
        for k, (norm, block) in enumerate(zip(self.norms, self.blocks, strict=True)):
            y, state = block(norm(x), None if memory is None else memory[k])
            x = x + self.dropout(y) if self.residual else y
            states.append(state)
        return x, tuple(states)

    def step(self, x: Tensor, memory: tuple[MambaState, ...] | None) -> tuple[Tensor, tuple[MambaState, ...]]:
        """One frame `(B, width)`."""
        memory = memory or self._nothing(len(x))
        states = []
        for norm, block, state in zip(self.norms, self.blocks, memory, strict=True):
            y, after = block.step(norm(x), state)  # type: ignore[operator]
            x = x + y if self.residual else y
            states.append(after)
        return x, tuple(states)

    def _nothing(self, batch: int) -> tuple[MambaState, ...]:
        return tuple(block.initial_state(batch) for block in self.blocks)  # type: ignore[operator]


class LstmStack(nn.Module):
    """Two LSTM layers (Table 5: RNN, and Bi-RNN which reads the whole window both ways)."""

    def __init__(self, width: int, both_ways: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, num_layers=2, batch_first=True, bidirectional=both_ways)
        self.features = 2 * width if both_ways else width
        self.look_ahead: int | None = None if both_ways else 0

    def forward(self, x: Tensor, memory: tuple[Tensor, ...] | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Whole sequence; `memory` is (h, c), each `(layers, B, width)`."""
        y, state = self.lstm(x, memory if self.look_ahead == 0 else None)
        return y, state


class TransformerStack(nn.Module):
    """Three encoder layers of width and feed-forward `width` under a causal mask (Table 5).

    Positions are sinusoids, as the paper names none. It remembers nothing between windows.
    """

    look_ahead: int | None = 0

    def __init__(self, width: int, layers: int = 3, heads: int = 8) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, heads, dim_feedforward=width, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.features = width

    def forward(self, x: Tensor, memory: tuple[Tensor, ...] | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Whole window."""
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], device=x.device, dtype=x.dtype)
        return self.encoder(x + _sinusoids(x), mask=mask, is_causal=True), ()


def _sinusoids(x: Tensor) -> Tensor:
    frames, width = x.shape[1:]
    rates = torch.exp(torch.arange(0, width, 2, device=x.device) * (-9.21 / width))  # ln 10,000
    angles = torch.arange(frames, device=x.device)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).to(x.dtype)


def make_backbone(name: BackboneName, width: int, blocks: int, residual: bool, dropout: float) -> nn.Module:
    """A backbone by name; `blocks`, `residual` and `dropout` speak to Mamba alone."""
    if name == "mamba":
        return MambaStack(width, blocks, residual, dropout)
    if name == "transformer":
        return TransformerStack(width)
    return LstmStack(width, both_ways=name == "bilstm")
