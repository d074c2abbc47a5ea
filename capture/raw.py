"""`raw.mcap`: everything the sensors said, as it came (https://mcap.dev).

One channel a sensor; its metadata hold `name`, `slot` and `rate`. A message is 64 bytes, little-endian: device stamp
(int64, ns), orientation w, x, y, z and free acceleration x, y, z (float64 each; Y-up world, m/s²); its log time is the
stamp on the common axis. What cameras leave stands in channels of their own (`camera_records`). The file has no chunks,
so that one that was cut off is good to its last whole message.
"""

import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from mcap.exceptions import McapError
from mcap.records import Channel, Message
from mcap.stream_reader import StreamReader
from mcap.writer import Writer

from ..devices.log import SensorLog, SensorLogs
from ..rig.errors import FileFormatError
from ..rig.whole_file import written
from .appending import AppendFile, RecordingEndedError
from .camera_records import CameraBatch, CameraChannels

PROFILE = "mocamba"
SCHEMA = "mocamba.Imu1"
ENCODING = "mocamba-imu-1"
LAYOUT = "<q4d3d: t_device ns, orientation w x y z sensor to world, free acceleration x y z m/s2; world Y up"
_SAMPLE = struct.Struct("<q7d")
_FLUSH_EVERY = 0.25  # seconds
_RECORD_LIMIT = 1 << 24  # bytes; longer records are damage, not data
_LATEST = (1 << 63) - 1  # ns; MCAP's stamps are unsigned, ours are not
_HARDEST = 1e4  # m/s²; no worn sensor measures more


class RawWriter:
    """Appends samples to a new file; at most a quarter of a second of them is lost on a kill.

    Raises RecordingEndedError where the disk is full or the file was deleted: what it took before stays, whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._channels: dict[str, int] = {}
        self._flushed = time.monotonic()
        self._first_ns: int | None = None
        self._last_ns = 0
        with written(path):
            self._file = AppendFile(path)
            self._writer = Writer(self._file, use_chunking=False)  # type: ignore[arg-type]
            self._writer.start(profile=PROFILE, library="mocamba")
            self._schema = self._writer.register_schema(SCHEMA, ENCODING, LAYOUT.encode())
        self._cameras = CameraChannels(self._writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_sensor(self, name: str, slot: str | None, rate: float | None) -> None:
        """Announce a sensor; its samples may follow."""
        metadata = {"name": name, "slot": slot or "", "rate": f"{rate:g}" if rate else ""}
        self._channels[name] = self._writer.register_channel(f"/sensor/{name}", ENCODING, self._schema, metadata)

    def add_sample(self, name: str, t_ns: int, t_device: int, values: tuple[float, ...]) -> None:
        """`values`: orientation w, x, y, z, then acceleration x, y, z."""
        if self._file.closed:
            raise RecordingEndedError(f"The recording {self.path.parent.name} has ended. Start a new one.", "ended")
        self._writer.add_message(self._channels[name], t_ns, _SAMPLE.pack(t_device, *values), t_ns)
        self._first_ns = t_ns if self._first_ns is None else self._first_ns
        self._last_ns = t_ns
        if time.monotonic() - self._flushed > _FLUSH_EVERY:
            self.flush()

    def add_camera(self, batch: CameraBatch) -> None:
        """What a camera said since the last one."""
        self._cameras.add(batch)

    def flush(self) -> None:
        """Hand what was added to the system, which keeps it if this process is killed."""
        self._flushed = time.monotonic()
        try:
            self._file.flush()
        except OSError as error:
            with suppress(OSError):  # what it says has been said
                self._file.close()
            raise self._ended(error) from error
        if self._file.vanished:
            self._file.close()
            message = (
                f"{self.path.parent} was deleted while it was recorded, so the recording has ended. Look in the bin, "
            )
            raise RecordingEndedError(message + "and record into a folder that nothing cleans up.", "deleted")

    def _ended(self, error: OSError) -> RecordingEndedError:
        reason = error.strerror or str(error)
        seconds = (self._last_ns - (self._first_ns or 0)) / 1e9
        return RecordingEndedError(
            f"The disk takes no more of {self.path} ({reason}), so the recording has ended after {seconds:.0f} s. What "
            f"was recorded before is kept. Free some space before the next take.",
            reason,
        )

    def close(self) -> None:
        """Finish the file; a second call, or one after the recording had to end, does nothing."""
        if self._file.closed:
            return
        self.flush()
        try:
            self._writer.finish()  # type: ignore[no-untyped-call]
            self._file.flush()
        except OSError as error:
            # the summary alone is missing: all samples are in the file
            raise self._ended(error) from error
        finally:
            with suppress(OSError):
                self._file.close()


@dataclass
class _Collected:
    name: str
    slot: str | None
    rate: float | None
    stamps: list[int] = field(default_factory=list)
    samples: list[tuple[float, ...]] = field(default_factory=list)


def read_raw(path: Path) -> tuple[SensorLogs, tuple[str, ...]]:
    """Every sensor's log; of a file that breaks off, what came before, with a warning."""
    sensors: dict[int, _Collected] = {}
    warnings: list[str] = []
    try:
        with path.open("rb") as file:
            _collect(file, sensors)
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).") from error
    except (McapError, struct.error, ValueError, EOFError, KeyError) as error:
        # each is how the mcap library meets a file that ends early or was overwritten
        if not any(len(sensor.stamps) > 1 for sensor in sensors.values()):
            raise FileFormatError(
                path, "is cut off or damaged before its first samples.", "Import it again."
            ) from error
        warnings.append(f"{path} breaks off; everything recorded before that is used.")
    logs = [_to_log(sensor) for sensor in sensors.values() if sensor.stamps]
    sound = tuple(log for log in map(_without_damage, logs) if len(log) > 1)
    if not sound:
        raise FileFormatError(path, "holds no samples.", "Import or record it again.")
    if lost := sum(map(len, logs)) - sum(map(len, sound)):
        warnings.append(f"{path} is damaged; {lost} of its samples mean nothing and are left out.")
    return sound, tuple(warnings)


def _without_damage(log: SensorLog) -> SensorLog:
    """Only samples that a sensor can have sent, later than all before them."""
    # no square of a damaged number may overflow
    norm = np.linalg.norm(np.nan_to_num(log.orientation).clip(-2, 2), axis=1)
    good = (np.abs(norm - 1) < 0.05) & (np.abs(np.nan_to_num(log.acceleration, nan=np.inf)) < _HARDEST).all(axis=1)
    stamps = np.where(good, log.t_ns, -1)
    good &= stamps > np.concatenate([[-1], np.maximum.accumulate(stamps)[:-1]])
    if good.all():
        return log
    return replace(
        log,
        t_ns=log.t_ns[good],
        t_device=log.t_device[good],
        orientation=log.orientation[good],
        acceleration=log.acceleration[good],
    )


def _collect(file: BinaryIO, sensors: dict[int, _Collected]) -> None:
    for record in StreamReader(file, record_size_limit=_RECORD_LIMIT).records:
        if isinstance(record, Channel) and record.message_encoding == ENCODING:
            told = record.metadata
            rate = float(told["rate"]) if told.get("rate") else None
            sensors.setdefault(record.id, _Collected(told.get("name", record.topic), told.get("slot") or None, rate))
        elif isinstance(record, Message) and record.channel_id in sensors:
            if record.log_time > _LATEST:
                raise ValueError("a time stamp was overwritten")
            sensor = sensors[record.channel_id]
            sensor.samples.append(_SAMPLE.unpack(record.data))
            sensor.stamps.append(record.log_time)


def _to_log(sensor: _Collected) -> SensorLog:
    values = np.array([sample[1:] for sample in sensor.samples])
    return SensorLog(
        sensor.name,
        sensor.slot,
        np.array(sensor.stamps, np.int64),
        np.array([sample[0] for sample in sensor.samples], np.int64),
        values[:, :4],
        values[:, 4:],
        sensor.rate,
    )
