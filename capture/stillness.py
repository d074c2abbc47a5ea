"""Where in a recording the performer stood still."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..rig.motion import SOLVE_RATE
from ..rig.quaternion import Array, angle_between, make_continuous, normalise
from .clock import Resampled

STILL = np.radians(12.0)  # rad/s: above the noise of worn sensors at rest, under the slowest gesture
SHORTEST = 0.5  # seconds
LONGEST = 2.0  # seconds; more adds drift, not accuracy
_WINDOW = 0.25  # seconds over which speed is measured


def mean_orientation(orientation: Array) -> Array:
    """Mean of nearby rotations `(N, 4)`."""
    return normalise(make_continuous(orientation).mean(axis=0))


def angular_speed(sensor: Resampled) -> NDArray[np.float64]:
    """Rad/s `(T,)` over a quarter of a second around each frame; infinite where not measured."""
    reach = round(_WINDOW * SOLVE_RATE / 2)
    q, count = sensor.orientation, len(sensor.orientation)
    before, after = np.maximum(np.arange(count) - reach, 0), np.minimum(np.arange(count) + reach, count - 1)
    seconds = np.maximum(after - before, 1) / SOLVE_RATE
    speed = angle_between(q[before], q[after]) / seconds
    return np.where(sensor.present & sensor.present[before] & sensor.present[after], speed, np.inf)


def first_still(sensors: Sequence[Resampled]) -> tuple[slice, bool]:
    """The first stretch of half a second or more (at most two) in which every sensor rests, and True.

    Where there is none: the calmest half second, and False.
    """
    # a sensor's short drop-out must not end the stretch, so the others speak for it
    speeds = np.stack([angular_speed(sensor) for sensor in sensors])
    heard = np.isfinite(speeds)
    fastest = np.where(heard.mean(axis=0) >= 0.5, np.max(np.where(heard, speeds, 0), axis=0), np.inf)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], fastest < STILL, [False]]).astype(int)))
    for start, end in edges.reshape(-1, 2):
        if end - start >= SHORTEST * SOLVE_RATE:
            return slice(int(start), int(min(end, start + LONGEST * SOLVE_RATE))), True
    length = min(round(SHORTEST * SOLVE_RATE), len(fastest))
    bounded = np.where(np.isfinite(fastest), fastest, 100.0)
    sums = np.convolve(bounded, np.ones(length), mode="valid")
    start = int(np.argmin(sums))
    return slice(start, start + length), False
