"""A recording as a device: it says again what its sensors said."""

import math
import threading
import time
from collections.abc import Sequence

import numpy as np

from ..rig.errors import BadInputError
from .device import NEVER, Device
from .errors import DeviceError, Reason
from .log import SensorLogs, y_up_to_z_up
from .reading import Acceleration, Reading

WAIT = 0.1  # seconds, the longest that a read waits
BEHIND = 0.25  # seconds behind at which it goes on from now instead of hurrying


class Replay(Device[Reading]):
    """`logs` at `speed` times their own; `math.inf` without any pause; `stepped` one moment at each `step`.

    Readings are as live ones, world Z up: `host_ns` is when they were due, `stamp_ns` the device's own clock, sped up
    as they are. Everything is kept until it is read. After the last one the device has ended (Reason.ENDED).
    """

    speaks_within = None

    def __init__(self, name: str, logs: SensorLogs, speed: float = 1.0, *, stepped: bool = False) -> None:
        if not speed > 0:
            raise BadInputError(f"A replay cannot run at {speed:g} times its speed; it has to be more than 0.")
        self._rows = _in_order(logs)
        super().__init__(name, capacity=max(1, len(self._rows)), retry=NEVER)
        self._logs = logs
        self._turned = [y_up_to_z_up(log.orientation, log.acceleration) for log in logs]
        self._speed, self._stepped = speed, stepped
        self._steps = threading.Semaphore(0)
        self._next = 0
        self._zero_ns: int | None = None

    def step(self, moments: int = 1) -> None:
        """Let `moments` more go; samples of one time are one moment."""
        self._steps.release(moments)

    def _open(self) -> None:
        self._next, self._zero_ns = 0, None
        self._steps = threading.Semaphore(0)

    def _read(self) -> Sequence[Reading]:
        if self._next >= len(self._rows):
            raise DeviceError(
                self.name, Reason.ENDED, "the recording is over.", "Connect it again to play it from the beginning."
            )
        t_ns = self._rows[self._next][0]
        if self._stepped:
            return self._moment(time.monotonic_ns()) if self._steps.acquire(timeout=WAIT) else ()
        due_ns = self._due(t_ns)
        wait = (due_ns - time.monotonic_ns()) / 1e9
        self._stop.wait(min(max(wait, 0.0), WAIT))
        return () if wait > WAIT or self._stop.is_set() else self._moment(due_ns)

    def _due(self, t_ns: int) -> int:
        now = time.monotonic_ns()
        if math.isinf(self._speed):
            return now
        played = round((t_ns - self._rows[0][0]) / self._speed)
        if self._zero_ns is None or now - self._zero_ns - played > BEHIND * 1e9:
            self._zero_ns = now - played
        return self._zero_ns + played

    def _moment(self, host_ns: int) -> Sequence[Reading]:
        t_ns = self._rows[self._next][0]
        readings = []
        while self._next < len(self._rows) and self._rows[self._next][0] == t_ns:
            _, which, row = self._rows[self._next]
            readings.append(self._reading(which, row, host_ns))
            self._next += 1
        return readings

    def _reading(self, which: int, row: int, host_ns: int) -> Reading:
        log = self._logs[which]
        orientation, acceleration = (part[row].tolist() for part in self._turned[which])
        steady = not self._stepped and math.isfinite(self._speed)
        return Reading(
            sensor=log.name,
            host_ns=host_ns,
            stamp_ns=round(int(log.t_device[row]) / self._speed) if steady else None,
            orientation=tuple(orientation),
            acceleration=tuple(acceleration),
            acceleration_kind=Acceleration.FREE_WORLD,
        )

    def _shut(self) -> None:
        """Nothing is held open."""


def _in_order(logs: SensorLogs) -> list[tuple[int, int, int]]:
    """Stamp, log and row of every sample, in the order of time."""
    rows = [np.stack([log.t_ns, np.full(len(log), k), np.arange(len(log))]) for k, log in enumerate(logs)]
    if not rows:
        return []
    joined = np.concatenate(rows, axis=1)
    return [tuple(row) for row in joined[:, np.argsort(joined[0], kind="stable")].T.tolist()]
