"""WitMotion modules on a serial port or over Bluetooth LE."""

import math
from collections.abc import Sequence
from dataclasses import replace

from ..ble_link import BleLink
from ..clocks import StampGaps
from ..driver import Heard, Note, Streams
from ..errors import ConnectError, DeviceError, LinkLostError, Reason
from ..grouping import Grouping
from ..link import Chunk, Link
from ..radio import Radio
from ..reading import Quaternion, Sample
from ..sensor import SensorDevice
from ..serial_link import stream_link
from . import parse
from .options import RATES, WitMotionOptions
from .setup import RATE as RATE_REGISTER
from .setup import USUAL_BAUDS, Registers, command, configure_serial, find_speed

SERVICE, NOTIFY, WRITE = (f"0000{short}-0000-1000-8000-00805f9a34fb" for short in ("ffe5", "ffe4", "ffe9"))
ASK_EVERY = 1_000_000_000  # ns between two questions for what Bluetooth models do not send by themselves
QUESTIONS = (0x3A, 0x64)  # magnetic field, supply
COUNTED = 1.5  # seconds over which a Bluetooth model's rate is counted
OTHER_200_HZ = 0x0A  # of some Bluetooth models; the documents disagree
USUAL = WitMotionOptions()


def open_serial(port: str, options: WitMotionOptions = USUAL) -> SensorDevice:
    """Not connected yet."""
    name = f"witmotion {port}"
    link = stream_link(name, port, options.baud or USUAL_BAUDS[0])
    return SensorDevice(name, link, lambda note: SerialDriver(link, note, _checked(options, name)))


def open_ble(radio: Radio, address: str, options: WitMotionOptions = USUAL) -> SensorDevice:
    """Not connected yet."""
    name = f"witmotion {address}"
    link = BleLink(name, radio, address, [NOTIFY])
    return SensorDevice(name, link, lambda note: BleDriver(name, note, _checked(options, name)))


def _checked(options: WitMotionOptions, name: str) -> WitMotionOptions:
    if options.rate not in RATES:
        rates = ", ".join(f"{rate:g}" for rate in RATES)
        raise ConnectError(name, Reason.SETTING, f"it has no rate of {options.rate:g} Hz.", f"Choose one of {rates}.")
    return options


class BleDriver:
    """See `Driver`. Packets 0x61 have acceleration, rate and angles; the rest is asked for."""

    def __init__(self, name: str, note: Note, options: WitMotionOptions) -> None:
        self.name = name
        self.rate: float | None = options.rate if options.configure else None
        self.complaint = ""
        self._note = note
        self._options = options
        self._streams = Streams(parse.parse_ble)
        self._magnetic_unit: float | None = None
        self._counts = self.rate == 200
        self._asked_ns = self._counted_from = self._questions = self._count = 0

    def start(self, link: Link) -> None:
        """Set the rate; the others keep what they are."""
        if self._options.configure:
            registers = Registers(link, self._note, WRITE)
            registers.unlock()
            registers.write(RATE_REGISTER, RATES[self._options.rate])
            if self._options.save:
                registers.write(0, 0)
            registers.ask(0x72)

    def feed(self, chunk: Chunk) -> Sequence[Heard]:
        """See `Driver`."""
        heard = []
        for packet in self._streams.packets(chunk):
            if packet.kind == parse.MOTION:
                self._count += 1
                heard.append(Heard(self._motion(packet.data)))
            elif (sample := self._answer(packet.data)) is not None:
                heard.append(Heard(sample))
        return heard

    def _motion(self, data: bytes) -> Sample:
        orientation = parse.angles(data[12:]) if self._options.angles else None
        return replace(parse.acceleration(data), rate=parse.rate(data[6:]), orientation=orientation)

    def _answer(self, data: bytes) -> Sample | None:
        start, values = parse.registers(data)
        if start == 0x72:
            self._magnetic_unit = parse.MAGNETIC_UNITS.get(values[0])
        if start == 0x64:
            return Sample(battery=parse.battery_share(values[0]))
        if start == 0x3A and self._magnetic_unit is not None:
            return Sample(magnetic=parse.magnetic(data[2:], self._magnetic_unit))
        return None

    def tick(self, link: Link, now_ns: int) -> Sequence[Heard]:
        """Ask one question a second, and see whether the rate came true."""
        if self._counts:
            self._check_rate(link, now_ns)
        if self._options.configure and now_ns - self._asked_ns > ASK_EVERY:
            self._asked_ns = now_ns
            Registers(link, self._note, WRITE).ask(QUESTIONS[self._questions % len(QUESTIONS)])
            self._questions += 1
        return ()

    def _check_rate(self, link: Link, now_ns: int) -> None:
        """Count once, and where it is not 200 Hz try the other value that may mean it."""
        self._counted_from = self._counted_from or now_ns
        seconds = (now_ns - self._counted_from) / 1e9
        if seconds > COUNTED:
            self._counts = False
            if self._count < 150 * seconds:
                Registers(link, self._note, WRITE).unlock()
                link.write(command(RATE_REGISTER, OTHER_200_HZ), WRITE)

    def stop(self, link: Link) -> None:
        """It goes on sending to nobody."""

    def reset_heading(self, link: Link) -> None:
        """See `Driver`."""
        Registers(link, self._note, WRITE).zero_heading()


class SerialDriver:
    """See `Driver`. Finds the module's speed first; on a Bluetooth model's USB socket it hands over to `BleDriver`."""

    def __init__(self, link: Link, note: Note, options: WitMotionOptions) -> None:
        self.name = link.name
        self.rate: float | None = None
        self.complaint = ""
        self._port = link
        self._note = note
        self._options = options
        self._streams = Streams(parse.parse_serial)
        self._grouping = Grouping()
        self._order = ScalarPlace()
        self._gaps = StampGaps()
        self._magnetic_unit: float | None = None
        self._ble: BleDriver | None = None

    def start(self, link: Link) -> None:
        """See `Driver`."""
        bauds = (self._options.baud,) if self._options.baud else USUAL_BAUDS
        found = find_speed(self._port, bauds)
        if found.ble:
            self._ble = BleDriver(self.name, self._note, self._options)
            self._ble.start(link)
            self.rate = self._ble.rate
        elif self._options.configure:
            self.rate, kind = configure_serial(self._port, self._options, self._note)
            self._magnetic_unit = parse.MAGNETIC_UNITS.get(kind) if kind is not None else None
        self._gaps = StampGaps(self.rate)

    def feed(self, chunk: Chunk) -> Sequence[Heard]:
        """See `Driver`."""
        if self._ble is not None:
            return self._ble.feed(chunk)
        heard = []
        for packet in self._streams.packets(chunk):
            for part in self._parts(packet):
                heard += [self._heard(sample) for sample in self._grouping.add(packet.kind, part)]
        return heard

    def _heard(self, sample: Sample) -> Heard:
        return Heard(sample, lost=self._gaps.before(sample.stamp_ns) if sample.stamp_ns is not None else None)

    def _parts(self, packet: parse.Packet) -> list[Sample]:
        """What the packet says; kinds of no use here say nothing."""
        data = packet.data
        match packet.kind:
            case parse.TIME:
                return [Sample(stamp_ns=parse.stamp(data))]
            case parse.ACCELERATION:
                return [parse.acceleration(data)]
            case parse.RATE:
                volts = parse.supply(data)
                # models without a battery send something else there
                battery = parse.battery_share(round(100 * volts)) if 2.8 < volts < 4.5 else None
                return [Sample(rate=parse.rate(data), battery=battery)]
            case parse.ANGLES:
                return [Sample(orientation=self._order.by_angles(parse.angles(data)))]
            case parse.MAGNETIC if self._magnetic_unit is not None:
                return [Sample(magnetic=parse.magnetic(data, self._magnetic_unit))]
            case parse.QUATERNION:
                return [Sample(orientation=self._order.by_quaternion(parse.quaternion(data)))]
        return []

    def tick(self, link: Link, now_ns: int) -> Sequence[Heard]:
        """See `Driver`."""
        return self._ble.tick(link, now_ns) if self._ble is not None else ()

    def stop(self, link: Link) -> None:
        """It goes on sending to nobody."""

    def reset_heading(self, link: Link) -> None:
        """See `Driver`."""
        try:
            Registers(link, self._note).zero_heading()
        except LinkLostError as error:
            raise DeviceError(self.name, Reason.NO_ANSWER, error.detail, error.remedy) from error


class ScalarPlace:
    """Whether the scalar of packet 0x59 comes first or last: the documents do not say and decoders disagree.

    Told by the angles of the same moment; until then, the angles are the orientation.
    """

    NEEDED = 5  # moments that speak clearly

    def __init__(self) -> None:
        self._angles: Quaternion | None = None
        self._votes = 0

    def by_angles(self, q: Quaternion) -> Quaternion | None:
        """The orientation as far as angles alone tell it."""
        self._angles = q
        return q if abs(self._votes) < self.NEEDED else None

    def by_quaternion(self, sent: Quaternion) -> Quaternion | None:
        """The orientation; None while it is open which number is which."""
        last = (sent[3], *sent[:3])
        if abs(self._votes) < self.NEEDED and self._angles is not None:
            first_off, last_off = (_apart(self._angles, q) for q in (sent, last))
            if abs(first_off - last_off) > math.radians(5) and min(first_off, last_off) < math.radians(3):
                self._votes += 1 if first_off < last_off else -1
        if abs(self._votes) < self.NEEDED:
            # without angles, trust the vendor's naming: q0 is the scalar
            return None if self._angles is not None else sent
        return sent if self._votes > 0 else last


def _apart(a: Quaternion, b: Quaternion) -> float:
    dot = abs(sum(x * y for x, y in zip(a, b, strict=True)))
    norm = math.sqrt(sum(x * x for x in b))
    return 2 * math.acos(min(1.0, dot / norm)) if norm > 0 else math.pi
