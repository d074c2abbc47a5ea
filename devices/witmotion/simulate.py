"""WitMotion modules: packets and registers of the serial models and of the Bluetooth 5.0 ones."""

import math
import struct
from collections.abc import Sequence
from datetime import datetime, timedelta

from ..log import GRAVITY
from ..reading import Quaternion, Vector
from ..simulated.speaker import Gatt, GattCharacteristic, GattService, Said
from ..simulated.wearer import State
from .options import BAUDS, RATES
from .parse import MAGNETIC_UNITS
from .reader import NOTIFY, SERVICE, WRITE
from .setup import BAUD, MAGNETIC_KIND, OUTPUTS, RATE, READ, SAVE, UNLOCK, UNLOCK_KEY

GATT = Gatt(
    "WT901BLE68",
    (
        GattService(
            SERVICE,
            (
                GattCharacteristic(NOTIFY, ("notify",)),
                GattCharacteristic(WRITE, ("write", "write-without-response")),
            ),
        ),
    ),
)
FACTORY = {OUTPUTS: 0x1E, RATE: 6, BAUD: 2, MAGNETIC_KIND: 4, 0x64: 397}
KIND = 4  # of magnetometer
EPOCH = datetime(2026, 1, 1)
SCALARS = ("first", "last")


class _Module:
    """Registers, and commands that arrive in any pieces."""

    def __init__(self, saved: dict[int, int]) -> None:
        self._saved = saved
        self._registers = dict(saved)
        self._unlocked = False
        self._unread = b""

    @property
    def rate(self) -> float:
        return next((rate for rate, code in RATES.items() if code == self._registers[RATE]), 10.0)

    def hear(self, data: bytes, target: str) -> Sequence[Said]:
        """Five bytes each; whatever else comes is passed over, as the modules do."""
        self._unread += data
        answers: list[Said] = []
        while (at := self._unread.find(b"\xff\xaa")) >= 0 and len(self._unread) >= at + 5:
            register, value = struct.unpack_from("<BH", self._unread, at + 2)
            self._unread = self._unread[at + 5 :]
            answers += self._obey(register, value)
        self._unread = self._unread[-4:]
        return answers

    def _obey(self, register: int, value: int) -> Sequence[Said]:
        if register == READ:
            return [self._show(value)]
        if register == UNLOCK:
            self._unlocked = value == UNLOCK_KEY
        elif self._unlocked and register == SAVE:
            self._saved = dict(self._registers)
        elif self._unlocked:
            self._registers[register] = value
        return ()

    def _show(self, register: int) -> Said:
        raise NotImplementedError

    def switch_on(self) -> None:
        """See `Speaker`."""
        self._registers, self._unlocked, self._unread = dict(self._saved), False, b""


class SimulatedSerial(_Module):
    """See `Speaker`: a bare module as it comes, at 9600 baud and 10 Hz, until it is told otherwise.

    `scalar`: where the quaternion packet has its w; the documents leave it open.
    """

    def __init__(self, *, baud: int = 9600, scalar: str = "first") -> None:
        super().__init__(FACTORY | {BAUD: BAUDS[baud]})
        self._scalar = scalar

    @property
    def baud(self) -> int | None:
        """See `Speaker`."""
        return next(baud for baud, code in BAUDS.items() if code == self._registers[BAUD])

    def say(self, state: State, stamp_ns: int) -> Sequence[Said]:
        """The packets that register 02 asks for."""
        when = EPOCH + timedelta(microseconds=stamp_ns // 1000)
        date = when.year - 2000, when.month, when.day, when.hour, when.minute, when.second, when.microsecond // 1000
        w, x, y, z = state.orientation
        turned = (w, x, y, z) if self._scalar == "first" else (x, y, z, w)
        payloads = {
            0x50: struct.pack("<6BH", *date),
            0x51: _shorts(*_scaled(state.raw, 16 * GRAVITY), 2650),
            0x52: _shorts(*_scaled(state.rate, math.radians(2000)), 0),
            0x53: _shorts(*_scaled(angles_of(state.orientation), math.pi), 0),
            0x54: _shorts(*(value / MAGNETIC_UNITS[KIND] for value in state.magnetic), 2650),
            0x59: _shorts(*(value * 32768 for value in turned)),
        }
        wanted = self._registers[OUTPUTS]
        return [Said(b"".join(packet(k, p) for k, p in payloads.items() if wanted >> (k - 0x50) & 1))]

    def _show(self, register: int) -> Said:
        return Said(packet(0x5F, struct.pack("<4H", *(self._registers.get(register + i, 0) for i in range(4)))))


class SimulatedBle(_Module):
    """See `Speaker`: a Bluetooth 5.0 module. `fast`: the value of register 03 that gives 200 Hz."""

    def __init__(self, *, fast: int = 0x0B) -> None:
        super().__init__(dict(FACTORY))
        self.baud: int | None = 115200
        self._fast = fast
        self._state: State | None = None

    @property
    def rate(self) -> float:
        """See `Speaker`. An unknown value leaves it slow."""
        code = self._registers[RATE]
        if code in (0x0A, 0x0B):
            return 200.0 if code == self._fast else 100.0
        return super().rate

    def say(self, state: State, stamp_ns: int) -> Sequence[Said]:
        """One packet 0x61."""
        self._state = state
        motion = *_scaled(state.raw, 16 * GRAVITY), *_scaled(state.rate, math.radians(2000))
        angles = _scaled(angles_of(state.orientation), math.pi)
        return [Said(b"\x55\x61" + _shorts(*motion, *angles), NOTIFY)]

    def _show(self, register: int) -> Said:
        values: dict[int, float] = dict(self._registers)
        if self._state is not None:
            values |= {0x3A + i: v / MAGNETIC_UNITS[KIND] for i, v in enumerate(self._state.magnetic)}
            values |= {0x51 + i: v * 32768 for i, v in enumerate(self._state.orientation)}
        shown = _shorts(*(values.get(register + i, 0) for i in range(8)))
        return Said(b"\x55\x71" + struct.pack("<H", register) + shown, NOTIFY)


def packet(kind: int, payload: bytes) -> bytes:
    """A serial packet with its checksum."""
    body = bytes([0x55, kind]) + payload
    return body + bytes([sum(body) & 0xFF])


def _scaled(vector: Vector, full: float) -> Vector:
    x, y, z = (value / full * 32768 for value in vector)
    return x, y, z


def _shorts(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}h", *(max(-32768, min(32767, round(value))) for value in values))


def angles_of(q: Quaternion) -> Vector:
    """Roll, pitch and yaw of intrinsic Z-Y-X rotations, radians; at a pitch of 90 degrees all turning is yaw."""
    w, x, y, z = q
    lift = 2 * (w * y - z * x)
    if abs(lift) > 1 - 1e-12:
        return 0.0, math.copysign(math.pi / 2, lift), -2 * math.copysign(1.0, lift) * math.atan2(x, w)
    roll = math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    return roll, math.asin(lift), math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
