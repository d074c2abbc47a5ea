"""Recordings and motion files of other programs, made into takes. What a file is is told from its content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..devices.dot.log import is_dot, read_dot
from ..devices.log import Recording, SensorLogs, assign_slots
from ..devices.mvn.mvnx import is_mvnx, read_mvnx
from ..devices.simulated.sensors import simulate
from ..devices.totalcapture.log import is_totalcapture, read_totalcapture
from ..devices.ximu3.log import is_ximu3, read_ximu3
from ..rig.amass import read_amass
from ..rig.bvh import read_bvh
from ..rig.errors import BadInputError, FileFormatError
from ..rig.imu import CLEAN, SensorErrors
from ..rig.motion import SOLVE_RATE, Motion
from ..rig.progress import Progress, within
from ..rig.resample import resample as resample_motion
from .calibration import Calibration, HeadingSource, Pose, aligned_calibration, calibrate
from .clock import Resampled
from .conventions import check_conventions
from .findings import warnings_of
from .manifest import HIGHEST, LOWEST, Manifest
from .take import MANIFEST, Take, TakeWriter, new_take, on_common_axis, open_take


def _silent(share: float, doing: str) -> None:
    """No progress wanted."""


@dataclass(frozen=True)
class ImportOptions:
    """`height` (m), None for the file's own or 1.70; `errors` and `seed` of the sensors simulated on motion files."""

    slots: Mapping[str, str] = field(default_factory=dict)
    performer: str = "performer"
    height: float | None = None
    heading: HeadingSource = HeadingSource.AUTO
    pose: Pose = Pose.T_POSE
    errors: SensorErrors = CLEAN
    seed: int = 0
    force: bool = False


DEFAULT_HEIGHT = 1.70
SIMULATED = "simulated"


def import_source(
    source: Path, take_path: Path, options: ImportOptions | None = None, progress: Progress = _silent
) -> Take:
    """Read, calibrate and write; nothing is left at `take_path` unless all of it worked."""
    options = options or ImportOptions()
    check_height(options.height)
    with new_take(take_path, force=options.force) as part:
        progress(0.0, "Reading")
        recording, height = read_source(source, options, within(progress, 0.0, 0.5))
        write_take(part, recording, source.name, height, options, within(progress, 0.5, 1.0))
    progress(1.0, "Imported")
    return open_take(take_path)


def check_height(height: float | None) -> None:
    """Raises BadInputError for a height of nobody."""
    if height is not None and not LOWEST <= height <= HIGHEST:
        raise BadInputError(f"A performer {height:g} m tall? --height is in metres, {LOWEST:g} to {HIGHEST:g}.")


def write_take(
    path: Path,
    recording: Recording,
    source: str,
    height: float,
    options: ImportOptions,
    progress: Progress = _silent,
) -> None:
    """A calibrated take in the new folder `path`."""
    logs = assign_slots(recording.logs, options.slots)
    # refuse what cannot be used before anything is written
    sensors, t_ns = on_common_axis(logs)
    progress(0.2, "Calibrating")
    if recording.aligned:
        calibration = aligned_calibration(sensors, t_ns, recording.kind)
    else:
        fixed = frozenset(log.name for log in logs if _named(log.name, options))
        calibration = calibrate(sensors, t_ns, source=options.heading, pose=options.pose, fixed=fixed)
    warnings = recording.warnings + _unconventional(recording, logs, sensors, calibration)
    manifest = Manifest(options.performer, height, recording.kind, source, warnings=warnings)
    progress(0.4, "Writing the take")
    with TakeWriter(path, manifest) as writer:
        writer.add_logs(logs)
        writer.set_calibration(calibration, calibration.warnings + _without_pelvis(calibration))


def _unconventional(
    recording: Recording, logs: SensorLogs, sensors: Sequence[Resampled], calibration: Calibration
) -> tuple[str, ...]:
    """What looks wrong about the signals; those simulated on motion files are right, however odd the motion is."""
    if recording.aligned and recording.kind == SIMULATED:
        return ()
    return warnings_of(check_conventions(logs, sensors, calibration))


def _without_pelvis(calibration: Calibration) -> tuple[str, ...]:
    """Said now, while the sensors may still be at hand."""
    if any(sensor.slot == "pelvis" for sensor in calibration.sensors):
        return ()
    return ("No sensor is on the pelvis, which every network needs; import again with --slot NAME=pelvis.",)


def _named(name: str, options: ImportOptions) -> bool:
    return any(given.lower() in name.lower() for given in options.slots)


def read_source(source: Path, options: ImportOptions, progress: Progress = _silent) -> tuple[Recording, float]:
    """The recording in `source`, and the performer's height."""
    height = options.height or DEFAULT_HEIGHT
    if not source.exists():
        raise FileFormatError(source, "does not exist.")
    if source.is_dir():
        return _read_folder(source), height
    head = _head(source)
    if not head:
        raise FileFormatError(source, "the file is empty.")
    if is_mvnx(source):
        return read_mvnx(source, progress), height
    if is_dot(source):
        return read_dot(source), height
    if is_totalcapture(source):
        return read_totalcapture(source), height
    if head.lstrip().upper().startswith(b"HIERARCHY"):
        return _simulated(read_bvh(source), source, options)
    if head.startswith(b"PK\x03\x04"):
        return _simulated(read_amass(source), source, options)
    if source.name.lower() in ("quaternion.csv", "inertial.csv"):
        return read_ximu3(source.parent), height
    raise FileFormatError(source, "is no recording that Mocamba knows.", KNOWN)


KNOWN = (
    "It reads folders of x-IMU3 or Xsens DOT logs, single DOT CSV files, Xsens MVNX, TotalCapture's .sensors, and BVH "
    "or AMASS .npz motion (as simulated sensors)."
)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).") from error


def _read_folder(folder: Path) -> Recording:
    if (folder / MANIFEST).exists():
        raise FileFormatError(folder, "is a take already.", f'Solve it with: mocamba solve "{folder}"')
    try:
        if is_ximu3(folder):
            return read_ximu3(folder)
        if is_dot(folder):
            return read_dot(folder)
        files = sorted(child for child in folder.iterdir() if child.is_file())
    except OSError as error:
        raise FileFormatError(folder, f"cannot be read ({error.strerror}).") from error
    if len(files) == 1 and is_mvnx(files[0]):
        return read_mvnx(files[0])
    raise FileFormatError(folder, "holds no recording that Mocamba knows.", KNOWN)


def _simulated(motion: Motion, source: Path, options: ImportOptions) -> tuple[Recording, float]:
    """Sensors on a motion report bone to world: such a file need not start in a calibration pose."""
    if len(motion) < 2:
        raise FileFormatError(source, "has a single frame; a take needs motion.")
    even = resample_motion(motion, SOLVE_RATE)
    logs = simulate(even, options.errors, options.seed, aligned=True)
    height = options.height or float(motion.skeleton.height)
    return Recording(SIMULATED, logs, aligned=True), height
