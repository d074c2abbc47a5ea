"""Training of the lifting networks (PoseMamba, MDTF, VIMCAN) on free motion seen by virtual cameras."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...rig.imu import WORN, SensorErrors
from ..cameras import place_cameras
from ..detector import MEDIAPIPE_LIKE, DetectorErrors, detect
from ..framing import framed
from ..lifters import Lifter, answer
from ..lifting import LiftingClips, film, h36m_of
from ..losses import TERMS, Term, lifting_losses
from ..networks.mdtf import MDTF, BoneAware, MDTFConfig, bone_loss, with_confidence
from ..networks.posemamba import PoseMamba, PoseMambaConfig
from ..networks.vimcan import Vimcan, VimcanConfig
from ..random_source import RandomSource
from ..rotations import joint_positions, local_to_global
from ..worn_orientation import disturb_orientation
from .bank import MotionBank, build_bank
from .captured import CapturedLoss, can_capture
from .optimiser import CalmTask, warm_cosine
from .shares import own_share
from .windows import MARGIN, PAST, Augmentation, Windows, draw_windows
from .worn import FAR

VALIDATION_SEED = 71
AHEAD = 8  # steps whose clips are drawn at once: drawing is a thousand small kernels, however many clips there are
LifterConfig = PoseMambaConfig | MDTFConfig | VimcanConfig
PLAIN = Augmentation(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)  # motion as it was recorded
ROUGH = DetectorErrors(0.016, 0.045, 0.045, 0.15, 0.25, 0.04)


@dataclass(frozen=True)
class LiftingTraining:
    """Everything that decides a training run; travels in the weights file."""

    network: LifterConfig = field(default_factory=VimcanConfig)
    # a few people's exercises, many times over, are two thirds of the motion
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(clip_start=0.0, even=0.5))
    seed: int = 0
    steps: int = 2000
    bone_steps: int = 600  # MDTF: of its first stage, before the others
    batch: int = 16
    # frames of a clip, drawn anew every few steps: VIMCAN's variable-length training. Most are short, which is cheaper
    lengths: tuple[int, ...] = (27, 27, 27, 81)
    rate: float = 1e-3
    weight_decay: float = 0.01
    warm_up: int = 100
    detector: DetectorErrors = ROUGH  # the worst of a window; sizes are drawn anew for each
    sensors: SensorErrors = FAR
    clean: float = 0.2  # share of windows with perfect keypoints and sensors
    losses: tuple[Term, ...] = TERMS
    windows: int = 128  # to validate on


def make_lifter(config: LifterConfig, bone_aware: BoneAware | None = None) -> Lifter:
    """A network with fresh weights."""
    if isinstance(config, MDTFConfig):
        return MDTF(config, bone_aware)
    return PoseMamba(config) if isinstance(config, PoseMambaConfig) else Vimcan(config)


def draw_clips(
    bank: MotionBank, count: int, frames: int, augmentation: Augmentation, random: RandomSource
) -> LiftingClips:
    """`count` windows of `frames` frames, each seen by a camera of its own."""
    windows = draw_windows(bank, count, frames, augmentation, random)
    inner = slice(PAST, windows.rotations.shape[1] - MARGIN)
    return filmed(windows, inner, random)


def filmed(windows: Windows, inner: slice, random: RandomSource) -> LiftingClips:
    """The frames `inner` of each window, seen by a camera placed around their middle one."""
    turns = local_to_global(windows.rotations[:, inner])
    places = joint_positions(turns, windows.offsets) + windows.translation[:, inner, None]
    joints = h36m_of(turns, places, windows.offsets)
    return film(turns, joints, place_cameras(joints[:, joints.shape[1] // 2, 0], random))


class LiftingTask(CalmTask):
    """Draws its own batches: a data loader only counts the steps."""

    def __init__(
        self, config: LiftingTraining, bank: MotionBank, validation: Sequence[Any], bone_aware: BoneAware | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.network: Lifter | BoneAware = self._build(bone_aware)
        self._banks = {"train": bank, "val": build_bank(validation, config.seed, passes=1)}
        self._random: RandomSource | None = None
        self._captured: dict[int, CapturedLoss] = {}  # by frames of a clip
        self._drawn: tuple[int, LiftingClips] | None = None  # which block of steps, and its clips

    def _build(self, bone_aware: BoneAware | None) -> "Lifter | BoneAware":
        return make_lifter(self.config.network, bone_aware)

    def on_fit_start(self) -> None:
        """Move the motion to the device once; clips depend on seed and step only."""
        self._banks = {name: bank.to(self.device) for name, bank in self._banks.items()}
        self._random = RandomSource(torch.Generator(self.device))
        self._captured, self._drawn = {}, None

    def _clips(self) -> LiftingClips:
        """This device's share of the step's batch."""
        block, step = divmod(self.global_step, AHEAD)
        if self._drawn is None or self._drawn[0] != block:
            self._drawn = block, self._draw(block)
        mine = slice(step * self.config.batch, (step + 1) * self.config.batch)
        return LiftingClips(*(own_share(values[mine], self.trainer) for values in self._drawn[1]))

    @torch.no_grad()
    def _draw(self, block: int) -> LiftingClips:
        """The clips of `AHEAD` steps, all of one length: what detector and sensors say, and the truth."""
        assert self._random is not None
        config, random = self.config, self._random
        random.generator.manual_seed(config.seed * 1_000_003 + block)
        frames = int(np.random.default_rng((config.seed, block)).choice(config.lengths))
        count = AHEAD * config.batch
        clips = draw_clips(self._banks["train"], count, frames, config.augmentation, random)
        level = random.uniform(count) * ~random.chance(count, config.clean)
        return clips._replace(
            keypoints=detect(clips.keypoints, clips.scale, config.detector, random, level),
            orientation=disturb_orientation(clips.orientation, config.sensors, level, random),
        )

    def training_step(self, batch: Any, index: int) -> Tensor:
        """One optimiser step on fresh clips."""
        clips = self._clips()
        if can_capture(self):
            frames = clips.keypoints.shape[1]
            if frames not in self._captured:
                self._captured[frames] = CapturedLoss(self._terms, self.network.parameters(), clips)
            loss, terms = self._captured[frames](*clips)
        else:
            terms = self._terms(*clips)
            loss = torch.stack(list(terms.values())).sum()
        said = {"train/loss": loss.detach(), **{f"train/{name}": value for name, value in terms.items()}}
        self.log_dict(said, sync_dist=True)
        return loss

    def _terms(self, *clips: Tensor) -> dict[str, Tensor]:
        assert not isinstance(self.network, BoneAware)
        said = answer(self.network, LiftingClips(*clips))
        return lifting_losses(said.estimate, said.truth, self.config.losses)

    def validation_step(self, batch: Any, index: int) -> None:
        """MPJPE in millimetres on people not trained on, the same clips every time."""
        self.log("val/score", self.validation_error(), prog_bar=True, sync_dist=True)

    def _validation_clips(self, count: int) -> LiftingClips:
        """Of the longest length, as a common detector and worn sensors show them."""
        random = RandomSource(torch.Generator(self.device).manual_seed(VALIDATION_SEED))
        clips = draw_clips(self._banks["val"], count, max(self.config.lengths), PLAIN, random)
        level = torch.ones(count, device=self.device)
        return clips._replace(
            keypoints=detect(clips.keypoints, clips.scale, MEDIAPIPE_LIKE, random),
            orientation=disturb_orientation(clips.orientation, WORN, level, random),
        )

    @torch.no_grad()
    def validation_error(self) -> float:
        """MPJPE, mm."""
        assert not isinstance(self.network, BoneAware)
        clips = self._validation_clips(self.config.windows)
        parts = [LiftingClips(*x) for x in zip(*(values.split(32) for values in clips), strict=True)]
        errors = [answer(self.network, part).errors() for part in parts]
        return 1000 * float(torch.cat(errors).mean())

    def configure_optimizers(self) -> Any:
        """AdamW, linear warm-up, then half a cosine to zero."""
        return warm_cosine(self.parameters(), self.config, fused=can_capture(self))


class BoneTask(LiftingTask):
    """MDTF's first stage: classes of the bones' angles to the view."""

    def _build(self, bone_aware: BoneAware | None) -> "Lifter | BoneAware":
        assert isinstance(self.config.network, MDTFConfig)
        return BoneAware(self.config.network.bone_aware)

    def _terms(self, *clips: Tensor) -> dict[str, Tensor]:
        return {"bones": self._loss(LiftingClips(*clips))}

    @torch.no_grad()
    def validation_error(self) -> float:
        """Cross-entropy on people not trained on."""
        return float(self._loss(self._validation_clips(32)))

    def _loss(self, clips: LiftingClips) -> Tensor:
        if self.config.network.framed:
            clips = framed(clips, causal=False)
        return bone_loss(self.network(with_confidence(clips.keypoints)), clips.positions)
