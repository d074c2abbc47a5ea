"""Makes a damaged take whole again, as far as it can be read; what was there is kept beside it, under another name."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from ..rig.amass import read_amass
from ..rig.errors import BadInputError, FileFormatError
from ..rig.whole_file import whole_file, written
from .calibration import calibrate
from .camera_records import read_cameras
from .manifest import Manifest, read_manifest
from .raw import read_raw
from .records import MESSAGE, Salvage, rebuilt, salvage
from .span import span_of
from .take import MANIFEST, RAW, SOLVED, on_common_axis

DEFAULT_HEIGHT = 1.70  # metres


@dataclass(frozen=True)
class Repair:
    """`done` and `kept` are sentences and file names; nothing was done where the take was whole. `messages`: samples in
    raw.mcap now."""

    path: Path
    done: tuple[str, ...]
    kept: tuple[str, ...]
    messages: int


def repair_take(path: Path, height: float | None = None) -> Repair:
    """Raises FileFormatError where nothing of the recording can be read; then nothing was changed."""
    if not path.is_dir():
        reason = "is a file, not a take's folder." if path.exists() else "does not exist."
        raise FileFormatError(path, reason)
    done: list[str] = []
    kept: list[str] = []
    messages = _repair_raw(path / RAW, done, kept)
    _repair_manifest(path, height, done, kept)
    for file in sorted((path / SOLVED).glob("*.npz")):
        _set_aside_solve(file, done, kept)
    return Repair(path, tuple(done), tuple(kept), messages)


def _repair_raw(path: Path, done: list[str], kept: list[str]) -> int:
    try:
        found = salvage(path.read_bytes())
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).", "Without it there is no take.") from error
    messages = sum(record.opcode == MESSAGE for record in found.records)
    if not messages:
        raise FileFormatError(path, "holds no sample that can be read.", "It was left as it is.")
    if found.ended and not found.holes:
        return messages
    with whole_file(path.with_name("repaired.mcap")) as part:
        with part.open("wb") as file:
            file.writelines(rebuilt(found.records))
        span_of(part)  # before anything is moved
    kept.append(_set_aside(path))
    with written(path):
        path.with_name("repaired.mcap").replace(path)
    done.append(_said(found, messages))
    return messages


def _said(found: Salvage, messages: int) -> str:
    where = f", leaving out {found.holes} damaged place{'s' * (found.holes != 1)}" if found.holes else ""
    end = "" if found.ended else "; its end was missing"
    return f"{RAW} was written anew with the {messages} samples that could be read{where}{end}."


def _repair_manifest(path: Path, height: float | None, done: list[str], kept: list[str]) -> None:
    file = path / MANIFEST
    try:
        manifest = read_manifest(file)
    except FileFormatError as error:
        if "version" in error.reason:
            raise  # of a newer Mocamba, not damaged
        manifest = _remembered(file, height)
        done.append(f"{MANIFEST} was written anew: look at performer and height ({manifest.height:.2f} m) in it.")
    if manifest.calibration is None and not _camera_alone(path / RAW):
        manifest = _calibrated(path, manifest, done)
    if done and (not file.exists() or not _same(file, manifest)):
        if file.exists():
            kept.append(_set_aside(file))
        manifest.write(file)


def _camera_alone(raw: Path) -> bool:
    """Nothing in it is to be calibrated."""
    try:
        read_raw(raw)
    except FileFormatError:
        return bool(read_cameras(raw))
    return False


def _same(file: Path, manifest: Manifest) -> bool:
    try:
        return read_manifest(file) == manifest
    except FileFormatError:
        return False


def _remembered(file: Path, height: float | None) -> Manifest:
    """What of a damaged take.json still makes sense."""
    values: dict[str, object] = {}
    try:
        read = json.loads(file.read_text(encoding="utf-8", errors="replace"))
        values = read if isinstance(read, dict) else {}
    except (OSError, ValueError, RecursionError):
        pass  # it is missing, or no JSON at all: it will be written anew
    old = values.get("height")
    known = float(old) if isinstance(old, int | float) and 0.5 < old < 2.6 else DEFAULT_HEIGHT
    texts = (values.get(key) for key in ("performer", "device"))
    performer, device = (text if isinstance(text, str) else "unknown" for text in texts)
    warnings = ("take.json was damaged and was written anew; performer, height and calibration may differ.",)
    return Manifest(performer, height or known, device, warnings=warnings)


def _calibrated(path: Path, manifest: Manifest, done: list[str]) -> Manifest:
    try:
        calibration = calibrate(*on_common_axis(read_raw(path / RAW)[0]))
    except BadInputError as error:
        done.append(f"It could not be calibrated: {error}")
        return manifest
    done.append("It was calibrated anew from its own signals.")
    return replace(manifest, calibration=calibration, warnings=manifest.warnings + calibration.warnings)


def _set_aside_solve(file: Path, done: list[str], kept: list[str]) -> None:
    if file.name.startswith("."):
        return
    try:
        read_amass(file)
    except FileFormatError as error:
        kept.append(_set_aside(file))
        done.append(f"{SOLVED}/{file.name} {error.reason} Solve the take again.")


def _set_aside(file: Path) -> str:
    """Rename to NAME.damaged, or with a number where that is taken; gives the new name."""
    number = 1
    while True:
        aside = file.with_name(f"{file.name}.damaged{'' if number == 1 else f'-{number}'}")
        if not os.path.lexists(aside):
            break
        number += 1
    with written(file):
        file.rename(aside)
    return aside.name
