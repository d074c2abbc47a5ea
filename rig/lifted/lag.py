"""How late a camera's clock is against worn sensors', from how fast limbs turn, then from where they are."""

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInputError
from ..h36m import HEAD_TOP
from ..motion import SOLVE_RATE
from ..quaternion import Array
from ..smooth import gaussian
from .align import best_turn, misses
from .even import even_axis, even_keypoints

LIMBS = ((12, 13), (15, 16), (5, 6), (2, 3))  # of the 17: elbow to wrist, knee to ankle; left, right
STEADY = 0.05  # seconds
OVERLAP = 2.0  # seconds that both have to have in common
QUIET = 0.05  # body lengths a second under which limbs rest
RESTLESS = 0.03  # variance of the rates' logarithms under which nobody moves
HINT = 0.25  # correlation from which a lag is looked at
RIVALS = 12  # lags that are compared by where the joints are
APART = 0.3  # seconds between two of them
CLEAR = 1.1  # times the miss of the best that the next best has to have
NEAR = 0.6  # seconds: the most by which clocks of one computer disagree, a slow camera included
AROUND, STEP = 0.15, 0.01  # seconds that are tried around what limbs tell
FRAMES = 600  # that the last refinement looks at


def limb_rates(joints: Array, known: NDArray[np.bool_]) -> Array:
    """How fast forearms and shins turn or shorten `(T, 4)`, in lengths of the body a second, from `joints (T, 17, 2 or
    3)` at 60 Hz; NaN where an end is not known `(T, 17)`."""
    body = np.linalg.norm(joints[:, HEAD_TOP] - joints[:, (3, 6)].mean(axis=1), axis=-1)
    size = np.nanmedian(np.where(known[:, (3, 6, HEAD_TOP)].all(axis=1), body, np.nan)) if len(body) else 1.0
    size = size if np.isfinite(size) and size > 0 else 1.0
    rates = np.full((len(joints), len(LIMBS)), np.nan)
    for k, (root, end) in enumerate(LIMBS):
        limb = gaussian((joints[:, end] - joints[:, root]).astype(np.float64), STEADY * SOLVE_RATE)
        speed = np.linalg.norm(np.gradient(limb, 1 / SOLVE_RATE, axis=0), axis=-1) / size
        rates[:, k] = np.where(known[:, root] & known[:, end], speed, np.nan)
    return rates


def likely_lags(first: Array, second: Array, about: int | None = None) -> list[tuple[int, float]]:
    """Frames by which `second (M, 4)` may begin after `first (N, 4)`, likeliest first, and the correlations there.

    All lags with at least `OVERLAP` in common are tried, or those near `about`; NaN takes no part.
    """
    lags = np.arange(-len(second) + 1, len(first))
    sums = [_products(np.log(QUIET + first[:, k]), np.log(QUIET + second[:, k])) for k in range(first.shape[1])]
    count, a, b, aa, bb, ab = np.sum(sums, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.maximum(aa - a * a / count, 0) * np.maximum(bb - b * b / count, 0))
        likeness = (ab - a * b / count) / spread
    enough = (spread > RESTLESS * count) & (count >= min(OVERLAP * SOLVE_RATE * first.shape[1], 0.6 * count.max()))
    if about is not None:
        enough &= np.abs(lags - about) <= NEAR * SOLVE_RATE
    likeness = np.where(enough & np.isfinite(likeness), likeness, -1.0)
    # a chance likeness of a short overlap is not better than a long one's
    score = likeness * np.minimum(1, np.sqrt(np.maximum(count, 0) / max(count.max(), 1)) + 0.3)
    found: list[tuple[int, float]] = []
    while len(found) < RIVALS and likeness[best := int(np.argmax(score))] > HINT:
        found.append((int(lags[best]), float(likeness[best])))
        score[np.abs(lags - lags[best]) < APART * SOLVE_RATE] = -1.0
    return found


def _products(first: Array, second: Array) -> Array:
    """At every lag: number, sums, sums of squares and of products of what both know, `(6, lags)`."""
    here, there = np.isfinite(first).astype(float), np.isfinite(second).astype(float)
    a, b = np.nan_to_num(first), np.nan_to_num(second)
    pairs = ((here, there), (a, there), (here, b), (a * a, there), (here, b * b), (a, b))
    return np.stack([_correlated(x, y) for x, y in pairs])


def _correlated(x: Array, y: Array) -> Array:
    """Sum over t of x[t + lag] y[t] for every lag, by Fourier transforms."""
    size = 1 << (len(x) + len(y) - 1).bit_length()
    full = np.fft.irfft(np.fft.rfft(x, size) * np.conj(np.fft.rfft(y, size)), size)
    return np.concatenate([full[size - len(y) + 1 :], full[: len(x)]])


def camera_lag(
    felt: Array, t_ns: NDArray[np.int64], seen_ns: NDArray[np.int64], rays: Array, confidence: Array, *, shared: bool
) -> int:
    """Nanoseconds to add to the pictures' times `seen_ns (N,)` to be on the sensors' clock.

    `felt (T, 17, 3)`: the body that sensors give, at the even times `t_ns`; `rays (N, 17, 2)` and `confidence (N, 17)`
    as `even_keypoints` reads them. `shared`: both have one clock, and the camera is late by less than `NEAR`. Raises
    BadInputError where the movements have nothing in common.
    """
    axis = even_axis(seen_ns)
    even = even_keypoints(seen_ns, rays, confidence, axis)
    rates = limb_rates(felt, np.ones(felt.shape[:2], bool)), limb_rates(even.rays, even.sure > 0)
    about = round((int(seen_ns[0]) - int(t_ns[0])) * SOLVE_RATE / 1e9) if shared else None
    found = []
    for frames, _ in likely_lags(*rates, about):
        coarse = int(t_ns[0]) + round(frames * 1e9 / SOLVE_RATE) - int(seen_ns[0])
        late, cost = _refined(felt, t_ns, seen_ns + coarse, rays, confidence)
        found.append((cost, coarse + late))
    found.sort()
    if not found:
        raise BadInputError(
            "What the camera saw and what the sensors felt is not one movement, or too little of it. Both have to show "
            "some seconds of the same; wave both arms at the start."
        )
    if len(found) > 1 and found[1][0] < CLEAR * found[0][0]:
        raise BadInputError(
            "What the camera saw fits several moments of what the sensors felt: the movement is short or repeats "
            "itself. Let both have more in common, or something that happens once: wave both arms."
        )
    return found[0][1]


def _refined(
    felt: Array, t_ns: NDArray[np.int64], seen_ns: NDArray[np.int64], rays: Array, confidence: Array
) -> tuple[int, float]:
    """Nanoseconds more, by which the felt joints lie nearest to their rays, and the mean squared miss then."""
    rows = np.flatnonzero((t_ns >= seen_ns[0]) & (t_ns <= seen_ns[-1]))
    rows = rows[:: max(1, len(rows) // FRAMES)]
    tried = np.arange(-AROUND, AROUND + STEP / 2, STEP)
    cost, turn = np.empty(len(tried)), None
    for k, late in enumerate(tried):
        even = even_keypoints(seen_ns + round(late * 1e9), rays, confidence, t_ns)
        total = misses(felt[rows], even.rays[rows], even.sure[rows])
        turn = best_turn(total, turn)
        cost[k] = total.of(turn)
    best = int(np.argmin(cost))
    if 0 < best < len(tried) - 1:
        before, here, after = cost[best - 1 : best + 2]
        finer = 0.5 * (before - after) / (before - 2 * here + after)
        return round(1e9 * float(tried[best] + STEP * finer)), float(cost[best])
    return round(1e9 * float(tried[best])), float(cost[best])
