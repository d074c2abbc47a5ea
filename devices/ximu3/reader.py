"""x-IMU3 sensors on a serial port (USB too) or over UDP."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..clocks import StampGaps
from ..driver import Heard, Note, Streams
from ..errors import BadDataError, ConnectError, Reason
from ..grouping import Grouping
from ..link import Chunk, Link
from ..reading import Sample
from ..sensor import SensorDevice
from ..serial_link import stream_link
from ..udp_link import UdpLink
from .options import PORT, TOP_RATE, XImu3Options
from .parse import Answer, Garbled, Message, as_sample, parse

NAME_WITHIN = 1.0  # seconds
SETTLING = 500_000_000  # ns until the new rate counts
ANSWER_WITHIN = 2_000_000_000  # ns
GROUPED = {"I": 0, "Q": 1, "L": 2, "E": 2}  # parts of one moment, in the order of sending
SLOW_RATE = 20  # Hz of the magnetometer: enough to see a disturbed field
USUAL = XImu3Options()


def open_serial(port: str, options: XImu3Options = USUAL) -> SensorDevice:
    """Not connected yet."""
    name = f"ximu3 {port}"
    link = stream_link(name, port, options.baud)
    return SensorDevice(name, link, lambda note: XImu3Driver(name, note, options, link))


def open_udp(port: int = PORT, options: XImu3Options = USUAL, host: str = "") -> SensorDevice:
    """Listens for any number of sensors that send to this port; not connected yet."""
    name = f"ximu3 udp:{port}"
    link = UdpLink(name, port, host)
    return SensorDevice(name, link, lambda note: XImu3Driver(name, note, options, link), silence=None)


def settings(options: XImu3Options) -> dict[str, object]:
    """Commands that make a sensor send what is read here, in their order."""
    divisor = round(TOP_RATE / options.rate)
    return {
        "ahrs_message_type": 0,  # quaternions
        "ahrs_axes_convention": 0,  # north, west, up
        "inertial_message_rate_divisor": divisor,
        "ahrs_message_rate_divisor": divisor,
        "magnetometer_message_rate_divisor": TOP_RATE // SLOW_RATE,
        "binary_mode_enabled": True,
        "apply": None,
    }


@dataclass
class _Sensor:
    """One sender; `part` None while it was not asked long enough who it is."""

    part: str | None
    gaps: StampGaps
    since_ns: int
    group: Grouping = field(default_factory=Grouping)
    open_commands: dict[str, object] = field(default_factory=dict)
    asked_ns: int = 0
    attempts: int = 0
    settled_ns: int = 0


class XImu3Driver:
    """See `Driver`. Over UDP a sensor is known by its serial number, on a serial port by the port."""

    def __init__(self, name: str, note: Note, options: XImu3Options, link: Link) -> None:
        divisor = round(TOP_RATE / options.rate) if options.rate > 0 else 0
        if not 1 <= divisor <= TOP_RATE:
            raise ConnectError(
                name, Reason.SETTING, f"it has no rate of {options.rate:g} Hz.", f"Choose one from 1 to {TOP_RATE}."
            )
        self.name = name
        self.rate: float | None = TOP_RATE / divisor if options.configure else None
        self.complaint = ""
        self._note = note
        self._options = options
        self._link = link
        self._streams: Streams[Message] = Streams(parse)
        self._sensors: dict[str, _Sensor] = {}

    def start(self, link: Link) -> None:
        """On a serial port, set it up at once: it may be set to send nothing."""
        if not isinstance(link, UdpLink):
            self._meet("", time.monotonic_ns())

    def feed(self, chunk: Chunk) -> Sequence[Heard]:
        """See `Driver`."""
        sensor = self._sensors.get(chunk.source)
        if sensor is None:
            sensor = self._meet(chunk.source, chunk.host_ns)
        heard: list[Heard] = []
        for message in self._streams.packets(chunk):
            if isinstance(message, Garbled):
                self.complaint = f"A message cannot be read: {message.line[:40]!r}."
            elif isinstance(message, Answer):
                self._take_answer(sensor, message, chunk.host_ns)
            elif (order := GROUPED.get(message.letter)) is not None:
                wholes = sensor.group.add(order, as_sample(message), message.microseconds)
                heard += [self._heard(sensor, whole, chunk.host_ns) for whole in wholes]
            else:
                heard.append(self._heard(sensor, as_sample(message), chunk.host_ns))
        return self._named(sensor, chunk, heard)

    def _meet(self, source: str, now_ns: int) -> _Sensor:
        """A sender not heard before: ask who it is, and set it up."""
        sensor = self._sensors[source] = _Sensor(None if source else "", StampGaps(), now_ns)
        if self._options.configure:
            sensor.open_commands = settings(self._options)
            if source:
                sensor.open_commands = {"ping": None} | sensor.open_commands
            self._send_open(sensor, source)
        return sensor

    def _named(self, sensor: _Sensor, chunk: Chunk, heard: list[Heard]) -> list[Heard]:
        """Nothing until the sensor is known by name: by its serial number, or by its address if it tells none."""
        if sensor.part is None and (not self._options.configure or chunk.host_ns - sensor.since_ns > NAME_WITHIN * 1e9):
            sensor.part = chunk.source
        return [replace(one, part=sensor.part) for one in heard] if sensor.part is not None else []

    @staticmethod
    def _heard(sensor: _Sensor, sample: Sample, host_ns: int) -> Heard:
        if sample.stamp_ns is None or not sample.is_motion:
            return Heard(sample)
        lost = sensor.gaps.before(sample.stamp_ns)
        # its rate changes while it is set up
        return Heard(sample, lost=lost if host_ns > sensor.settled_ns else 0)

    def _send_open(self, sensor: _Sensor, source: str) -> None:
        sensor.attempts += 1
        sensor.asked_ns = 0
        for key, value in sensor.open_commands.items():
            self._command(source, key, value)

    def _command(self, source: str, key: str, value: object) -> None:
        address, _, port = source.rpartition(":")
        target = f"{address}:{self._options.command_port or port}" if source else ""
        self._link.write(json.dumps({key: value}, separators=(",", ":")).encode() + b"\n", target)

    def _take_answer(self, sensor: _Sensor, answer: Answer, host_ns: int) -> None:
        if answer.key not in sensor.open_commands:
            return
        del sensor.open_commands[answer.key]
        if answer.key == "ping" and isinstance(answer.value, dict):
            sensor.part = str(answer.value.get("sn") or "") or sensor.part
        if not sensor.open_commands:
            sensor.gaps = StampGaps(self.rate)
            sensor.settled_ns = host_ns + SETTLING
        if answer.error is not None:
            self._note(
                BadDataError(
                    self._full(sensor),
                    Reason.SETTING,
                    f"it refused the setting {answer.key}: {answer.error}.",
                    "Update its firmware, or set it in x-io's program.",
                )
            )

    def tick(self, link: Link, now_ns: int) -> Sequence[Heard]:
        """Say a second time, and no third, what was not answered."""
        for source, sensor in self._sensors.items():
            if not sensor.open_commands:
                continue
            sensor.asked_ns = sensor.asked_ns or now_ns
            if now_ns - sensor.asked_ns < ANSWER_WITHIN:
                continue
            if sensor.attempts < 2:
                self._send_open(sensor, source)
                continue
            self._note(
                BadDataError(
                    self._full(sensor),
                    Reason.NO_ANSWER,
                    f"it did not answer the settings {', '.join(sensor.open_commands)}.",
                    "It is read as it is; set it in x-io's program if rate or messages are not right.",
                )
            )
            sensor.open_commands = {}
        return ()

    def _full(self, sensor: _Sensor) -> str:
        return f"{self.name}/{sensor.part}" if sensor.part else self.name

    def stop(self, link: Link) -> None:
        """It goes on sending to nobody."""

    def reset_heading(self, link: Link) -> None:
        """See `Driver`."""
        for source in self._sensors:
            self._command(source, "heading", 0)
