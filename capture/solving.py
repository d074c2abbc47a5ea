"""From a take to the motion in it, by a pose network."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from ..rig.errors import FileFormatError
from ..rig.motion import Motion
from ..rig.polish import Polish
from ..rig.progress import Progress
from .take import Take
from .take_camera import has_camera

DEFAULT_NETWORK = "hiposer-s"


class Mode(StrEnum):
    """`LIVE` solves frame by frame as it would while recording; `OFFLINE` may look ahead."""

    LIVE = "live"
    OFFLINE = "offline"


def solve_take(
    take: Take, network: str, mode: Mode, progress: Progress, polish: Polish | None = None
) -> tuple[Motion, Path, tuple[str, ...]]:
    """Solve and keep the result in the take: the motion before it is polished, its file, warnings."""
    if take.manifest.calibration is None and has_camera(take):
        raise FileFormatError(
            take.path, f"has a camera and no sensors, which {network} reads.", "Choose a network that reads a camera."
        )
    imu, warnings = take.imu()
    progress(0.0, "Loading the network")
    # torch comes with it: only here, where it is needed
    from ..inference.solver import solve

    motion = solve(imu, network=network, mode=mode.value, skeleton=take.skeleton, progress=progress)
    calibration = take.manifest.calibration
    if calibration is not None:
        motion = replace(motion, origin=replace(motion.origin, calibration=calibration.id))
    return motion, take.save_solved(motion, network, polish), warnings
