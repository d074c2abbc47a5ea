"""`raw.mcap`: everything the sensors said, as it came (https://mcap.dev).

One channel a sensor; its metadata hold `name`, `slot` and `rate`. A message is 64 bytes, little-endian: device stamp
(int64, ns), orientation w, x, y, z and free acceleration x, y, z (float64 each; Y-up world, m/s²); its log time is the
stamp on the common axis. The file has no chunks, so that one that was cut off is good to its last whole message.
"""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from mcap.exceptions import McapError
from mcap.records import Channel, Message
from mcap.stream_reader import StreamReader
from mcap.writer import Writer

from ..devices.log import SensorLog, SensorLogs
from ..rig.errors import BadInputError, FileFormatError

PROFILE = "mocamba"
SCHEMA = "mocamba.Imu1"
ENCODING = "mocamba-imu-1"
LAYOUT = "<q4d3d: t_device ns, orientation w x y z sensor to world, free acceleration x y z m/s2; world Y up"
_SAMPLE = struct.Struct("<q7d")
_FLUSH_EVERY = 0.25  # seconds
_RECORD_LIMIT = 1 << 24  # bytes; longer records are damage, not data
_LATEST = (1 << 63) - 1  # ns; MCAP's stamps are unsigned, ours are not


@contextmanager
def written(path: Path) -> Iterator[None]:
    """What the system says about a file that cannot be written, as one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(
            f"{path} cannot be written ({reason}). Choose another folder or free some space."
        ) from error


class RawWriter:
    """Appends samples to a new file; at most a quarter of a second of them is lost on a kill."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._channels: dict[str, int] = {}
        self._flushed = time.monotonic()
        with written(path):
            self._file: BinaryIO = path.open("xb")
            self._writer = Writer(self._file, use_chunking=False)
            self._writer.start(profile=PROFILE, library="mocamba")
            self._schema = self._writer.register_schema(SCHEMA, ENCODING, LAYOUT.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_sensor(self, name: str, slot: str | None, rate: float | None) -> None:
        """Announce a sensor; its samples may follow."""
        metadata = {"name": name, "slot": slot or "", "rate": f"{rate:g}" if rate else ""}
        with written(self.path):
            self._channels[name] = self._writer.register_channel(f"/sensor/{name}", ENCODING, self._schema, metadata)

    def add_sample(self, name: str, t_ns: int, t_device: int, values: tuple[float, ...]) -> None:
        """`values`: orientation w, x, y, z, then acceleration x, y, z."""
        with written(self.path):
            self._writer.add_message(self._channels[name], t_ns, _SAMPLE.pack(t_device, *values), t_ns)
            if time.monotonic() - self._flushed > _FLUSH_EVERY:
                self._file.flush()
                self._flushed = time.monotonic()

    def close(self) -> None:
        """Finish the file; a second call does nothing."""
        if self._file.closed:
            return
        try:
            with written(self.path):
                self._writer.finish()  # type: ignore[no-untyped-call]
                self._file.flush()
        finally:
            with written(self.path):
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
    logs = tuple(_to_log(sensor) for sensor in sensors.values() if len(sensor.stamps) > 1)
    if not logs:
        raise FileFormatError(path, "holds no samples.", "Import or record it again.")
    return logs, tuple(warnings)


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
