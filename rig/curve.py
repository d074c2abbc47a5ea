"""Animated properties: what a bake keys, whole or reduced to the keys that matter."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .quaternion import angle_between, normalise

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Curve:
    """`values (T, C)` of the property at `data_path`, a column an index; `group` is what the editor shows it under."""

    data_path: str
    group: str
    values: Floats


@dataclass(frozen=True)
class Reduction:
    """How far a curve between its keys may be from the motion: a bone's own rotation, and a place (`unit` is what one
    unit of the rig measures in metres)."""

    degrees: float = 0.5
    millimetres: float = 2.0
    unit: float = 1.0


def keys_of(curve: Curve, reduction: Reduction | None) -> NDArray[np.int64]:
    """Frames of `curve` to key so that straight lines between them stay within `reduction`; all without one.

    Ramer-Douglas-Peucker, every open stretch of a round at once: a round costs one pass over the frames.
    """
    frames = len(curve.values)
    if reduction is None or frames < 3:
        return np.arange(frames)
    kept = np.zeros(frames, bool)
    kept[[0, -1]] = True
    while True:
        keys = np.flatnonzero(kept)
        excess = _excess(curve, keys, reduction)
        worst = np.maximum.reduceat(excess, keys[:-1])  # of each stretch from one key to before the next
        stretch = np.repeat(np.arange(len(keys) - 1), np.diff(keys))
        over = np.flatnonzero((excess[:-1] > 1) & (excess[:-1] == worst[stretch]))
        if not len(over):
            return keys
        kept[over[np.unique(stretch[over], return_index=True)[1]]] = True


def _excess(curve: Curve, keys: NDArray[np.int64], reduction: Reduction) -> Floats:
    """Error `(T,)` of straight lines through `keys`, as a multiple of what is allowed."""
    values = curve.values.astype(np.float64)
    after = np.clip(np.searchsorted(keys, np.arange(len(values)), side="right"), 1, len(keys) - 1)
    left, right = keys[after - 1], keys[after]
    weight = ((np.arange(len(values)) - left) / (right - left))[:, None]
    line = values[left] + weight * (values[right] - values[left])
    property_name = curve.data_path.rpartition(".")[2]
    if property_name == "rotation_quaternion":
        excess: Floats = np.degrees(angle_between(normalise(line), normalise(values))) / reduction.degrees
    elif property_name == "location":
        excess = np.linalg.norm(line - values, axis=1) * reduction.unit * 1000 / reduction.millimetres
    else:  # Euler and axis-angle
        excess = np.degrees(np.abs(line - values).max(axis=1)) / reduction.degrees
    excess[keys] = 0
    return excess
