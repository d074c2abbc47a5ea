"""Accuracy of a lifting network on a motion file: virtual cameras, a detector that errs, sensors; against the truth."""

from collections.abc import Callable, Collection, Iterator, Sequence
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
from .device_choice import memory_explained
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
AT_ONCE = 32  # windows of four cameras each


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
    seen = []
    for k, clip in enumerate(clips):
        progress(0.5 * k / len(clips), f"Filming {clip.name}")
        seen.append(_seen(network, clip, detector, sensors, seed + k))
    lifted = lift_all(network, [read for read, _ in seen], frames)
    found = []
    for k, (said, (_, truth)) in enumerate(zip(lifted, seen, strict=True)):
        progress(0.5 + 0.5 * k / len(clips), f"Comparing {clips[k].name}")
        found += [position_errors(mine, real) for mine, real in zip(said, truth, strict=True)]
    names = tuple(sorted({clip.subject for clip in clips}))
    return LiftingEvaluation(mean_position_errors(found), names, len(clips), len(BEARINGS))


def _seen(
    network: Lifter, clip: Clip, detector: DetectorErrors, sensors: SensorErrors, seed: int
) -> tuple[LiftingClips, NDArray[np.float32]]:
    """What four cameras and the sensors say of a clip, and where the joints are."""
    device = next(network.parameters()).device
    random = RandomSource(torch.Generator(device).manual_seed(seed))
    seen = all_cameras(clip.motion, device)
    worn = seen.orientation
    if sensors != CLEAN:
        worn = disturb_orientation(worn, sensors, torch.ones(len(worn), device=device), random)
    read = seen._replace(keypoints=detect(seen.keypoints, seen.scale, detector, random), orientation=worn)
    return read, seen.positions.cpu().numpy()


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


def lift_all(network: Lifter, clips: Sequence[LiftingClips], frames: int) -> list[NDArray[np.float32]]:
    """Joints `(B, T, 17, 3)` relative to the pelvis, metres, of clips of any lengths, many windows at once.

    A clip's last window is moved back to have `frames` frames. A causal network's clip is one stream.
    """
    network.eval()
    if network.look_ahead == 0:
        return [lift(network, clip) for clip in clips]
    cuts = [(k, *cut) for k, clip in enumerate(clips) for cut in _windows(clip.keypoints.shape[1], frames)]
    joints = [np.empty(clip.positions.shape, np.float32) for clip in clips]
    for length in sorted({end - begin for _, begin, _, end in cuts}):
        same = [cut for cut in cuts if cut[3] - cut[1] == length]
        for few in (same[i : i + AT_ONCE] for i in range(0, len(same), AT_ONCE)):
            parts = [_cut(clips[k], begin, end) for k, begin, _, end in few]
            batch = LiftingClips(*(torch.cat(values) for values in zip(*parts, strict=True)))
            said = np.split(lift(network, batch), np.cumsum([len(part.keypoints) for part in parts])[:-1])
            for (k, begin, new, end), mine in zip(few, said, strict=True):
                joints[k][:, new:end] = mine[:, new - begin :]
    return joints


def _windows(length: int, frames: int) -> Iterator[tuple[int, int, int]]:
    """First frame, first new one and end of each window that covers a clip of `length` frames."""
    for new in range(0, length, frames):
        end = min(new + frames, length)
        yield max(0, end - frames), new, end


def _cut(clip: LiftingClips, begin: int, end: int) -> LiftingClips:
    return LiftingClips(*(values[:, begin:end] for values in clip))


@memory_explained()
@torch.inference_mode()
def lift(network: Lifter, clips: LiftingClips) -> NDArray[np.float32]:
    """Joints `(B, T, 17, 3)` relative to the pelvis, metres, on whichever device the network is."""
    device = next(network.parameters()).device
    said = answer(network, LiftingClips(*(values.to(device) for values in clips)))
    metres = said.estimate / said.metre[..., None, None]
    return (metres - metres[:, :, :1]).cpu().numpy()
