"""How late a camera's clock is against worn sensors', from how joints move in both, then from where they are.

Every lag is tried by a linear map (`likeness.py`); the likeliest are compared by how far the felt joints lie from the
rays on which they were seen. A moment is only told where no other fits nearly as well; a clap or a landing, which
happens once, decides between those that do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInputError
from ..imu import ImuSequence
from ..motion import SOLVE_RATE
from ..quaternion import Array
from .align import LEAST, best_turn, misses, off_rays
from .even import EvenKeypoints, even_axis, even_keypoints
from .knocks import Knocks, find_knocks
from .likeness import likeness

OVERLAP = 2.0  # seconds that both have to have in common
STIRRED = 0.02  # mean square of the body's size in the picture: movement under which nobody moves
HINT = 0.05  # share of the movement explained from which a lag is looked at
RIVALS = 12  # lags that are compared by where the joints are
APART = 0.3  # seconds between two of them
CLEAR, BOTH = 1.07, 1.03  # times the miss of the best that others have, at all pictures and at those both reach
LASTING = 0.5  # of what a joint misses by throughout: as much is the sensors' and the detector's, at any moment
FAR = 0.2  # metres: a joint that misses by so much counts half; detectors mistake joints
REACHED = 0.3  # of the pictures: fewer tell nothing
NEAR = 0.6  # seconds: the most by which a lag that is known roughly is off, a slow camera's on one computer included
STEPS = (0.04, 0.01)  # seconds, four to both sides, that are tried around what movements tell, then around the best
WALK = 3  # times that they are tried anew around the best, where that is the last
FRAMES, MORE = 90, 600  # pictures that are looked at for every lag, and for the one that is told
KNOCK_LAGS = 12  # lags that claps and landings may suggest
MATCH, AGREED = 0.12, 0.04  # seconds: a knock seen is one that was felt; and is as exact as the movement
HEARD = 0.5  # of what it says then


class SeveralMomentsError(BadInputError):
    """Pictures fit at several `lags` in nanoseconds, see `camera_lag`; what misses least first."""

    def __init__(self, lags: Sequence[int]) -> None:
        self.lags = tuple(lags)
        super().__init__(
            "What the camera saw fits several moments of what the sensors felt: the movement is short or repeats "
            "itself. Let both have more in common, or something that happens once: clap, and wave both arms."
        )


@dataclass(frozen=True, eq=False)
class Placement:
    """Sensors and pictures `lag` nanoseconds apart, and the mean squared `miss` of joints on their rays then, m²;
    pictures that the sensors do not reach count as at any moment. `missed (N,)` of each picture, NaN there."""

    lag: int
    miss: float
    missed: Array


def camera_lag(
    felt: Array,
    t_ns: NDArray[np.int64],
    seen_ns: NDArray[np.int64],
    rays: Array,
    confidence: Array,
    *,
    about: int | None = None,
    imu: ImuSequence | None = None,
) -> int:
    """Nanoseconds to add to the pictures' times `seen_ns (N,)` to be on the sensors' clock.

    `felt (T, 17, 3)`: the body that sensors give, at the even times `t_ns`; `rays (N, 17, 2)` and `confidence (N, 17)`
    as `even_keypoints` reads them; `imu`, at `t_ns` too, tells of claps. `about`: a lag within `NEAR` of the answer,
    where one is known; 0 where both have one clock. Raises BadInputError where the movements have nothing in common
    there, SeveralMomentsError where too much.
    """
    knocks = [] if imu is None else find_knocks(imu, seen_ns, rays, confidence)
    found = placements(felt, t_ns, seen_ns, rays, confidence, knocks, about)
    if not found:
        raise BadInputError(
            "What the camera saw and what the sensors felt is not one movement, or too little of it. Both have to show "
            "some seconds of the same; clap once, or wave both arms, at the start."
        )
    likely = [found[0], *(rival for rival in found[1:] if not clear(found[0], rival))]
    best = likely[0] if len(likely) == 1 else knocked(likely, knocks)
    if best is None:
        raise SeveralMomentsError([one.lag for one in likely])
    again = _Scene.of(felt, t_ns, seen_ns, rays, confidence, MORE).refined(best.lag)
    return refined_by_knocks(best.lag if again is None else again[0], knocks)


def knocked(likely: Sequence[Placement], knocks: Sequence[Knocks]) -> Placement | None:
    """The one at which more knocks were felt as they were seen than at any other; None where none is."""
    first, second = sorted(likely, key=lambda one: -_agreement(one.lag, knocks))[:2]
    return first if _agreement(first.lag, knocks) > max(0, _agreement(second.lag, knocks)) else None


def _agreement(lag: int, knocks: Sequence[Knocks]) -> int:
    """Knocks that were seen and felt, less those that were only seen, of kinds that were felt at all."""
    return sum(2 * len(one.offs(lag, MATCH)) - len(one.seen) for one in knocks if len(one.felt))


def refined_by_knocks(lag: int, knocks: Sequence[Knocks]) -> int:
    """A part of the way to what claps or, where there are none, landings say: some seconds of movement are as exact as
    one clap. One that is far off is a detector's error."""
    for one in knocks:
        if offs := one.offs(lag, AGREED):
            return lag + round(HEARD * float(np.median(offs)))
    return lag


def clear(best: Placement, rival: Placement) -> bool:
    """Whether `rival` misses surely more, also where it reaches a part of the pictures alone: a film may begin before
    the sensors."""
    both = np.isfinite(best.missed) & np.isfinite(rival.missed)
    if both.mean() >= REACHED and rival.missed[both].mean() < BOTH * best.missed[both].mean():
        return False
    return rival.miss > CLEAR * best.miss


def placements(
    felt: Array,
    t_ns: NDArray[np.int64],
    seen_ns: NDArray[np.int64],
    rays: Array,
    confidence: Array,
    knocks: Sequence[Knocks],
    about: int | None,
) -> list[Placement]:
    """Lags that may be the one, see `camera_lag`; what misses least first."""
    axis = even_axis(seen_ns)
    likeliest = likely_lags(felt, t_ns, even_keypoints(seen_ns, rays, confidence, axis), about)
    suggested = [
        lag for knock in knocks for lag in knock.lags(KNOCK_LAGS) if about is None or abs(lag - about) < NEAR * 1e9
    ]
    scene = _Scene.of(felt, t_ns, seen_ns, rays, confidence, FRAMES)
    tried = [one for lag in (*likeliest, *suggested) if (one := scene.refined(lag)) is not None]
    apart: list[Placement] = []
    for placed in sorted(_comparable(tried), key=lambda one: one.miss):
        if all(abs(placed.lag - other.lag) > APART * 1e9 for other in apart):
            apart.append(placed)
    return apart


def _comparable(tried: Sequence[tuple[int, Array]]) -> list[Placement]:
    """Of lags and their misses `(N,)`, NaN where nothing is known: what a lag leaves out it fits as the middle one of
    them fits all, as most are wrong."""
    usual = float(np.median([np.nanmean(missed) for _, missed in tried])) if tried else 0.0
    known = np.any([np.isfinite(missed) for _, missed in tried], axis=0)
    return [
        Placement(lag, float(np.nan_to_num(missed[known], nan=usual).mean()), missed[known]) for lag, missed in tried
    ]


def tellingly(off: Array) -> Array:
    """Squares of how far joints are `off (N, 17, 2)`, metres, summed over joints so that they tell moments apart,
    `(N,)` m²: errors that are there at any moment count less."""
    off = off - LASTING * np.nanmean(off, axis=0)
    squares = (off**2).sum(axis=-1)
    return np.asarray((squares / (1 + squares / FAR**2)).sum(axis=-1))


def likely_lags(felt: Array, t_ns: NDArray[np.int64], even: EvenKeypoints, about: int | None) -> list[int]:
    """Lags in ns at which one movement would explain both best, likeliest first."""
    like = likeness(felt, even)
    lags = int(t_ns[0]) - int(even.t_ns[0]) + np.round(like.frames * (1e9 / SOLVE_RATE)).astype(np.int64)
    least = min(OVERLAP, 0.6 * float(like.seconds.max(initial=0)))
    fit = (like.seconds >= least) & (like.moved > STIRRED) & (like.explained > HINT)
    if about is not None:
        fit &= np.abs(lags - about) <= NEAR * 1e9
    score = np.where(fit, like.evidence, 0.0)
    score[1:-1] *= (score[1:-1] >= score[:-2]) & (score[1:-1] >= score[2:])  # tops alone
    found: list[int] = []
    while len(found) < RIVALS and score[best := int(np.argmax(score))] > 0:
        found.append(int(lags[best]))
        score[np.abs(lags - lags[best]) < APART * 1e9] = 0
    return found


@dataclass(frozen=True, eq=False)
class _Scene:
    """Joints `felt (T, 17, 3)` from `start` on, at the solve rate; pictures at `seen_ns (N,)` with `rays (N, 17, 2)`
    and `sure (N, 17)`."""

    felt: Array
    start: int
    seen_ns: NDArray[np.int64]
    rays: Array
    sure: Array

    @classmethod
    def of(
        cls,
        felt: Array,
        t_ns: NDArray[np.int64],
        seen_ns: NDArray[np.int64],
        rays: Array,
        confidence: Array,
        most: int,
    ) -> "_Scene":
        """At most `most` of the pictures, evenly."""
        rows = np.arange(0, len(seen_ns), max(1, -(-len(seen_ns) // most)))
        known = np.isfinite(rays[rows]).all(axis=-1)
        sure = np.where(known, confidence[rows], 0.0)
        return cls(felt, int(t_ns[0]), seen_ns[rows], np.where(known[..., None], rays[rows], 0.0), sure)

    def refined(self, lag: int) -> tuple[int, Array] | None:
        """The lag near `lag` at which joints lie nearest to their rays, and their squared misses `(N,)` then, NaN where
        the sensors do not reach or little is seen; None where too little is in common."""
        turn, cost, last = None, np.zeros(0), 0
        for step in STEPS:
            for _ in range(WALK):
                tried = [lag + round(k * step * 1e9) for k in range(-4, 5)]
                cost = np.full(len(tried), np.inf)
                # at the same pictures, or a lag would do well by leaving some out
                rows = np.intersect1d(self._reached(tried[0]), self._reached(tried[-1]))
                for k, late in enumerate(tried):
                    total = misses(self._felt_at(late, rows), self.rays[rows], self.sure[rows])
                    if total.frames >= LEAST:
                        turn = best_turn(total, turn)
                        cost[k] = total.of(turn)
                if not np.isfinite(cost).any():  # too little in common to go by: stay
                    break
                last = int(np.argmin(cost))
                lag = tried[last]
                if 0 < last < len(tried) - 1:
                    break
        if turn is None:
            return None
        if 0 < last < len(cost) - 1 and np.isfinite(cost[last - 1 : last + 2]).all():
            before, here, after = cost[last - 1 : last + 2]
            lag += round(STEPS[-1] * 1e9 * 0.5 * (before - after) / (before - 2 * here + after))
        return self._placed(lag, turn)

    def _placed(self, lag: int, turn: Array) -> tuple[int, Array]:
        rows = self._reached(lag)
        body = self._felt_at(lag, rows)
        turn = best_turn(misses(body, self.rays[rows], self.sure[rows]), turn)
        missed = np.full(len(self.seen_ns), np.nan)
        missed[rows] = tellingly(off_rays(body, self.rays[rows], self.sure[rows], turn))
        return lag, missed

    def _reached(self, lag: int) -> NDArray[np.intp]:
        """The pictures at which there are joints."""
        at = self._frames(lag)
        return np.flatnonzero((at >= 0) & (at <= len(self.felt) - 1))

    def _felt_at(self, lag: int, rows: NDArray[np.intp]) -> Array:
        """Joints at the times of the pictures `rows`."""
        at = self._frames(lag)[rows]
        first = np.minimum(at.astype(np.intp), len(self.felt) - 2)
        share = (at - first)[:, None, None]
        return np.asarray((1 - share) * self.felt[first] + share * self.felt[first + 1])

    def _frames(self, lag: int) -> Array:
        return np.asarray((self.seen_ns + lag - self.start) * (SOLVE_RATE / 1e9))
