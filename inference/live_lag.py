"""How late a camera's pictures are, found beside the work from the movement of the last seconds."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ..rig.errors import BadInputError
from ..rig.lifted.even import even_axis
from ..rig.lifted.lag import camera_lag
from ..rig.quaternion import Array
from .views import View

KEPT = 12.0  # seconds of movement that it is told from
FIRST = 4.0  # seconds until it is looked for
LEAST = 2.0  # seconds of pictures: after a stall of the computer there may be one
AGAIN, ONCE_KNOWN = 2.0, 20.0  # seconds until it is looked for again
SHARE = 0.5  # of a new finding that counts, once one is known
FURTHEST = 1.2  # seconds: of a moment further off sessions remember no sensors, so that no picture would tell otherwise


class _Seen(NamedTuple):
    """`felt_ns`: the time that `felt (17, 3)` is of; `t_ns` of the picture."""

    felt_ns: int
    felt: Array
    t_ns: int
    rays: Array
    confidence: Array


class LiveLag:
    """`lag_ns` to add to pictures' times, `FURTHEST` at most; 0 until `known`. A thread of its own looks for it."""

    def __init__(self) -> None:
        self.lag_ns, self.known = 0, False
        self._seen: deque[_Seen] = deque()
        self._looked_ns: int | None = None
        self._pool = ThreadPoolExecutor(1, "lag of the camera")
        self._looking: Future[int | None] | None = None

    def add(self, view: View, felt: Array) -> None:
        """A picture, and the joints `(17, 3)` that the sensors gave at its time with the lag known then."""
        t_ns = view.t_ns
        self._seen.append(_Seen(t_ns + self.lag_ns, felt, t_ns, view.rays.astype(float), view.confidence.astype(float)))
        while t_ns - self._seen[0].t_ns > KEPT * 1e9:
            self._seen.popleft()
        if self._looking is not None and self._looking.done():
            self._take(self._looking.result())
            self._looking = None
        wait = ONCE_KNOWN if self.known else AGAIN
        if self._looked_ns is None:
            self._looked_ns = t_ns + round((FIRST - AGAIN) * 1e9)
        elif self._looking is None and t_ns - self._looked_ns > wait * 1e9 and self._seconds() > LEAST:
            self._looked_ns = t_ns
            self._looking = self._pool.submit(_lag_of, tuple(self._seen))

    def _seconds(self) -> float:
        return (self._seen[-1].t_ns - self._seen[0].t_ns) / 1e9

    def close(self) -> None:
        """Wait for the thread, which takes a second or so."""
        self._pool.shutdown()

    def _take(self, found: int | None) -> None:
        if found is not None and abs(found) <= FURTHEST * 1e9:
            share = SHARE if self.known else 1.0
            self.lag_ns, self.known = round(self.lag_ns + share * (found - self.lag_ns)), True


def _lag_of(seen: Sequence[_Seen]) -> int | None:
    """None where there is too little movement to tell."""
    times = np.maximum.accumulate(np.array([one.felt_ns for one in seen], np.int64))
    axis = even_axis(times)
    columns = np.stack([one.felt for one in seen]).reshape(len(seen), -1).T
    felt = np.stack([np.interp(axis, times, column) for column in columns], axis=-1).reshape(-1, 17, 3)
    pictures = np.array([one.t_ns for one in seen], np.int64)
    rays, confidence = np.stack([one.rays for one in seen]), np.stack([one.confidence for one in seen])
    try:
        return camera_lag(felt, axis, pictures, rays, confidence, about=0)
    except BadInputError:
        return None
