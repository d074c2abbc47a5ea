"""`mocamba shards`."""

from pathlib import Path
from typing import Annotated

import typer

from ...rig.errors import BadInputError
from ...rig.whole_file import check_suffix, refuse_existing
from .console import ForceFlag, JsonFlag, as_argument, progress_bar, report

HELP = """Make a motion shard, which `mocamba train` and `mocamba evaluate` read, of motion that you have.

Files and folders of AMASS .npz, BVH of any program, CMU's .asf and .amc, 3DPW and DIP-IMU pickles (read without running
what is in them), the .pt files of TransPose's preprocessing, TotalCapture's ground truth (gt_skel_gbl_ori.txt),
and MPI-INF-3DHP as the lifting line prepares it (data_train_3dhp.npz). Who is who is told from folders: a split is by
person. What you make of licensed sets is under their licence, and so are weights trained on it.

Examples:

  mocamba shards AMASS/CMU --out motion/cmu.npz

  mocamba shards 3DPW/sequenceFiles DIP_IMU --out motion/mine.npz

  mocamba shards dance.bvh --person ana --out motion/dance.npz
"""


def shards_command(
    sources: Annotated[list[Path], typer.Argument(metavar="SRC...", help="Files and folders.")],
    out: Annotated[Path, typer.Option(help="The shard to write (.npz).")],
    person: Annotated[str, typer.Option(help="Whose motion all of it is.")] = "",
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    # torch comes with these
    from ...inference.datasets.collect import collect
    from ...inference.shards import write_shard

    check_suffix(out, ".npz")
    refuse_existing(out, force=force)
    with progress_bar(as_json) as progress:
        found = collect(sources, person, progress)
    if not found.clips:
        reasons = " ".join(found.left_out[:3]) or "There is no .npz, .bvh, .amc, .pkl, .pt or TotalCapture file in it."
        raise BadInputError(f"No motion was found. {reasons}")
    write_shard(found.clips, out)
    people = sorted({clip.subject for clip in found.clips})
    minutes = sum(len(clip.motion) for clip in found.clips) / 3600
    lines = [
        f"{out}: {len(found.clips)} clips of {len(people)} people, {minutes:.1f} minutes",
        *(f"Left out: {sentence}" for sentence in found.left_out),
        f"Next: mocamba train hiposer-s --data {as_argument(out.parent)} --validate-on {as_argument(people[-1])} "
        f"--out RUN",
    ]
    values = {"shard": str(out), "clips": len(found.clips), "people": people, "minutes": round(minutes, 3)}
    report(values | {"left_out": list(found.left_out)}, lines, as_json)
