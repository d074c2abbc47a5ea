"""Registers of WitMotion modules: finding the speed of the port, setting rate and outputs, reading back."""

import struct
import time
from dataclasses import dataclass

from ..driver import Note
from ..errors import BadDataError, ConnectError, DeviceError, Reason
from ..link import Link
from ..serial_link import SerialLink
from .options import BAUDS, RATES, WitMotionOptions
from .parse import REGISTERS, SERIAL_LENGTH, parse_ble, parse_serial

UNLOCK, SAVE, CALIBRATE, OUTPUTS, RATE, BAUD, AXES, READ, UNLOCK_KEY = 0x69, 0, 1, 2, 3, 4, 0x24, 0x27, 0xB588
MAGNETIC_KIND = 0x72
YAW_ZERO = 4
# time, acceleration, rate, angles, magnetic field; bit 9: quaternion
WANTED = 0x021F
PAUSE = 0.1  # seconds the module needs for a command
LISTEN = 0.4  # seconds at each speed: modules send ten times a second as they come
USUAL_BAUDS = (115200, 9600, 230400, 921600, 460800, 57600, 38400, 19200, 4800)


def command(register: int, value: int) -> bytes:
    """Write `value` to `register`."""
    return b"\xff\xaa" + struct.pack("<BH", register, value & 0xFFFF)


@dataclass(frozen=True)
class Found:
    """How a module on a serial port was heard; `ble`: in the packets of Bluetooth models."""

    baud: int
    ble: bool


def find_speed(link: Link, bauds: tuple[int, ...]) -> Found:
    """Listen at each of `bauds`; over TCP there is one. Raises ConnectError where nowhere is what it should be."""
    heard = 0
    for baud in bauds if isinstance(link, SerialLink) else bauds[:1]:
        set_speed(link, baud)
        data = listen(link, LISTEN)
        heard += len(data)
        if parse_serial(data)[0]:
            return Found(baud, ble=False)
        if len(parse_ble(data)[0]) > 1:
            return Found(baud, ble=True)
    if heard:
        raise ConnectError(
            link.name,
            Reason.GARBLED,
            f"it sends bytes, but at {_speeds(bauds)} baud they are no WitMotion packets.",
            "Let Mocamba find the speed itself (leave baud out); or it is another kind of sensor.",
        )
    raise ConnectError(
        link.name,
        Reason.SILENT,
        "it sends nothing.",
        "Look whether it is switched on and its RX and TX are not swapped.",
    )


def set_speed(link: Link, baud: int) -> None:
    """Of a serial port; others have none."""
    if isinstance(link, SerialLink):
        link.set_baud(baud)


def _speeds(bauds: tuple[int, ...]) -> str:
    return " or ".join(str(baud) for baud in bauds) if len(bauds) < 3 else "all usual"


def listen(link: Link, seconds: float) -> bytes:
    """All that comes within `seconds`, or until it makes sense."""
    data, end = b"", time.monotonic() + seconds
    while time.monotonic() < end and not parse_serial(data)[0] and len(data) < 20 * SERIAL_LENGTH:
        data += b"".join(chunk.data for chunk in link.read(0.05))
    return data


class Registers:
    """Writes and reads registers of the module behind `link`; `target` is the characteristic over Bluetooth."""

    def __init__(self, link: Link, note: Note, target: str = "") -> None:
        self._link = link
        self._note = note
        self._target = target

    def write(self, register: int, value: int) -> None:
        """Needs `unlock` in the ten seconds before."""
        self._link.write(command(register, value), self._target)
        time.sleep(PAUSE)

    def unlock(self) -> None:
        """Let the next commands count."""
        self.write(UNLOCK, UNLOCK_KEY)

    def ask(self, register: int) -> None:
        """The answer comes in the stream: four registers over serial, eight over Bluetooth."""
        self._link.write(command(READ, register), self._target)

    def read(self, register: int) -> tuple[int, int, int, int] | None:
        """Four registers over serial, whose answer does not say which they are; None where none comes."""
        self.ask(register)
        rest, end = b"", time.monotonic() + 0.5
        while time.monotonic() < end:
            for chunk in self._link.read(0.05):
                packets, rest = parse_serial(rest + chunk.data)
                for packet in packets:
                    if packet.kind == REGISTERS:
                        a, b, c, d = struct.unpack("<4H", packet.data)
                        return a, b, c, d
        return None

    def zero_heading(self) -> None:
        """Possible where the magnetometer is not used (six axes)."""
        self.unlock()
        self.write(CALIBRATE, YAW_ZERO)


def configure_serial(link: Link, options: WitMotionOptions, note: Note) -> tuple[float | None, int | None]:
    """Set outputs, rate and, where the port is too slow for them, its speed.

    The rate, None where the module does not confirm it, and the magnetometer's kind.
    """
    registers = Registers(link, note)
    registers.unlock()
    rate = _make_room(link, registers, options, note)
    registers.write(OUTPUTS, WANTED)
    registers.write(RATE, RATES[rate])
    registers.write(AXES, int(options.six_axis))
    if options.save:
        registers.write(SAVE, 0)
    now = registers.read(OUTPUTS)
    taken = now is not None and now[:2] == (WANTED, RATES[rate])
    if not taken:
        note(_not_taken(link.name, now is None))
    kind = registers.read(MAGNETIC_KIND)
    return rate if taken else None, kind[0] if kind else None


def _not_taken(name: str, silent: bool) -> DeviceError:
    return BadDataError(
        name,
        Reason.NO_ANSWER if silent else Reason.SETTING,
        "it does not answer commands." if silent else "it did not take the settings.",
        "It is read as it is; check that its RX wire is connected, or set rate and outputs in the vendor's program.",
    )


def _make_room(link: Link, registers: Registers, options: WitMotionOptions, note: Note) -> float:
    """Raise the port's speed until the rate fits, or lower the rate; the module would lower it without a word."""
    packets = WANTED.bit_count()
    if not isinstance(link, SerialLink) or fits(link.baud, options.rate, packets):
        return options.rate
    faster = next((baud for baud in BAUDS if baud <= 230400 and fits(baud, options.rate, packets)), None)
    if faster is not None and options.baud is None:
        registers.write(BAUD, BAUDS[faster])
        link.set_baud(faster)
        if parse_serial(listen(link, LISTEN))[0]:
            registers.unlock()
            return options.rate
        raise ConnectError(
            link.name, Reason.SETTING, f"it went silent when asked to send at {faster} baud.", "Plug it in again."
        )
    lower = max(rate for rate in RATES if fits(link.baud, rate, packets))
    note(
        BadDataError(
            link.name,
            Reason.SETTING,
            f"{link.baud} baud are too few for {options.rate:g} samples a second; it sends {lower:g}.",
            "Leave baud out, so that Mocamba may choose a faster speed.",
        )
    )
    return lower


def fits(baud: int, rate: float, packets: int) -> bool:
    """Whether `packets` kinds at `rate` go through: ten bits a byte, and a twentieth to spare."""
    return rate * packets * SERIAL_LENGTH * 10 <= 0.95 * baud
