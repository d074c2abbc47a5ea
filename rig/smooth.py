"""Smoothing without delay: of a recording, by a filter that looks as far ahead as back."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .motion import Motion
from .quaternion import make_continuous, normalise


def gaussian(values: NDArray[np.float64], frames: float, *, onward: bool = False) -> NDArray[np.float64]:
    """Zero phase, of `frames` standard deviation along the first axis.

    At the ends the values are mirrored, so that they come to rest; `onward`, turned about the ends, so that they go on.
    """
    if frames <= 0 or len(values) < 2:
        return values
    reach = int(np.ceil(4 * frames))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / frames) ** 2)
    kernel /= kernel.sum()
    rows = np.abs(np.arange(-reach, len(values) + reach))
    last = 2 * (len(values) - 1)
    rows = np.minimum(rows % last, last - rows % last)
    flat = values.reshape(len(values), -1)
    padded = flat[rows]
    if onward:
        padded[:reach] = 2 * flat[0] - padded[:reach]
        padded[-reach:] = 2 * flat[-1] - padded[-reach:]
    columns = [np.convolve(column, kernel, mode="valid") for column in padded.T]
    return np.stack(columns, axis=-1).reshape(values.shape)


def smooth_motion(motion: Motion, seconds: float) -> Motion:
    """Rotations and place, of `seconds` standard deviation; movements of a tenth of that are gone, no pose is late."""
    frames = seconds * motion.rate
    rotations = gaussian(make_continuous(motion.rotations.astype(np.float64)), frames)
    place = gaussian(motion.translation.astype(np.float64), frames)
    return replace(motion, rotations=normalise(rotations).astype(np.float32), translation=place.astype(np.float32))
