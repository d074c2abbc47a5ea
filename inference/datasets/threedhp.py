"""MPI-INF-3DHP (Mehta et al., 3DV 2017) as the lifting line prepares it, with the scripts of P-STMO.

`data_train_3dhp.npz`: `data` is a table by "S1 Seq1" of a list: a table by camera ("0" …) of `data_2d (T, 17, 2)`
pixels and `data_3d (T, 17, 3)` mm in the camera's frame, and the rate in Hz. `data_test_3dhp.npz`: `data` is a table by
"TS1" of `data_2d`, `data_3d` and `valid (T,)`. All of it is pickled, and read without running what is in it. The joints
are in the order of the set's own selection, as P-STMO's loader has them; people are scaled to one height
(`univ_annot3`). Pictures are 2048 x 2048, those of TS5 and TS6 1920 x 1080; test videos come at 25 Hz.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from ...rig.amass import DAMAGE
from ...rig.errors import BadInputError, FileFormatError
from ...rig.lifted.bones import performer_of
from ...rig.lifted.ground import find_up, ground_of
from ...rig.lifted.pose import pose_from_joints
from ...rig.motion import SOLVE_RATE, Motion
from ...rig.plain_pickle import array_of, objects_of, unpickled
from ...rig.skeleton import SMPL24
from ..h36m_evaluation import H36MFrames
from ..shards import Clip

Floats = NDArray[np.float64]
# Of each of Human3.6M's joints, the row that it has there
ROWS = (14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4)
WIDE = {"TS5": (1920, 1080), "TS6": (1920, 1080)}
FIELDS = ("keypoints", "joints")
SIZE, TEST_RATE = (2048, 2048), 25.0
REMEDY = "Prepare it again with P-STMO's scripts."


@dataclass(frozen=True, eq=False)
class FilmedSequence:
    """One camera's: `keypoints (T, 17, 2)` pixels and `joints (T, 17, 3)` mm in its frame, both of `rig.h36m`; `valid
    (T,)` frames that count; `size` of the pictures, `rate` Hz."""

    name: str
    person: str
    keypoints: Floats
    joints: Floats
    valid: NDArray[np.bool_]
    size: tuple[int, int]
    rate: float


def is_3dhp(path: Path) -> bool:
    """Whether an .npz is one of the two files, by what is in it: one array of Python's objects."""
    try:
        with ZipFile(path) as archive, archive.open("data.npy") as file:
            return archive.namelist() == ["data.npy"] and _kind(file).hasobject
    except (*DAMAGE, NotImplementedError):
        return False


def read_3dhp(path: Path) -> tuple[FilmedSequence, ...]:
    """Of either file, all cameras of a sequence one after another. Raises FileFormatError."""
    table = _table(path)
    found: list[FilmedSequence] = []
    try:
        for name, value in table.items():
            if isinstance(value, Mapping):
                valid = array_of(value["valid"]).ravel() != 0
                found.append(_sequence(path, name, name, value, TEST_RATE, valid))
                continue
            cameras, rate = value
            person = name.split()[0]
            found += [
                _sequence(path, f"{name} {camera}", person, values, float(rate)) for camera, values in cameras.items()
            ]
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise FileFormatError(path, f"is not laid out as the lifting line has it ({error!r}).", REMEDY) from error
    if not found:
        raise FileFormatError(path, "has no sequences.", REMEDY)
    return tuple(found)


def frames_of_3dhp(path: Path) -> H36MFrames:
    """For `evaluate_h36m`: every sequence is an action, frames that do not count are lifted and not compared. The
    factor, which Human3.6M's file holds, is told from both kinds of joints in each frame."""
    found = read_3dhp(path)
    counted = np.concatenate([one.valid for one in found])
    if not counted.any():
        raise FileFormatError(path, "has no frame that counts.", REMEDY)
    points, joints = (np.nan_to_num(np.concatenate([getattr(one, name) for one in found])) for name in FIELDS)
    seen, real = points - points[:, :1], (joints - joints[:, :1])[..., :2]
    factor = (real * seen).sum(axis=(1, 2)) / np.maximum((seen**2).sum(axis=(1, 2)), 1e-9)
    size = np.array([one.size for one in found for _ in one.valid], np.float64)
    names = tuple(one.name for one in found for _ in one.valid)
    return H36MFrames(points, np.ones(points.shape[:2]), joints, factor, size, names, names, counted)


def motions_of(path: Path) -> Iterator[Clip]:
    """Every sequence once, by its first camera, as motion at 60 Hz: joints as they are, twists as bent limbs tell them,
    up and floor from how the performer stands. Frames that do not count are left out at the ends."""
    last = ""
    for one in read_3dhp(path):
        name = " ".join(one.name.split()[:2])
        if name != last:
            yield Clip(name.replace(" ", "_"), f"3dhp_{one.person}", _motion(path, one), "MPI-INF-3DHP")
        last = name


def _motion(path: Path, one: FilmedSequence) -> Motion:
    rows = np.flatnonzero(one.valid)
    if len(rows) < 2:
        raise FileFormatError(path, f"has no two frames of {one.name} that count.", "Leave it out.")
    seen, seconds = one.joints[rows] / 1000, (rows - rows[0]) / one.rate
    even = np.arange(0, seconds[-1] + 1e-9, 1 / SOLVE_RATE)
    flat = seen.reshape(len(seen), -1)
    joints = np.stack([np.interp(even, seconds, column) for column in flat.T], axis=-1).reshape(-1, 17, 3)
    present = np.ones(len(joints), bool)
    try:
        skeleton = performer_of(joints, SMPL24)
    except BadInputError as error:
        raise FileFormatError(path, f"holds nobody in {one.name}: {error}", "Leave it out.") from error
    world = ground_of(joints, present, find_up(joints, present), skeleton).to_world(joints)
    return pose_from_joints(world, world[:, 0], skeleton)


def _sequence(
    path: Path, name: str, person: str, values: Any, rate: float, valid: NDArray[np.bool_] | None = None
) -> FilmedSequence:
    points, joints = (array_of(values[key]).astype(np.float64) for key in ("data_2d", "data_3d"))
    count = len(points)
    valid = np.ones(count, bool) if valid is None else valid
    if not count:
        raise FileFormatError(path, f"has no frames of {name}.", REMEDY)
    if (points.shape, joints.shape, valid.shape) != ((count, 17, 2), (count, 17, 3), (count,)):
        shapes = f"{points.shape}, {joints.shape} and {valid.shape}"
        raise FileFormatError(path, f"has arrays of shapes {shapes} for {name}.", REMEDY)
    if not (np.isfinite(points[valid]).all() and np.isfinite(joints[valid]).all()):
        raise FileFormatError(path, f"has NaN in {name}.", REMEDY)
    if not 1 <= rate <= 1000:
        raise FileFormatError(path, f"says that {name} has {rate:g} frames a second.", REMEDY)
    rows = list(ROWS)
    return FilmedSequence(name, person, points[:, rows], joints[:, rows], valid, WIDE.get(name, SIZE), rate)


def _table(path: Path) -> dict[str, Any]:
    try:
        with ZipFile(path) as archive:
            file = io.BytesIO(archive.read("data.npy"))
        if not _kind(file).hasobject:
            raise FileFormatError(path, "holds plain arrays, not sequences by name.", REMEDY)
    except (*DAMAGE, NotImplementedError) as error:
        raise FileFormatError(path, f"cannot be read as .npz ({error}).", "Is it cut off?") from error
    content = unpickled(file.read(), path)
    try:
        (table,) = objects_of(content)
    except (TypeError, ValueError) as error:
        raise FileFormatError(path, "holds no table of sequences.", REMEDY) from error
    if not isinstance(table, dict):
        raise FileFormatError(path, "holds no table of sequences.", REMEDY)
    return {str(name): value for name, value in table.items()}


def _kind(file: Any) -> "np.dtype[Any]":
    """Of the array whose .npy `file` is; what follows are its values."""
    layout: Any = np.lib.format  # NumPy's own types leave its functions out
    read = layout.read_array_header_1_0 if layout.read_magic(file) == (1, 0) else layout.read_array_header_2_0
    kind: np.dtype[Any] = read(file)[2]
    return kind
