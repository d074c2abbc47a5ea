"""`take.json`: who was captured, with what, and how the sensors were calibrated."""

import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..rig.errors import FileFormatError
from ..rig.whole_file import whole_file
from .calibration import Calibration

VERSION = 1
LOWEST, HIGHEST = 0.5, 2.6  # metres, of people


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    def of(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "not installed as a package"

    return {"mocamba": of("mocamba"), "mcap": of("mcap"), "python": platform.python_version()}


@dataclass(frozen=True)
class Manifest:
    """`height` in metres; `device` the kind of sensors; `source` the name of what was imported, "" if recorded live."""

    performer: str
    height: float
    device: str
    source: str = ""
    calibration: Calibration | None = None
    warnings: tuple[str, ...] = ()
    created: str = field(default_factory=_now)
    versions: dict[str, str] = field(default_factory=_versions)

    def write(self, path: Path) -> None:
        """All or nothing."""
        values = {"mocamba_take": VERSION, **asdict(self)}
        with whole_file(path) as part:
            part.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> Manifest:
    """Refuses files of another version and damaged ones, by name."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).", "Is it a take of Mocamba?") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        line = f"line {error.lineno} " if isinstance(error, json.JSONDecodeError) else ""
        raise FileFormatError(path, f"{line}is damaged.", "Import the recording again.") from error
    if not isinstance(values, dict) or "mocamba_take" not in values:
        raise FileFormatError(path, "does not describe a take of Mocamba.")
    if values["mocamba_take"] != VERSION:
        reason = f"is of take version {values['mocamba_take']!r}; this Mocamba reads version {VERSION}."
        raise FileFormatError(path, reason, "Update Mocamba, or import the recording again.")
    return _from_values(values, path)


def _from_values(values: dict[str, Any], path: Path) -> Manifest:
    try:
        calibration = values.get("calibration")
        if not 0 < float(values["height"]) < float("inf"):
            raise ValueError(f"a height of {values['height']} m")
        return Manifest(
            performer=str(values["performer"]),
            height=float(values["height"]),
            device=str(values["device"]),
            source=str(values.get("source", "")),
            calibration=None if calibration is None else Calibration.from_json(calibration),
            warnings=tuple(map(str, values.get("warnings", ()))),
            created=str(values["created"]),
            versions={str(name): str(number) for name, number in values.get("versions", {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(path, f"is damaged ({error}).", "Import the recording again.") from error
