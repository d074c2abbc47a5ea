"""Text lines over serial ports, UDP and Bluetooth's Nordic UART service."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ..ble_link import BleLink
from ..clocks import StampGaps, WrappingClock
from ..driver import Heard, Note, Streams
from ..errors import BadDataError, DeviceError, Reason
from ..link import Chunk, Link
from ..radio import Radio
from ..sensor import SensorDevice
from ..serial_link import stream_link
from ..udp_link import UdpLink
from .options import PORT, CsvOptions
from .parse import TIME_UNITS, USUAL, Header, Layout, Line, Row, parse, read_row

UART_SERVICE, UART_WRITE, UART_NOTIFY = (f"6e40000{n}-b5a3-f393-e0a9-e50e24dcca9e" for n in "123")
ASK = b"?\n"  # firmware after docs/devices.md answers with its header
HEADER_WITHIN = 0.5  # seconds after the first line
NEEDED = 3  # lines under an id until it is one: a damaged line may name any
TAKEN_OVER = 3.0  # seconds of silence after which another sender may go on under an id
USUAL_OPTIONS = CsvOptions()


def open_serial(port: str, options: CsvOptions = USUAL_OPTIONS) -> SensorDevice:
    """Not connected yet."""
    name = f"csv {port}"
    link = stream_link(name, port, options.baud)
    return SensorDevice(name, link, lambda note: CsvDriver(name, note, options, lambda: link.write(ASK)))


def open_udp(port: int = PORT, options: CsvOptions = USUAL_OPTIONS, host: str = "") -> SensorDevice:
    """Listens for any number of senders; not connected yet."""
    name = f"csv udp:{port}"
    return SensorDevice(name, UdpLink(name, port, host), lambda note: CsvDriver(name, note, options), silence=None)


def open_ble(radio: Radio, address: str, options: CsvOptions = USUAL_OPTIONS) -> SensorDevice:
    """Not connected yet."""
    name = f"csv {address}"
    link = BleLink(name, radio, address, [UART_NOTIFY])
    return SensorDevice(name, link, lambda note: CsvDriver(name, note, options, lambda: link.write(ASK, UART_WRITE)))


@dataclass
class _Sensor:
    """What has to be remembered of one id."""

    source: str
    heard_ns: int
    gaps: StampGaps = field(default_factory=StampGaps)
    clock: "_Clock | None" = None
    count: int | None = None
    warned: bool = False
    lines: int = 0


class CsvDriver:
    """See `Driver`."""

    rate: float | None = None

    def __init__(self, name: str, note: Note, options: CsvOptions, ask: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.complaint = ""
        self._note = note
        self._ask = ask
        self._streams: Streams[Line] = Streams(parse)
        self._told = options.columns is not None
        self._first = Layout(options.columns or USUAL)
        self._first_ns: dict[str, int] = {}
        self._proposed: dict[str, str] = {}
        self._layouts: dict[str, Layout | None] = {}
        self._sensors: dict[str, _Sensor] = {}

    def start(self, link: Link) -> None:
        """Ask for the header: the board may have sent it long ago."""
        self._ask()

    def feed(self, chunk: Chunk) -> Sequence[Heard]:
        """See `Driver`."""
        if chunk.whole:  # a datagram ends its last line, with or without a newline
            chunk = replace(chunk, data=chunk.data + b"\n")
        heard = []
        for line in self._streams.packets(chunk):
            if isinstance(line, Header):
                self._take_header(line, chunk.source)
            elif isinstance(line, Row) and (sample := self._read(line, chunk)) is not None:
                heard.append(sample)
        return heard

    def _take_header(self, header: Header, source: str) -> None:
        """Go by the header from now on, unless it may be damage: an unknown one, or the first of its words."""
        known = self._layouts.get(source)
        proposed, self._proposed[source] = self._proposed.get(source), header.text
        if header.layout is None:
            self.complaint = f"Its header has a word that is not known: '{header.text}'."
            if known is None:
                self._layouts[source] = None
                self._warn(Reason.GARBLED, self.complaint, "docs/devices.md lists the columns and units.")
            return
        if known is not None and not header.checked and header.layout != known and proposed != header.text:
            return
        self._layouts[source] = header.layout
        late = [part for part, sensor in self._sensors.items() if sensor.source == source]
        if header.layout == (known or self._first) or not late:
            return
        for part in late:
            del self._sensors[part]
        self._warn(
            Reason.BAD_VALUES,
            f"its header came late, or changed: what {', '.join(late)} sent before may be of other units.",
            "Let the firmware send the header when it starts and when it is asked by a question mark.",
        )

    def _warn(self, reason: Reason, detail: str, remedy: str) -> None:
        self._note(BadDataError(self.name, reason, detail, remedy))

    def _layout(self, chunk: Chunk) -> Layout | None:
        """Of the sender's lines; None while its header may still come."""
        if chunk.source in self._layouts:
            return self._layouts[chunk.source]
        first = self._first_ns.setdefault(chunk.source, chunk.host_ns)
        return self._first if self._told or chunk.host_ns - first > HEADER_WITHIN * 1e9 else None

    def _read(self, row: Row, chunk: Chunk) -> Heard | None:
        layout = self._layout(chunk)
        if layout is None:
            return None
        read = read_row(row, layout)
        if read is None:
            self.complaint = (
                f"A line has {len(row.fields)} fields where {len(layout.columns)} numbers are expected: "
                f"'{','.join(row.fields)[:80]}'."
            )
            return None
        part, time, count, sample = read
        part = part or chunk.source.partition(":")[0]
        sensor = self._sensor(part, chunk)
        if sensor is None:
            return None
        if time is not None:
            sensor.clock = sensor.clock or _Clock(layout.time_ns)
            sample = replace(sample, stamp_ns=sensor.clock.stamp(time))
        return Heard(sample, part, self._lost(sensor, count, sample.stamp_ns))

    def _sensor(self, part: str, chunk: Chunk) -> _Sensor | None:
        """The state of `part`; None while it is new, and where another sender uses its id at the same time."""
        sensor = self._sensors.get(part)
        silent = sensor is not None and chunk.host_ns - sensor.heard_ns > TAKEN_OVER * 1e9
        if sensor is None or (sensor.source != chunk.source and silent):
            sensor = self._sensors[part] = _Sensor(chunk.source, chunk.host_ns)
        if sensor.source == chunk.source:
            sensor.heard_ns = chunk.host_ns
            sensor.lines += 1
            return sensor if sensor.lines >= NEEDED else None
        if not sensor.warned:
            sensor.warned = True
            self._note(
                BadDataError(
                    f"{self.name}/{part}",
                    Reason.IDENTITY,
                    f"both {sensor.source} and {chunk.source} send under the id '{part}'; the first one is read.",
                    "Give each sensor an id of its own in its firmware.",
                )
            )
        return None

    @staticmethod
    def _lost(sensor: _Sensor, count: int | None, stamp_ns: int | None) -> int | None:
        if count is not None:
            last, sensor.count = sensor.count, count
            return max(0, count - last - 1) if last is not None else 0
        return sensor.gaps.before(stamp_ns) if stamp_ns is not None else None

    def tick(self, link: Link, now_ns: int) -> Sequence[Heard]:
        """Nothing to do."""
        return ()

    def stop(self, link: Link) -> None:
        """Nothing to say: it goes on sending to nobody."""

    def reset_heading(self, link: Link) -> None:
        """See `Driver`."""
        raise DeviceError(
            self.name,
            Reason.UNSUPPORTED,
            "text lines have no command for that.",
            "Calibrate: Mocamba then measures headings itself.",
        )


class _Clock:
    """`t` of one sensor in ns. A unit that no header told is seen from the usual step, of rates of 1.2 to 1000 Hz."""

    def __init__(self, unit_ns: int | None) -> None:
        self._unit_ns = unit_ns
        self._last: float | None = None
        self._steps: list[float] = []
        self._wrapping: WrappingClock | None = None

    def stamp(self, time: float) -> int | None:
        """None until the unit is known."""
        if self._unit_ns is None:
            self._learn(time)
        if self._unit_ns is None:
            return None
        if self._unit_ns == TIME_UNITS["s"]:
            return round(time * 1e9)
        # micros() and millis() of Arduinos are 32 bits wide
        self._wrapping = self._wrapping or WrappingClock(self._unit_ns)
        whole = math.floor(time)
        return self._wrapping.unwrapped(whole) + round((time - whole) * self._unit_ns)

    def _learn(self, time: float) -> None:
        last, self._last = self._last, time
        if last is not None and time > last:
            self._steps.append(time - last)
        if len(self._steps) >= 5:
            step = sorted(self._steps)[2]
            self._unit_ns = TIME_UNITS["us" if step > 900 else "ms" if step > 0.9 else "s"]
