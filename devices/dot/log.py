"""CSV exports of Xsens DOT sensors: one file a sensor, settings above the table.

Needed are a fusion mode with quaternion and free acceleration ("Extended (Quaternion)", "Complete (Quaternion)" or
custom mode 5 exports with both). Angles and accelerations refer to a Z-up (ENU) world, m/s². `SampleTimeFine` counts
microseconds in 32 bits and wraps every 71.6 minutes; synchronised sensors share it.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import BadInputError, FileFormatError
from ...rig.quaternion import normalise
from ..log import Recording, SensorLog, slot_from_name, z_up_to_y_up
from ..table import keep_valid, parse_table, read_text

STAMP = "SampleTimeFine"
COLUMNS = (STAMP, "Quat_W", "Quat_X", "Quat_Y", "Quat_Z", "FreeAcc_X", "FreeAcc_Y", "FreeAcc_Z")
WRAP = 2**32
REMEDY = "Export from the DOT app with a mode that has quaternion and free acceleration."
_HEAD = 4096


def is_dot(path: Path) -> bool:
    """A DOT export, or a folder with at least one; told by the names of its columns."""
    return any(_looks_like_dot(file) for file in _files(path))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(f for f in path.iterdir() if f.is_file() and f.suffix.lower() in (".csv", ".txt"))


def _looks_like_dot(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return STAMP.encode() in head or b"Xsens DOT" in head or head.startswith(b"sep=,\nDeviceTag")


def read_dot(path: Path) -> Recording:
    """Every sensor of a folder, or one file; a file that cannot be read is left out with a warning if others can."""
    logs, warnings, refused = [], [], []
    for file in _files(path):
        try:
            log, remarks = parse_dot(read_text(file), file)
        except BadInputError as error:
            refused.append(error)
            warnings.append(f"{error} The file is left out.")
        else:
            logs.append(log)
            warnings += remarks
    if not logs:
        raise refused[0] if refused else FileFormatError(path, "holds no CSV file.", REMEDY)
    return Recording("Xsens DOT", _same_turn(logs), tuple(warnings))


def parse_dot(text: str, path: Path) -> tuple[SensorLog, tuple[str, ...]]:
    """One sensor's export; `path` gives its name and stands in messages."""
    table = parse_table(text, COLUMNS, path, REMEDY)
    stamps = unwrap(table.values[:, 0])
    kept, warnings = keep_valid(table, stamps, table.values[:, 1:5], path)
    quaternions, free = normalise(table.values[kept, 1:5]), table.values[kept, 5:8]
    orientation, acceleration = z_up_to_y_up(quaternions, free)
    t_ns = np.round(stamps[kept] * 1000).astype(np.int64)
    rate = 1e6 / float(np.median(np.diff(stamps[kept])))
    name = path.stem
    log = SensorLog(name, slot_from_name(name), t_ns, t_ns, orientation, acceleration, rate)
    return log, (*table.warnings, *warnings)


def unwrap(stamps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo the 32-bit wrap: a fall by more than half the range starts a new turn; a small one is left as it is."""
    finite = np.isfinite(stamps)
    filled = np.where(finite, stamps, 0.0)
    if finite.any():
        # carry the last good stamp over fields that were no number
        last = np.maximum.accumulate(np.where(finite, np.arange(len(stamps)), 0))
        filled = np.where(finite, stamps, stamps[last])
    falls = np.diff(filled, prepend=filled[:1])
    turns = np.cumsum(np.where(falls < -WRAP / 2, 1, np.where(falls > WRAP / 2, -1, 0)))
    return np.where(finite, stamps + turns * WRAP, np.nan)


def _same_turn(logs: list[SensorLog]) -> tuple[SensorLog, ...]:
    """Sensors that started on either side of a wrap: bring all within half a turn of the first."""
    turn_ns = WRAP * 1000
    turns = [round((int(logs[0].t_ns[0]) - int(log.t_ns[0])) / turn_ns) for log in logs]
    # stamps stay positive: those before the wrap are turn 0
    first = min(turns)
    return tuple(replace(log, t_ns=log.t_ns + (turn - first) * turn_ns) for log, turn in zip(logs, turns, strict=True))
