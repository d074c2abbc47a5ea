"""What carries the bytes of simulated sensors: pseudo-terminals, TCP, UDP. Bluetooth is in `bluez.py`."""

import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ..errors import ConnectError, Reason
from .speaker import Said

ANNOUNCE_EVERY = 0.5  # seconds


class Channel(Protocol):
    """The sensor's end. `address` is what a driver opens; nothing blocks, nothing raises when nobody listens."""

    address: str

    def send(self, said: Said, baud: int | None) -> bool:
        """Whether it left: a full buffer drops it."""

    def received(self) -> Sequence[tuple[bytes, str]]:
        """Commands that came, and the characteristic they were written to."""

    def unplug(self) -> None:
        """Pull the plug, or leave the radio's range."""

    def plug_in(self) -> None:
        """Undo that; the address stays."""

    def close(self) -> None:
        """For good; a second call does nothing."""


class PtyChannel:
    """A serial port that is none. It stays reachable by `path`, a link, after it was unplugged and plugged in."""

    def __init__(self, path: Path) -> None:
        if sys.platform == "win32":
            raise ConnectError(
                "simulated serial port",
                Reason.UNSUPPORTED,
                "Windows has no pseudo-terminals.",
                "Use --transport tcp there: the port is then called socket://127.0.0.1:NUMBER.",
            )
        self.address = str(path)
        self._path = path
        self._master: int | None = None
        self._slave = -1
        self.plug_in()

    def plug_in(self) -> None:
        """See `Channel`."""
        import pty  # not on Windows
        import tty

        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(self._slave))

    def send(self, said: Said, baud: int | None) -> bool:
        """See `Channel`. Read at another speed than it was sent at, bytes become others."""
        if self._master is None:
            return False
        data = (
            said.data
            if baud is None or self._speed() in (None, baud)
            else bytes(b * 37 & 0xFF | 0x80 for b in said.data)
        )
        try:
            return os.write(self._master, data) == len(data)
        except OSError:
            return False  # nobody reads and the buffer is full

    def _speed(self) -> int | None:
        """What the reader set its port to; None for speeds that have no name."""
        import termios

        assert self._master is not None
        return _speeds(termios).get(termios.tcgetattr(self._master)[5])

    def received(self) -> Sequence[tuple[bytes, str]]:
        """See `Channel`."""
        if self._master is None:
            return ()
        try:
            return [(os.read(self._master, 4096), "")]
        except OSError:
            return ()

    def unplug(self) -> None:
        """See `Channel`."""
        if self._master is not None:
            os.close(self._master)
            os.close(self._slave)
            self._master = None
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """See `Channel`."""
        self.unplug()


def _speeds(termios: object) -> dict[int, int]:
    names = [name for name in dir(termios) if name.startswith("B") and name[1:].isdigit()]
    return {getattr(termios, name): int(name[1:]) for name in names}


class TcpChannel:
    """Bytes over TCP, for systems without pseudo-terminals: pyserial opens `socket://127.0.0.1:PORT`."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None
        self.plug_in()
        self.address = f"socket://127.0.0.1:{self._port}"

    def plug_in(self) -> None:
        """See `Channel`."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._listener.setblocking(False)
        self._port = self._listener.getsockname()[1]

    def send(self, said: Said, baud: int | None) -> bool:
        """See `Channel`."""
        if self._peer is None:
            return False
        try:
            self._peer.sendall(said.data)
        except BlockingIOError:
            return False
        except OSError:
            self._hang_up()
            return False
        return True

    def received(self) -> Sequence[tuple[bytes, str]]:
        """See `Channel`; takes a caller in where there is none."""
        with suppress(BlockingIOError):
            if self._listener is not None and self._peer is None:
                self._peer = self._listener.accept()[0]
                self._peer.setblocking(False)
        if self._peer is None:
            return ()
        try:
            data = self._peer.recv(4096)
        except BlockingIOError:
            return ()
        except OSError:
            data = b""
        if not data:
            self._hang_up()
            return ()
        return [(data, "")]

    def _hang_up(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def unplug(self) -> None:
        """See `Channel`."""
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        """See `Channel`."""
        self.unplug()


class UdpChannel:
    """Datagrams from a socket of the sensor's own to `host`:`port`. `announce`, if any, is sent twice a second."""

    def __init__(self, host: str, port: int, announce: Callable[[int], tuple[bytes, int]] | None = None) -> None:
        self.address = f"{host}:{port}"
        self._target = (host, port)
        self._announce = announce
        self._own_port = 0
        self._announced = 0.0
        self._socket: socket.socket | None = None
        self.plug_in()

    def plug_in(self) -> None:
        """See `Channel`."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("", self._own_port))
        self._own_port = self._socket.getsockname()[1]

    def send(self, said: Said, baud: int | None) -> bool:
        """See `Channel`."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto(said.data, self._target)
        except OSError:
            return False
        return True

    def received(self) -> Sequence[tuple[bytes, str]]:
        """See `Channel`."""
        messages: list[tuple[bytes, str]] = []
        if self._socket is None:
            return messages
        if self._announce is not None and time.monotonic() - self._announced > ANNOUNCE_EVERY:
            self._announced = time.monotonic()
            data, port = self._announce(self._own_port)
            with suppress(OSError):
                self._socket.sendto(data, (self._target[0], port))
        with suppress(OSError):
            while True:
                messages.append((self._socket.recv(4096), ""))
        return messages

    def unplug(self) -> None:
        """See `Channel`."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def close(self) -> None:
        """See `Channel`."""
        self.unplug()
