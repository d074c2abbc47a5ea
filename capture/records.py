"""The records of an MCAP file as bytes, found again behind damage (https://mcap.dev/spec).

A record is an opcode, eight bytes of length, and that many bytes. Where one makes no sense, the next message that does
is looked for: its head names the length and a channel that was announced.
"""

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from mcap.exceptions import McapError
from mcap.records import Footer
from mcap.stream_reader import StreamReader

MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, DATA_END = 1, 2, 3, 4, 5, 15
SIDE_DATA = (9, 12)  # attachments, metadata
LATEST = (1 << 63) - 1  # ns; later stamps were overwritten
LONGEST = 1 << 24  # bytes; longer records are damage, not data
_HEAD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
# opcode of a message, and a length under 2^24
_MESSAGE_HEAD = re.compile(rb"\x05...\0\0\0\0\0", re.DOTALL)


@dataclass(frozen=True)
class Record:
    """`body` without opcode and length."""

    opcode: int
    body: bytes

    @property
    def bytes(self) -> bytes:
        """As it stands in a file."""
        return _HEAD.pack(self.opcode, len(self.body)) + self.body

    @property
    def channel(self) -> int | None:
        """The channel's number, of messages and channels."""
        if self.opcode in (MESSAGE, CHANNEL) and len(self.body) >= 2:
            return int.from_bytes(self.body[:2], "little")
        return None

    @property
    def log_time(self) -> int:
        """Of a message, ns."""
        return int(_MESSAGE.unpack_from(self.body)[2])


@dataclass(frozen=True)
class Salvage:
    """What could be read of a file: whole records in their order, how many `holes` there were between them, and
    whether the file has its proper end."""

    records: tuple[Record, ...]
    holes: int
    ended: bool


def salvage(data: bytes) -> Salvage:
    """All whole records of schemas, channels, messages, attachments and metadata."""
    records, holes, ended = [], 0, False
    place = len(MAGIC) if data.startswith(MAGIC) else 0
    known: dict[int, int] = {}  # channels, and the length of their first message
    while place < len(data):
        record = _record_at(data, place, known)
        if record is None:
            place, holes = _next_message(data, place + 1, known), holes + 1
            continue
        if record.opcode in (DATA_END, FOOTER):
            ended = _ends_well(data[place:])
            break
        place += _HEAD.size + len(record.body)
        if record.opcode == CHANNEL and record.channel is not None:
            known.setdefault(record.channel, 0)
        elif record.opcode == MESSAGE and record.channel is not None:
            known[record.channel] = known[record.channel] or len(record.body)
        if record.opcode in (SCHEMA, CHANNEL, MESSAGE, *SIDE_DATA):
            records.append(record)
    return Salvage(tuple(records), holes, ended)


def _record_at(data: bytes, place: int, known: dict[int, int]) -> Record | None:
    if place + _HEAD.size > len(data):
        return None
    opcode, length = _HEAD.unpack_from(data, place)
    start = place + _HEAD.size
    if opcode not in (HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, DATA_END, *SIDE_DATA) or length > LONGEST:
        return None
    if start + length > len(data):
        return None
    record = Record(opcode, data[start : start + length])
    if opcode == MESSAGE and (length < _MESSAGE.size or record.channel not in known):
        return None
    if opcode == MESSAGE and (known[record.channel or 0] not in (0, length) or record.log_time > LATEST):
        return None
    return record if opcode == MESSAGE or _makes_sense(record) else None


def _ends_well(tail: bytes) -> bool:
    """Whether summary and footer can be read as well."""
    try:
        last = list(StreamReader(io.BytesIO(tail), skip_magic=True).records)[-1]
    except (McapError, struct.error, ValueError, EOFError, IndexError):
        return False
    return isinstance(last, Footer) and tail.endswith(MAGIC)


def _makes_sense(record: Record) -> bool:
    """Whether its content can be read: damage turns messages into records of another kind."""
    try:
        return next(iter(StreamReader(io.BytesIO(record.bytes), skip_magic=True).records), None) is not None
    except (McapError, struct.error, ValueError, EOFError):
        return False


def _next_message(data: bytes, place: int, known: dict[int, int]) -> int:
    """Where the next message of a known channel begins; the end of the file where there is none."""
    for match in _MESSAGE_HEAD.finditer(data, place):
        if _record_at(data, match.start(), known) is not None:
            return match.start()
    return len(data)


def rebuilt(records: tuple[Record, ...]) -> Iterator[bytes]:
    """A whole MCAP file of these records; a reader finds everything by reading on."""
    yield MAGIC
    profile, library = b"mocamba", b"mocamba repair"
    yield Record(HEADER, b"".join(struct.pack("<I", len(text)) + text for text in (profile, library))).bytes
    for record in records:
        yield record.bytes
    yield Record(DATA_END, struct.pack("<I", 0)).bytes
    yield Record(FOOTER, struct.pack("<QQI", 0, 0, 0)).bytes
    yield MAGIC
