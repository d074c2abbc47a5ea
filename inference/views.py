"""What a session and its camera network say to each other: a picture's joints one way, the pose in it the other."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

VIEW = np.dtype(
    [
        ("number", "i8"),
        ("t_ns", "i8"),
        ("world", "i8"),
        ("rays", "f4", (17, 2)),
        ("confidence", "f4", (17,)),
        ("worn", "?"),
        ("orientation", "f4", (6, 4)),
        ("present", "?", (6,)),
        ("rotations", "f4", (24, 4)),
        ("translation", "f4", (3,)),
    ],
    align=True,
)
SIGHT = np.dtype(
    [
        ("number", "i8"),
        ("t_ns", "i8"),
        ("found", "?"),
        ("rotations", "f4", (24, 4)),
        ("translation", "f4", (3,)),
        ("trust", "f4"),
        ("heading", "f4"),
        ("lag_ns", "i8"),
        ("timed", "?"),
        ("took_ns", "i8"),
    ],
    align=True,
)


@dataclass(frozen=True, eq=False)
class View:
    """One picture, taken at `t_ns` by its own clock. `rays (17, 2)`: x and y at z = 1, NaN where hidden, `confidence
    (17,)`. `worn`: whether sensors are; then, of the same moment, their bones' `orientation (6, 4)`, `present (6,)`,
    and the pose they give, `rotations (24, 4)` and `translation (3,)`. `world` changes when the sensors' world does.
    """

    number: int
    t_ns: int
    world: int
    rays: Floats
    confidence: Floats
    worn: bool
    orientation: Floats
    present: NDArray[np.bool_]
    rotations: Floats
    translation: Floats

    @classmethod
    def read(cls, record: Any) -> Self:
        """From a `VIEW`; a copy."""
        return cls(**_read(record))

    def write(self, record: Any) -> None:
        """To a `VIEW`."""
        _write(self, record)


@dataclass(frozen=True, eq=False)
class Sight:
    """The pose in the picture `number` of `t_ns`; none before the camera is `found`.

    `rotations (24, 4)` and `translation (3,)` in the sensors' world, or one that begins with the performer; `trust`,
    0 to 1, as the performer is seen; `heading`: radians about +Y by which the sensors' world has drifted; `lag_ns` to
    add to pictures' times for the sensors' clock, `timed` once it was measured; `took_ns` of the network and the rest.
    """

    number: int
    t_ns: int
    found: bool
    rotations: Floats
    translation: Floats
    trust: float
    heading: float
    lag_ns: int
    timed: bool
    took_ns: int = 0

    @classmethod
    def read(cls, record: Any) -> Self:
        """From a `SIGHT`; a copy."""
        return cls(**_read(record))

    def write(self, record: Any) -> None:
        """To a `SIGHT`."""
        _write(self, record)


def _read(record: Any) -> dict[str, Any]:
    values = ((name, record[name]) for name in record.dtype.names)
    return {name: value.copy() if value.shape else value.item() for name, value in values}


def _write(values: Any, record: Any) -> None:
    for name in record.dtype.names:
        record[name] = getattr(values, name)
