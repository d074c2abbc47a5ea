"""How bytes reach a device and come from it: one interface over serial ports, UDP and Bluetooth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

WAIT = 0.1  # seconds, the longest that a read waits: how soon a reader notices that it shall stop


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that arrived together at `host_ns` (`time.monotonic_ns()`).

    `source` tells several streams on one link apart, each with bytes of its own: the sender's `address:port` over
    UDP, the characteristic's UUID over Bluetooth, nothing on a serial port. `whole`: a datagram, of which no rest is
    carried over to the next.
    """

    data: bytes
    host_ns: int
    source: str = ""
    whole: bool = False


class Link(Protocol):
    """An open way to a device. `write` may be called from another thread than the one that reads."""

    name: str

    def open(self) -> None:
        """Raises ConnectError, and then nothing is left open."""

    def close(self) -> None:
        """In any state, more than once; raises nothing."""

    def read(self, timeout: float = WAIT) -> Sequence[Chunk]:
        """All that came, waiting up to `timeout` seconds for something. Raises LinkLostError."""

    def write(self, data: bytes, target: str = "") -> None:
        """Send to the `target` (what a Chunk calls `source`). Raises LinkLostError."""
