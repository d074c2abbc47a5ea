"""Lines of numbers, one a sample, and the header that names their columns.

    # imu-csv v1 cols=id,t,qw,qx,qy,qz,ax,ay,az t=us acc=m/s2 gravity=in
    left_shin,1203340,0.7071,0.0,0.7071,0.0,0.12,-0.31,9.79*5C

The header is optional where the columns are those of the example. `*` and two hexadecimal digits, the XOR of all bytes
before it, are optional; a line on which they are wrong is left out.
"""

import math
from dataclasses import dataclass
from functools import reduce
from operator import xor

from ..lines import split_lines
from ..log import GRAVITY
from ..reading import Acceleration, Quaternion, Sample, Vector

LONGEST = 512
MARK = b"# imu-csv"
USUAL = ("id", "t", "qw", "qx", "qy", "qz", "ax", "ay", "az")
COLUMNS = (*USUAL, "gx", "gy", "gz", "mx", "my", "mz", "n", "battery")

TIME_UNITS = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
ACCELERATION_UNITS = {"m/s2": 1.0, "g": GRAVITY, "mg": GRAVITY / 1000}
RATE_UNITS = {"rad/s": 1.0, "deg/s": math.pi / 180}
GRAVITIES = {"in": Acceleration.RAW, "out": Acceleration.FREE_SENSOR, "world": Acceleration.FREE_WORLD}


@dataclass(frozen=True)
class Layout:
    """What the columns are; `time_ns` None where the unit of `t` has to be told from its steps."""

    columns: tuple[str, ...] = USUAL
    time_ns: int | None = None
    acceleration: float = 1.0
    kind: Acceleration = Acceleration.RAW
    rate: float = 1.0


@dataclass(frozen=True)
class Header:
    """A line that names the columns; `layout` None where it names what nobody knows.

    `checked`: it had a checksum. Without one it may be cut short and name other units than were meant.
    """

    text: str
    layout: Layout | None
    checked: bool


@dataclass(frozen=True)
class Row:
    """The fields of one sample, not read yet: what they mean depends on the header."""

    fields: tuple[str, ...]


@dataclass(frozen=True)
class Garbled:
    """A line that is no text or fails its checksum."""

    line: bytes


Line = Header | Row | Garbled


def parse(data: bytes) -> tuple[list[Line], bytes]:
    """See `reading.Parse`. Comments and empty lines give nothing."""
    lines, rest = split_lines(data, LONGEST)
    return [line for text in lines if (line := _parse_line(text.strip())) is not None], rest


def checked(line: str) -> bytes:
    """`line` with its checksum and newline, ready to be sent."""
    data = line.encode()
    return data + b"*%02X\n" % reduce(xor, data, 0)


def _parse_line(line: bytes) -> Line | None:
    if not line:
        return None
    body, star, checksum = line.rpartition(b"*")
    if star and (line.startswith(MARK) or not line.startswith(b"#")):
        if checksum.upper() != b"%02X" % reduce(xor, body, 0):
            return Garbled(line)
        line = body
    if not line.isascii() or not line.decode("ascii").isprintable():
        return Garbled(line)
    text = line.decode("ascii")
    if line.startswith(MARK):
        return Header(text, _layout(text), bool(star))
    return None if text.startswith("#") else Row(tuple(field.strip() for field in text.split(",")))


def _layout(text: str) -> Layout | None:
    """None where a word of it is not known: guessing units is how a wrong animation is made."""
    said = text.removeprefix(f"{MARK.decode()} v1").split()
    if not all("=" in word for word in said):
        return None
    words = dict(word.split("=", 1) for word in said)
    if not set(words) <= {"cols", "t", "acc", "gravity", "gyro"}:
        return None
    columns = tuple(words.get("cols", ",".join(USUAL)).split(","))
    try:
        layout = Layout(
            columns,
            TIME_UNITS[words["t"]] if "t" in words else None,
            ACCELERATION_UNITS[words.get("acc", "m/s2")],
            GRAVITIES[words.get("gravity", "in")],
            RATE_UNITS[words.get("gyro", "rad/s")],
        )
    except KeyError:
        return None
    return layout if set(columns) <= set(COLUMNS) and len(set(columns)) == len(columns) else None


def read_row(row: Row, layout: Layout) -> tuple[str, float | None, int | None, Sample] | None:
    """Sensor's id ("" where there is none), `t` as sent, count `n`, and the sample, its quaternion as sent.

    None where the number of fields is not the layout's or one is no number; values that cannot be are left as sent.
    """
    if len(row.fields) != len(layout.columns):
        return None
    named = dict(zip(layout.columns, row.fields, strict=True))
    part = named.pop("id", "")
    try:
        values = {name: float(field) for name, field in named.items()}
    except ValueError:
        return None
    # of what was measured, the reader tells the user; without these a line is none
    if not all(math.isfinite(values.get(name, 0.0)) for name in ("t", "n", "battery")):
        return None
    sample = Sample(
        orientation=_quaternion(values),
        acceleration=_vector(values, "a", layout.acceleration),
        acceleration_kind=layout.kind if "ax" in values else None,
        rate=_vector(values, "g", layout.rate),
        magnetic=_vector(values, "m", 1.0),
        battery=min(1.0, max(0.0, values["battery"])) if "battery" in values else None,
    )
    return part, values.get("t"), int(values["n"]) if "n" in values else None, sample


def _quaternion(values: dict[str, float]) -> Quaternion | None:
    w, x, y, z = (values.get(name) for name in ("qw", "qx", "qy", "qz"))
    return None if w is None or x is None or y is None or z is None else (w, x, y, z)


def _vector(values: dict[str, float], letter: str, unit: float) -> Vector | None:
    names = [letter + axis for axis in "xyz"]
    if not all(name in values for name in names):
        return None
    x, y, z = (values[name] * unit for name in names)
    return x, y, z
