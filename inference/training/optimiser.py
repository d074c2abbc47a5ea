"""The optimiser and schedule of the training runs."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn


def warm_cosine(
    parameters: Iterator[nn.Parameter], *, rate: float, weight_decay: float, warm_up: int, steps: int
) -> dict[str, Any]:
    """AdamW with a linear warm-up, then half a cosine to zero, stepped with every batch."""
    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=weight_decay)
    warm = torch.optim.lr_scheduler.LinearLR(optimiser, 0.01, total_iters=warm_up)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps - warm_up))
    schedule = torch.optim.lr_scheduler.SequentialLR(optimiser, [warm, cosine], [warm_up])
    return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
