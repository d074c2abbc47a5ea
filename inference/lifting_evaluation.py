"""Accuracy of a lifting network on a motion file: virtual cameras, a detector that errs, sensors; against the truth."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..rig.errors import BadInputError
from ..rig.imu import CLEAN, SensorErrors
from ..rig.motion import Motion
from .cameras import Cameras, look_at
from .detector import DetectorErrors, detect
from .lifters import Lifter, answer
from .lifting import LiftingClips, film, h36m_of
from .position_metrics import PositionErrors, mean_position_errors, position_errors
from .random_source import RandomSource
from .rotations import joint_positions, local_to_global, quaternion_to_matrix
from .shards import Clip, read_shard
from .worn_orientation import disturb_orientation

Progress = Callable[[float, str], None]
BEARINGS = (45, 135, 225, 315)  # degrees around the performer, as Human3.6M's four cameras about stand
DISTANCE, HEIGHT, FOCAL = 4.0, 1.4, 2.0


@dataclass(frozen=True)
class LiftingEvaluation:
    """Means over all frames of all clips and cameras; `people` and `clips` they came from."""

    errors: PositionErrors
    people: tuple[str, ...]
    clips: int
    cameras: int


def evaluate_lifter(
    network: Lifter,
    path: Path,
    detector: DetectorErrors,
    *,
    sensors: SensorErrors = CLEAN,
    frames: int = 81,
    people: Collection[str] = (),
    seed: int = 0,
    progress: Progress = lambda share, doing: None,
) -> LiftingEvaluation:
    """Every clip of a shard through four cameras, in windows of `frames` that follow each other; a causal network goes
    on from one to the next, others know nothing of it. Distances in metres, from the camera's frame.
    """
    clips = [clip for clip in read_shard(path) if not people or clip.subject in people]
    if not clips:
        raise BadInputError(f"{path}: no clip of {', '.join(sorted(people)) or 'anybody'}.")
    found = []
    for k, clip in enumerate(clips):
        progress(k / len(clips), f"Lifting {clip.name}")
        found += _clip_errors(network, clip, detector, sensors, frames, seed + k)
    names = tuple(sorted({clip.subject for clip in clips}))
    return LiftingEvaluation(mean_position_errors(found), names, len(clips), len(BEARINGS))


def _clip_errors(
    network: Lifter, clip: Clip, detector: DetectorErrors, sensors: SensorErrors, frames: int, seed: int
) -> list[PositionErrors]:
    device = next(network.parameters()).device
    random = RandomSource(torch.Generator(device).manual_seed(seed))
    seen = all_cameras(clip.motion, device)
    worn = seen.orientation
    if sensors != CLEAN:
        worn = disturb_orientation(worn, sensors, torch.ones(len(worn), device=device), random)
    seen = seen._replace(keypoints=detect(seen.keypoints, detector, random), orientation=worn)
    said = lift(network, seen, frames)
    return [position_errors(mine, real) for mine, real in zip(said, seen.positions.cpu().numpy(), strict=True)]


def all_cameras(motion: Motion, device: torch.device) -> LiftingClips:
    """A motion as four cameras see it that stand around its middle."""
    turns = local_to_global(quaternion_to_matrix(torch.from_numpy(motion.rotations).to(device))[None])
    offsets = torch.from_numpy(motion.skeleton.offsets).to(device)[None]
    places = joint_positions(turns, offsets) + torch.from_numpy(motion.translation).to(device)[None, :, None]
    joints = h36m_of(turns, places, offsets)
    middle = joints[0, :, 0].mean(0)
    bearings = torch.deg2rad(torch.tensor(BEARINGS, device=device, dtype=torch.float32))
    flat = torch.stack([bearings.sin(), torch.zeros_like(bearings), bearings.cos()], dim=-1)
    position = middle * middle.new_tensor([1, 0, 1]) + DISTANCE * flat + middle.new_tensor([0, HEIGHT, 0])
    count = len(BEARINGS)
    turn = look_at(position, middle.expand(count, 3), torch.zeros_like(bearings))
    cameras = Cameras(turn, position, torch.full_like(bearings, FOCAL))
    return film(turns.expand(count, -1, -1, -1, -1), joints.expand(count, -1, -1, -1), cameras)


@torch.inference_mode()
def lift(network: Lifter, clips: LiftingClips, frames: int) -> NDArray[np.float32]:
    """Joints `(B, T, 17, 3)` relative to the pelvis, metres, of clips of any length."""
    network.eval()
    length = clips.keypoints.shape[1]
    whole = 0 if network.look_ahead == 0 else length // frames * frames  # a causal network's clip is the stream
    parts = [_lift_windows(network, clips, whole, frames)] if whole else []
    if whole < length:
        rest = LiftingClips(*(values[:, whole:] for values in clips))
        parts.append(_lift_windows(network, rest, length - whole, length - whole))
    metres = torch.cat(parts, dim=1)
    return (metres - metres[:, :, :1]).cpu().numpy()


def _lift_windows(network: Lifter, clips: LiftingClips, length: int, frames: int) -> torch.Tensor:
    """The first `length` frames, a multiple of `frames`, all windows in one batch; `(B, length, 17, 3)`, metres."""
    windows = LiftingClips(*(values[:, :length].reshape(-1, frames, *values.shape[2:]) for values in clips))
    said = answer(network, windows)
    metres = said.estimate / said.metre[..., None, None]
    return metres.reshape(-1, length, *metres.shape[2:])
