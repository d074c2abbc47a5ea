"""Keypoints at even times without holes: what a network can read, and how much of it was seen."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..h36m import h36m_positions
from ..motion import SOLVE_RATE, evenly_timed
from ..quaternion import Array, from_axis_angle
from ..skeleton import JOINTS, SMPL24, joint
from ..smooth import gaussian

SHORT = 0.3  # seconds that a joint may be hidden and is interpolated
PRESENT = 5  # joints that make a person
BRIDGED = 0.5  # seconds without the person that are bridged like hidden joints
BLINK = 0.2  # seconds: shorter sights of a person between gaps are none
STEADY = 0.15  # seconds over which the figure behind hidden joints is smoothed


@dataclass(frozen=True, eq=False)
class EvenKeypoints:
    """`rays (T, 17, 2)`, x and y at z = 1, finite throughout; `sure (T, 17)` from 0, nothing known, to 1; `present
    (T,)` False where nobody was in the picture for long; there all `sure` are 0. `t_ns (T,)` even."""

    rays: Array
    sure: Array
    present: NDArray[np.bool_]
    t_ns: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.t_ns)


def even_axis(t_ns: NDArray[np.int64], rate: float = SOLVE_RATE) -> NDArray[np.int64]:
    """Even times from the first of `t_ns` to the last."""
    count = int((t_ns[-1] - t_ns[0]) * rate / 1e9) + 1
    return int(t_ns[0]) + np.asarray(np.round(np.arange(count) * (1e9 / rate)), np.int64)


def even_keypoints(t_ns: NDArray[np.int64], rays: Array, confidence: Array, axis: NDArray[np.int64]) -> EvenKeypoints:
    """`rays (N, 17, 2)`, NaN where hidden, and `confidence (N, 17)` at the times `t_ns (N,)`, brought to `axis`.

    A joint hidden for `SHORT` or less goes straight on; its confidence falls with the distance to where it was seen.
    One hidden longer keeps its place in a standing figure of the size and place of what is seen.
    """
    seen = np.isfinite(rays).all(axis=-1) & (confidence > 0)
    present = _present(t_ns, seen.sum(axis=1) >= PRESENT, axis)
    filled, sure = np.zeros((len(axis), 17, 2)), np.zeros((len(axis), 17))
    near = np.zeros((len(axis), 17), bool)
    whole = np.zeros(17, bool)
    if np.array_equal(t_ns, axis):  # live: what was seen in every picture stays as it is
        whole = seen.all(axis=0)
        filled[:, whole], sure[:, whole], near[:, whole] = rays[:, whole], confidence[:, whole], True
    for k in np.flatnonzero(~whole):
        rows = np.flatnonzero(seen[:, k])
        if len(rows):
            filled[:, k], away = _interpolated(t_ns[rows], rays[rows, k], axis)
            near[:, k] = away <= SHORT / 2
            conf = np.interp(axis, t_ns[rows], confidence[rows, k])
            sure[:, k] = conf * np.clip(1 - 2 * away / SHORT, 0, 1)
    sure *= present[:, None]
    return EvenKeypoints(_completed(filled, near & present[:, None]), sure, present, axis)


def _present(t_ns: NDArray[np.int64], there: NDArray[np.bool_], axis: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether somebody is in the picture: a sight no longer than a blink is none, a short absence is bridged."""
    found = np.zeros(len(axis), bool)
    rows = np.flatnonzero(there)
    if not len(rows):
        return found
    cuts = np.flatnonzero(np.diff(t_ns[rows]) > BRIDGED * 1e9) + 1
    step = np.median(np.diff(t_ns)) if len(t_ns) > 1 else 0
    for part in np.split(rows, cuts):
        begin, end = t_ns[part[0]], t_ns[part[-1]]
        if end - begin >= BLINK * 1e9 or len(t_ns) <= 12:
            found |= (axis >= begin - step) & (axis <= end + step)
    return found


def _interpolated(t_ns: NDArray[np.int64], values: Array, axis: NDArray[np.int64]) -> tuple[Array, Array]:
    """`values (N, 2)` at the times `axis`, held beyond the ends; seconds from the middle of the data around, `(T,)`.

    The second is 0 between samples of one video rate: what lies between two pictures was seen.
    """
    at = np.stack([np.interp(axis, t_ns, values[:, c]) for c in range(2)], axis=-1)
    after = np.clip(np.searchsorted(t_ns, axis), 1, max(len(t_ns) - 1, 1))
    step = float(np.median(np.diff(t_ns))) if len(t_ns) > 1 else 0.0
    nearest = np.minimum(np.abs(axis - t_ns[after - 1]), np.abs(axis - t_ns[np.minimum(after, len(t_ns) - 1)]))
    return at, np.clip(nearest - 0.6 * step, 0, None) / 1e9


@cache
def standing_figure() -> Array:
    """The 17 joints `(17, 2)` of who stands with arms hanging, seen from the front: x right, y down, metres."""
    turns = np.tile([1.0, 0, 0, 0], (1, len(JOINTS), 1))
    for side, sign in (("left", -1.0), ("right", 1.0)):
        turns[0, joint(f"{side}_shoulder")] = from_axis_angle(np.array([0, 0, 1.0]), np.array(sign * 1.3))
    positions = h36m_positions(evenly_timed(turns, np.zeros((1, 3)), SMPL24))[0].astype(np.float64)
    figure: Array = np.stack([positions[:, 0], -positions[:, 1]], axis=-1)
    figure.setflags(write=False)  # kept for the next call
    return figure


def _completed(filled: Array, near: NDArray[np.bool_]) -> Array:
    """Joints far from any sight at where they were, or would be, in a figure fitted to what is near `(T, 17)`."""
    if near.all():
        return filled
    figure = standing_figure()
    place, size = _fitted(figure, filled, near)
    expected = place[:, None] + size[:, None, None] * figure
    result = filled.copy()
    frames = np.arange(len(filled))
    for k in np.flatnonzero(~near.all(axis=0)):
        rows, hidden = np.flatnonzero(near[:, k]), ~near[:, k]
        away = np.zeros((len(filled), 2))
        if len(rows):
            own = (filled[rows, k] - expected[rows, k]) / size[rows, None]
            away = np.stack([np.interp(frames, rows, own[:, c]) for c in range(2)], axis=-1)
        result[hidden, k] = (expected[:, k] + size[:, None] * away)[hidden]
    return result


def _fitted(figure: Array, filled: Array, near: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Place `(T, 2)` and size `(T,)` of the figure in every frame, smoothed; a figure far off where nobody was seen."""
    weight = near.astype(np.float64)
    total = np.maximum(weight.sum(axis=1), 1e-9)
    middle = np.einsum("tk,tkc->tc", weight, filled) / total[:, None]
    own = np.einsum("tk,kc->tc", weight, figure) / total[:, None]
    spread = figure[None] - own[:, None]
    power = np.einsum("tk,tkc->t", weight, spread**2)
    size = np.einsum("tk,tkc,tkc->t", weight, spread, filled - middle[:, None]) / np.maximum(power, 1e-9)
    rows = np.flatnonzero((near.sum(axis=1) >= PRESENT) & (size > 1e-3))
    if not len(rows):
        return np.zeros((len(filled), 2)), np.full(len(filled), 0.3)
    frames = np.arange(len(filled))
    size = np.interp(frames, rows, size[rows])
    place = np.stack([np.interp(frames, rows, (middle - size[:, None] * own)[rows, c]) for c in range(2)], axis=-1)
    steady = STEADY * SOLVE_RATE
    return gaussian(place, steady), gaussian(size[:, None], steady)[:, 0]
