"""Xsens DOT sensors over Bluetooth LE, one connection a sensor."""

import struct
from collections.abc import Sequence
from contextlib import suppress

from ..ble_link import BleLink
from ..clocks import StampGaps, WrappingClock
from ..driver import Heard, Note, Streams
from ..errors import BadDataError, ConnectError, LinkLostError, Reason
from ..link import Chunk, Link
from ..radio import Radio
from ..reading import Sample
from ..sensor import SensorDevice
from .options import RATES, DotOptions
from .parse import MEDIUM, Frame, parse, parse_info

MAKER = 0x0886  # company id in the advertisement
BATTERY_EVERY = 30_000_000_000  # ns
RESET_HEADING, REVERT_HEADING = 1, 7
USUAL = DotOptions()


def uuid(short: int) -> str:
    """The full UUID of a characteristic of the specification."""
    return f"1517{short:04x}-4947-11e9-8646-d663bd873d93"


INFO, CONTROL, MEASURE, PAYLOAD, HEADING, BATTERY = map(uuid, (0x1001, 0x1002, 0x2001, 0x2003, 0x2006, 0x3001))


def open_ble(radio: Radio, address: str, options: DotOptions = USUAL) -> SensorDevice:
    """Not connected yet. For clocks in common, `sync.synchronise` the sensors first."""
    name = f"dot {address}"
    link = BleLink(name, radio, address, [PAYLOAD])
    return SensorDevice(name, link, lambda note: DotDriver(link, note, options))


class DotDriver:
    """See `Driver`."""

    def __init__(self, link: BleLink, note: Note, options: DotOptions) -> None:
        self.name = link.name
        self.rate: float | None = options.rate
        self.complaint = ""
        self._ble = link
        self._note = note
        self._options = options
        self._streams: Streams[Frame] = Streams(parse)
        self._clock = WrappingClock(unit_ns=1000, bits=32)
        self._gaps = StampGaps(options.rate)
        self._asked_ns = 0

    def start(self, link: Link) -> None:
        """Set rate and filter, then let it measure."""
        if self._options.rate not in RATES:
            raise ConnectError(
                self.name,
                Reason.SETTING,
                f"it has no rate of {self._options.rate} Hz.",
                f"Choose one of {', '.join(map(str, RATES))}.",
            )
        self._check_identity()
        link.write(control(self._options), CONTROL)
        link.write(bytes([1, 1, self._options.mode]), MEASURE)

    def _check_identity(self) -> None:
        """The sensor's own word against the address it answers at; macOS gives addresses of its own making."""
        info = parse_info(self._ble.value(INFO)) if self._ble.has(INFO) else None
        address = self._ble.address.upper()
        if info is not None and address.count(":") == 5 and info.address != address:
            self._note(
                BadDataError(
                    self.name,
                    Reason.IDENTITY,
                    f"at this address the sensor {info.address} answers.",
                    "Switch one of the two off and look which one it is; wear them accordingly.",
                )
            )

    def feed(self, chunk: Chunk) -> Sequence[Heard]:
        """See `Driver`. A notification is one payload, which some systems hand over without its padding."""
        whole = Chunk(chunk.data.ljust(MEDIUM, b"\0")[:MEDIUM], chunk.host_ns, chunk.source, whole=True)
        return [self._heard(frame) for frame in self._streams.packets(whole)]

    def _heard(self, frame: Frame) -> Heard:
        stamp = self._clock.unwrapped(frame.microseconds)
        sample = Sample(
            stamp_ns=stamp, orientation=frame.quaternion, acceleration=frame.free, acceleration_kind=frame.kind
        )
        return Heard(sample, lost=self._gaps.before(stamp))

    def tick(self, link: Link, now_ns: int) -> Sequence[Heard]:
        """See `Driver`."""
        if now_ns - self._asked_ns < BATTERY_EVERY:
            return ()
        self._asked_ns = now_ns
        share = self._ble.value(BATTERY)[:1] if self._ble.has(BATTERY) else b""
        return [Heard(Sample(battery=min(1.0, share[0] / 100)))] if share else ()

    def stop(self, link: Link) -> None:
        """See `Driver`."""
        with suppress(LinkLostError):
            link.write(bytes([1, 0, self._options.mode]), MEASURE)

    def reset_heading(self, link: Link) -> None:
        """See `Driver`. A second reset counts from the first unless that is taken back before."""
        link.write(struct.pack("<H", REVERT_HEADING), HEADING)
        link.write(struct.pack("<H", RESET_HEADING), HEADING)


def control(options: DotOptions) -> bytes:
    """The 32 bytes of characteristic 1002 that set rate and filter and leave the rest as it is."""
    only_rate_and_filter = 1 << 4 | 1 << 5
    head = bytes([only_rate_and_filter]).ljust(1 + 1 + 1 + 2 + 2 + 1 + 16, b"\0")
    return (head + struct.pack("<HB", options.rate, options.dynamic)).ljust(32, b"\0")
