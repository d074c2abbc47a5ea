"""Every family's readings in one convention: orientation sensor to world, free acceleration in that world, Y up.

Sensors that give only rate of turn and raw acceleration are fused on this computer by VQF (Laidig and Seel, Information
Fusion 91, 2023; the library `vqf`), which finds the gyroscope's bias at rest and in motion.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..rig.quaternion import Array, rotate
from .errors import missing_library
from .log import GRAVITY, z_up_to_y_up
from .reading import Acceleration, Reading

if TYPE_CHECKING:
    import vqf

LONGEST_BRIDGE = 0.25  # seconds of lost samples over which the last rate of turn is taken to have gone on
_UP = np.array([0.0, 0.0, GRAVITY])


@dataclass(frozen=True, eq=False)
class Posture:
    """`orientation (4,)` sensor to world and free `acceleration (3,)` in it, m/s², world Y up.

    `resting`: the sensor lies still, None where nobody looks for that (it fuses by itself).
    """

    orientation: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    resting: bool | None = None


def free_acceleration(orientation: Array, acceleration: Array, kind: Acceleration) -> Array:
    """Free acceleration `(..., 3)` in the world of `orientation (..., 4)`, Z up, m/s²."""
    if kind is Acceleration.FREE_WORLD:
        return acceleration
    turned = rotate(orientation, acceleration)
    return turned if kind is Acceleration.FREE_SENSOR else turned - _UP.astype(turned.dtype)


class LiveOrientation:
    """One sensor's, sample by sample. `rate` Hz of its samples; `magnetic` uses its magnetometer for the heading.

    A sensor's own orientation is used where it gives one, unless `fuse`. Raises ConnectError where the sensor has to be
    fused and the library is missing.
    """

    def __init__(self, sensor: str, rate: float, *, magnetic: bool = False, fuse: bool = False) -> None:
        self._sensor = sensor
        self._rate = rate
        self._magnetic = magnetic
        self._fuse = fuse
        self._filter: vqf.VQF | None = None

    def add(self, reading: Reading) -> Posture | None:
        """The sensor as of `reading`; None where that says too little (a battery report, an angle alone)."""
        if reading.acceleration is None or reading.acceleration_kind is None:
            return None
        acceleration = np.array(reading.acceleration)
        resting = None
        if reading.orientation is not None and not self._fuse:
            orientation = np.array(reading.orientation)
        elif reading.rate is not None and reading.acceleration_kind is Acceleration.RAW:
            orientation, resting = self._fused(reading, np.array(reading.rate), acceleration)
        else:
            return None
        free = free_acceleration(orientation, acceleration, reading.acceleration_kind)
        return Posture(*z_up_to_y_up(orientation, free), resting)

    def _fused(self, reading: Reading, rate: Array, acceleration: Array) -> tuple[Array, bool]:
        if self._filter is None:
            self._filter = _vqf(self._sensor).VQF(1 / self._rate)
        field = np.array(reading.magnetic) if self._magnetic and reading.magnetic is not None else None
        for _ in range(1 + min(reading.lost or 0, round(LONGEST_BRIDGE * self._rate))):
            self._filter.update(rate, acceleration, field)
        orientation = self._filter.getQuat6D() if not self._magnetic else self._filter.getQuat9D()
        return np.asarray(orientation), bool(self._filter.getRestDetected())


def fuse_recording(
    rate_of_turn: Array, acceleration: Array, sample_rate: float, magnetic: Array | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Orientations `(N, 4)`, sensor to a world with Z up, of a whole recording, and where `(N,)` the sensor rests.

    `rate_of_turn (N, 3)` rad/s, `acceleration (N, 3)` m/s² with gravity, `magnetic (N, 3)` in any unit, evenly sampled
    at `sample_rate` Hz, without gaps. Later samples help earlier ones, so that nothing has to settle.
    """
    signals = [np.ascontiguousarray(a, np.float64) for a in (rate_of_turn, acceleration)]
    field = None if magnetic is None else np.ascontiguousarray(magnetic, np.float64)
    found = _vqf("recording").offlineVQF(*signals, field, 1 / sample_rate)
    return found["quat6D" if field is None else "quat9D"], found["restDetected"].astype(bool)


def _vqf(sensor: str) -> Any:
    try:
        import vqf
    except ImportError:
        raise missing_library(sensor, "vqf") from None
    return vqf
