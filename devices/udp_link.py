"""Datagrams over the network: Wi-Fi sensors, phones and bridges that send to this computer."""

import errno
import socket
import time
from collections.abc import Sequence

from .errors import ConnectError, LinkLostError, Reason
from .link import WAIT, Chunk

BUFFER = 1 << 20  # bytes the system may hold while nobody reads: seconds of six sensors
BURST = 256  # datagrams taken in one go
LARGEST = 65536


class UdpLink:
    """Listens on `port`; answers go to the `address:port` that a Chunk came from. `host` "" is every interface."""

    def __init__(self, name: str, port: int, host: str = "") -> None:
        self.name = name
        self.host = host
        self.port = port
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """See `Link`."""
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            udp.bind((self.host, self.port))
        except OSError as error:
            udp.close()
            raise self._why_not_bound(error) from error
        self._socket = udp
        self.port = udp.getsockname()[1]

    def close(self) -> None:
        """See `Link`."""
        udp, self._socket = self._socket, None
        if udp is not None:
            udp.close()

    def read(self, timeout: float = WAIT) -> Sequence[Chunk]:
        """See `Link`."""
        udp = self._socket
        if udp is None:
            raise LinkLostError(self.name, Reason.CLOSED, "its port is closed.", "Connect it again.")
        chunks: list[Chunk] = []
        try:
            udp.settimeout(timeout)
            while len(chunks) < BURST:
                data, sender = udp.recvfrom(LARGEST)
                chunks.append(Chunk(data, time.monotonic_ns(), f"{sender[0]}:{sender[1]}", whole=True))
                udp.settimeout(0)
        except (TimeoutError, BlockingIOError):
            pass  # nothing more for now
        except ConnectionResetError:
            pass  # Windows says so when an answer of ours met a closed port: the sensor's business, not the socket's
        except OSError as error:
            raise self._lost(error) from error
        return chunks

    def write(self, data: bytes, target: str = "") -> None:
        """See `Link`; `target` is `address:port`. What the network does not take is lost, as datagrams may be."""
        udp = self._socket
        if udp is None:
            raise LinkLostError(self.name, Reason.CLOSED, "its port is closed.", "Connect it again.")
        address, _, port = target.rpartition(":")
        try:
            udp.sendto(data, (address, int(port)))
        except OSError as error:
            if error.errno == errno.EBADF:
                raise self._lost(error) from error

    def _lost(self, error: OSError) -> LinkLostError:
        return LinkLostError(
            self.name,
            Reason.UNPLUGGED,
            f"the network let go of port {self.port} ({error}).",
            "Look whether this computer is still on the network.",
        )

    def _why_not_bound(self, error: OSError) -> ConnectError:
        if error.errno == errno.EADDRINUSE or getattr(error, "winerror", None) == 10048:
            return ConnectError(
                self.name,
                Reason.IN_USE,
                f"UDP port {self.port} is open in another program.",
                "Close it (for port 6969 that is often SlimeVR's own server), then try again.",
            )
        if error.errno in (errno.EACCES, errno.EPERM):
            return ConnectError(
                self.name,
                Reason.PERMISSION,
                f"you may not listen on UDP port {self.port}.",
                "Use a port above 1023, or let Mocamba through the firewall.",
            )
        return ConnectError(
            self.name,
            Reason.UNSUPPORTED,
            f"UDP port {self.port} cannot be opened ({error}).",
            "Choose another port, or the address of one of this computer's network interfaces.",
        )
