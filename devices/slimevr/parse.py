"""Datagrams of SlimeVR's tracker protocol: big-endian, `u32 kind, u64 number, body`, after the MIT-licensed firmware.

Quaternions are sent x, y, z, w; accelerations without gravity, in the sensor's frame, m/s². There are no time stamps.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from ..reading import Quaternion, Vector


class Kind(IntEnum):
    """The kinds that this server reads or sends."""

    HEARTBEAT = 0
    SERVER_HEARTBEAT = 1
    HANDSHAKE = 3
    ACCELERATION = 4
    PING = 10
    BATTERY = 12
    SENSOR_INFO = 15
    ROTATION = 17
    FEATURES = 22
    ROTATION_ACCELERATION = 23
    BUNDLE = 100
    COMPACT_BUNDLE = 101


HEAD = struct.Struct(">IQ")
NUMBERLESS = frozenset({Kind.HANDSHAKE, Kind.PING})  # which carry 0 or an echo where others carry a number


@dataclass(frozen=True, slots=True)
class Packet:
    """`number` counts a tracker's datagrams; parts of a bundle share it."""

    kind: int
    number: int
    body: bytes


def parse(data: bytes) -> tuple[list[Packet], bytes]:
    """See `reading.Parse`: one datagram. Nothing of it is left for the next; what is cut off is left out."""
    if len(data) < HEAD.size:
        return [], b""
    kind, number = HEAD.unpack_from(data)
    body = data[HEAD.size :]
    if kind == Kind.BUNDLE:
        return _bundle(body, number, ">HI"), b""
    if kind == Kind.COMPACT_BUNDLE:
        return _bundle(body, number, ">BB"), b""
    return [Packet(kind, number, body)], b""


def _bundle(body: bytes, number: int, layout: str) -> list[Packet]:
    """Parts of a bundle: length (of what follows it), kind and body."""
    size, kind_size = struct.calcsize(layout), struct.calcsize(">" + layout[2])
    packets, at = [], 0
    while at + size <= len(body):
        length, kind = struct.unpack_from(layout, body, at)
        end = at + size - kind_size + length
        if length < kind_size or end > len(body):
            break
        packets.append(Packet(kind, number, body[at + size : end]))
        at = end
    return packets


@dataclass(frozen=True)
class Handshake:
    """How a tracker introduces itself; `address` is its MAC, "" from senders that have none."""

    address: str
    protocol: int
    firmware: str


def parse_handshake(body: bytes) -> Handshake | None:
    """Senders leave out what they do not know, from the end on; None where not even a board is named."""
    if len(body) < 4:
        return None
    protocol = struct.unpack_from(">I", body, 24)[0] if len(body) >= 28 else 0
    length = body[28] if len(body) > 28 else 0
    firmware = body[29 : 29 + length].decode("ascii", "replace")
    mac = body[29 + length : 35 + length]
    address = mac.hex(":") if len(mac) == 6 and any(mac) else ""
    return Handshake(address, protocol, firmware)


def parse_rotation(body: bytes) -> tuple[int, Quaternion] | None:
    """Kind 17: sensor and its quaternion; None for other data than its own rotation, and where cut off."""
    if len(body) < 18 or body[1] != 1:
        return None
    x, y, z, w = struct.unpack_from(">4f", body, 2)
    return body[0], (w, x, y, z)


def parse_acceleration(body: bytes) -> tuple[int, Vector] | None:
    """Kind 4: sensor (0 from senders that name none) and its acceleration."""
    if len(body) < 12:
        return None
    x, y, z = struct.unpack_from(">3f", body)
    return body[12] if len(body) > 12 else 0, (x, y, z)


def parse_rotation_acceleration(body: bytes) -> tuple[int, Quaternion, Vector] | None:
    """Kind 23: both, as int16."""
    if len(body) < 15:
        return None
    x, y, z, w, ax, ay, az = struct.unpack_from(">7h", body, 1)
    unit = 1 / 32768
    return body[0], (w * unit, x * unit, y * unit, z * unit), (ax / 128, ay / 128, az / 128)


def parse_battery(body: bytes) -> float | None:
    """Kind 12: what is left, 0 to 1. The oldest senders give a voltage alone."""
    return struct.unpack_from(">f", body, 4)[0] if len(body) >= 8 else None
