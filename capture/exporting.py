"""A solved take for other programs: BVH, AMASS and CSV by ourselves, FBX, glTF and USD through Blender."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..rig.amass import write_amass
from ..rig.blender.job import EXCHANGE, BakeJob, run_bake
from ..rig.bvh import write_bvh
from ..rig.errors import BadInputError
from ..rig.frame_rate import frame_rate
from ..rig.motion import Motion
from ..rig.progress import Progress
from ..rig.resample import resample
from ..rig.skeleton import JOINTS
from ..rig.whole_file import refuse_existing, whole_file
from .take import Take

PLAIN = (".bvh", ".npz", ".csv")
FORMATS = (*PLAIN, *EXCHANGE)


@dataclass(frozen=True)
class ExportOptions:
    """`out` names the format by its suffix; `fps` None keeps the solve's rate; `network` None is the newest solve."""

    out: Path
    network: str | None = None
    fps: float | None = None
    force: bool = False

    def check(self) -> None:
        """Refuse what cannot be written, before any work is done."""
        if self.out.suffix.lower() not in FORMATS:
            raise BadInputError(f"{self.out}: the name has to end in one of {', '.join(FORMATS)}.")
        refuse_existing(self.out, force=self.force)


def export_take(take: Take, options: ExportOptions, progress: Progress) -> int:
    """Write the file, whole or not at all; gives its frames. Errors are those of `run_bake`."""
    options.check()
    solved, name = take.solved_file(options.network), take.path.name.removesuffix(take.path.suffix)
    suffix = options.out.suffix.lower()
    if suffix in EXCHANGE:
        return run_bake(BakeJob(solved, name, options.out, options.fps, None, options.force), progress).frames
    motion = take.load_solved(options.network)
    if options.fps is not None:
        motion = resample(motion, frame_rate(options.fps).value)
    progress(0.5, "Writing")
    writers: dict[str, Callable[[Motion, Path], None]] = {".bvh": write_bvh, ".npz": write_amass, ".csv": write_csv}
    writers[suffix](motion, options.out)
    return len(motion)


def write_csv(motion: Motion, path: Path) -> None:
    """One line a frame: `seconds`, `confidence`, the pelvis' place (m, Y up), and w, x, y, z of every joint relative to
    its parent."""
    header = ["seconds", "confidence", "pelvis_x", "pelvis_y", "pelvis_z"]
    header += [f"{joint}_{axis}" for joint in JOINTS for axis in ("qw", "qx", "qy", "qz")]
    columns = (
        ((motion.t_ns - motion.t_ns[0]) / 1e9)[:, None],
        motion.confidence[:, None],
        motion.translation,
        motion.rotations.reshape(len(motion), -1),
    )
    with whole_file(path) as part, part.open("w", encoding="ascii", newline="\n") as file:
        np.savetxt(
            file, np.concatenate(columns, axis=1), fmt="%.7g", delimiter=",", header=",".join(header), comments=""
        )
