"""The optimiser and schedule of the training runs."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import lightning
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from .hiposer import TrainingConfig
    from .lifting import LiftingTraining


def warm_cosine(
    parameters: Iterator[nn.Parameter], config: "TrainingConfig | LiftingTraining", fused: bool
) -> dict[str, Any]:
    """AdamW, if `fused` as one kernel, with a linear warm-up, then half a cosine to zero, stepped with every batch."""
    optimiser = torch.optim.AdamW(parameters, lr=config.rate, weight_decay=config.weight_decay, fused=fused or None)
    warm = torch.optim.lr_scheduler.LinearLR(optimiser, 0.01, total_iters=config.warm_up)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, config.steps - config.warm_up))
    schedule = torch.optim.lr_scheduler.SequentialLR(optimiser, [warm, cosine], [config.warm_up])
    return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def clip_or_skip(parameters: Iterable[nn.Parameter], optimiser: torch.optim.Optimizer) -> Tensor:
    """Clip gradients to norm 1; one that is not finite leaves its step out rather than spread to every weight. Whether
    it was, as 1 or 0."""
    norm = nn.utils.clip_grad_norm_(parameters, 1.0)
    finite = torch.isfinite(norm)
    if not finite:
        optimiser.zero_grad()
    return finite.float()


class CalmTask(lightning.LightningModule):
    """A task whose gradients go through `clip_or_skip`."""

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Logs `train/finite`."""
        self.log("train/finite", clip_or_skip(self.parameters(), optimizer), sync_dist=True)
