"""Smooth curves through keys, on a common time axis: what the performer's motion is drawn with."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]


def ease(share: Curve) -> Curve:
    """Minimum-jerk way from 0 to 1 (Flash and Hogan, J. Neurosci. 1985): how a person moves from rest to rest."""
    u = np.clip(share, 0.0, 1.0)
    return u**3 * (10 - 15 * u + 6 * u * u)


def keyed(t: Curve, keys: Sequence[tuple[float, float]]) -> Curve:
    """Value at `t` (seconds) of a curve that rests at every key `(time, value)` and eases between them."""
    value = np.full_like(t, keys[0][1])
    for (start, before), (end, after) in pairwise(keys):
        value = value + (after - before) * ease((t - start) / max(end - start, 1e-9))
    return value


def smooth(values: Curve, frames: float) -> Curve:
    """Gaussian of `frames` standard deviation along the first axis; the ends are held."""
    if frames <= 0:
        return values
    reach = int(np.ceil(4 * frames))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / frames) ** 2)
    padded = np.concatenate([np.repeat(values[:1], reach, 0), values, np.repeat(values[-1:], reach, 0)])
    flat = padded.reshape(len(padded), -1)
    columns = [np.convolve(column, kernel / kernel.sum(), mode="valid") for column in flat.T]
    return np.stack(columns, axis=-1).reshape(values.shape)


def lowest(values: Curve, frames: int) -> Curve:
    """Running minimum over `frames` to either side."""
    padded = np.concatenate([np.full(frames, np.inf), values, np.full(frames, np.inf)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * frames + 1)
    return np.asarray(windows.min(axis=-1))
