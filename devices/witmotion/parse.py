"""The packets of WitMotion modules.

Serial ("standard protocol"): `55 TT d0..d7 SUM`, the sum that of the ten bytes before it. Bluetooth LE 5.0, and the USB
sockets of those models: `55 61` with 18 bytes of motion, `55 71` with eight registers, neither with a checksum. Numbers
are int16, little-endian. Frame: x forward, y left, z up; angles are intrinsic Z-Y-X.
"""

import math
import struct
from dataclasses import dataclass
from datetime import datetime

from ..log import GRAVITY
from ..reading import Acceleration, Quaternion, Sample, Vector

START = 0x55
TIME, ACCELERATION, RATE, ANGLES, MAGNETIC, QUATERNION, REGISTERS = 0x50, 0x51, 0x52, 0x53, 0x54, 0x59, 0x5F
MOTION, BLE_REGISTERS = 0x61, 0x71
SERIAL_KINDS = frozenset(range(0x50, 0x5B)) | {REGISTERS}
SERIAL_LENGTH, BLE_LENGTH = 11, 20

# µT a count, by the number in register 0x72 (from the vendor's own table)
MAGNETIC_UNITS = {2: 0.15, 3: 0.013, 4: 0.058, 5: 0.098, 6: 1 / 150, 7: 0.02}
# cell voltage in hundredths and what is left of the battery, as the vendor's program shows it
_CELL = (
    (340, 0.0), (350, 0.05), (368, 0.10), (370, 0.15), (373, 0.20), (377, 0.30), (379, 0.40), (382, 0.50), (387, 0.60),
    (393, 0.75), (396, 0.90), (399, 1.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Packet:
    """`data`: what is between kind and checksum; 8 bytes of a serial packet, 18 of a Bluetooth one."""

    kind: int
    data: bytes


def parse_serial(data: bytes) -> tuple[list[Packet], bytes]:
    """See `reading.Parse`. After a wrong checksum the search goes on one byte later: 0x55 also occurs in data."""
    packets: list[Packet] = []
    at = data.find(START)
    while 0 <= at < len(data):
        packet = data[at : at + SERIAL_LENGTH]
        if len(packet) > 1 and packet[1] not in SERIAL_KINDS:
            at = data.find(START, at + 1)
        elif len(packet) < SERIAL_LENGTH:
            return packets, packet
        elif sum(packet[:-1]) & 0xFF != packet[-1]:
            at = data.find(START, at + 1)
        else:
            packets.append(Packet(packet[1], packet[2:-1]))
            at = data.find(START, at + SERIAL_LENGTH)
    return packets, b""


def parse_ble(data: bytes) -> tuple[list[Packet], bytes]:
    """See `reading.Parse`."""
    packets: list[Packet] = []
    at = data.find(START)
    while 0 <= at < len(data):
        packet = data[at : at + BLE_LENGTH]
        if len(packet) > 1 and packet[1] not in (MOTION, BLE_REGISTERS):
            at = data.find(START, at + 1)
        elif len(packet) < BLE_LENGTH:
            return packets, packet
        else:
            packets.append(Packet(packet[1], packet[2:]))
            at = data.find(START, at + BLE_LENGTH)
    return packets, b""


def _vector(data: bytes, full_scale: float) -> Vector:
    x, y, z = struct.unpack_from("<3h", data)
    unit = full_scale / 32768
    return x * unit, y * unit, z * unit


def acceleration(data: bytes) -> Sample:
    """Packet 0x51, or the first part of 0x61."""
    return Sample(acceleration=_vector(data, 16 * GRAVITY), acceleration_kind=Acceleration.RAW)


def rate(data: bytes) -> Vector:
    """Packet 0x52: rad/s."""
    return _vector(data, math.radians(2000))


def angles(data: bytes) -> Quaternion:
    """Packet 0x53: roll, pitch and yaw as the quaternion they stand for."""
    return from_angles(*_vector(data, math.pi))


def magnetic(data: bytes, unit: float) -> Vector:
    """Packet 0x54: µT, of counts of `unit` µT (see `MAGNETIC_UNITS`)."""
    return _vector(data, 32768 * unit)


def quaternion(data: bytes) -> Quaternion:
    """Packet 0x59: its four numbers in the order sent; the documents do not say which one is w."""
    a, b, c, d = struct.unpack_from("<4h", data)
    return a / 32768, b / 32768, c / 32768, d / 32768


def supply(data: bytes) -> float:
    """Packet 0x52's last number: volts, on models with a battery."""
    return float(struct.unpack_from("<H", data, 6)[0]) / 100


def stamp(data: bytes) -> int | None:
    """Packet 0x50: the module's calendar clock in ns since the year 2000, to the millisecond; None for no date."""
    year, month, day, hour, minute, second, thousandths = struct.unpack("<6BH", data)
    try:
        days = (datetime(2000 + year, month, day) - datetime(2000, 1, 1)).days
    except ValueError:
        return None
    seconds: int = ((days * 24 + hour) * 60 + minute) * 60 + second
    return (seconds * 1000 + int(thousandths)) * 1_000_000


def registers(data: bytes) -> tuple[int, tuple[int, ...]]:
    """Packet 0x71: the first register's number and the values of eight."""
    start, *values = struct.unpack_from("<H8h", data)
    return start, tuple(values)


def battery_share(centivolts: int) -> float:
    """What is left of the cell, 0 to 1."""
    below = [point for point in _CELL if point[0] <= centivolts]
    above = [point for point in _CELL if point[0] > centivolts]
    if not below or not above:
        return 1.0 if below else 0.0
    (v0, s0), (v1, s1) = below[-1], above[0]
    return s0 + (s1 - s0) * (centivolts - v0) / (v1 - v0)


def from_angles(roll: float, pitch: float, yaw: float) -> Quaternion:
    """Rotation by `roll` about x, then `pitch` about y, then `yaw` about z, radians."""
    cr, sr = math.cos(roll / 2), math.sin(roll / 2)
    cp, sp = math.cos(pitch / 2), math.sin(pitch / 2)
    cy, sy = math.cos(yaw / 2), math.sin(yaw / 2)
    return (
        cr * cp * cy + sr * sp * sy,
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
    )
