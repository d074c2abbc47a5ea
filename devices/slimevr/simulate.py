"""SlimeVR trackers: they look for a server, and leave it when it falls silent."""

import struct
from collections.abc import Sequence

from ..simulated.speaker import Said
from ..simulated.wearer import State
from .parse import HEAD, Kind
from .reader import FEATURE_BUNDLES, WELCOME

PROTOCOL = 22
PATIENCE_NS = 3_000_000_000  # without a heartbeat
KNOCK_EVERY_NS = 1_000_000_000
BATTERY_EVERY = 500  # samples


class SimulatedTracker:
    """See `Speaker`. `address`: its MAC."""

    def __init__(self, address: str, *, rate: float = 100) -> None:
        self.rate = rate
        self.baud: int | None = None
        self._address = bytes.fromhex(address.replace(":", ""))
        self.switch_on()

    def switch_on(self) -> None:
        """See `Speaker`."""
        self._served = False
        self._bundles = False
        self._heard_ns = self._knocked_ns = 0
        self._number = 0
        self._now_ns = 0
        self._count = 0

    def say(self, state: State, stamp_ns: int) -> Sequence[Said]:
        """Rotation and acceleration while a server answers, else a handshake a second."""
        self._now_ns = stamp_ns
        if self._served and stamp_ns - self._heard_ns > PATIENCE_NS:
            self._served = False
        if not self._served:
            return self._knock()
        self._count += 1
        w, x, y, z = state.orientation
        rotation = b"\0\1" + struct.pack(">4f", x, y, z, w) + b"\0"
        acceleration = struct.pack(">3fB", *state.free_sensor, 0)
        parts = ((Kind.ROTATION, rotation), (Kind.ACCELERATION, acceleration))
        if self._bundles:
            body = b"".join(struct.pack(">HI", 4 + len(part), kind) + part for kind, part in parts)
            said = [Said(self._datagram(Kind.BUNDLE, body))]
        else:
            said = [Said(self._datagram(kind, part)) for kind, part in parts]
        if self._count % BATTERY_EVERY == 1:
            said.append(Said(self._datagram(Kind.BATTERY, struct.pack(">2f", 3.9, 0.8)), sample=False))
        return said

    def _knock(self) -> Sequence[Said]:
        """The handshake, where it is due."""
        if self._served or (self._knocked_ns and self._now_ns - self._knocked_ns < KNOCK_EVERY_NS):
            return ()
        self._knocked_ns = self._now_ns
        firmware = b"mocamba"
        body = (
            struct.pack(">7I", 4, 4, 2, 0, 0, 0, PROTOCOL) + bytes([len(firmware)]) + firmware + self._address + b"\1"
        )
        return [Said(HEAD.pack(Kind.HANDSHAKE, 0) + body, sample=False)]

    def _datagram(self, kind: int, body: bytes) -> bytes:
        self._number += 1
        return HEAD.pack(kind, self._number) + body

    def hear(self, data: bytes, target: str) -> Sequence[Said]:
        """The server's answers and questions."""
        self._heard_ns = self._now_ns
        if data.startswith(WELCOME[:13]):
            self._served = True
            self._number = 0
            info = self._datagram(Kind.SENSOR_INFO, bytes([0, 1, 4, 0, 0, 1, 0, 0]))
            return [Said(info), Said(self._datagram(Kind.FEATURES, b"\0"))]
        if len(data) < HEAD.size:
            return ()
        kind = HEAD.unpack_from(data)[0]
        if kind == Kind.PING:
            return [Said(data)]
        if kind == Kind.SERVER_HEARTBEAT:
            return [Said(self._datagram(Kind.HEARTBEAT, b""))]
        if kind == Kind.FEATURES:
            self._bundles = bool(data[HEAD.size :][:1] and data[HEAD.size] & FEATURE_BUNDLES[0])
        return ()
