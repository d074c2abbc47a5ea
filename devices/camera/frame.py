"""One picture of a camera."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Frame:
    """`image (H, W, 3)` uint8, blue, green, red, upright; nobody writes into it.

    `sensor` names the camera. `host_ns` is `time.monotonic_ns()` when the picture was there (of a file: when it was
    due); `stamp_ns` the source's own time where it tells one: a file's position, a driver's time of exposure. `number`
    counts the pictures taken from the source since it was connected, those that nobody read too.
    """

    sensor: str
    host_ns: int
    stamp_ns: int | None
    number: int
    image: NDArray[np.uint8]
