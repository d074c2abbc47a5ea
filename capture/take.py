"""A take: the folder `NAME.take/` with `raw.mcap`, `take.json` and `solved/NETWORK.npz`.

Raw is never rewritten, so that a take can be solved again. An import is built beside its place and moved there whole;
a live recording grows in its place and is readable at any moment.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..devices.log import KNOWN_SLOTS, SensorLog, SensorLogs
from ..rig.amass import read_amass, read_unpolished, write_amass
from ..rig.errors import BadInputError, FileFormatError
from ..rig.imu import SLOTS, ImuSequence
from ..rig.motion import Motion
from ..rig.polish import Polish, polished
from ..rig.skeleton import SMPL24, Skeleton
from ..rig.whole_file import check_suffix, refuse_existing, replace_folder, uninterrupted, written
from .appending import RecordingEndedError
from .calibration import Calibration, apply_calibration
from .camera_records import CameraBatch
from .clock import Resampled, common_axis, resample
from .manifest import Manifest, read_manifest
from .raw import RawWriter, read_raw

RAW, MANIFEST, SOLVED, KEYPOINTS = "raw.mcap", "take.json", "solved", "keypoints.npz"
LENS = "camera.json"
_RESERVED = re.compile(r"(con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³])(\..*)?", re.IGNORECASE)
_FORBIDDEN_ON_WINDOWS = set('<>:"|?*')


def check_take_name(path: Path) -> None:
    """Refuse names that are no take's, or that cannot exist (on Windows: also not be copied to)."""
    check_suffix(path, ".take")
    if not path.name.isprintable() or not path.stem.strip(" ."):
        raise BadInputError(f"{path.name!r} is no name that can be shown. Choose another one.")
    if _RESERVED.fullmatch(path.name):
        raise BadInputError(f"'{path.name}' is a name that Windows keeps for itself. Choose another one.")
    if sys.platform == "win32" and _FORBIDDEN_ON_WINDOWS & set(path.name):
        raise BadInputError(
            f"'{path.name}' holds a character that Windows does not allow in names. Choose another one."
        )


class TakeWriter:
    """Writes a new take in the folder `path`, which must not exist; samples reach the disk as they are added."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self._manifest = manifest
        with written(path):
            path.mkdir(parents=True)
        manifest.write(path / MANIFEST)
        self._raw = RawWriter(path / RAW)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    def add_sensor(self, name: str, slot: str | None, rate: float | None = None) -> None:
        """Announce a sensor; its samples may follow."""
        self._raw.add_sensor(name, slot, rate)

    def add_sample(self, name: str, t_ns: int, t_device: int, values: tuple[float, ...]) -> None:
        """`values`: orientation w, x, y, z and free acceleration x, y, z, as `SensorLog` has them."""
        self._raw.add_sample(name, t_ns, t_device, values)

    def add_camera(self, batch: CameraBatch) -> None:
        """What a camera said since the last one."""
        self._raw.add_camera(batch)

    def flush(self) -> None:
        """What was added survives a kill from here on."""
        self._raw.flush()

    def add_logs(self, logs: SensorLogs) -> None:
        """Whole logs, in the order of time, as they would have arrived."""
        for log in logs:
            self.add_sensor(log.name, log.slot, log.rate)
        arrivals = np.concatenate(
            [np.stack([log.t_ns, np.full(len(log), k), np.arange(len(log))]) for k, log in enumerate(logs)], axis=1
        )
        for t, which, row in arrivals[:, np.argsort(arrivals[0], kind="stable")].T.tolist():
            log = logs[which]
            values = (*log.orientation[row].tolist(), *log.acceleration[row].tolist())
            self.add_sample(log.name, t, int(log.t_device[row]), values)

    def set_calibration(self, calibration: Calibration, warnings: tuple[str, ...] = ()) -> None:
        """Write take.json again, with the calibration."""
        self._manifest = replace(self._manifest, calibration=calibration, warnings=self._manifest.warnings + warnings)
        self._manifest.write(self.path / MANIFEST)


@contextmanager
def new_take(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a folder name beside `path` to build a take in; it takes the place of `path` if the block ends well."""
    check_take_place(path, force=force)
    path = path.resolve() if path.is_symlink() else path
    part = path.with_name(f".{path.stem}.{os.getpid()}.part.take")
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        with written(path), uninterrupted():
            replace_folder(part, path)
    except RecordingEndedError as error:  # an import is whole or not at all
        raise BadInputError(
            f"{path} cannot be written ({error.reason}). Choose another folder or free some space."
        ) from error
    finally:
        with uninterrupted():
            shutil.rmtree(part, ignore_errors=True)


def check_take_place(path: Path, *, force: bool = False) -> None:
    """Refuse a name that is no take's, and one in use unless forced. Only a take or an empty folder is replaced ever:
    what somebody else keeps under a take's name is not ours."""
    check_take_name(path)
    refuse_existing(path, force=force)
    if not path.exists() or (path / MANIFEST).exists():
        return
    if path.is_dir() and not any(path.iterdir()):
        return
    raise BadInputError(f"{path} is no take, and --force replaces nothing else. Move it away or choose another name.")


@dataclass(frozen=True, eq=False)
class Take:
    """A take on disk; nothing but the manifest is read before it is asked for."""

    path: Path
    manifest: Manifest

    @property
    def skeleton(self) -> Skeleton:
        """Of the performer's height."""
        return SMPL24.scaled_to(self.manifest.height)

    def logs(self) -> tuple[SensorLogs, tuple[str, ...]]:
        """What the sensors said, and warnings if the file breaks off."""
        return read_raw(self.path / RAW)

    def imu(self) -> tuple[ImuSequence, tuple[str, ...]]:
        """The calibrated six slots, and warnings."""
        if self.manifest.calibration is None:
            raise FileFormatError(self.path, "was never calibrated.", "Import the recording again.")
        logs, warnings = self.logs()
        slots = {sensor.sensor: sensor.slot for sensor in self.manifest.calibration.sensors}
        worn = tuple(replace(log, slot=slots[log.name]) for log in logs if log.name in slots)
        if not worn:
            raise FileFormatError(self.path, "was calibrated with other sensors.", "Import the recording again.")
        sensors, t_ns = on_common_axis(worn)
        return apply_calibration(self.manifest.calibration, sensors, t_ns), warnings

    def solved_path(self, network: str) -> Path:
        """Where the motion that `network` (a name, or a weights file) made is kept."""
        return self.path / SOLVED / f"{_solve_name(network)}.npz"

    def save_solved(self, motion: Motion, network: str, polish: Polish | None = None) -> Path:
        """Write `motion`, replacing an earlier solve by the same network; polished, and as it was before."""
        return self._save(motion, self.solved_path(network), polish or Polish())

    def polish_solved(self, polish: Polish, network: str | None = None) -> Path:
        """Polish the solve by `network`, or the newest, in another way; the network is not asked again."""
        path = self.solved_file(network)
        return self._save(read_unpolished(path)[0], path, polish)

    def _save(self, motion: Motion, path: Path, polish: Polish) -> Path:
        before = None if polish.does_nothing else motion
        write_amass(polished(motion, polish), path, before, polish.to_json())
        return path

    def solved_file(self, network: str | None = None) -> Path:
        """The solve by `network`, or the one made last."""
        found = sorted((self.path / SOLVED).glob("*.npz"), key=lambda file: file.stat().st_mtime)
        if network is not None:
            found = [file for file in found if file.stem == _solve_name(network)]
        if not found:
            by = f" by {network}" if network else ""
            raise FileFormatError(self.path, f"was not solved{by} yet.", f'Run: mocamba solve "{self.path}"')
        return found[-1]

    def load_solved(self, network: str | None = None) -> Motion:
        """The motion in `solved_file`."""
        return read_amass(self.solved_file(network))


def _solve_name(network: str) -> str:
    return Path(network).name.removesuffix(".safetensors")


def open_take(path: Path) -> Take:
    """Refuses what is no take, by what is missing in it."""
    if not path.is_dir():
        reason = "is a file, not a take's folder." if path.exists() else "does not exist."
        raise FileFormatError(path, reason, "Make a take with: mocamba import RECORDING NAME.take")
    return Take(path, read_manifest(path / MANIFEST))


def on_common_axis(logs: SensorLogs) -> tuple[list[Resampled], NDArray[np.int64]]:
    """Worn sensors resampled to the time span of those in the six slots."""
    worn: list[SensorLog] = [log for log in logs if log.slot in KNOWN_SLOTS]
    six = tuple(log for log in worn if log.slot in SLOTS)
    if not six:
        names = ", ".join(f"'{log.name}'" for log in logs)
        raise BadInputError(
            f"No sensor is in a slot that a network reads. Found {names}; say where one is worn with "
            f"--slot NAME=SLOT (SLOT one of {', '.join(SLOTS)})."
        )
    t_ns = common_axis(six)
    return [resample(log, t_ns) for log in worn], t_ns
