"""A keypoint detector that errs, on the keypoints of a perfect one."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..rig.h36m import MIRROR
from .random_source import RandomSource

LIMBS = (3, 6, 10, 13, 16)  # ankles, head top, wrists: where detectors are worst
LEGS, ARMS = (1, 2, 3, 4, 5, 6), (11, 12, 13, 14, 15, 16)


@dataclass(frozen=True)
class DetectorErrors:
    """Standard deviations in metres at the performer's distance: detectors look at a cut-out of the person, and err by
    shares of its size.

    `noise` is new in every frame; `wander` drifts over about half a second, as a mistake about one pose does; `habit`
    stays for a clip, as a detector's own idea of where a joint is. All are half as large again for ankles, wrists and
    head. About `lost` of the time a joint is hidden and guessed, wrong by `guess`, for a third of a second or so; about
    `swapped` of the time left and right of the legs, or of the arms, are mistaken for each other.
    """

    noise: float = 0.008
    wander: float = 0.022
    habit: float = 0.022
    lost: float = 0.04
    guess: float = 0.15
    swapped: float = 0.01


# In the size of what MediaPipe 0.10.21 does on real video (docs/results.md); how it is made up is assumed
MEDIAPIPE_LIKE = DetectorErrors()
PERFECT = DetectorErrors(0, 0, 0, 0, 0, 0)


def detect(
    keypoints: Tensor, metre: Tensor, errors: DetectorErrors, random: RandomSource, level: Tensor | None = None
) -> Tensor:
    """`keypoints (B, T, 17, 2)` as the detector would give them, with `level (B,)` times its errors; `metre (B, T)` is
    the length of one in the picture."""
    count, frames = keypoints.shape[:2]
    level = keypoints.new_ones(count) if level is None else level
    size = keypoints.new_ones(17, 1)
    size[list(LIMBS)] = 1.5
    noise = errors.noise * random.normal(*keypoints.shape)
    wander = errors.wander * random.smooth(count, frames, 34, 2.0).view(count, frames, 17, 2)
    habit = errors.habit * random.normal(count, 1, 17, 2)
    wrong = size * (noise + wander + habit)
    hidden = _stretches(frames, (errors.lost * level).clamp(0, 1), 17, random)[..., None]
    guess = errors.guess * random.smooth(count, frames, 34, 1.0).view(count, frames, 17, 2)
    wrong = torch.where(hidden, wrong + guess, wrong)
    seen = _mistaken(keypoints, (errors.swapped * level).clamp(0, 1), random)
    return seen + (metre * level[:, None])[..., None, None] * wrong


def _mistaken(keypoints: Tensor, share: Tensor, random: RandomSource) -> Tensor:
    """With the sides of legs or arms exchanged for about `share (B,)` of the time."""
    both = _stretches(keypoints.shape[1], share, 2, random)
    which = both.new_zeros(*both.shape[:2], 17)
    which[..., list(LEGS)], which[..., list(ARMS)] = both[..., :1], both[..., 1:]
    return torch.where(which[..., None], keypoints[..., list(MIRROR), :], keypoints)


def _stretches(frames: int, share: Tensor, joints: int, random: RandomSource) -> Tensor:
    """`(B, T, joints)` True in stretches that make up about `share (B,)` of the time."""
    bound: Tensor = torch.special.ndtri(1 - share.double()).float()
    return random.smooth(len(share), frames, joints, 1.5) > bound[:, None, None]
