"""Messages of the x-IMU3: ASCII `Q,1000,1.0,0.0,0.0,0.0` or binary with byte stuffing, both ended by a newline.

Checked against x-io's own `ximu3` library. Stamps are microseconds; the world is north, west, up (its default).
"""

import json
import math
import struct
from dataclasses import dataclass

from ..lines import split_lines
from ..log import GRAVITY
from ..reading import Acceleration, Sample

LONGEST = 1024
# numbers that follow the stamp, by the message's letter: only those that are read
SIZES = {"I": 6, "M": 3, "Q": 4, "L": 3, "E": 3, "B": 3}
# the rest of the protocol: known, and of no use here
OTHERS = frozenset("RASHTWYFNU")
EARTH_FIELD = 50.0  # µT: the magnetometer gives its ratio to the field it was calibrated in
_ESCAPES = {0xDC: 0x0A, 0xDD: 0xDB}


@dataclass(frozen=True, slots=True)
class Measured:
    """Message `letter` (one of `SIZES`) with its finite `values`."""

    letter: str
    microseconds: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class Answer:
    """The answer to a command; `error` where it was refused."""

    key: str
    value: object
    error: str | None = None


@dataclass(frozen=True)
class Garbled:
    """A message that is damaged."""

    line: bytes


Message = Measured | Answer | Garbled


def parse(data: bytes) -> tuple[list[Message], bytes]:
    """See `reading.Parse`."""
    lines, rest = split_lines(data, LONGEST)
    return [message for line in lines if (message := _parse_line(line)) is not None], rest


def _parse_line(line: bytes) -> Message | None:
    if not line:
        return None
    if line[0] >= 0x80:
        return _parse_binary(line)
    if line[0] == ord("{"):
        return _parse_answer(line)
    return _parse_ascii(line)


def _parse_binary(line: bytes) -> Message | None:
    letter = chr(line[0] - 0x80)
    plain = unstuff(line)
    if letter in OTHERS:
        return None
    size = SIZES.get(letter)
    if size is None or plain is None or len(plain) != 9 + 4 * size:
        return Garbled(line)
    stamp, *values = struct.unpack(f"<Q{size}f", plain[1:])
    return _measured(letter, stamp, tuple(values), line)


def _parse_ascii(line: bytes) -> Message | None:
    letter, *fields = line.strip().decode("ascii", "replace").split(",")
    if letter in OTHERS:
        return None
    if len(fields) - 1 != SIZES.get(letter):
        return Garbled(line)
    try:
        return _measured(letter, int(fields[0]), tuple(map(float, fields[1:])), line)
    except ValueError:
        return Garbled(line)


def _measured(letter: str, stamp: int, values: tuple[float, ...], line: bytes) -> Message:
    # 2**53 µs are 285 years: a larger stamp is damage
    good = 0 <= stamp < 1 << 53 and all(map(math.isfinite, values))
    return Measured(letter, stamp, values) if good else Garbled(line)


def _parse_answer(line: bytes) -> Message:
    try:
        (key, value), *_ = json.loads(line).items()
    except (ValueError, AttributeError, RecursionError):
        return Garbled(line)
    error = value.get("error") if isinstance(value, dict) else None
    return Answer(key, value, str(error) if error is not None else None)


def unstuff(line: bytes) -> bytes | None:
    """Undo the byte stuffing; None where an escape is none."""
    first, *parts = line.split(b"\xdb")
    plain = bytearray(first)
    for part in parts:
        if not part or part[0] not in _ESCAPES:
            return None
        plain.append(_ESCAPES[part[0]])
        plain += part[1:]
    return bytes(plain)


def stuff(plain: bytes) -> bytes:
    """A whole binary message, ready to be sent."""
    return plain.replace(b"\xdb", b"\xdb\xdd").replace(b"\n", b"\xdb\xdc") + b"\n"


def as_sample(message: Measured) -> Sample:
    """In our units; the quaternion as it was sent."""
    stamp, values = message.microseconds * 1000, message.values
    match message.letter:
        case "I":
            gx, gy, gz, ax, ay, az = values
            unit = math.pi / 180
            return Sample(
                stamp_ns=stamp,
                rate=(gx * unit, gy * unit, gz * unit),
                acceleration=(ax * GRAVITY, ay * GRAVITY, az * GRAVITY),
                acceleration_kind=Acceleration.RAW,
            )
        case "Q":
            w, x, y, z = values
            return Sample(stamp_ns=stamp, orientation=(w, x, y, z))
        case "B":
            return Sample(battery=min(1.0, max(0.0, values[0] / 100)))
        case "M":
            x, y, z = (value * EARTH_FIELD for value in values)
            return Sample(stamp_ns=stamp, magnetic=(x, y, z))
    x, y, z = (value * GRAVITY for value in values)
    kind = Acceleration.FREE_WORLD if message.letter == "E" else Acceleration.FREE_SENSOR
    return Sample(stamp_ns=stamp, acceleration=(x, y, z), acceleration_kind=kind)
