"""Mocamba as the server that SlimeVR trackers look for: handshake, heartbeats, pings, and what they measure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..driver import Heard, Note
from ..errors import BadDataError, DeviceError, Reason
from ..grouping import Grouping
from ..link import Chunk, Link
from ..reading import Acceleration, Sample, Vector
from ..sensor import SensorDevice
from ..udp_link import UdpLink
from . import parse
from .options import PORT, SlimeVROptions
from .parse import HEAD, NUMBERLESS, Kind, Packet

WELCOME = b"\x03Hey OVR =D 5".ljust(64, b"\0")
FEATURE_BUNDLES = b"\x01"
CARE_EVERY = 500_000_000  # ns between heartbeats; trackers give up after 3 s without one
GONE = 1_000_000_000  # ns without a word after which another address may go on under a MAC
SAME_AXES = 22  # protocols before it turn the acceleration against the rotation
RESTART = 1000  # datagrams: a number that is further off is of a tracker that was switched off and on
USUAL = SlimeVROptions()


def open_udp(port: int = PORT, options: SlimeVROptions = USUAL, host: str = "") -> SensorDevice:
    """Waits for any number of trackers; not connected yet."""
    name = f"slimevr udp:{port}"
    link = UdpLink(name, port, host)
    return SensorDevice(name, link, lambda note: SlimeVRDriver(name, note, options, link), silence=None)


@dataclass
class Tracker:
    """One board; it may carry several sensors, told apart by number."""

    source: str
    part: str
    protocol: int
    heard_ns: int
    number: int = -1
    lost: int = 0
    groups: dict[int, Grouping] = field(default_factory=dict)


class SlimeVRDriver:
    """See `Driver`."""

    rate: float | None = None

    def __init__(self, name: str, note: Note, options: SlimeVROptions, link: Link) -> None:
        self.name = name
        self.complaint = ""
        self._note = note
        self._options = options
        self._link = link
        self._trackers: dict[str, Tracker] = {}  # by source
        self._refused: set[str] = set()
        self._sent = 0
        self._cared_ns = 0

    def start(self, link: Link) -> None:
        """Trackers come to the server."""

    def feed(self, chunk: Chunk) -> Sequence[Heard]:
        """See `Driver`."""
        packets, _ = parse.parse(chunk.data)
        heard: list[Heard] = []
        if packets and packets[0].kind == Kind.HANDSHAKE:
            self._welcome(packets[0], chunk)
        tracker = self._trackers.get(chunk.source)
        if tracker is None or not packets or not self._is_next(tracker, packets[0]):
            return heard
        tracker.heard_ns = chunk.host_ns
        for packet in packets:
            heard += self._take(tracker, packet)
        return heard

    def _welcome(self, packet: Packet, chunk: Chunk) -> None:
        """Answer a handshake, unless a tracker of the same MAC is at work elsewhere."""
        hello = parse.parse_handshake(packet.body)
        if hello is None:
            return
        part = hello.address or chunk.source.partition(":")[0]
        other = next((t for t in self._trackers.values() if t.part == part and t.source != chunk.source), None)
        if other is not None and chunk.host_ns - other.heard_ns < GONE:
            self._refuse(part, other.source, chunk.source)
            return
        if other is not None:  # it came back under a new address
            del self._trackers[other.source]
        known = self._trackers.get(chunk.source)
        if known is None or known.part != part:
            self._trackers[chunk.source] = Tracker(chunk.source, part, hello.protocol, chunk.host_ns)
        else:
            known.number = -1  # it was switched off and on
        self._link.write(WELCOME, chunk.source)

    def _refuse(self, part: str, first: str, second: str) -> None:
        if second not in self._refused:
            self._refused.add(second)
            self._note(
                BadDataError(
                    f"{self.name}/{part}",
                    Reason.IDENTITY,
                    f"trackers at {first} and {second} have the same address {part}; the first one is read.",
                    "Give the second one an address of its own in its firmware's settings.",
                )
            )

    @staticmethod
    def _is_next(tracker: Tracker, packet: Packet) -> bool:
        """Whether the datagram is newer than the last; counts those that are missing between."""
        number = packet.number
        if packet.kind in NUMBERLESS or number == 0:
            return True
        if number <= tracker.number and tracker.number - number < RESTART:
            return False  # overtaken on its way
        if 0 <= tracker.number < number < tracker.number + RESTART:
            tracker.lost += number - tracker.number - 1
        tracker.number = number
        return True

    def _take(self, tracker: Tracker, packet: Packet) -> list[Heard]:
        body = packet.body
        match packet.kind:
            case Kind.ROTATION if (turned := parse.parse_rotation(body)) is not None:
                return self._add(tracker, turned[0], packet.kind, Sample(orientation=turned[1]))
            case Kind.ACCELERATION if (pushed := parse.parse_acceleration(body)) is not None:
                # after the rotation of its moment, whatever the number of its kind
                return self._add(tracker, pushed[0], Kind.ROTATION + 1, self._accelerated(tracker, pushed[1]))
            case Kind.ROTATION_ACCELERATION if (both := parse.parse_rotation_acceleration(body)) is not None:
                free = self._accelerated(tracker, both[2])
                whole = Sample(
                    orientation=both[1], acceleration=free.acceleration, acceleration_kind=free.acceleration_kind
                )
                return [self._heard(tracker, both[0], whole)]
            case Kind.BATTERY if (share := parse.parse_battery(body)) is not None:
                return [Heard(Sample(battery=min(1.0, max(0.0, share))), tracker.part)]
            case Kind.SENSOR_INFO if len(body) >= 2:
                self._link.write(Kind.SENSOR_INFO.to_bytes(4, "big") + body[:2], tracker.source)
            case Kind.FEATURES if self._options.bundles:
                self._send(Kind.FEATURES, FEATURE_BUNDLES, tracker.source)
        return []

    @staticmethod
    def _accelerated(tracker: Tracker, free: Vector) -> Sample:
        x, y, z = free
        turned = free if tracker.protocol >= SAME_AXES else (y, -x, z)
        return Sample(acceleration=turned, acceleration_kind=Acceleration.FREE_SENSOR)

    def _add(self, tracker: Tracker, sensor: int, kind: int, sample: Sample) -> list[Heard]:
        group = tracker.groups.setdefault(sensor, Grouping())
        return [self._heard(tracker, sensor, whole) for whole in group.add(kind, sample)]

    @staticmethod
    def _heard(tracker: Tracker, sensor: int, sample: Sample) -> Heard:
        lost, tracker.lost = tracker.lost, 0
        return Heard(sample, f"{tracker.part}/{sensor}" if sensor else tracker.part, lost)

    def tick(self, link: Link, now_ns: int) -> Sequence[Heard]:
        """Heartbeats and pings, without which trackers look for another server."""
        if now_ns - self._cared_ns > CARE_EVERY:
            self._cared_ns = now_ns
            for source in list(self._trackers):
                self._send(Kind.SERVER_HEARTBEAT, b"", source)
                self._send(Kind.PING, bytes(4), source)
        return ()

    def _send(self, kind: Kind, body: bytes, source: str) -> None:
        self._sent += 1
        self._link.write(HEAD.pack(kind, self._sent) + body, source)

    def stop(self, link: Link) -> None:
        """Trackers notice by themselves."""

    def reset_heading(self, link: Link) -> None:
        """See `Driver`."""
        raise DeviceError(
            self.name,
            Reason.UNSUPPORTED,
            "trackers have no command for that.",
            "Calibrate: Mocamba then measures headings itself.",
        )
