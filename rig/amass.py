"""AMASS `.npz` files in and out (Mahmood et al., ICCV 2019): SMPL, SMPL-H and SMPL-X poses.

AMASS is Z up; Mocamba is Y up. What AMASS has no key for is kept in keys of our own, so that a motion
comes back as it was, while other tools read the standard ones.
"""

import io
import struct
import tokenize
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import FileFormatError
from .motion import Motion, Origin, evenly_timed
from .quaternion import Array, conjugate, from_rotation_vector, make_continuous, multiply, rotate, to_rotation_vector
from .skeleton import SMPL24, Skeleton
from .whole_file import check_suffix, whole_file

FORMAT = 1  # of our own keys
# First joints of the left and the right hand, by number of joints: SMPL, SMPL-H, SMPL-X.
HANDS: dict[int, tuple[int, int]] = {24: (22, 23), 52: (22, 37), 55: (25, 40)}
Z_UP = np.array([np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0])  # our world to AMASS': 90 degrees about X

# What NumPy, zipfile and zlib raise on damaged archives, found by fuzzing.
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    SyntaxError,
    RuntimeError,
    MemoryError,
    OverflowError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)

Arrays = dict[str, NDArray[np.generic]]


def write_amass(motion: Motion, path: Path | str, before: Motion | None = None, polish: str = "") -> None:
    """Write SMPL-H poses `(T, 156)`, Z up, with the hands' own rotation on the first finger joint; atomic.

    `trans` is the position of the pelvis. SMPL adds its template's pelvis offset to it (0.03 m in height). Of a motion
    that was polished, `before` is the motion as it was and `polish` what was done to it; both are kept in the file.
    """
    path = Path(path)
    check_suffix(path, ".npz")
    rotations = motion.rotations.astype(np.float64)
    rotations[:, 0] = multiply(Z_UP, rotations[:, 0])
    poses = np.zeros((len(motion), 52, 3))
    poses[:, [*range(22), *HANDS[52]]] = to_rotation_vector(rotations)
    # in memory first: NumPy's archive, left open by a full disk, complains once more as it is collected
    archive = io.BytesIO()
    np.savez_compressed(
        archive,
        poses=poses.reshape(len(motion), 156),
        trans=rotate(Z_UP, motion.translation.astype(np.float64)),
        mocap_frame_rate=np.float64(motion.rate),
        betas=np.zeros(16),
        gender=np.array("neutral"),
        mocamba_format=np.int64(FORMAT),
        t_ns=motion.t_ns,
        confidence=motion.confidence,
        network=np.array(motion.origin.network),
        weights=np.array(motion.origin.weights),
        calibration=np.array(motion.origin.calibration),
        skeleton_offsets=motion.skeleton.offsets,
        skeleton_ends=motion.skeleton.ends,
        **_optional(motion, before, polish),
    )
    with whole_file(path) as part:
        part.write_bytes(archive.getbuffer())


def _optional(motion: Motion, before: Motion | None, polish: str) -> Arrays:
    arrays: Arrays = {}
    if motion.contact is not None:
        arrays["contact"] = motion.contact
    if before is not None:
        arrays |= {"unpolished_rotations": before.rotations, "unpolished_translation": before.translation}
        arrays["polish"] = np.array(polish)
    return arrays


def read_unpolished(path: Path | str) -> tuple[Motion, str]:
    """The motion as it was before it was polished, and what was done to it ("" for nothing). Raises FileFormatError."""
    path = Path(path)
    motion, arrays = read_amass(path), _load(path)
    if "unpolished_rotations" not in arrays:
        return motion, ""
    rotations, place = _floats(path, arrays, "unpolished_rotations"), _floats(path, arrays, "unpolished_translation")
    if rotations.shape != motion.rotations.shape or place.shape != motion.translation.shape:
        raise FileFormatError(path, "has an unpolished motion of another length.", "Solve the take again.")
    before = replace(motion, rotations=rotations.astype(np.float32), translation=place.astype(np.float32))
    return before, str(_get(path, arrays, "polish"))


def read_amass(path: Path | str) -> Motion:
    """Read poses 72, 156 or 165 wide. Files of others get the skeleton `SMPL24`: `betas` need a licensed model.

    Our own files come back as written, each joint's quaternions sign-continuous from w >= 0 on.
    Raises FileFormatError.
    """
    path = Path(path)
    arrays = _load(path)
    rotations, translation = _pose(path, arrays)
    if "mocamba_format" in arrays:
        return _own(path, arrays, rotations, translation)
    rate = _number(path, arrays, "mocap_frame_rate" if "mocap_frame_rate" in arrays else "mocap_framerate")
    if not 1 <= rate <= 10_000:
        raise FileFormatError(path, f"says it has {rate:g} frames per second.")
    return evenly_timed(rotations, translation, SMPL24, rate)


def _load(path: Path) -> Arrays:
    if path.suffix.lower() != ".npz":
        raise FileFormatError(path, "is not an .npz file.", "AMASS motion is kept in .npz files.")
    try:
        # opened here: numpy leaves a damaged archive open
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files if not key.startswith(("marker", "dmpls"))}
    except FileNotFoundError as error:
        raise FileFormatError(path, "does not exist.") from error
    except DAMAGE as error:
        raise FileFormatError(path, "is cut off or not an .npz file.", "Copy or export it again.") from error


def _pose(path: Path, arrays: Arrays) -> tuple[Array, Array]:
    poses, translation = (_floats(path, arrays, key) for key in ("poses", "trans"))
    if poses.ndim != 2 or poses.shape[1] not in (72, 156, 165):
        raise FileFormatError(path, f"has poses of shape {poses.shape}, not (frames, 72, 156 or 165).")
    if translation.shape != (len(poses), 3):
        raise FileFormatError(path, f"has {len(poses)} poses but translations of shape {translation.shape}.")
    if len(poses) == 0:
        raise FileFormatError(path, "has no frames.")
    vectors = poses.reshape(len(poses), -1, 3)
    rotations = from_rotation_vector(vectors[:, [*range(22), *HANDS[vectors.shape[1]]]])
    if "mocamba_format" in arrays or not _is_y_up(rotations[:, 0]):
        rotations[:, 0] = multiply(conjugate(Z_UP), rotations[:, 0])
        translation = rotate(conjugate(Z_UP), translation)
    rotations *= np.where(rotations[:1, :, :1] < 0, -1, 1)
    return make_continuous(rotations), translation


def _is_y_up(pelvis: Array) -> bool:
    """Some sets use AMASS' keys in a Y-up world: there the pelvis' own up stays near +Y, not +Z."""
    up = rotate(pelvis, np.array([0.0, 1.0, 0.0])).mean(axis=0)
    return bool(up[1] > 0.8 and up[2] < 0.4)


def _own(path: Path, arrays: Arrays, rotations: Array, translation: Array) -> Motion:
    if (version := int(_number(path, arrays, "mocamba_format"))) != FORMAT:
        raise FileFormatError(path, f"is of format {version}; this Mocamba reads {FORMAT}.", "Update Mocamba.")
    skeleton = Skeleton(*(_floats(path, arrays, f"skeleton_{key}").astype(np.float32) for key in ("offsets", "ends")))
    if skeleton.offsets.shape != (24, 3) or skeleton.ends.shape != (3, 3):
        raise FileFormatError(path, "has a skeleton of another number of joints than 24.")
    t_ns, confidence = _get(path, arrays, "t_ns").astype(np.int64), _floats(path, arrays, "confidence")
    if not t_ns.shape == confidence.shape == (len(rotations),):
        raise FileFormatError(path, "has times or confidences for another number of frames than it has poses.")
    if np.any(np.diff(t_ns) <= 0):
        raise FileFormatError(path, "has times that run backwards.", "Solve the take again.")
    return Motion(
        rotations.astype(np.float32),
        translation.astype(np.float32),
        t_ns,
        skeleton,
        confidence.astype(np.float32),
        Origin(*(str(_get(path, arrays, key)) for key in ("network", "weights", "calibration"))),
        _contact(path, arrays, len(rotations)),
    )


def _contact(path: Path, arrays: Arrays, frames: int) -> NDArray[np.float32] | None:
    if "contact" not in arrays:
        return None
    contact = _floats(path, arrays, "contact")
    if contact.shape != (frames, 2):
        raise FileFormatError(path, "has contacts for another number of frames than it has poses.")
    return contact.astype(np.float32)


def _get(path: Path, arrays: Arrays, key: str) -> NDArray[np.generic]:
    if key not in arrays:
        raise FileFormatError(path, f"has no {key!r}.", "It is not an AMASS motion, or it was cut off.")
    return arrays[key]


def _floats(path: Path, arrays: Arrays, key: str) -> Array:
    values = _get(path, arrays, key)
    if values.dtype.kind not in "fiu":
        raise FileFormatError(path, f"has no numbers in {key!r}.")
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise FileFormatError(path, f"has values that are not numbers (NaN or infinite) in {key!r}.")
    return numbers


def _number(path: Path, arrays: Arrays, key: str) -> float:
    value = _floats(path, arrays, key)
    if value.size != 1:
        raise FileFormatError(path, f"has {value.size} values in {key!r} where one is needed.")
    return float(value.reshape(()))
