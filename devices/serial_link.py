"""Serial ports, by pyserial: USB boxes, Arduinos, Bluetooth serial ports."""

import errno
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from .errors import ConnectError, DeviceError, LinkLostError, Reason, missing_library
from .link import WAIT, Chunk, Link
from .tcp_link import TcpLink

if TYPE_CHECKING:
    import serial

TCP = "socket://"
BUFFER = 1 << 16  # bytes
REPLUG = "Plug it in again, or try another cable or socket; it is read again as soon as it is back."


def stream_link(name: str, port: str, baud: int) -> Link:
    """What reads `port`, the name of a serial port or `socket://HOST:PORT`."""
    return TcpLink(name, port.removeprefix(TCP)) if port.startswith(TCP) else SerialLink(name, port, baud)


class SerialLink:
    """8N1 without flow control, held alone: a second program that opens the port is refused."""

    def __init__(self, name: str, port: str, baud: int) -> None:
        self.name = name
        self.port = port
        self.baud = baud
        self._serial: serial.Serial | None = None

    def open(self) -> None:
        """See `Link`."""
        try:
            import serial
        except ImportError:
            raise missing_library(self.name, "pyserial") from None
        try:
            self._serial = serial.Serial(self.port, self.baud, timeout=WAIT, write_timeout=1.0, exclusive=True)
            if sys.platform == "win32":  # where the usual 4 kB last a tenth of a second
                self._serial.set_buffer_size(rx_size=BUFFER)
        except (OSError, ValueError) as error:
            raise why_not_opened(self.name, self.port, error) from error

    def set_baud(self, baud: int) -> None:
        """Go on at another speed."""
        self.baud = baud
        assert self._serial is not None
        try:
            self._serial.baudrate = baud
            self._serial.reset_input_buffer()
        except OSError as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """See `Link`."""
        port, self._serial = self._serial, None
        if port is not None:
            with suppress(OSError):  # unplugged: there is nothing to close
                port.close()

    def read(self, timeout: float = WAIT) -> Sequence[Chunk]:
        """See `Link`."""
        port = self._serial
        if port is None:
            raise LinkLostError(self.name, Reason.CLOSED, "its port is closed.", "Connect it again.")
        try:
            if port.timeout != timeout:
                port.timeout = timeout
            # read(n) would wait for all n; what is there at once comes by in_waiting
            data = port.read(max(1, port.in_waiting))
        except (OSError, TypeError) as error:
            # in_waiting raises a bare OSError on a vanished port; a port closed meanwhile makes pyserial a TypeError
            raise self._lost(error) from error
        return (Chunk(data, time.monotonic_ns()),) if data else ()

    def write(self, data: bytes, target: str = "") -> None:
        """See `Link`; `target` means nothing here."""
        port = self._serial
        if port is None:
            raise LinkLostError(self.name, Reason.CLOSED, "its port is closed.", "Connect it again.")
        try:
            port.write(data)
        except OSError as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> LinkLostError:
        return LinkLostError(self.name, Reason.UNPLUGGED, f"the port {self.port} is gone ({error}).", REPLUG)


def why_not_opened(name: str, port: str, error: Exception) -> DeviceError:
    """What opening `port` ended with, told from the error's number, or its words where pyserial dropped the number."""
    number, said = getattr(error, "errno", None), str(error)
    if "exclusively lock" in said or number in (errno.EBUSY, errno.EAGAIN):
        return ConnectError(
            name,
            Reason.IN_USE,
            f"the port {port} is open in another program.",
            "Close the other one (a serial monitor, the vendor's program), then try again.",
        )
    if "Access is denied" in said:  # Windows says so of a port that is open elsewhere
        return ConnectError(
            name,
            Reason.IN_USE,
            f"Windows does not give access to {port}: another program has it open.",
            "Close the other one (a serial monitor, the vendor's program), then try again.",
        )
    if number in (errno.EACCES, errno.EPERM):
        return ConnectError(
            name,
            Reason.PERMISSION,
            f"you may not open {port}.",
            "On Linux, join the port's group: sudo usermod -aG dialout $USER, then log out and in again.",
        )
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "FileNotFoundError" in said:
        return ConnectError(
            name,
            Reason.NOT_FOUND,
            f"there is no port {port}.",
            "Plug it in; `mocamba devices` lists the ports that are there.",
        )
    return ConnectError(
        name,
        Reason.UNSUPPORTED if number in (errno.ENOTTY, errno.EINVAL, None) else Reason.NO_ANSWER,
        f"the port {port} cannot be opened ({error}).",
        "Plug it in again; `mocamba devices` lists the ports that are there.",
    )
