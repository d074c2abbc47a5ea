"""A take from the countdown to its end. The engine writes what the sensors say; we keep the poses that were seen."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from ..capture.link_protocol import LinkPose
from ..rig.amass import write_amass
from ..rig.motion import Motion, Origin
from ..rig.skeleton import SMPL24, Skeleton
from .take_files import LIVE, SOLVED


class Stage(StrEnum):
    """Where a recording is."""

    COUNTDOWN = "countdown"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


@dataclass
class Recording:
    """`until`: the end of the countdown on `clock`; `take` is known once the engine records, as the session `told`."""

    name: str
    until: float
    clock: Callable[[], float] = time.monotonic
    stage: Stage = Stage.COUNTDOWN
    take: Path | None = None
    poses: list[LinkPose] = field(default_factory=list)
    performer: Skeleton = SMPL24
    network: str = ""
    told: bool = False
    ticked: int = -1

    @property
    def left(self) -> float:
        """Seconds of the countdown that are left."""
        return max(self.until - self.clock(), 0.0)

    def tick(self) -> bool:
        """Whether a new second of the countdown has begun."""
        second, before = int(np.ceil(self.left)), self.ticked
        self.ticked = second
        return second != before and second > 0


def live_motion(recording: Recording) -> Motion | None:
    """What was seen, in the order of time; None of fewer than two poses."""
    kept = {pose.t_ns: pose for pose in recording.poses}
    if len(kept) < 2:
        return None
    ordered = [kept[t_ns] for t_ns in sorted(kept)]
    return Motion(
        rotations=np.stack([pose.rotations for pose in ordered]).astype(np.float32),
        translation=np.stack([pose.translation for pose in ordered]).astype(np.float32),
        t_ns=np.array([pose.t_ns for pose in ordered], np.int64),
        skeleton=recording.performer,
        confidence=np.array([pose.confidence for pose in ordered], np.float32),
        origin=Origin(network=recording.network),
    )


def keep_live(recording: Recording) -> Path | None:
    """Write what was seen into the take, as the solve `live`; raises BadInputError where it cannot be written."""
    motion = live_motion(recording)
    if motion is None or recording.take is None or not recording.take.is_dir():
        return None
    path = recording.take / SOLVED / f"{LIVE}.npz"
    write_amass(motion, path)
    return path
