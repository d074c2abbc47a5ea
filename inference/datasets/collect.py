"""Files and folders of motion to clips, whatever they are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...rig.acclaim import read_amc
from ...rig.amass import read_amass
from ...rig.bvh import read_bvh
from ...rig.errors import BadInputError, FileFormatError
from ...rig.motion import SOLVE_RATE, Motion
from ...rig.resample import resample
from ...rig.totalcapture import ORIENTATIONS, read_totalcapture
from ..shards import Clip, is_shard, read_shard
from .pickles import read_pickle
from .tensors import read_tensors
from .threedhp import is_3dhp, motions_of
from .vectors import SHORTEST

SUFFIXES = (".npz", ".bvh", ".amc", ".pkl", ".pickle", ".pt")
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Collected:
    """`left_out`: a sentence for each file that gave nothing."""

    clips: tuple[Clip, ...]
    left_out: tuple[str, ...]


def collect(sources: Sequence[Path], person: str = "", progress: Progress = lambda share, doing: None) -> Collected:
    """Every clip at 60 Hz. `person`: whose they are; else the folder right under the source that a file lies in, or the
    source's own name. Raises BadInputError where a source does not exist."""
    files = [(source, path) for source in sources for path in _files(source)]
    clips: list[Clip] = []
    left_out = []
    for k, (source, path) in enumerate(files):
        progress(k / len(files), f"Reading {path.name}")
        try:
            found = [_at_rate(clip) for clip in read_clips_of(path, person or _person(source, path))]
        except FileFormatError as error:
            left_out.append(str(error))
            continue
        long = [clip for clip in found if len(clip.motion) >= SHORTEST]
        clips += long
        if len(long) < len(found):
            left_out.append(f"{path}: {len(found) - len(long)} of its clips are shorter than {SHORTEST} frames.")
    return Collected(tuple(clips), tuple(left_out))


def read_clips_of(path: Path, person: str) -> Iterator[Clip]:
    """One file's. Raises FileFormatError."""
    match path.suffix.lower():
        case ".npz" if is_shard(path):
            yield from read_shard(path)
        case ".npz" if is_3dhp(path):
            yield from motions_of(path)
        case ".npz":
            yield Clip(path.stem, person, read_amass(path))
        case ".bvh":
            yield Clip(path.stem, person, read_bvh(path))
        case ".amc":
            yield Clip(path.stem, person, read_amc(path))
        case ".pt":
            yield from read_tensors(path, person)
        case ".txt":
            yield Clip(path.parent.name, person, read_totalcapture(path), "TotalCapture")
        case _:
            yield from read_pickle(path, person)


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise BadInputError(f"{source} does not exist.")
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    # AMASS keeps a person's shape beside the motion
    found = [path for path in found if path.name not in ("shape.npz", "neutral_stagei.npz")]
    truths = sorted(path for path in source.rglob("*.txt") if path.name.lower() == ORIENTATIONS)
    return sorted([*found, *truths])


def _person(source: Path, path: Path) -> str:
    inside = path.relative_to(source).parts if source.is_dir() else ()
    return f"{source.name}_{inside[0]}" if len(inside) > 1 else source.stem


def _at_rate(clip: Clip) -> Clip:
    motion: Motion = clip.motion
    same = abs(motion.rate - SOLVE_RATE) < 1e-3 * SOLVE_RATE
    return clip if same else replace(clip, motion=resample(motion, SOLVE_RATE))
