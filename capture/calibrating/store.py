"""Calibrations kept for each performer, to be offered again.

A sensor strapped on as before keeps its mounting. Its heading does not outlast switching off, so a calibration that is
used again is followed by `align_headings` or `yaw_reset`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...rig.errors import BadInputError, FileFormatError
from ...rig.whole_file import whole_file, written
from ..calibration import Calibration

VERSION = 1
SUFFIX = ".calibration.json"
AGED = 24 * 3600  # seconds after which straps have surely been off


@dataclass(frozen=True)
class Stored:
    """`height` in metres; `created` in UTC, ISO 8601."""

    performer: str
    height: float
    created: str
    calibration: Calibration


def file_of(folder: Path, performer: str) -> Path:
    """Where the calibration of `performer` lies: a name any system can hold, unlike anybody else's."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", performer).strip("-")[:40] or "performer"
    mark = hashlib.sha256(performer.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return folder / f"{plain}-{mark}{SUFFIX}"


def store(folder: Path, performer: str, height: float, calibration: Calibration) -> Path:
    """Keep it in place of the performer's last one."""
    path = file_of(folder, performer)
    values = {
        "mocamba_calibration": VERSION,
        "performer": performer,
        "height": height,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "calibration": calibration.to_json(),
    }
    with written(path):
        folder.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return path


def stored(folder: Path) -> tuple[tuple[Stored, ...], tuple[str, ...]]:
    """All that can be read, the newest first, and a sentence for each file that cannot."""
    found, troubles = [], []
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        try:
            found.append(read_stored(path))
        except BadInputError as error:
            troubles.append(str(error))
    return tuple(sorted(found, key=lambda one: one.created, reverse=True)), tuple(troubles)


def read_stored(path: Path) -> Stored:
    """Raises FileFormatError."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise FileFormatError(path, "is damaged.", "Calibrate anew.") from error
    if not isinstance(values, dict) or values.get("mocamba_calibration") != VERSION:
        raise FileFormatError(path, f"is no calibration of version {VERSION}.", "Calibrate anew.")
    try:
        return _from_values(values)
    except (KeyError, TypeError, ValueError, OverflowError, BadInputError) as error:
        raise FileFormatError(path, f"is damaged ({error}).", "Calibrate anew.") from error


def _from_values(values: dict[str, Any]) -> Stored:
    height = float(values["height"])
    if not 0 < height < 10:
        raise ValueError(f"a height of {height} m")
    created = str(values["created"])
    datetime.fromisoformat(created)
    calibration = Calibration.from_json(values["calibration"])
    if not calibration.sensors:
        raise ValueError("no sensor in it")
    return Stored(str(values["performer"]), height, created, calibration)


def why_not(kept: Stored, slots: Mapping[str, str], now: datetime | None = None) -> str:
    """Why `kept` does not fit the sensors worn now (name to slot), as a sentence; empty where it does."""
    known = {sensor.sensor: sensor.slot for sensor in kept.calibration.sensors}
    if missing := [name for name in slots if name not in known]:
        return f"It knows nothing of {', '.join(missing)}."
    if moved := [name for name, slot in slots.items() if known[name] != slot]:
        return f"{', '.join(moved)} was worn elsewhere then."
    created = datetime.fromisoformat(kept.created)
    age = ((now or datetime.now(UTC)) - created.replace(tzinfo=created.tzinfo or UTC)).total_seconds()
    return f"It is {age / 3600:.0f} hours old, and the straps have been off since." if age > AGED else ""
