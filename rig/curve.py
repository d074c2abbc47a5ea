"""Animated properties: what a bake keys, whole or reduced to the keys that matter."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

STRIDE = 64  # frames between two keys at most; the work then grows with the length and no faster


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

    Ramer-Douglas-Peucker between keys `STRIDE` frames apart, every stretch that is still off in a round at once.
    """
    if reduction is None:
        return np.arange(len(curve.values))
    kept = np.zeros(len(curve.values), bool)
    kept[::STRIDE] = kept[-1] = True
    rows = np.arange(len(kept))  # of stretches that may still be off
    while len(rows):
        keys = np.flatnonzero(kept)
        after = np.clip(np.searchsorted(keys, rows, side="right"), 1, len(keys) - 1)
        excess = _excess(curve, rows, keys[after - 1], keys[after], reduction)
        starts = np.flatnonzero(np.diff(after, prepend=-1))
        stretch = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(rows))))
        worst = np.maximum.reduceat(excess, starts)[stretch]
        over = np.flatnonzero((worst > 1) & (excess == worst))
        kept[rows[over[np.unique(stretch[over], return_index=True)[1]]]] = True
        rows = rows[worst > 1]
    return np.flatnonzero(kept)


def _excess(
    curve: Curve,
    rows: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    reduction: Reduction,
) -> Floats:
    """Error of straight lines from frames `left` to `right` at `rows`, all `(n,)`, as a multiple of what is allowed."""
    values, kind = curve.values.astype(np.float64), curve.data_path.rpartition(".")[2]
    weight = ((rows - left) / np.maximum(right - left, 1))[:, None]
    line, true = values[left] + weight * (values[right] - values[left]), values[rows]
    if kind == "rotation_quaternion":
        cosine = np.abs(np.sum(line * true, axis=1)) / np.linalg.norm(line, axis=1) / np.linalg.norm(true, axis=1)
        excess: Floats = np.degrees(2 * np.arccos(np.minimum(cosine, 1))) / reduction.degrees
    elif kind == "location":
        excess = np.linalg.norm(line - true, axis=1) * reduction.unit * 1000 / reduction.millimetres
    else:  # Euler and axis-angle
        excess = np.degrees(np.abs(line - true).max(axis=1)) / reduction.degrees
    excess[(rows == left) | (rows == right)] = 0
    return excess
