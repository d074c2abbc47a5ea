"""A keypoint detector that errs, on the keypoints of a perfect one."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .random_source import RandomSource

LIMBS = (3, 6, 10, 13, 16)  # ankles, head top, wrists: where detectors are worst


@dataclass(frozen=True)
class DetectorErrors:
    """Standard deviations in half widths of the picture: 0.002 is a pixel of one that is 1,000 wide.

    `noise` is new in every frame; `wander` drifts over about half a second, as a mistake about one pose does; `habit`
    stays for a clip, as a detector's own idea of where a joint is. All are half as large again for ankles, wrists and
    head. About `lost` of the time a joint is hidden and guessed, wrong by `guess`, for a third of a second or so.
    """

    noise: float = 0.003
    wander: float = 0.005
    habit: float = 0.005
    lost: float = 0.02
    guess: float = 0.05


# Assumed, not fitted: some four pixels of 1,000 in plain view, in MediaPipe's mix of tremor, drift and bias
MEDIAPIPE_LIKE = DetectorErrors()
PERFECT = DetectorErrors(0, 0, 0, 0, 0)


def detect(keypoints: Tensor, errors: DetectorErrors, random: RandomSource, level: Tensor | None = None) -> Tensor:
    """`keypoints (B, T, 17, 2)` as the detector would give them, with `level (B,)` times its errors."""
    count, frames = keypoints.shape[:2]
    level = keypoints.new_ones(count) if level is None else level
    size = keypoints.new_ones(17, 1)
    size[list(LIMBS)] = 1.5
    noise = errors.noise * random.normal(*keypoints.shape)
    wander = errors.wander * random.smooth(count, frames, 34, 2.0).view(count, frames, 17, 2)
    habit = errors.habit * random.normal(count, 1, 17, 2)
    found = keypoints + size * (noise + wander + habit)
    hidden = _hidden(frames, (errors.lost * level).clamp(0, 1), random)[..., None]
    guess = errors.guess * random.smooth(count, frames, 34, 1.0).view(count, frames, 17, 2)
    found = torch.where(hidden, found + guess, found)
    return keypoints + level[:, None, None, None] * (found - keypoints)


def _hidden(frames: int, share: Tensor, random: RandomSource) -> Tensor:
    """`(B, T, 17)` True in stretches that make up about `share (B,)` of the time."""
    bound: Tensor = torch.special.ndtri(1 - share.double()).float()
    return random.smooth(len(share), frames, 17, 1.5) > bound[:, None, None]
