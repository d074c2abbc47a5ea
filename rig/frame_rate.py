"""Frame rates as Blender and video files keep them: a whole number over a base."""

from dataclasses import dataclass

import numpy as np

from .errors import BadInputError

NTSC = 1.001  # 23.976, 29.97 and 59.94 are 24, 30 and 60 over this


@dataclass(frozen=True)
class FrameRate:
    """`fps / base` frames per second."""

    fps: int
    base: float = 1.0

    @property
    def value(self) -> float:
        """Frames per second."""
        return self.fps / self.base


def frame_rate(value: float) -> FrameRate:
    """The rate meant by `value`: 29.97 is 30/1.001. Raises BadInputError outside 1 to 1000."""
    if not (np.isfinite(value) and 1 <= value <= 1000):
        raise BadInputError(f"{value:g} is not a frame rate. Use a number from 1 to 1000.")
    whole = round(value)
    if abs(value - whole) < 1e-3:
        return FrameRate(whole)
    upper = int(np.ceil(value))
    if abs(value - upper / NTSC) < 6e-3:
        return FrameRate(upper, NTSC)
    return FrameRate(upper, upper / value)
