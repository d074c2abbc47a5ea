"""The One Euro filter for poses, frame by frame (Casiez, Roussel and Vogel, CHI 2012).

Slow joints are smoothed, fast ones hardly: the cutoff rises with the speed, so that tremor and lag are both small.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .quaternion import angle_between, slerp

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OneEuro:
    """`least` Hz is the cutoff at rest, `gain` what a rad/s (of places: a m/s) adds to it, `speed` Hz the cutoff of the
    speed's own filter."""

    least: float = 2.0
    gain: float = 1.5
    speed: float = 1.0


@dataclass(frozen=True, eq=False)
class OneEuroState:
    """The last frame as it was given out, and the speeds: `rotations (J, 4)`, `place (3,)`, `turning (J,)`, `going`."""

    rotations: Array
    place: Array
    turning: Array
    going: Array


def one_euro(
    rotations: Array, place: Array, seconds: float, state: OneEuroState | None, filter_: OneEuro
) -> tuple[Array, Array, OneEuroState]:
    """Parent-relative `rotations (J, 4)` and `place (3,)`, `seconds` after the frame of `state` (None: the first)."""
    if state is None:
        first = OneEuroState(rotations, place, np.zeros(len(rotations)), np.zeros(1))
        return rotations, place, first
    turning = _towards(state.turning, angle_between(state.rotations, rotations) / seconds, filter_.speed, seconds)
    going = _towards(state.going, np.array([np.linalg.norm(place - state.place)]) / seconds, filter_.speed, seconds)
    turned = slerp(state.rotations, rotations, _share(filter_.least + filter_.gain * turning, seconds))
    moved = state.place + _share(filter_.least + filter_.gain * going, seconds) * (place - state.place)
    return turned, moved, OneEuroState(turned, moved, turning, going)


def _share(cutoff: Array, seconds: float) -> Array:
    """How far a first-order low pass of `cutoff` Hz goes towards a new value."""
    step = 2 * np.pi * cutoff * seconds
    return np.asarray(step / (1 + step))


def _towards(old: Array, new: Array, cutoff: float, seconds: float) -> Array:
    return np.asarray(old + _share(np.array(cutoff), seconds) * (new - old))
