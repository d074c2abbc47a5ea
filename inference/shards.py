"""Motion shards: many clips of SMPL-24 motion in one .npz (the format of the project's training data).

`quat_delta` holds local rotations as int16 time differences, byte-shuffled; `trans` the pelvis (metres);
`start` clip bounds; `offset_index` into `offsets (K, 24, 3)` and `ends (K, 3, 3)`; `name`, `subject`, `fps`, and
`label` if there is one.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ..rig.errors import FileFormatError
from ..rig.motion import SOLVE_RATE, Motion, evenly_timed
from ..rig.resample import resample
from ..rig.skeleton import JOINTS, Skeleton
from ..rig.whole_file import whole_file

KEYS = ("quat_delta", "trans", "start", "name", "subject", "offset_index", "offsets", "ends", "fps")


@dataclass(frozen=True, eq=False)
class Clip:
    """One motion of one known person; `label` says what is done in it, where the shard knows."""

    name: str
    subject: str
    motion: Motion
    label: str = ""


def read_shard(path: Path) -> Iterator[Clip]:
    """Every clip of a shard, at 60 Hz whatever the shard's rate. Raises `FileFormatError` where the file is not one."""
    shard = _load(path)
    rotations = _undo_difference(shard["quat_delta"])
    if len(rotations) != len(shard["trans"]) or shard["start"][-1] > len(rotations):
        raise FileFormatError(path, "rotations, translations and clip bounds are of different length.")
    for k, (begin, end) in enumerate(zip(shard["start"][:-1], shard["start"][1:], strict=True)):
        yield _clip(path, shard, rotations, k, slice(int(begin), int(end)))


def is_shard(path: Path) -> bool:
    """Whether an .npz is one, by its keys."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return "quat_delta" in archive
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        return False


def write_shard(clips: Sequence[Clip], path: Path) -> None:
    """All `clips` in one file, which is there whole or not at all. Rotations are rounded to 1/32767."""
    motions = [clip.motion for clip in clips]
    arrays = {
        "quat_delta": _difference(np.concatenate([motion.rotations for motion in motions])),
        "trans": np.concatenate([motion.translation for motion in motions]).astype(np.float32),
        "start": np.cumsum([0, *(len(motion) for motion in motions)]),
        "name": np.array([clip.name for clip in clips]),
        "subject": np.array([clip.subject for clip in clips]),
        "label": np.array([clip.label for clip in clips]),
        "offset_index": np.arange(len(clips)),
        "offsets": np.stack([motion.skeleton.offsets for motion in motions]),
        "ends": np.stack([motion.skeleton.ends for motion in motions]),
        "fps": np.array(SOLVE_RATE),
    }
    with whole_file(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def _difference(rotations: NDArray[np.float32]) -> NDArray[np.uint8]:
    """`(T, 24, 4)` to int16 time differences, one channel a row, low bytes then high bytes."""
    values = np.round(rotations * 32767).astype(np.int16).reshape(len(rotations), -1)
    steps = np.diff(values, axis=0, prepend=np.zeros_like(values[:1])).T  # wraps around, and back when summed
    halves = np.ascontiguousarray(steps).astype("<i2").view(np.uint8).reshape(*steps.shape, 2)
    return halves.transpose(0, 2, 1).copy()


def _load(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        # opened here: numpy leaves a damaged archive open
        with path.open("rb") as file, np.load(file, allow_pickle=False) as shard:
            missing = [key for key in KEYS if key not in shard]
            if missing:
                raise FileFormatError(path, f"not a motion shard: it lacks {', '.join(missing)}.")
            return {key: shard[key] for key in (*KEYS, "label") if key in shard}
    except FileNotFoundError as error:
        raise FileFormatError(path, "there is no such file.") from error
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise FileFormatError(path, f"cannot be read as .npz ({error}).", "Is it cut off?") from error


def _undo_difference(packed: NDArray[np.generic]) -> NDArray[np.int16]:
    step = packed.transpose(0, 2, 1).copy().view("<i2")[..., 0]
    return np.cumsum(step.T, axis=0, dtype=np.int16).reshape(-1, len(JOINTS), 4)


def _clip(
    path: Path, shard: dict[str, NDArray[np.generic]], rotations: NDArray[np.int16], k: int, frames: slice
) -> Clip:
    name = str(shard["name"][k])
    q = rotations[frames].astype(np.float32)
    norm = np.linalg.norm(q, axis=-1, keepdims=True)
    translation = np.asarray(shard["trans"][frames], np.float32)
    if len(q) == 0 or not np.all(norm > 0) or not np.isfinite(translation).all():
        raise FileFormatError(path, f"clip {name} is empty or has zero quaternions or NaN.")
    row = int(shard["offset_index"][k])
    skeleton = Skeleton(np.asarray(shard["offsets"][row], np.float32), np.asarray(shard["ends"][row], np.float32))
    rate = float(shard["fps"])
    if not 1 <= rate <= 1000:
        raise FileFormatError(path, f"{rate} is not a frame rate.")
    motion = evenly_timed(q / norm, translation, skeleton, rate)
    # sensors are simulated and networks run at one rate
    same = abs(rate - SOLVE_RATE) < 1e-3 * SOLVE_RATE
    label = str(shard["label"][k]) if "label" in shard else ""
    return Clip(name, str(shard["subject"][k]), motion if same else resample(motion, SOLVE_RATE), label)
