"""Random numbers of one seeded generator on one device, in the shapes that augmentation asks for."""

import torch
from torch import Tensor


class RandomSource:
    """Every draw advances `generator`; the same seed gives the same windows."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator, self.device = generator, generator.device

    def uniform(self, *shape: int) -> Tensor:
        """In [0, 1)."""
        return torch.rand(*shape, generator=self.generator, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        """Of unit variance."""
        return torch.randn(*shape, generator=self.generator, device=self.device)

    def chance(self, count: int, share: float) -> Tensor:
        """`(count,)` True with probability `share`."""
        return self.uniform(count) < share

    def smooth(self, count: int, frames: int, channels: int, fastest: float) -> Tensor:
        """`(count, frames, channels)` of unit variance: six sinusoids below `fastest` Hz at 60 frames a second."""
        t = torch.arange(frames, device=self.device) / 60
        waves = torch.zeros(count, frames, channels, device=self.device)
        for _ in range(6):
            rate, phase = self.uniform(count, 1, channels) * fastest, self.uniform(count, 1, channels)
            size = self.normal(count, 1, channels)
            waves += torch.sin(2 * torch.pi * (t[None, :, None] * rate + phase)) * size
        return waves / 3**0.5
