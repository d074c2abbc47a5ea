"""The takes of a folder, and what is in one: told of damaged ones too, with what is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..devices.keypoints.track import load_track
from ..devices.log import SensorLog
from ..rig.amass import read_unpolished
from ..rig.errors import BadInputError, FileFormatError
from .appending import free_bytes
from .camera_records import CameraRecord, read_cameras
from .film import FILM
from .manifest import Manifest
from .span import seconds_of, span_of
from .take import KEYPOINTS, RAW, SOLVED, Take, open_take

BREAKS_OFF = f"{RAW} breaks off. Put it right with: mocamba takes repair"
GAP = 0.5  # seconds without a sample that are told as a gap


@dataclass(frozen=True)
class SensorReport:
    """`rate` Hz as sent and `nominal` as the device says; `loss` 0 to 1 of the samples there should be; `gaps` silences
    of over half a second. `quality` and `reason` are the calibration's, None and "" where it has none."""

    name: str
    slot: str | None
    rate: float
    nominal: float | None
    samples: int
    loss: float
    gaps: int
    quality: float | None
    reason: str


@dataclass(frozen=True)
class SolveReport:
    """One file in `solved/`, written at `changed` (Unix time); `fault` says why it cannot be read."""

    file: str
    network: str
    frames: int
    seconds: float
    polish: str
    fault: str = ""
    changed: float = 0.0


@dataclass(frozen=True)
class CameraReport:
    """`pictures` in the film, at `rate` Hz; `seen`: share of them, 0 to 1, in which the performer was found live;
    `film` is its file's name, "" where there is none."""

    name: str
    width: int
    height: int
    detector: str
    pictures: int
    rate: float
    seen: float
    film: str


@dataclass(frozen=True)
class TakeReport:
    """One take. `duration_s` is None where nothing is readable; `faults` are sentences, none where all is well; `worn`
    whether sensors were."""

    path: Path
    performer: str
    height: float | None
    device: str
    created: str
    duration_s: float | None
    bytes: int
    sensors: tuple[SensorReport, ...]
    solves: tuple[SolveReport, ...]
    warnings: tuple[str, ...]
    faults: tuple[str, ...]
    cameras: tuple[CameraReport, ...] = ()
    worn: bool = True


@dataclass(frozen=True)
class Shelf:
    """The takes of `folder` by name, and the bytes left on its disk."""

    folder: Path
    takes: tuple[TakeReport, ...]
    free_bytes: int


def list_takes(folder: Path) -> Shelf:
    """All takes directly in `folder`. Raises FileFormatError where it is none or cannot be looked into."""
    if not folder.is_dir():
        raise FileFormatError(folder, "is no folder." if folder.exists() else "does not exist.", "Name one with takes.")
    try:
        found = sorted(path for path in folder.iterdir() if _is_take(path))
    except OSError as error:
        raise FileFormatError(folder, f"cannot be read ({error.strerror}).") from error
    return Shelf(folder, tuple(_summary(path) for path in found), free_bytes(folder))


def _is_take(path: Path) -> bool:
    return path.suffix.lower() == ".take" and not path.name.startswith(".")


def _summary(path: Path) -> TakeReport:
    """Without reading every sample, where the file was finished."""
    manifest, faults = _manifest(path)
    return _report(path, manifest, _span(path, faults), (), (), faults)


def _span(path: Path, faults: list[str]) -> float | None:
    """Seconds, None where nothing is readable; what is wrong is added to `faults`."""
    try:
        duration, whole = _filmed_span(path) or span_of(path / RAW)
    except FileFormatError as error:
        faults.append(str(error))
        return None
    faults += [] if whole else [BREAKS_OFF]
    return duration


def describe(path: Path) -> TakeReport:
    """All that can be told of the take at `path`. Raises FileFormatError only where there is no folder."""
    if not path.is_dir():
        open_take(path)  # says what it is instead
    manifest, faults = _manifest(path)
    sensors: tuple[SensorReport, ...] = ()
    warnings: tuple[str, ...] = ()
    duration = None
    filmed = _filmed_span(path)
    if filmed is not None:
        return _report(path, manifest, filmed[0], (), (), faults)
    known, cameras = manifest or _UNKNOWN, tuple(_camera(camera, path) for camera in _cameras(path))
    try:
        logs, warnings = Take(path, known).logs()
        sensors = tuple(_sensor(log, manifest) for log in logs)
        duration = seconds_of([log.t_ns for log in logs])
    except FileFormatError as error:
        if not cameras or known.calibration is not None:
            faults.append(str(error))
        else:
            duration = _span(path, faults)
    return replace(_report(path, manifest, duration, sensors, warnings, faults), cameras=cameras)


def _cameras(path: Path) -> tuple[CameraRecord, ...]:
    try:
        return read_cameras(path / RAW)
    except FileFormatError:
        return ()  # said of the sensors


def _camera(camera: CameraRecord, path: Path) -> CameraReport:
    info, times = camera.info, camera.picture_ns
    seconds = float(times[-1] - times[0]) / 1e9 if len(times) > 1 else 0.0
    rate = (len(times) - 1) / seconds if seconds else 0.0
    seen = min(1.0, len(camera.t_ns) / max(len(times), 1))
    film = FILM if (path / FILM).exists() else ""
    return CameraReport(info.name, info.width, info.height, info.detector, len(times), rate, seen, film)


_UNKNOWN = Manifest("", 1.0, "")


def _filmed_span(path: Path) -> tuple[float, bool] | None:
    """Seconds of a take that was made of a video alone; None for one of sensors. Raises FileFormatError."""
    if (path / RAW).exists() or not (path / KEYPOINTS).exists():
        return None
    t_ns = load_track(path / KEYPOINTS).t_ns
    return float(t_ns[-1] - t_ns[0]) / 1e9, True


def _manifest(path: Path) -> tuple[Manifest | None, list[str]]:
    try:
        return open_take(path).manifest, []
    except BadInputError as error:
        return None, [str(error)]


def _report(
    path: Path,
    manifest: Manifest | None,
    duration: float | None,
    sensors: tuple[SensorReport, ...],
    warnings: tuple[str, ...],
    faults: list[str],
) -> TakeReport:
    solves = tuple(_solves(path))
    faults += [f"{SOLVED}/{solve.file}: {solve.fault}" for solve in solves if solve.fault]
    known = manifest or _UNKNOWN
    return TakeReport(
        path,
        known.performer,
        manifest.height if manifest else None,
        known.device,
        manifest.created if manifest else "",
        duration,
        _size(path),
        sensors,
        solves,
        known.warnings + warnings,
        tuple(faults),
        worn=known.calibration is not None,
    )


def _sensor(log: SensorLog, manifest: Manifest | None) -> SensorReport:
    calibration = manifest.calibration if manifest else None
    found = next((s for s in calibration.sensors if s.sensor == log.name), None) if calibration else None
    seconds = float(log.t_ns[-1] - log.t_ns[0]) / 1e9
    loss, gaps = _loss(log.t_ns)
    return SensorReport(
        log.name,
        found.slot if found else log.slot,
        (len(log) - 1) / seconds,
        log.rate,
        len(log),
        loss,
        gaps,
        found.quality if found else None,
        found.reason if found else "",
    )


def _loss(t_ns: NDArray[np.int64]) -> tuple[float, int]:
    """Share of samples missing between the first and the last, and how often it was silent."""
    steps = np.diff(t_ns)
    usual = float(np.median(steps))
    missing = float(np.clip(np.round(steps / usual) - 1, 0, None).sum())
    return missing / (missing + len(t_ns)), int((steps > max(GAP * 1e9, 3 * usual)).sum())


def _solves(path: Path) -> Iterator[SolveReport]:
    for file in sorted((path / SOLVED).glob("*.npz")):
        if file.name.startswith("."):
            continue
        try:
            motion, polish = read_unpolished(file)
        except FileFormatError as error:
            yield SolveReport(file.name, "", 0, 0.0, "", error.reason)
            continue
        changed = file.stat().st_mtime
        yield SolveReport(file.name, motion.origin.network, len(motion), motion.duration, polish, "", changed)


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def summary_row(report: TakeReport) -> str:
    """One line for people."""
    seconds = "?" if report.duration_s is None else f"{report.duration_s:.1f} s"
    solved = ", ".join(Path(solve.file).stem for solve in report.solves) or "not solved"
    wrong = f"  DAMAGED: {report.faults[0]}" if report.faults else ""
    return f"{report.path.name}  {seconds}  {report.bytes / 1e6:.1f} MB  {report.performer}  {solved}{wrong}"
