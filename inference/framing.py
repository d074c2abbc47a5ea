"""The performer at one size in every picture: far from a long lens or near to a short one, a pose looks the same.

Networks that are `framed` read keypoints zoomed so, and learn poses rather than distances. The papers' networks read
the whole picture, as their datasets were filmed from one distance.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .lifting import LiftingClips

SPREAD = 0.25  # of the joints from their middle, root mean square, normalised image units
MEMORY = 120  # frames that a stream's zoom is a mean of: two seconds


def framed(clips: LiftingClips, causal: bool) -> LiftingClips:
    """The same clips with keypoints, and image units a metre, zoomed."""
    factor = zoom(clips.keypoints, causal)
    return clips._replace(keypoints=clips.keypoints * factor[..., None, None], scale=clips.scale * factor)


def zoom(keypoints: Tensor, causal: bool) -> Tensor:
    """Factors `(B, T)` for keypoints `(B, T, 17, 2)`: one for the clip, or of the last `MEMORY` frames alone."""
    sizes = _sizes(keypoints)
    if not causal:
        return _factor(sizes.mean(1, keepdim=True)).expand_as(sizes)
    # zeros before the first frame take part in each sum and in no count
    sums = F.avg_pool1d(F.pad(sizes, (MEMORY - 1, 0))[:, None], MEMORY, 1)[:, 0] * MEMORY
    counts = sizes.new_ones(sizes.shape[1]).cumsum(0).clamp(max=MEMORY)
    return _factor(sums / counts)


def zoom_step(keypoints: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
    """`zoom` of a stream: the factor `(B,)` of one frame `(B, 17, 2)`, and what to hand to the next; None first."""
    sizes = _sizes(keypoints[:, None])
    past = sizes if past is None else torch.cat([past, sizes], dim=1)[:, -MEMORY:]
    return _factor(past.mean(1)), past


def _sizes(keypoints: Tensor) -> Tensor:
    """Mean squared distance of the joints from their middle, `(B, T)`."""
    return (keypoints - keypoints.mean(-2, keepdim=True)).square().sum(-1).mean(-1)


def _factor(size: Tensor) -> Tensor:
    return SPREAD / size.clamp(min=1e-6).sqrt()
