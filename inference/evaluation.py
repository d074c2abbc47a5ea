"""Accuracy of HiPoser on a motion file: simulated sensors, solved as a user's would be, compared with the truth."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ..rig.errors import BadInputError
from ..rig.imu import SensorErrors
from ..rig.motion import Motion
from .metrics import PoseErrors, TravelErrors, mean_errors, pose_errors, travel_errors
from .networks.hiposer import HiPoser
from .shards import Clip, read_shard
from .solver import solve_frames
from .virtual_sensors import simulate_imu

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Evaluation:
    """Means over all frames of all clips; `people` and `clips` they came from."""

    pose: PoseErrors
    travel: TravelErrors
    people: tuple[str, ...]
    clips: int


def evaluate_shard(
    network: HiPoser,
    path: Path,
    errors: SensorErrors,
    *,
    offline: bool = False,
    people: Collection[str] = (),
    label: str = "",
    seed: int = 0,
    progress: Progress = lambda share, doing: None,
) -> Evaluation:
    """Every clip of a shard on its own, from a network that knows nothing yet; `people` limits whose,
    `label` which by a part of its label.

    The root is the pelvis sensor's. Positions are on each clip's own skeleton.
    """
    clips = [clip for clip in read_shard(path) if _wanted(clip, people, label)]
    if not clips:
        about = f" about {label}" if label else ""
        raise BadInputError(f"{path}: no clip of {', '.join(sorted(people)) or 'anybody'}{about}.")
    pairs = []
    for k, clip in enumerate(clips):
        progress(k / len(clips), f"Solving {clip.name}")
        pairs.append((_estimate(network, clip, errors, offline, seed + k), clip.motion))
    pose = mean_errors([pose_errors(estimate, truth) for estimate, truth in pairs])
    return Evaluation(pose, travel_errors(pairs), tuple(sorted({clip.subject for clip in clips})), len(clips))


def _wanted(clip: Clip, people: Collection[str], label: str) -> bool:
    return (not people or clip.subject in people) and label.lower() in clip.label.lower()


def _estimate(network: HiPoser, clip: Clip, errors: SensorErrors, offline: bool, seed: int) -> Motion:
    truth = clip.motion
    imu = simulate_imu(truth, errors, seed)
    solved = solve_frames(network, imu, offline=offline, skeleton=truth.skeleton)
    return replace(truth, rotations=solved.rotations, translation=solved.translation, confidence=solved.confidence)
