"""The contract of everything that measures: sensors, cameras, replays, simulations.

A device is connected, read in one of three ways, and closed:

- `read_next`: every item in the order of sampling, waiting for at least one (`read_unread`: the same without waiting).
  For recording: nothing is skipped.
- `read_newest`: the last item, if it was not read yet, waiting for one. For live use: no delay builds up.
- `read_latest`: the last item, read or not, at once; one over the allowed age raises StaleDataError. For displays.

Items carry `sensor` and `host_ns` (`mailbox.Timed`): one device may speak for several sensors. For motion sensors they
are `reading.Reading`s and the device is a `sensor.SensorDevice` on a link.

To add another kind, subclass `Device` and write three methods that the reader thread calls: `_open`, `_read`, `_shut`.
A **camera** gives frames: `_open` opens the capture and reads back size and rate, `_read` grabs one frame and stamps it
beside the grab; with `capacity=1` the newest frame is at hand and none queue. A **replay** gives the readings of a
take: `_read` waits until the next is due at the chosen speed (or until it is stepped), stamps it with the time now, and
raises DeviceError with Reason.ENDED after the last; `retry=NEVER`, for a file does not come back by waiting. Sensors
that are **simulated** speak their family's protocol on a real link, so that they need no device of their own.

The thread belongs to the device: it starts in `connect`, stops by an event, is joined for a bounded time in `close`,
and hands what ended it to whoever reads. When a link is lost the thread tries to get it back, as `retry` says, and
readers wait meanwhile; `state` and `faults` tell.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Generic, Self

from .errors import LASTING, ConnectError, DeviceError, LinkLostError, Reason
from .mailbox import Item, Mailbox

JOIN = 5.0  # seconds a reader may take to end; each of its waits is far shorter
FAULTS = 32  # the newest are kept


class State(Enum):
    """Where a device is between `connect` and `close`."""

    CLOSED = "closed"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


@dataclass(frozen=True)
class Retry:
    """How a lost device is got back: `attempts`, the first after `first` seconds, each wait twice the one before.

    No wait is over `longest` seconds. The count starts anew once the device has sent something.
    """

    attempts: int = 10
    first: float = 0.25
    longest: float = 8.0

    def pause(self, attempt: int) -> float:
        """Seconds before attempt 0, 1, 2, ..."""
        return min(self.longest, self.first * 2.0 ** min(attempt, 32))


PATIENT = Retry()
NEVER = Retry(attempts=0)


class Device(ABC, Generic[Item]):
    """See the module. `name` is what the user knows it by; `capacity` items wait unread, then the oldest go."""

    speaks_within: float | None = 2.0  # seconds; None for what may have nothing to say for long

    def __init__(self, name: str, *, capacity: int = 1 << 14, retry: Retry = PATIENT) -> None:
        self.name = name
        self.retry = retry
        self.state = State.CLOSED
        self._faults: deque[DeviceError] = deque(maxlen=FAULTS)
        self._faults_lock = threading.Lock()
        self._mailbox: Mailbox[Item] = Mailbox(name, capacity)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _open(self) -> None:
        """Reach the device and set it up. Where it raises, `_shut` undoes what it began."""

    @abstractmethod
    def _read(self) -> Sequence[Item]:
        """What came, after waiting a tenth of a second at most; often nothing. Raises LinkLostError when it is gone."""

    @abstractmethod
    def _shut(self) -> None:
        """Let go of all that `_open` took. Called in any state, more than once; raises nothing."""

    def connect(self) -> None:
        """Reach the device and start reading. Raises ConnectError, and then nothing is left open."""
        if self._thread is not None:
            raise ConnectError(self.name, Reason.IN_USE, "it is connected already.", "Close it first.")
        self._stop.clear()
        self._mailbox.fail(None)
        try:
            self._open()
            self._mailbox.put(self._first_items())
            self.state = State.CONNECTED
            self._thread = threading.Thread(target=self._run, name=f"reader of {self.name}", daemon=True)
            self._thread.start()
        except BaseException as error:
            self._thread, self.state = None, State.CLOSED
            self._shut()
            if isinstance(error, LinkLostError):
                raise ConnectError(error.device, error.reason, error.detail, error.remedy) from error
            raise

    def close(self) -> None:
        """Stop reading and let go; what is unread can still be read. A second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stop.set()
        thread.join(JOIN)
        self._shut()  # which also ends a wait that the thread may still be in
        thread.join(JOIN)
        self.state = State.CLOSED
        self._mailbox.fail(DeviceError(self.name, Reason.CLOSED, "it is closed.", "Connect it again to read."))
        if thread.is_alive():
            raise DeviceError(
                self.name, Reason.NO_ANSWER, f"its reader did not end within {2 * JOIN:.0f} s.", "Restart Mocamba."
            )

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read_next(self, timeout: float) -> tuple[Item, ...]:
        """Every unread item, oldest first; waits up to `timeout` seconds for one, then raises NoDataError."""
        return self._mailbox.next(timeout)

    def read_unread(self) -> tuple[Item, ...]:
        """As `read_next`, without waiting: perhaps none."""
        return self._mailbox.take()

    def read_newest(self, timeout: float, sensor: str | None = None) -> Item:
        """The newest item nobody has read; older ones are passed over. Raises NoDataError after `timeout` seconds."""
        return self._mailbox.newest(timeout, sensor)

    def read_latest(self, max_age: float, sensor: str | None = None) -> Item:
        """The newest item at once, read or not. Raises StaleDataError where it is over `max_age` seconds old."""
        return self._mailbox.latest(max_age, sensor)

    @property
    def overrun(self) -> int:
        """Items that nobody read in time."""
        return self._mailbox.overrun

    @property
    def faults(self) -> tuple[DeviceError, ...]:
        """What went wrong lately and did not end it, newest last."""
        with self._faults_lock:
            return tuple(self._faults)

    def _note(self, fault: DeviceError) -> None:
        """Remember what went wrong without ending anything."""
        with self._faults_lock:
            self._faults.append(fault)

    def _run(self) -> None:
        """The reader thread; whatever ends it goes to the reader's owner."""
        try:
            while not self._stop.is_set():
                try:
                    self._mailbox.put(self._read())
                except LinkLostError as lost:
                    self._note(lost)
                    self._reopen(lost)
        except Exception as error:  # the boundary of the thread: readers get it
            self.state = State.FAILED
            self._mailbox.fail(error)
        finally:
            # closed while it was opening: nobody else knows of what came open since
            self._shut()

    def _reopen(self, lost: DeviceError) -> None:
        """Get the device back, or raise what stands in the way once `retry` is used up."""
        self.state = State.RECONNECTING
        last, attempt = lost, -1
        for attempt in range(self.retry.attempts):
            self._shut()
            if self._stop.wait(self.retry.pause(attempt)):
                return
            try:
                self._open()
                items = self._first_items()
            except DeviceError as error:
                last = error
                if error.reason in LASTING:
                    break
                continue
            self.state = State.CONNECTED
            self._mailbox.put(items)
            return
        if self.retry.attempts == 0:
            raise last
        raise LinkLostError(
            self.name,
            Reason.GAVE_UP,
            f"it was lost and did not come back in {attempt + 1} attempts; the last one ended with: {last.detail}",
            last.remedy,
        ) from last

    def _first_items(self) -> Sequence[Item]:
        """What the device says first: without a word it does not count as connected."""
        if self.speaks_within is None:
            return ()
        deadline = time.monotonic() + self.speaks_within
        while time.monotonic() < deadline and not self._stop.is_set():
            if items := self._read():
                return items
        if self._stop.is_set():
            return ()
        raise self._why_silent()

    def _why_silent(self) -> DeviceError:
        """Why nothing came from a device that could be opened."""
        return ConnectError(
            self.name, Reason.SILENT, "it can be opened but sends nothing.", "Switch it off and on again."
        )
