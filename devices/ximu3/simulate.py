"""x-IMU3 sensors: messages in ASCII or binary, settings by JSON commands, announcements on the network."""

import json
import math
import struct
from collections.abc import Sequence

from ..log import GRAVITY
from ..simulated.speaker import Said
from ..simulated.wearer import State
from .options import ANNOUNCED, TOP_RATE
from .parse import EARTH_FIELD, stuff

SETTINGS: dict[str, object] = {
    "ahrs_message_type": 0,
    "ahrs_axes_convention": 0,
    "inertial_message_rate_divisor": 8,
    "ahrs_message_rate_divisor": 8,
    "magnetometer_message_rate_divisor": 20,
    "binary_mode_enabled": False,
}


class SimulatedXImu3:
    """See `Speaker`."""

    def __init__(self, name: str, serial: str, *, interface: str = "USB") -> None:
        self.baud: int | None = None
        self._name = name
        self._serial = serial
        self._interface = interface
        self._unread = b""
        self._saved = dict(SETTINGS)
        self.switch_on()

    def switch_on(self) -> None:
        """See `Speaker`."""
        self._settings = dict(self._saved)
        self._count = 0

    @property
    def rate(self) -> float:
        """See `Speaker`."""
        divisor = self._settings["ahrs_message_rate_divisor"]
        return TOP_RATE / divisor if isinstance(divisor, int) and divisor > 0 else 1.0

    def say(self, state: State, stamp_ns: int) -> Sequence[Said]:
        """Inertial and quaternion of the moment; magnetometer and battery now and then."""
        micros = stamp_ns // 1000
        inertial = (*map(math.degrees, state.rate), *(value / GRAVITY for value in state.raw))
        said = self._message("I", micros, inertial) + self._message("Q", micros, state.orientation)
        if self._count % max(1, round(self.rate / 20)) == 0:
            said += self._message("M", micros, tuple(value / EARTH_FIELD for value in state.magnetic))
        if self._count % max(1, round(self.rate)) == 0:
            said += self._message("B", micros, (93.0, 4.02, 0.0))
        self._count += 1
        return [Said(said)]

    def _message(self, letter: str, micros: int, values: tuple[float, ...]) -> bytes:
        if self._settings["binary_mode_enabled"]:
            return binary(letter, micros, values)
        return ascii_line(letter, micros, values)

    def hear(self, data: bytes, target: str) -> Sequence[Said]:
        """One JSON object a line."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        return [Said(answer) for line in lines if (answer := self._obey(line))]

    def _obey(self, line: bytes) -> bytes:
        try:
            (key, value), *_ = json.loads(line).items()
        except (ValueError, AttributeError):
            return b""
        if key == "ping":
            value = {"interface": self._interface, "name": self._name, "sn": self._serial}
        elif key in self._settings:
            self._settings[key] = value
        elif key not in ("apply", "save", "heading"):
            value = {"error": "Unknown key"}
        return json.dumps({key: value}, separators=(",", ":")).encode() + b"\r\n"

    def announcement(self, port: int) -> tuple[bytes, int]:
        """What it broadcasts once a second of itself, whose own UDP port is `port`, and the port that goes to."""
        values = {
            "sn": self._serial,
            "name": self._name,
            "ip": "127.0.0.1",
            "port": 7000,
            "send": 8000,
            "receive": port,
        }
        return json.dumps(values | {"rssi": 90, "battery": 93, "status": 0}).encode(), ANNOUNCED


def binary(letter: str, micros: int, values: tuple[float, ...]) -> bytes:
    """A binary message, ready to be sent."""
    return stuff(bytes([0x80 + ord(letter)]) + struct.pack(f"<Q{len(values)}f", micros, *values))


def ascii_line(letter: str, micros: int, values: tuple[float, ...]) -> bytes:
    """The same as text."""
    return (f"{letter},{micros}," + ",".join(f"{value:.4f}" for value in values) + "\r\n").encode()
