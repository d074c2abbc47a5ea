"""What a camera leaves in `raw.mcap`: when each picture of the film was taken, and the joints that were found live.

A picture's message is its number in the film (int64), a keypoints message 17 times x, y (pixels) and confidence
(float32), little-endian; the log time of both is when the picture was taken, on the axis of the sensors.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mcap.exceptions import McapError
from mcap.records import Channel, Message
from mcap.stream_reader import StreamReader
from mcap.writer import Writer
from numpy.typing import NDArray

from ..devices.keypoints.keypoints import Keypoints
from ..rig.errors import FileFormatError

SCHEMA = "mocamba.Camera1"
PICTURES, KEYPOINTS = "mocamba-pictures-1", "mocamba-keypoints-1"
LAYOUT = "pictures: <q number in the film; keypoints: <51f, 17 times x, y in pixels, confidence; Human3.6M's joints"
_NUMBER = struct.Struct("<q")
_JOINTS = np.dtype("<f4")
_RECORD_LIMIT = 1 << 24  # bytes; longer records are damage, not data


@dataclass(frozen=True)
class CameraInfo:
    """`width` and `height` of the pictures, pixels; `detector` that found the joints."""

    name: str
    width: int
    height: int
    detector: str


@dataclass(frozen=True)
class Filmed:
    """A picture of the film, by its `number` in it, and when it was taken."""

    number: int
    t_ns: int


@dataclass(frozen=True, eq=False)
class CameraBatch:
    """What a camera said since the last one: joints that were found, and pictures that went into the film."""

    info: CameraInfo
    found: Sequence[Keypoints]
    filmed: Sequence[Filmed]


@dataclass(frozen=True, eq=False)
class CameraRecord:
    """All that one camera left: `picture_ns (N,)` of the film's pictures; `t_ns (T,)` and `joints (T, 17, 3)` (x, y,
    confidence) of what was found live."""

    info: CameraInfo
    picture_ns: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    joints: NDArray[np.float32]


class CameraChannels:
    """Writes them, with the writer of the take."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._schema: int | None = None
        self._channels: dict[tuple[str, str], int] = {}

    def add(self, batch: CameraBatch) -> None:
        """All of it, its camera too."""
        self._announce(batch.info)
        name = batch.info.name
        for filmed in batch.filmed:
            self._write(name, PICTURES, filmed.t_ns, _NUMBER.pack(filmed.number))
        for found in batch.found:
            values = np.concatenate([found.points, found.confidence[:, None]], axis=1).astype(_JOINTS)
            self._write(name, KEYPOINTS, found.t_ns, values.tobytes())

    def _announce(self, info: CameraInfo) -> None:
        if (info.name, PICTURES) in self._channels:
            return
        if self._schema is None:
            self._schema = self._writer.register_schema(SCHEMA, PICTURES, LAYOUT.encode())
        told = {
            "name": info.name,
            "width": str(info.width),
            "height": str(info.height),
            "detector": info.detector,
        }
        for encoding, what in ((PICTURES, "pictures"), (KEYPOINTS, "keypoints")):
            topic = f"/camera/{info.name}/{what}"
            self._channels[info.name, encoding] = self._writer.register_channel(topic, encoding, self._schema, told)

    def _write(self, name: str, encoding: str, t_ns: int, data: bytes) -> None:
        self._writer.add_message(self._channels[name, encoding], t_ns, data, t_ns)


@dataclass
class _Collected:
    info: CameraInfo
    pictures: dict[int, int] = field(default_factory=dict)
    keypoints: dict[int, NDArray[np.float32]] = field(default_factory=dict)


def read_cameras(path: Path) -> tuple[CameraRecord, ...]:
    """Every camera's, up to where the file breaks off; none where none was used. Raises FileFormatError for a file that
    cannot be read at all."""
    channels: dict[int, tuple[_Collected, str]] = {}
    cameras: dict[str, _Collected] = {}
    try:
        with path.open("rb") as file:
            for record in StreamReader(file, record_size_limit=_RECORD_LIMIT).records:
                if isinstance(record, Channel) and record.message_encoding in (PICTURES, KEYPOINTS):
                    info = _info(record)
                    channels[record.id] = cameras.setdefault(info.name, _Collected(info)), record.message_encoding
                elif isinstance(record, Message) and record.channel_id in channels:
                    _collect(record, *channels[record.channel_id])
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).") from error
    except (McapError, struct.error, ValueError, EOFError, KeyError):
        pass  # it breaks off, which whoever reads the sensors says
    return tuple(map(_record, cameras.values()))


def _info(channel: Channel) -> CameraInfo:
    told = channel.metadata
    return CameraInfo(told["name"], int(told["width"]), int(told["height"]), told["detector"])


def _collect(message: Message, camera: _Collected, encoding: str) -> None:
    if message.log_time >= 1 << 63:
        raise ValueError("a time stamp was overwritten")
    if encoding == PICTURES:
        camera.pictures.setdefault(_NUMBER.unpack(message.data)[0], message.log_time)
    else:
        camera.keypoints[message.log_time] = np.frombuffer(message.data, _JOINTS).reshape(17, 3)


def _record(camera: _Collected) -> CameraRecord:
    numbers = sorted(camera.pictures)
    times = sorted(camera.keypoints)
    return CameraRecord(
        camera.info,
        np.array([camera.pictures[number] for number in numbers], np.int64),
        np.array(times, np.int64),
        np.array([camera.keypoints[t] for t in times], np.float32).reshape(-1, 17, 3),
    )
