"""Where the time between a sensor's bytes and a pose that others have goes, stage by stage."""

from collections import deque
from dataclasses import dataclass, fields

import numpy as np

WINDOW = 600  # frames that figures are taken over


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Nanoseconds of one frame. `read`: from the arrival of its newest sample until the session had it; `clock`: until
    the frame was made, which waits for the other sensors; `fusion`: drop-outs and calibration; `network`: to the worker
    and back; `link`: until all sinks had the pose."""

    read: int
    clock: int
    fusion: int
    network: int
    link: int

    @property
    def total(self) -> int:
        """From bytes to pose."""
        return self.read + self.clock + self.fusion + self.network + self.link


STAGES = tuple(field.name for field in fields(StageTimes))


@dataclass(frozen=True, slots=True)
class StageFigures:
    """Milliseconds over the last `WINDOW` frames."""

    stage: str
    p50: float
    p99: float
    longest: float


class Latency:
    """Of the newest frames."""

    def __init__(self) -> None:
        self._times: deque[tuple[int, ...]] = deque(maxlen=WINDOW)

    def add(self, times: StageTimes) -> None:
        """One frame's."""
        self._times.append((times.read, times.clock, times.fusion, times.network, times.link, times.total))

    def figures(self) -> tuple[StageFigures, ...]:
        """Of every stage and, last, of all together; empty before the first frame."""
        if not self._times:
            return ()
        p50, p99, longest = np.percentile(np.array(self._times) / 1e6, [50, 99, 100], axis=0)
        names = (*STAGES, "all")
        return tuple(StageFigures(name, *map(float, row)) for name, *row in zip(names, p50, p99, longest, strict=True))
