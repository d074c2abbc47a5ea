"""What Xsens DOT sensors send over Bluetooth LE (Movella DOT BLE Service Specification XD0506P, rev. C).

Payloads are zero-padded to the length of their characteristic, numbers little-endian; the world is east, north, up.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from ..reading import Acceleration, Quaternion, Vector

SHORT, MEDIUM, LONG = 20, 40, 63  # bytes of the three payload characteristics


class Mode(IntEnum):
    """Measurement modes that hold orientation and free acceleration."""

    EXTENDED_QUATERNION = 2
    COMPLETE_QUATERNION = 3


_FRAME = struct.Struct("<I4f3f")


@dataclass(frozen=True, slots=True)
class Frame:
    """`microseconds` of a 32-bit clock; free acceleration in the world, m/s²."""

    microseconds: int
    quaternion: Quaternion
    free: Vector
    kind = Acceleration.FREE_WORLD


def parse(data: bytes) -> tuple[list[Frame], bytes]:
    """See `reading.Parse`: medium payloads of mode 2 or 3, one after the other, whose first 32 bytes are the same."""
    whole = len(data) - len(data) % MEDIUM
    return [_frame(data, at) for at in range(0, whole, MEDIUM)], data[whole:]


def _frame(data: bytes, at: int) -> Frame:
    count, w, x, y, z, ax, ay, az = _FRAME.unpack_from(data, at)
    return Frame(count, (w, x, y, z), (ax, ay, az))


@dataclass(frozen=True)
class Message:
    """A message of the characteristics 7001 to 7003."""

    group: int
    data: bytes


def parse_message(data: bytes) -> Message | None:
    """Group, length, data and a checksum with which all bytes add up to zero; padding after it. None where wrong."""
    if len(data) < 3 or len(data) < data[1] + 3:
        return None
    whole = data[: data[1] + 3]
    return Message(whole[0], whole[2:-1]) if sum(whole) & 0xFF == 0 else None


def message(group: int, data: bytes) -> bytes:
    """As `parse_message` reads it."""
    head = bytes([group, len(data)]) + data
    return head + bytes([-sum(head) & 0xFF])


@dataclass(frozen=True)
class Info:
    """Characteristic 1001."""

    address: str
    firmware: str
    serial: str


def parse_info(data: bytes) -> Info | None:
    """None where it is too short to be one. The address is sent last byte first."""
    if len(data) < 34:
        return None
    address = ":".join(f"{byte:02X}" for byte in reversed(data[:6]))
    serial = struct.unpack_from("<Q", data, 20)[0]
    return Info(address, f"{data[6]}.{data[7]}.{data[8]}", f"{serial:016X}")
