"""Lifting networks by one face: what each is given of a clip, and its answer beside the truth in its own unit."""

from typing import NamedTuple

import torch
from torch import Tensor

from .framing import framed
from .lifting import LiftingClips
from .networks.mdtf import MDTF, with_confidence
from .networks.posemamba import PoseMamba
from .networks.vimcan import Vimcan

Lifter = PoseMamba | MDTF | Vimcan


class Answer(NamedTuple):
    """`estimate` and `truth (B, T, 17, 3)` relative to the pelvis, and `metre (B, T)`, their units in a metre."""

    estimate: Tensor
    truth: Tensor
    metre: Tensor

    def errors(self) -> Tensor:
        """Distances `(B, T, 17)` of the joints in metres, both with the pelvis at zero."""
        distance: Tensor = (self.estimate - self.estimate[..., :1, :] - self.truth).norm(dim=-1)
        return distance / self.metre[..., None]


def answer(network: Lifter, clips: LiftingClips) -> Answer:
    """VIMCAN answers in metres; PoseMamba and MDTF in image units, which the true distance turns into metres."""
    if network.config.framed:
        clips = framed(clips, causal=network.look_ahead == 0)
    estimate = network(*given(network, clips))
    if isinstance(network, Vimcan):
        return Answer(estimate, clips.positions, torch.ones_like(clips.scale))
    return Answer(estimate, clips.positions * clips.scale[..., None, None], clips.scale)


def given(network: Lifter, clips: LiftingClips) -> tuple[Tensor, ...]:
    """What the network reads: MDTF wants each keypoint's confidence too, which is 1 where nothing is known."""
    if isinstance(network, Vimcan):
        return clips.keypoints, clips.orientation[:, :, : network.config.sensors]
    return (with_confidence(clips.keypoints) if isinstance(network, MDTF) else clips.keypoints,)
