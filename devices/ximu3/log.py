"""Logs of the x-IMU3: a folder a sensor, a CSV a message type.

Read are `Quaternion.csv` (sensor to a Z-up world, w, x, y, z) and `Inertial.csv` (accelerometer in g, with gravity).
Stamps are microseconds of the sensors' common clock; the two files of one sensor lose samples independently.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import BadInputError, FileFormatError
from ...rig.quaternion import normalise, rotate
from ..log import GRAVITY, Recording, SensorLog, slot_from_name, z_up_to_y_up
from ..table import Table, keep_valid, parse_table, read_text

STAMP = "Timestamp (us)"
QUATERNION = (STAMP, "W", "X", "Y", "Z")
INERTIAL = (STAMP, *(f"Accelerometer {axis} (g)" for axis in "XYZ"))
REMEDY = "It should be a CSV log of the x-IMU3 software."


def is_ximu3(path: Path) -> bool:
    """A sensor's folder, or a folder of them."""
    return path.is_dir() and bool(_sensor_folders(path))


def _sensor_folders(path: Path) -> list[Path]:
    """Case of the file names counts nowhere: logs travel through systems that change it."""
    candidates = [path, *sorted(child for child in path.iterdir() if child.is_dir())]
    return [folder for folder in candidates if _find(folder, "quaternion.csv")]


def _find(folder: Path, name: str) -> Path | None:
    return next((file for file in sorted(folder.iterdir()) if file.name.lower() == name), None)


def read_ximu3(path: Path) -> Recording:
    """Every sensor under the folder `path`; one that cannot be read is left out with a warning if others can."""
    folders = _sensor_folders(path) if path.is_dir() else []
    if not folders:
        raise FileFormatError(path, "holds no folder with a Quaternion.csv.", REMEDY)
    logs, warnings, refused = [], [], []
    for folder in folders:
        try:
            log, remarks = _read_sensor(folder)
        except BadInputError as error:
            refused.append(error)
            warnings.append(f"{error} The sensor '{folder.name}' is left out.")
        else:
            logs.append(log)
            warnings += remarks
    if not logs:
        raise refused[0]
    return Recording("x-IMU3", tuple(logs), tuple(warnings))


def _read_sensor(folder: Path) -> tuple[SensorLog, tuple[str, ...]]:
    turn_path, inertial_path = _find(folder, "quaternion.csv"), _find(folder, "inertial.csv")
    if turn_path is None or inertial_path is None:
        raise FileFormatError(folder, "Inertial.csv is missing beside Quaternion.csv.", "Log both messages.")
    turns = parse_table(read_text(turn_path), QUATERNION, turn_path, REMEDY)
    inertial = parse_table(read_text(inertial_path), INERTIAL, inertial_path, REMEDY)
    return parse_sensor(folder.name, turns, inertial, turn_path, inertial_path)


def parse_sensor(
    name: str, turns: Table, inertial: Table, turn_path: Path, inertial_path: Path
) -> tuple[SensorLog, tuple[str, ...]]:
    """One sensor from its two tables; the paths are for the messages."""
    kept, turn_warnings = keep_valid(turns, turns.values[:, 0], turns.values[:, 1:5], turn_path)
    unturned = np.tile([1.0, 0.0, 0.0, 0.0], (len(inertial.values), 1))
    steady, inertial_warnings = keep_valid(inertial, inertial.values[:, 0], unturned, inertial_path)
    stamps, quaternions = turns.values[kept, 0], normalise(turns.values[kept, 1:5])
    force, measured = match_stamps(stamps, inertial.values[steady, 0], inertial.values[steady, 1:4])
    if measured.sum() < 2:
        raise FileFormatError(inertial_path, "its time stamps do not fit those of Quaternion.csv.", REMEDY)
    stamps, quaternions, force = stamps[measured], quaternions[measured], force[measured]
    free = rotate(quaternions, force * GRAVITY) - np.array([0.0, 0.0, GRAVITY])
    orientation, acceleration = z_up_to_y_up(quaternions, free)
    t_ns = np.round(stamps * 1000).astype(np.int64)
    rate = 1e6 / float(np.median(np.diff(stamps)))
    log = SensorLog(name, slot_from_name(name), t_ns, t_ns, orientation, acceleration, rate)
    return log, (*turns.warnings, *inertial.warnings, *turn_warnings, *inertial_warnings)


def match_stamps(
    wanted: NDArray[np.float64], stamps: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """`values (N, 3)` at the times `wanted`, and where they are measured.

    Between two samples no further apart than three usual steps they are interpolated; elsewhere only a sample at
    the very time counts.
    """
    step = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 0.0
    after = np.clip(np.searchsorted(stamps, wanted), 1, max(len(stamps) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(stamps) - 1)
    inside = (wanted >= stamps[0]) & (wanted <= stamps[-1])
    near = (stamps[after] - stamps[before]) <= 3.5 * step
    exact = (wanted == stamps[before]) | (wanted == stamps[after])
    at = np.stack([np.interp(wanted, stamps, column) for column in values.T], axis=-1)
    return at, inside & (near | exact)
