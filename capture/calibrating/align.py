"""How late a camera's pictures are against the sensors, from one jump that both saw.

The pelvis sensor's vertical acceleration, integrated, and the rise of the hips in the picture are the same curve but
for its scale, so the shift at which they are most alike is the camera's delay (Pose2Sim uses a vertical movement too).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

RATE = 200.0  # Hz of the common grid
LONGEST = 1.0  # seconds of delay that are looked for
ALIKE = 0.7  # correlation under which the curves are not of one jump
BAND = (0.04, 0.5)  # seconds: noise shorter and drift longer than that are taken out


@dataclass(frozen=True)
class Alignment:
    """A picture stamped t shows what sensors said at t - `delay_ns`; `likeness` is a correlation, up to 1."""

    delay_ns: int
    likeness: float


def align(
    sensor_ns: NDArray[np.int64], acceleration: Curve, camera_ns: NDArray[np.int64], height: Curve
) -> Alignment | None:
    """From upward acceleration (m/s²) and height in the picture (any unit, upward); None where they are not alike."""
    start, end = max(sensor_ns[0], camera_ns[0]), min(sensor_ns[-1], camera_ns[-1])
    if (end - start) / 1e9 < 1.5 or len(camera_ns) < 12:
        return None
    grid = np.arange(0.0, float(end - start) / 1e9, 1 / RATE)
    pushed = np.interp(grid, (sensor_ns - start) / 1e9, acceleration)
    risen = np.interp(grid, (camera_ns - start) / 1e9, height)
    # speed of both: one integrated, one differentiated, through the same band
    body = _band(np.cumsum(pushed - pushed.mean()) / RATE)
    picture = _band(np.gradient(risen, 1 / RATE))
    return _best(body, picture)


def _best(body: Curve, picture: Curve) -> Alignment | None:
    reach = round(LONGEST * RATE)
    spread = float(np.linalg.norm(body) * np.linalg.norm(picture))
    if spread < 1e-12 or len(body) <= 2 * reach:
        return None
    whole = np.correlate(picture, body, mode="full") / spread
    middle = len(body) - 1
    near = whole[middle - reach : middle + reach + 1]
    k = int(np.argmax(near))
    if not 0 < k < len(near) - 1 or near[k] < ALIKE:
        return None
    before, peak, after = near[k - 1 : k + 2]
    # the top of the parabola through the best three
    finer = 0.5 * (before - after) / (before - 2 * peak + after)
    return Alignment(round((k - reach + finer) / RATE * 1e9), float(peak))


def _band(curve: Curve) -> Curve:
    return _mean(curve, BAND[0]) - _mean(curve, BAND[1])


def _mean(curve: Curve, seconds: float) -> Curve:
    """Gaussian of that standard deviation; the ends are held."""
    spread = seconds * RATE
    reach = int(3 * spread)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread) ** 2)
    padded = np.concatenate([np.full(reach, curve[0]), curve, np.full(reach, curve[-1])])
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")
