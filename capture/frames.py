"""Frames for the network from samples as they come: resampled to the solve rate and calibrated to bones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..rig.imu import SLOTS
from ..rig.motion import SOLVE_RATE
from ..rig.quaternion import about_y, conjugate, multiply, rotate
from .calibration import Calibration
from .live_resampling import EvenFrame, LiveResampler
from .stamping import Stamped

PATIENCE = 0.010  # seconds that a frame waits for sensors that are behind
GAP = 1.0  # seconds between two frames that count as a gap


@dataclass(frozen=True, eq=False)
class Frame:
    """Bone-to-world signals `(6, 4)` and `(6, 3)` at `t_ns`; `age (6,)` s of each slot's newest sample then.

    `arrived_ns`: when the newest sample before it reached this computer, `made_ns`: when the frame was ready.
    """

    number: int
    t_ns: int
    orientation: NDArray[np.float32]
    acceleration: NDArray[np.float32]
    age: NDArray[np.float64]
    arrived_ns: int
    made_ns: int


class FrameMaker:
    """Fed with samples in the order of arrival; `due` gives the frames that became ready."""

    def __init__(self, calibration: Calibration, slots: Mapping[str, str]) -> None:
        worn = {one.sensor: one for one in calibration.sensors if slots.get(one.sensor, one.slot) in SLOTS}
        self._sensors = tuple(worn)
        self._slots = [SLOTS.index(slots.get(name, one.slot)) for name, one in worn.items()]
        self.recalibrate(calibration)
        self._resampler = LiveResampler(self._sensors, patience=PATIENCE)
        self._newest: dict[str, Stamped] = {}
        self._number = 0
        self._last_ns: int | None = None
        self.skipped = 0

    def recalibrate(self, calibration: Calibration) -> None:
        """Headings and mountings anew, of the same sensors."""
        worn = {one.sensor: one for one in calibration.sensors}
        self._unturn = np.array([conjugate(about_y(np.array(worn[name].heading))) for name in self._sensors])
        self._unmount = np.array([conjugate(np.array(worn[name].mounting)) for name in self._sensors])

    def add(self, samples: Iterable[Stamped]) -> None:
        """Samples of sensors that are not worn are passed over."""
        for sample in samples:
            if sample.sensor in self._sensors:
                self._resampler.add(sample.sensor, sample.t_ns, sample.values[:4], sample.values[4:])
                self._newest[sample.sensor] = sample

    def due(self, now_ns: int) -> Sequence[Frame]:
        """In order; frames that a gap in time swallowed (the computer slept) are counted in `skipped`."""
        return [self._frame(even, now_ns) for even in self._resampler.frames(now_ns)]

    def _frame(self, even: EvenFrame, now_ns: int) -> Frame:
        if self._last_ns is not None and even.t_ns - self._last_ns > GAP * 1e9:
            self.skipped += round((even.t_ns - self._last_ns) / 1e9 * SOLVE_RATE) - 1
        self._last_ns = even.t_ns
        self._number += 1
        orientation = np.tile(np.array([1, 0, 0, 0], np.float32), (len(SLOTS), 1))
        acceleration = np.zeros((len(SLOTS), 3), np.float32)
        age = np.full(len(SLOTS), np.inf)
        orientation[self._slots] = multiply(multiply(self._unturn, even.orientation), self._unmount)
        acceleration[self._slots] = rotate(self._unturn, even.acceleration)
        for name, slot in zip(self._sensors, self._slots, strict=True):
            if name in self._newest:
                age[slot] = max(0.0, (even.t_ns - self._newest[name].t_ns) / 1e9)
        arrived = max(sample.host_ns for sample in self._newest.values())
        return Frame(self._number, even.t_ns, orientation, acceleration, age, arrived, now_ns)
