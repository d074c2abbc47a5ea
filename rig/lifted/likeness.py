"""How alike two movements are at every lag between them: joints in space that sensors gave, and in a camera's picture.

The picture of a distant body is a linear map of its joints. At every lag the map that fits best is found by least
squares, and the share of what moves in the picture that it explains; all sums over time are Fourier transforms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..motion import SOLVE_RATE
from ..quaternion import Array
from ..smooth import gaussian
from .even import EvenKeypoints

STEADY = 0.05  # seconds: shorter movements are a detector's noise
SIZE_STEADY = 0.5  # seconds over which the performer's size in the picture is smoothed
RIDGE = 1e-3  # of the squared size: as much movement as says nothing
PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
SQUARE = (0, 1, 2, 1, 3, 4, 2, 4, 5)  # of the pairs, row by row


@dataclass(frozen=True, eq=False)
class Likeness:
    """At each of the lags `frames (L,)`, by which the picture may begin after the sensors: the share of the picture's
    movement that is `explained`, the `moved` mean square of it in squared sizes of the body, and the `seconds` that
    both have in common."""

    frames: NDArray[np.intp]
    explained: Array
    moved: Array
    seconds: Array

    @property
    def evidence(self) -> Array:
        """Logarithm of how much likelier the movement is one than two, but for a factor."""
        return np.asarray(-self.seconds * np.log(1 - self.explained))


def likeness(felt: Array, even: EvenKeypoints) -> Likeness:
    """Of joints `felt (N, 17, 3)` from the pelvis in a level world and `even (M)`, both at 60 Hz."""
    body, picture = upright(felt), upright(even.rays - even.rays[:, :1])
    sure = even.sure * even.sure[:, :1]
    totals = np.sum([_moments(body[:, k], picture[:, k], sure[:, k]) for k in range(1, 17)], axis=0)
    count, moved, cross, square = totals[0], totals[1], totals[2:8], totals[8:]
    count = np.maximum(count, 1e-9)
    normal = square[list(SQUARE)].T.reshape(-1, 3, 3) + RIDGE * count[:, None, None] * np.eye(3)
    cross = cross.T.reshape(-1, 2, 3)
    fit = np.einsum("lci,lic->l", cross, np.linalg.solve(normal, cross.transpose(0, 2, 1)))
    explained = np.clip(fit / np.maximum(moved + RIDGE * count, 1e-9), 0, 0.999)
    frames = np.arange(-len(picture) + 1, len(body))
    return Likeness(frames, explained, moved / count, count / (16 * SOLVE_RATE))


def upright(joints: Array) -> Array:
    """Steadied, and as large as its vertical spread in the second around: as tall in the picture as in space."""
    joints = gaussian(joints.astype(np.float64), STEADY * SOLVE_RATE)
    tall = gaussian(joints[..., 1].std(axis=1)[:, None], SIZE_STEADY * SOLVE_RATE)
    return np.asarray(joints / np.maximum(tall, 1e-6)[..., None])


def _moments(body: Array, picture: Array, sure: Array) -> Array:
    """Of one joint, at every lag: weight, and from the means of what is in common squares of the picture, its products
    with the body `(2, 3)`, and the body's `PAIRS`, `(14, lags)`."""
    x, b = sure[:, None] * picture, body
    seen = _Spectra([sure, *x.T, (x * picture).sum(axis=1)], len(body))
    space = _Spectra([np.ones(len(b)), *b.T, *(b[:, i] * b[:, j] for i, j in PAIRS)], len(sure))
    n = np.maximum(seen.along(0, space, 0), 1e-9)
    px = [seen.along(1 + c, space, 0) for c in range(2)]
    pb = [seen.along(0, space, 1 + i) for i in range(3)]
    squares = seen.along(3, space, 0) - (px[0] ** 2 + px[1] ** 2) / n
    cross = [seen.along(1 + c, space, 1 + i) - px[c] * pb[i] / n for c in range(2) for i in range(3)]
    own = [seen.along(0, space, 4 + k) - pb[i] * pb[j] / n for k, (i, j) in enumerate(PAIRS)]
    return np.stack([n, np.maximum(squares, 0), *cross, *own])


class _Spectra:
    """Of several curves of one length, padded for what is correlated with `other` samples."""

    def __init__(self, curves: Sequence[Array], other: int) -> None:
        self._length, self._other = len(curves[0]), other
        self._size = 1 << (self._length + other - 1).bit_length()
        self._values = np.fft.rfft(np.stack(curves), self._size)

    def along(self, row: int, later: "_Spectra", column: int) -> Array:
        """Sum over t of `self[row][t] later[column][t + lag]` at every lag, rising."""
        full = np.fft.irfft(later._values[column] * np.conj(self._values[row]), self._size)
        return np.concatenate([full[self._size - self._length + 1 :], full[: self._other]])
