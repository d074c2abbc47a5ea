"""TotalCapture's ground truth (Trumble et al., BMVC 2017): Vicon's solved skeleton as two text files a sequence.

`S1/acting1/gt_skel_gbl_pos.txt` and `gt_skel_gbl_ori.txt`: a line of joints' names, then a line a frame at 60 Hz,
joints between tabs and numbers between blanks; positions in inches with Y up, world orientations x, y, z, w. The layout
is that of the set's own archives (cvssp.org/data/totalcapture); unit and order of the numbers are as its users report
them. What identity orientations look like is no part of it: the rest pose follows from both files together.
"""

from pathlib import Path

import numpy as np

from .errors import FileFormatError
from .foreign import ForeignMotion, adopt
from .motion import Motion
from .quaternion import Array, conjugate, normalise, rotate

POSITIONS, ORIENTATIONS = "gt_skel_gbl_pos.txt", "gt_skel_gbl_ori.txt"
RATE = 60.0  # Hz
PARENTS = {
    "Hips": "", "Spine": "Hips", "Spine1": "Spine", "Spine2": "Spine1", "Spine3": "Spine2", "Neck": "Spine3",
    "Head": "Neck",
    **{f"{side}{joint}": parent if parent in ("Hips", "Spine3") else f"{side}{parent}" for side in ("Right", "Left")
       for joint, parent in (("Shoulder", "Spine3"), ("Arm", "Shoulder"), ("ForeArm", "Arm"), ("Hand", "ForeArm"),
                             ("UpLeg", "Hips"), ("Leg", "UpLeg"), ("Foot", "Leg"))},
}  # fmt: skip
LOOSE = 1.0  # inches that bones may be off the length and direction they have on the mean
REMEDY = "Unpack the set's archives again."


def is_totalcapture(path: Path) -> bool:
    """Whether it is one of the two files."""
    return path.name.lower() in (POSITIONS, ORIENTATIONS)


def read_totalcapture(path: Path) -> Motion:
    """Of a sequence's folder, or one of its two files. Frames with NaN are left out at the ends. Raises
    FileFormatError."""
    return adopt(read_skeleton(path))


def read_skeleton(path: Path) -> ForeignMotion:
    """The same as it is in the files."""
    folder = path if path.is_dir() else path.parent
    names, places = _table(folder / POSITIONS, 3)
    others, turns = _table(folder / ORIENTATIONS, 4)
    if names != others or len(places) != len(turns):
        raise FileFormatError(
            folder, f"has {len(places)} positions and {len(turns)} orientations of other joints.", REMEDY
        )
    if missing := [name for name in PARENTS if name not in names]:
        raise FileFormatError(folder / POSITIONS, f"has no joint {', '.join(missing[:4])}.", REMEDY)
    rows = _whole(folder, np.isfinite(places).all(axis=(1, 2)) & np.isfinite(turns).all(axis=(1, 2)))
    order = [names.index(name) for name in PARENTS]
    places, turns = places[rows][:, order], np.roll(turns[rows][:, order], 1, axis=-1)
    if (np.abs(np.linalg.norm(turns, axis=-1) - 1) > 0.01).any():
        raise FileFormatError(folder / ORIENTATIONS, "holds numbers that are no unit quaternions.", REMEDY)
    turns = normalise(turns)
    parents = tuple(-1 if not parent else list(PARENTS).index(parent) for parent in PARENTS.values())
    offsets = _offsets(folder, places, turns, parents)
    return ForeignMotion(folder / ORIENTATIONS, tuple(PARENTS), parents, offsets, {}, turns, places, RATE)


def _table(path: Path, width: int) -> tuple[list[str], Array]:
    """Names, and `(T, N, width)`."""
    try:
        first, *lines = path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).", REMEDY) from error
    except ValueError as error:  # no line, or bytes that are no letters
        raise FileFormatError(path, "is empty or no text.", REMEDY) from error
    names = first.split()
    try:
        rows = np.array([[float(word) for word in line.split()] for line in lines if line.strip()])
    except ValueError as error:  # a word, or lines of different length
        raise FileFormatError(path, f"is no table of numbers ({error}).", REMEDY) from error
    if not len(rows):
        raise FileFormatError(path, "has no frames.", REMEDY)
    if rows.shape[1] != width * len(names):
        reason = f"has {rows.shape[1]} numbers a frame for {len(names)} joints, which have {width} each."
        raise FileFormatError(path, reason, REMEDY)
    return names, rows.reshape(len(rows), len(names), width)


def _whole(folder: Path, known: Array) -> slice:
    """From the first to the last frame that is whole."""
    if not known.any():
        raise FileFormatError(folder, "has no frame without NaN.", "Leave it out.")
    rows = slice(int(np.argmax(known)), len(known) - int(np.argmax(known[::-1])))
    if not known[rows].all():
        raise FileFormatError(folder, f"has NaN between frames {rows.start} and {rows.stop}.", "Leave it out.")
    return rows


def _offsets(folder: Path, places: Array, turns: Array, parents: tuple[int, ...]) -> Array:
    """Rest offsets `(N, 3)` from the parents, inches."""
    offsets = np.zeros((len(parents), 3))
    for index, parent in enumerate(parents):
        if parent < 0:
            continue
        seen = rotate(conjugate(turns[:, parent]), places[:, index] - places[:, parent])
        offsets[index] = seen.mean(axis=0)
        if np.linalg.norm(seen - offsets[index], axis=-1).mean() > LOOSE:
            reason = f"has orientations that do not carry {list(PARENTS)[index]} where the positions have it."
            raise FileFormatError(folder, reason, "They are x, y, z, w in the world, positions inches. " + REMEDY)
    return offsets
