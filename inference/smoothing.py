"""Steadies the pose as much as the movement allows.

A joint is replaced by the binomial mean of its last seven world rotations while it is slow, left alone while it is
fast, and blended in between: the idea of the One Euro filter (Casiez et al., CHI 2012). Slow joints show tremor, fast
ones lag. Joints with a sensor are no exception: cheap sensors tremble more than the network does.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .poses import nearest_rotation

TAPS = tuple(math.comb(6, k) / 64 for k in range(7))
FAST = 2.0  # rad/s from which a joint is left alone; chosen on validation people
SPEED_GAIN = 0.1  # per frame, of the running mean of the speed

Matrices = NDArray[np.float64]


class SmoothingState(NamedTuple):
    """`recent (6, 24, 3, 3)` rotations, `mean (24, 3, 3)` the last binomial mean, `speed (24,)` rad/s."""

    recent: Matrices
    mean: Matrices
    speed: NDArray[np.float64]


def steady(world: Matrices, state: SmoothingState | None, rate: float = 60.0) -> tuple[Matrices, SmoothingState]:
    """`world (T, 24, 3, 3)` rotations and what the last call handed on. Causal, so T may be 1."""
    if state is None:
        state = SmoothingState(np.repeat(world[:1], len(TAPS) - 1, axis=0), world[0], np.zeros(world.shape[1]))
    padded = np.concatenate([state.recent, world])
    mean = np.zeros_like(world)
    for k, weight in enumerate(TAPS):
        mean += weight * padded[k : k + len(world)]
    change = np.diff(mean, axis=0, prepend=state.mean[None])
    turning = np.sqrt((change**2).sum((-1, -2)) / 2) * rate  # of a small rotation: its angle
    speed = running_mean(turning, state.speed, SPEED_GAIN)
    share = np.clip(speed / FAST, 0, 1)[..., None, None]
    blended = nearest_rotation(share * world + (1 - share) * mean)
    return blended, SmoothingState(padded[len(padded) - len(TAPS) + 1 :], mean[-1], speed[-1])


def running_mean(values: NDArray[np.float64], last: NDArray[np.float64], gain: float) -> NDArray[np.float64]:
    """First-order low pass along the first axis of `values (T, n)`, going on from `last (n,)`."""
    result = np.empty_like(values)
    for t, value in enumerate(values):
        last = last + gain * (value - last)
        result[t] = last
    return result
