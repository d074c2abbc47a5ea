"""Calibrated motion-sensor signals: what a pose network reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# HiPoser's order; the joint whose world rotation each slot measures.
SLOTS: tuple[str, ...] = ("left_forearm", "right_forearm", "left_shin", "right_shin", "head", "pelvis")
SLOT_JOINTS: tuple[int, ...] = (18, 19, 4, 5, 15, 0)


@dataclass(frozen=True, eq=False)
class ImuSequence:
    """Six slots in the order of `SLOTS`, at an even rate (60 Hz), world Y up.

    `orientation (T, 6, 4)` bone to world, w, x, y, z; `acceleration (T, 6, 3)` free (gravity removed),
    world frame, m/s²; `present (T, 6)` False where nothing was measured: the values there are not read.
    """

    orientation: NDArray[np.float32]
    acceleration: NDArray[np.float32]
    present: NDArray[np.bool_]
    t_ns: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.t_ns)

    def part(self, rows: slice) -> "ImuSequence":
        """Some of the frames, at their own times."""
        return ImuSequence(self.orientation[rows], self.acceleration[rows], self.present[rows], self.t_ns[rows])


@dataclass(frozen=True)
class SensorErrors:
    """How far simulated sensors are from perfect ones. Angles in degrees, accelerations in m/s².

    Each angle is a standard deviation unless it says otherwise.
    """

    mounting: float = 0.0  # sensor turned on the bone against its calibration; uniform up to this angle
    orientation_noise: float = 0.0  # per frame
    heading_drift: float = 0.0  # random walk, degrees per square root of a minute
    acceleration_noise: float = 0.0  # per frame
    acceleration_bias: float = 0.0  # constant per clip and axis
    soft_tissue: float = 0.0  # wobble of the sensor on the flesh, band-limited below 5 Hz
    dropout: float = 0.0  # share of frames lost in bursts
    missing_slots: float = 0.0  # chance that a slot (never the pelvis) is absent for a whole clip


CLEAN = SensorErrors()
WORN = SensorErrors(
    mounting=8.0,
    orientation_noise=0.1,
    heading_drift=2.0,
    acceleration_noise=0.15,
    acceleration_bias=0.05,
    soft_tissue=1.5,
    dropout=0.01,
)
