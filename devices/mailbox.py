"""Where a reader thread leaves what came, and the three ways to take it out."""

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from .errors import DeviceError, NoDataError, Reason, StaleDataError


class Timed(Protocol):
    """What devices give: something of one sensor (or camera), and when it reached this computer."""

    @property
    def sensor(self) -> str:
        """Unlike any other's, the same after a reconnect."""

    @property
    def host_ns(self) -> int:
        """`time.monotonic_ns()` of its arrival."""


Item = TypeVar("Item", bound=Timed)


class Mailbox(Generic[Item]):
    """Holds up to `capacity` unread items; then the oldest make room and `overrun` counts them.

    After `fail`, what is unread can still be taken; every read after that raises the error.
    """

    def __init__(self, name: str, capacity: int) -> None:
        self.name = name
        self.overrun = 0
        self._unread: deque[Item] = deque(maxlen=capacity)
        self._latest: dict[str, Item] = {}
        self._newest: Item | None = None
        self._changed = threading.Condition()
        self._error: Exception | None = None

    def put(self, items: Iterable[Item]) -> None:
        """Add in the order of sampling."""
        with self._changed:
            for item in items:
                self.overrun += len(self._unread) == self._unread.maxlen
                self._unread.append(item)
                self._latest[item.sensor] = self._newest = item
            self._changed.notify_all()

    def fail(self, error: Exception | None) -> None:
        """The reader ended with `error`; None makes a mailbox usable again."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def take(self) -> tuple[Item, ...]:
        """All unread; perhaps none."""
        with self._changed:
            return self._take()

    def next(self, timeout: float) -> tuple[Item, ...]:
        """All unread, oldest first, after waiting for one. Raises NoDataError after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._unread or self._error, timeout):
                raise self._nothing_within(timeout)
            return self._take()

    def newest(self, timeout: float, sensor: str | None = None) -> Item:
        """The last one that came, if it was not taken yet; older unread ones are dropped unseen.

        Waits up to `timeout` seconds for one and raises NoDataError then. Of one `sensor`, or of any.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._find(sensor) or self._error, timeout):
                raise self._nothing_within(timeout)
            found = self._find(sensor)
            if found is None:
                raise self._ended()
            kept = [item for item in self._unread if sensor is not None and item.sensor != sensor]
            self._unread.clear()
            self._unread.extend(kept)
            return found

    def latest(self, max_age: float, sensor: str | None = None) -> Item:
        """The last one that came, taken or not, at once. Raises StaleDataError past `max_age` seconds."""
        with self._changed:
            found = self._latest.get(sensor) if sensor is not None else self._newest
            if found is None:
                raise self._ended() if self._error else self._nothing_within(0.0)
        age = (time.monotonic_ns() - found.host_ns) / 1e9
        if age > max_age:
            raise StaleDataError(
                sensor or self.name,
                Reason.LATE,
                f"its newest reading is {age:.2f} s old, and {max_age:.2f} s is the limit.",
                "Look whether it is switched on and in range; `mocamba devices` lists what can be reached.",
            )
        return found

    def _find(self, sensor: str | None) -> Item | None:
        return next((item for item in reversed(self._unread) if sensor is None or item.sensor == sensor), None)

    def _take(self) -> tuple[Item, ...]:
        if not self._unread and self._error:
            raise self._ended()
        items = tuple(self._unread)
        self._unread.clear()
        return items

    def _ended(self) -> Exception:
        """The reader's error, for raising once more: without the traceback of the time before."""
        assert self._error is not None
        return self._error.with_traceback(None)

    def _nothing_within(self, timeout: float) -> DeviceError:
        return NoDataError(
            self.name,
            Reason.SILENT,
            f"nothing came within {timeout:.2f} s.",
            "Look whether it is switched on and in range; `mocamba devices` lists what can be reached.",
        )
