"""TotalCapture's thirteen Xsens sensors (Trumble et al., BMVC 2017), calibrated by the set's own files.

`s1_acting1_Xsens.sensors`: a line with the numbers of sensors and frames; for each frame, at 60 Hz, its number and a
line a sensor: name, orientation in the sensors' world w, x, y, z, and specific force in the sensor's own axes, m/s²
(behind it, `_Xsens_AuxFields.sensors` has angular rate and field). `s1_acting1_calib_imu_ref.txt` and `…_bone.txt`: a
count, then a line a sensor: name, x, y, z, w; a bone is turned by ref · sensor · bone⁻¹ in Vicon's world, which has Y
up (the set's readme, cvssp.org/data/totalcapture; order of the numbers as its users report it). How Vicon's bones are
turned at rest is told from the ground truth, which has to be beside it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import FileFormatError
from ...rig.foreign import bone_turns
from ...rig.quaternion import Array, conjugate, multiply, normalise, rotate
from ...rig.totalcapture import POSITIONS, RATE, read_skeleton
from ..log import GRAVITY, Recording, SensorLog

# the slot of each sensor, and the joint whose bone it measures
WORN: dict[str, tuple[str | None, int]] = {
    "Head": ("head", 15),
    "Sternum": (None, 9),
    "Pelvis": ("pelvis", 0),
    "L_UpArm": (None, 16),
    "R_UpArm": (None, 17),
    "L_LowArm": ("left_forearm", 18),
    "R_LowArm": ("right_forearm", 19),
    "L_UpLeg": ("left_thigh", 1),
    "R_UpLeg": ("right_thigh", 2),
    "L_LowLeg": ("left_shin", 4),
    "R_LowLeg": ("right_shin", 5),
    "L_Foot": ("left_foot", 7),
    "R_Foot": ("right_foot", 8),
}
REMEDY = "Unpack the set's archives again."
OFF = 0.05  # by which a quaternion's length may miss 1


def is_totalcapture(path: Path) -> bool:
    """By how it begins: two numbers, the first frame's, and the first sensor's name."""
    if path.suffix.lower() != ".sensors":
        return False
    with path.open(encoding="ascii", errors="replace") as file:
        words = file.read(200).split()
    return len(words) > 3 and all(word.isdecimal() for word in words[:3]) and words[3] in WORN


def read_totalcapture(path: Path) -> Recording:
    """The sensors that are worn where a slot is known, bone to world. Raises FileFormatError."""
    names, values, warnings = _table(path)
    sequence = path.name[: path.name.lower().index("_xsens")] if "_xsens" in path.name.lower() else path.stem
    ref, bone = (_calibration(path.parent, sequence, kind) for kind in ("ref", "bone"))
    if missing := [name for name in names if name not in ref or name not in bone]:
        raise FileFormatError(path, f"has no calibration of {', '.join(missing[:3])}.", REMEDY)
    world, turns = bone_turns(read_skeleton(_truth(path, sequence)))
    logs = []
    for row, name in enumerate(names):
        own = values[:, row]
        good = np.isfinite(own).all(axis=1) & (np.abs(np.linalg.norm(own[:, :4], axis=1) - 1) < OFF)
        if not good.all():
            warnings.append(f"{path}: {int((~good).sum())} samples of {name} mean nothing and are left out.")
        if good.sum() > 1:
            t_ns = np.round(np.flatnonzero(good) * 1e9 / RATE).astype(np.int64)
            logs.append(_log(name, t_ns, own[good], (world, ref[name], bone[name], turns)))
    if not logs:
        raise FileFormatError(path, "has no sensor with two samples.", REMEDY)
    return Recording("TotalCapture", tuple(logs), tuple(warnings), aligned=True)


def _log(name: str, t_ns: NDArray[np.int64], values: Array, turned: tuple[Array, Array, Array, Array]) -> SensorLog:
    slot, joint = WORN[name]
    world, ref, bone, turns = turned
    sensor = multiply(multiply(world, ref), normalise(values[:, :4]))
    orientation = multiply(multiply(sensor, conjugate(bone)), turns[joint])
    acceleration = rotate(sensor, values[:, 4:7]) - [0, GRAVITY, 0]
    return SensorLog(name, slot, t_ns, t_ns, orientation, acceleration, RATE)


def _table(path: Path) -> tuple[list[str], Array, list[str]]:
    """Names, values `(T, N, 7)`, warnings."""
    lines = _lines(path)
    try:
        count, frames = (int(word) for word in lines[0].split())
        names = [line.split()[0] for line in lines[2 : 2 + count]]
        there = min(frames, (len(lines) - 1) // (count + 1))
        blocks = [lines[1 + k * (count + 1) : 1 + (k + 1) * (count + 1)] for k in range(there)]
        if any([line.split()[0] for line in block[1:]] != names for block in blocks):
            raise ValueError("sensors change from frame to frame")
        values = np.array([[[float(word) for word in line.split()[1:8]] for line in block[1:]] for block in blocks])
    except (ValueError, IndexError) as error:
        raise FileFormatError(path, f"is no table of sensors ({error}).", REMEDY) from error
    if unknown := [name for name in names if name not in WORN]:
        raise FileFormatError(path, f"has sensors that the set has not: {', '.join(unknown[:3])}.", REMEDY)
    if values.ndim != 3 or values.shape[2] != 7:
        raise FileFormatError(path, "has no whole frame with seven numbers a sensor.", REMEDY)
    return names, values, [f"{path} breaks off after {there} of {frames} frames."] if there < frames else []


def _calibration(folder: Path, sequence: str, kind: str) -> dict[str, Array]:
    """By sensor, w first."""
    ending = f"{sequence}_calib_imu_{kind}.txt".lower()
    found = [file for file in sorted(folder.iterdir()) if f"_{file.name.lower()}".endswith(f"_{ending}")]
    if not found:
        raise FileFormatError(folder, f"holds no {ending}, by which its sensors are calibrated.", REMEDY)
    try:
        rows = [line.split() for line in _lines(found[0])[1:]]
        values = {name: np.array([float(w), float(x), float(y), float(z)]) for name, x, y, z, w in rows}
    except ValueError as error:
        raise FileFormatError(found[0], f"is no table of quaternions ({error}).", REMEDY) from error
    if any(not abs(np.linalg.norm(q) - 1) < OFF for q in values.values()):
        raise FileFormatError(found[0], "holds numbers that are no unit quaternions.", REMEDY)
    return {name: normalise(q) for name, q in values.items()}


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).", REMEDY) from error
    except ValueError as error:
        raise FileFormatError(path, "is no text.", REMEDY) from error


def _truth(path: Path, sequence: str) -> Path:
    """Beside the sensors, or where the archive of the ground truth leaves it: S1/acting1 for s1/s1_acting1."""
    subject, _, name = sequence.rpartition("_")
    above = path.parent.parent
    places = [path.parent, path.parent / name.lower()]
    places += [above / (subject or path.parent.name).upper() / name.lower()]
    for place in places:
        if (place / POSITIONS).is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise FileFormatError(path, f"needs the ground truth's files ({POSITIONS} …), which are not in {looked}.", REMEDY)
