"""Training of HiPoser as a Lightning module: losses, windows made on the device, validation on whole clips."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...rig.imu import SensorErrors
from ...rig.rotation import quaternion_to_matrix
from ..constants import constant
from ..features import sensor_features
from ..metrics import PoseErrors, mean_errors, pose_errors
from ..networks.hiposer import PARTS, HiPoser, HiPoserConfig, HiPoserOutput, MotionState
from ..poses import poses_from_output
from ..random_source import RandomSource
from ..rotations import joint_positions, rotation_vector_to_matrix
from ..shards import Clip
from ..virtual_sensors import simulate_imu
from .bank import MotionBank
from .captured import CapturedLoss, can_capture
from .optimiser import CalmTask, warm_cosine
from .shares import own_share
from .windows import PAST, Augmentation, draw_windows
from .worn import FAR, WornWindows, wear_sensors


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a training run; travels in the weights file."""

    network: HiPoserConfig = field(default_factory=HiPoserConfig)
    augmentation: Augmentation = field(default_factory=Augmentation)
    errors: SensorErrors = FAR
    clean: float = 0.4  # share of windows with perfect sensors
    seed: int = 0
    steps: int = 4000
    batch: int = 128
    frames: int = 300
    rate: float = 1e-3
    weight_decay: float = 0.01
    warm_up: int = 200
    position: float = 10.0  # weight of the joint-position term, per metre
    motion: float = 1.0  # weight of the joint-velocity term, per m/s
    velocity: float = 0.5
    contact: float = 0.1
    state_noise: float = 8.0  # degrees on R_init: a live one is an estimate


class Targets(NamedTuple):
    """`rotations (B, T, 24, 3, 3)` in the frame of `SensorFrames`, `velocity (B, T, 3)`, `contact (B, T, 2)`."""

    rotations: Tensor
    velocity: Tensor
    contact: Tensor


class HiPoserTask(CalmTask):
    """Draws its own batches: a data loader only counts the steps."""

    def __init__(self, config: TrainingConfig, bank: MotionBank, validation: Sequence[Clip]) -> None:
        super().__init__()
        self.config = config
        self.network = HiPoser(config.network)
        self._bank = bank
        self._validation = validation
        self._random: RandomSource | None = None
        self._captured: CapturedLoss | None = None

    def on_fit_start(self) -> None:
        """Move the motion to the device once; windows depend on seed and step only."""
        self._bank = self._bank.to(self.device)
        self._random = RandomSource(torch.Generator(self.device))
        self._captured = None

    def training_step(self, batch: Any, index: int) -> Tensor:
        """One optimiser step on fresh windows."""
        windows = self._windows()
        if can_capture(self) and self.config.network.backbone == "mamba":
            if self._captured is None:
                self._captured = CapturedLoss(self._terms, self.network.parameters(), windows)
            loss, terms = self._captured(*windows)
        else:
            terms = self._terms(*windows)
            loss = torch.stack(list(terms.values())).sum()
        self.log_dict({f"train/{name}": value for name, value in terms.items()}, sync_dist=True)
        return loss

    def _terms(
        self,
        features: Tensor,
        rotations: Tensor,
        velocity: Tensor,
        contact: Tensor,
        pose: Tensor,
        moved: Tensor,
        offsets: Tensor,
    ) -> dict[str, Tensor]:
        state = self.network.initial_state(len(features))._replace(motion=MotionState(pose, moved))
        output, _ = self.network(features, state)
        return losses(output, Targets(rotations, velocity, contact), offsets, self.config)

    def _windows(self) -> tuple[Tensor, ...]:
        """What `_terms` takes: this device's share of a batch, with sensors worn."""
        assert self._random is not None
        self._random.generator.manual_seed(self.config.seed * 1_000_003 + self.global_step)
        with torch.no_grad():
            windows = draw_windows(
                self._bank, self.config.batch, self.config.frames, self.config.augmentation, self._random
            )
            worn = wear_sensors(windows, self.config.errors, self.config.clean, self._random)
            frames = sensor_features(*worn.readings)
            targets = make_targets(worn, frames.frame, frames.heading)
            motion = self._motion_state(worn, frames.heading, windows.fresh)
            features, offsets = self._own(frames.features), self._own(windows.offsets)
            targets = Targets(*map(self._own, targets))
            motion = MotionState(*map(self._own, motion))
        return features, *targets, *motion, offsets

    def _own(self, values: Tensor) -> Tensor:
        return own_share(values, self.trainer)

    def _motion_state(self, worn: WornWindows, heading: Tensor, fresh: Tensor) -> MotionState:
        """The truth before the window, disturbed as an own estimate would be; zeros where nothing is known."""
        assert self._random is not None
        count = len(fresh)
        root = worn.global_rotations[:, PAST - 1, :1]
        relative = root.transpose(-1, -2) @ worn.global_rotations[:, PAST - 1]
        error = self._random.normal(count, 24, 3) * self.config.state_noise
        relative = relative @ rotation_vector_to_matrix(torch.deg2rad(error))
        sixd = torch.cat([relative[..., 0], relative[..., 1]], dim=-1)
        moved = worn.positions[:, PAST - 1, 0] - worn.positions[:, PAST - 61, 0]
        moved = (heading[:, 0].transpose(-1, -2) @ moved[..., None])[..., 0]
        moved = moved + 0.1 * self._random.normal(count, 3)
        known = ~fresh
        return MotionState(sixd * known[:, None, None], moved * known[:, None])

    def validation_step(self, batch: Any, index: int) -> None:
        """Errors on whole clips of people not trained on, with clean sensors, per source."""
        groups: dict[str, list[PoseErrors]] = {}
        for clip, errors in validate(self.network, self._validation):
            groups.setdefault(clip.subject.split("_")[0], []).append(errors)
        means = {source: mean_errors(errors) for source, errors in groups.items()}
        for source, mean in means.items():
            for name in ("SIP", "Ang", "Pos"):
                self.log(f"val/{source}/{name}", getattr(mean, name), sync_dist=True)
            self.log(f"val/{source}/jitter", mean.jitter / mean.jitter_truth, sync_dist=True)
        # one figure to stop on: SIP in degrees plus Pos in centimetres, mean of the sources
        score = float(np.mean([mean.SIP + mean.Pos for mean in means.values()]))
        self.log("val/score", score, prog_bar=True, sync_dist=True)

    def configure_optimizers(self) -> Any:
        """AdamW, linear warm-up, then half a cosine to zero."""
        return warm_cosine(self.parameters(), self.config, fused=can_capture(self))


def make_targets(worn: WornWindows, frame: Tensor, heading: Tensor) -> Targets:
    """What the heads should say, relative to the (possibly wrong) pelvis sensor."""
    frames = frame.shape[1]
    inner = slice(PAST, PAST + frames)
    rotations = frame.transpose(-1, -2)[:, :, None] @ worn.global_rotations[:, inner]
    step = worn.positions[:, inner] - worn.positions[:, PAST - 1 : PAST - 1 + frames]
    velocity = (heading.transpose(-1, -2) @ step[:, :, 0, :, None])[..., 0] * 60
    contact = (step[:, :, [10, 11]].norm(dim=-1) < 0.008).float()  # TransPose: under 8 mm a frame
    return Targets(rotations, velocity, contact)


def losses(output: HiPoserOutput, targets: Targets, offsets: Tensor, config: TrainingConfig) -> dict[str, Tensor]:
    """The paper's eq. 16 a task, and terms on joint positions and their velocity (both linear in the entries)."""
    error = (output.rotations - targets.rotations).float()
    tasks = PARTS if config.network.parts else {"body": tuple(range(24))}
    rows = {task: constant(joints, torch.long, error.device) for task, joints in tasks.items()}
    terms = {task: error.index_select(2, joints).flatten(2).norm(dim=-1).mean() for task, joints in rows.items()}
    distance = joint_positions(error, offsets)
    terms["position"] = config.position * distance.norm(dim=-1).mean()
    terms["motion"] = config.motion * 60 * distance.diff(dim=1).norm(dim=-1).mean()
    terms["velocity"] = config.velocity * (output.velocity - targets.velocity).norm(dim=-1).mean()
    terms["contact"] = config.contact * F.binary_cross_entropy_with_logits(output.contact, targets.contact)
    return terms


@torch.inference_mode()
def validate(network: HiPoser, clips: Sequence[Clip], piece: int = 300) -> list[tuple[Clip, PoseErrors]]:
    """Errors of the first `piece` frames of each clip with clean sensors, all clips as one batch."""
    network.eval()
    device = network.embed_sensors.weight.device
    parts = [clip.motion.part(slice(piece)) for clip in clips]
    imus = [simulate_imu(motion) for motion in parts]
    inputs = [
        sensor_features(
            torch.from_numpy(quaternion_to_matrix(imu.orientation))[None],
            torch.from_numpy(imu.acceleration)[None],
            torch.from_numpy(imu.present)[None],
        )
        for imu in imus
    ]
    stacked = torch.nn.utils.rnn.pad_sequence([frames.features[0] for frames in inputs], batch_first=True)
    output, _ = network(stacked.to(device))
    estimates = output.rotations.cpu()
    network.train()
    results = []
    for k, (clip, motion) in enumerate(zip(clips, parts, strict=True)):
        local = poses_from_output(estimates[k, : len(motion)], inputs[k].frame[0], inputs[k].root[0])
        estimate = replace(motion, rotations=local)
        results.append((clip, pose_errors(estimate, motion)))
    return results
