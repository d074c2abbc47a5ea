"""Bytes over TCP: sensors and bridges that offer a socket instead of a serial port, called `socket://HOST:PORT`."""

import socket
import time
from collections.abc import Sequence

from .errors import ConnectError, LinkLostError, Reason
from .link import WAIT, Chunk

CONNECT = 5.0  # seconds
LARGEST = 65536


class TcpLink:
    """See `Link`; it has no speed."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self._host, _, port = address.rpartition(":")
        self._port = int(port) if port.isdigit() else -1
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """See `Link`."""
        if not 0 < self._port < 65536:
            raise ConnectError(
                self.name, Reason.NOT_FOUND, "its address has no port number.", "Write socket://HOST:PORT."
            )
        try:
            self._socket = socket.create_connection((self._host, self._port), CONNECT)
        except ConnectionRefusedError as error:
            raise ConnectError(
                self.name,
                Reason.REFUSED,
                f"nobody answers at {self._host}:{self._port}.",
                "Start what is to answer there, then try again.",
            ) from error
        except OSError as error:
            raise ConnectError(
                self.name,
                Reason.NOT_FOUND,
                f"{self._host}:{self._port} cannot be reached ({error}).",
                "Check the address and that both are on the same network.",
            ) from error

    def close(self) -> None:
        """See `Link`."""
        tcp, self._socket = self._socket, None
        if tcp is not None:
            tcp.close()

    def read(self, timeout: float = WAIT) -> Sequence[Chunk]:
        """See `Link`."""
        tcp = self._connected()
        try:
            tcp.settimeout(timeout)
            data = tcp.recv(LARGEST)
        except TimeoutError:
            return ()
        except OSError as error:
            raise self._lost(str(error)) from error
        if not data:
            raise self._lost("the other end closed it")
        return (Chunk(data, time.monotonic_ns()),)

    def write(self, data: bytes, target: str = "") -> None:
        """See `Link`; `target` means nothing here."""
        try:
            self._connected().sendall(data)
        except OSError as error:
            raise self._lost(str(error)) from error

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise LinkLostError(self.name, Reason.CLOSED, "it is not connected.", "Connect it again.")
        return self._socket

    def _lost(self, why: str) -> LinkLostError:
        return LinkLostError(
            self.name,
            Reason.UNPLUGGED,
            f"the connection to {self._host}:{self._port} is gone ({why}).",
            "Look whether it is switched on and on the network.",
        )
