"""Xsens DOT sensors: measuring in mode 3, the sync procedure, heading reset, battery."""

import math
import struct
from collections.abc import Sequence

from ..simulated.speaker import Gatt, GattCharacteristic, GattService, Said
from ..simulated.wearer import State
from .parse import MEDIUM, message, parse_message
from .reader import BATTERY, CONTROL, HEADING, INFO, MAKER, MEASURE, PAYLOAD, RESET_HEADING, REVERT_HEADING, uuid
from .sync import ANSWER, GROUP, MESSAGE, RESULT, START, STOP

NOT_STARTED, JOINED = 9, 0


def gatt(address: str) -> Gatt:
    """What a DOT with this address shows."""
    info = bytes.fromhex(address.replace(":", ""))[::-1] + bytes([3, 0, 0]) + bytes(25)
    notify, both = ("notify",), ("read", "write")
    return Gatt(
        "Xsens DOT",
        (
            GattService(
                uuid(0x1000), (_characteristic(INFO, ("read",), info), _characteristic(CONTROL, both, bytes(32)))
            ),
            GattService(
                uuid(0x2000),
                (
                    _characteristic(MEASURE, both, bytes(3)),
                    _characteristic(PAYLOAD, notify),
                    _characteristic(HEADING, ("write",)),
                ),
            ),
            GattService(uuid(0x3000), (_characteristic(BATTERY, ("read", "notify"), bytes([87, 0])),)),
            GattService(
                uuid(0x7000),
                (
                    _characteristic(MESSAGE, ("write",)),
                    _characteristic(ANSWER, ("read",), message(GROUP, bytes([RESULT, NOT_STARTED]))),
                    _characteristic(uuid(0x7003), notify),
                ),
            ),
        ),
        MAKER,
    )


def _characteristic(name: str, flags: tuple[str, ...], value: bytes = b"") -> GattCharacteristic:
    return GattCharacteristic(name, flags, value)


class SimulatedDot:
    """See `Speaker`. `wraps_after`: seconds of measuring until its 32-bit clock starts anew."""

    def __init__(self, *, wraps_after: float | None = None) -> None:
        self.rate = 60.0
        self.baud: int | None = None
        self.root: str | None = None
        self._wraps_after = wraps_after
        self._clock_us = 0  # what its counter shows at its device time 0
        self._mode = 0
        self._yaw = 0.0
        self._last_yaw = 0.0

    def say(self, state: State, stamp_ns: int) -> Sequence[Said]:
        """A medium payload, padded, while measuring."""
        if not self._mode:
            return ()
        w, x, y, z = state.orientation
        self._last_yaw = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
        c, s = math.cos(self._yaw / 2), -math.sin(self._yaw / 2)
        turned = c * w - s * z, c * x - s * y, c * y + s * x, c * z + s * w
        ax, ay, az = state.free_world
        c, s = math.cos(self._yaw), -math.sin(self._yaw)
        if self._wraps_after is not None:
            self._clock_us = (1 << 32) - round(self._wraps_after * 1e6) - stamp_ns // 1000
            self._wraps_after = None
        micros = self._clock_us + stamp_ns // 1000 & 0xFFFFFFFF
        frame = struct.pack("<I7f", micros, *turned, c * ax - s * ay, s * ax + c * ay, az)
        return [Said(frame.ljust(MEDIUM, b"\0"), PAYLOAD)]

    def hear(self, data: bytes, target: str) -> Sequence[Said]:
        """Writes to its characteristics."""
        if target == MEASURE and len(data) >= 3 and data[0] == 1:
            self._mode = data[2] if data[1] == 1 else 0
        elif target == CONTROL and len(data) >= 26 and data[0] & 16:
            self.rate = float(struct.unpack_from("<H", data, 24)[0] or 60)
        elif target == HEADING and self._mode and len(data) >= 2:
            command = struct.unpack_from("<H", data)[0]
            self._yaw = {RESET_HEADING: self._last_yaw, REVERT_HEADING: 0.0}.get(command, self._yaw)
        elif target == MESSAGE:
            return self._synchronise(data)
        return ()

    def _synchronise(self, data: bytes) -> Sequence[Said]:
        told = parse_message(data)
        if told is None or told.group != GROUP or not told.data:
            return ()
        if told.data[0] == START and len(told.data) >= 7:
            self.root = ":".join(f"{byte:02X}" for byte in reversed(told.data[1:7]))
            return [Said(message(GROUP, bytes([RESULT, JOINED])), ANSWER)]
        if told.data[0] == STOP:
            self.switch_on()
            return [Said(message(GROUP, bytes([RESULT, NOT_STARTED])), ANSWER)]
        return ()

    def switch_on(self) -> None:
        """See `Speaker`; the common clock is lost with the power."""
        self._mode, self.root, self._yaw = 0, None, 0.0
