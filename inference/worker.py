"""The session's side of the worker, which makes poses of sensors' frames."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .child import Child, WorkerState, WorkerStatus
from .exchange import FRAME, POSE
from .worker_process import Task

__all__ = ["Worker", "WorkerPose", "WorkerState", "WorkerStatus"]


@dataclass(frozen=True, eq=False)
class WorkerPose:
    """The answer to frame `number`: `rotations (24, 4)`, `translation (3,)`, `contact (2,)` of left and right foot;
    `took_ns` of the network itself."""

    number: int
    rotations: NDArray[np.float32]
    translation: NDArray[np.float32]
    confidence: float
    contact: NDArray[np.float32]
    took_ns: int


class Worker(Child[WorkerPose]):
    """See `Child`."""

    def __init__(self, task: Task) -> None:
        super().__init__("worker", (FRAME, POSE), task)

    def submit(
        self,
        number: int,
        orientation: NDArray[np.float32],
        acceleration: NDArray[np.float32],
        present: NDArray[np.bool_],
    ) -> bool:
        """Hand over a frame `(6, 4)`, `(6, 3)`, `(6,)`. False, and counted, while the one before is not answered."""

        def write(frame: Any) -> None:
            frame["orientation"], frame["acceleration"] = orientation, acceleration
            frame["present"], frame["number"] = present, number

        return self._ask(write)

    def _said(self, record: Any) -> WorkerPose:
        return WorkerPose(
            int(record["number"]),
            record["rotations"].copy(),
            record["translation"].copy(),
            float(record["confidence"]),
            record["contact"].copy(),
            int(record["took_ns"]),
        )
