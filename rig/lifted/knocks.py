"""Claps and landings: moments that sensors feel as a knock and a camera sees as hands, or feet and floor, that meet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..h36m import HEAD_TOP
from ..imu import ImuSequence
from ..motion import SOLVE_RATE
from ..quaternion import Array

Times = NDArray[np.int64]

FOREARMS, SHINS = (0, 1), (2, 3)  # slots
WRISTS, ANKLES = (13, 16), (3, 6)  # of the 17 joints
HARD = 25.0  # m/s² that both limbs feel in a knock, at least
APART = 0.25  # seconds between two knocks of a kind
CENTRE = 3  # frames to both sides of a knock in which its middle is looked for
QUICK = 0.3  # seconds in which what meets has come together
BOTTOM = 0.1  # seconds to both sides in which nothing is nearer than where things met
FLOOR = 1.0  # seconds to both sides in which feet have been on the floor


@dataclass(frozen=True)
class _Meeting:
    """`near`: gap at which two things touch, `fall`: how much wider it was shortly before; in heights of the body."""

    near: float
    fall: float


CLAP, LANDING = _Meeting(0.2, 0.25), _Meeting(0.06, 0.08)


@dataclass(frozen=True, eq=False)
class Knocks:
    """When they were `felt`, on the sensors' clock, and `seen`, on the camera's; ns."""

    felt: Times
    seen: Times

    def lags(self, most: int) -> list[int]:
        """To add to the camera's times so that one that was seen is one that was felt; none where there are more than
        `most`."""
        lags = [int(felt - seen) for felt in self.felt for seen in self.seen]
        return lags if len(lags) <= most else []

    def offs(self, lag: int, within: float) -> list[int]:
        """Of every knock that was seen, by how much more it is late than `lag`, where it was felt `within` seconds."""
        offs = (min((int(felt - seen) - lag for felt in self.felt), key=abs, default=None) for seen in self.seen)
        return [off for off in offs if off is not None and abs(off) <= within * 1e9]


def find_knocks(imu: ImuSequence, seen_ns: Times, rays: Array, confidence: Array) -> list[Knocks]:
    """Claps, then landings of both feet; `rays (N, 17, 2)` and `confidence (N, 17)` at the pictures' times."""
    known = np.isfinite(rays).all(axis=-1) & (confidence > 0)
    hands = felt_knocks(np.linalg.norm(imu.acceleration[:, FOREARMS], axis=-1), imu.present[:, FOREARMS], imu.t_ns)
    feet = felt_knocks(imu.acceleration[:, SHINS, 1], imu.present[:, SHINS], imu.t_ns)
    size = _height(rays, known)
    apart = np.where(known[:, WRISTS].all(axis=1)[:, None], rays[:, WRISTS[0]] - rays[:, WRISTS[1]], np.nan) / size
    above = _above_floor(seen_ns, np.where(known[:, ANKLES].all(axis=1), rays[:, ANKLES, 1].max(axis=1), np.nan)) / size
    landed = met(seen_ns, np.stack([np.maximum(above, 0), np.zeros(len(above))], axis=-1), LANDING)
    return [Knocks(hands, met(seen_ns, apart, CLAP)), Knocks(feet, landed)]


def felt_knocks(acceleration: Array, present: NDArray[np.bool_], t_ns: Times) -> Times:
    """Moments at which both of two limbs, `acceleration (T, 2)` m/s², are knocked."""
    both = np.where(present.all(axis=1), acceleration.min(axis=1), 0.0).astype(np.float64)
    found: list[int] = []
    left = both.copy()
    reach = round(APART * SOLVE_RATE)
    while len(left) and left[peak := int(np.argmax(left))] > HARD:
        rows = slice(max(0, peak - CENTRE), peak + CENTRE + 1)
        found.append(int(t_ns[0] + np.average(t_ns[rows] - t_ns[0], weights=np.maximum(both[rows], 0))))
        left[max(0, peak - reach) : peak + reach + 1] = 0
    return np.array(sorted(found), np.int64)


def met(t_ns: Times, apart: Array, meeting: _Meeting) -> Times:
    """Moments at which two things `apart (N, 2)`, NaN where it is not known, quickly met: where the line along which
    the gap closes reaches its bottom. What only crosses in the picture goes on in the same direction."""
    rows = np.flatnonzero(np.isfinite(apart).all(axis=1))
    times, apart = t_ns[rows].astype(np.float64), apart[rows]
    gap = np.linalg.norm(apart, axis=1)
    found: list[int] = []
    for k in range(1, len(gap) - 1):
        around = gap[np.abs(times - times[k]) < BOTTOM * 1e9]
        if gap[k] > min(meeting.near, around.min()) or gap[k - 1] == gap[k]:
            continue
        before = np.flatnonzero(times[:k] > times[k] - QUICK * 1e9)
        if len(before) < 2 or gap[before].max() - gap[k] < meeting.fall:
            continue
        top, after = int(before[np.argmax(gap[before])]), int(np.searchsorted(times, times[k] + QUICK / 2 * 1e9))
        crossed = after < len(gap) and apart[after] @ apart[top] < 0 and gap[after] > meeting.near / 2
        if not crossed and (not found or times[k] - found[-1] > APART * 1e9):
            found.append(_contact(times[: k + 1], gap[: k + 1], top))
    return np.array(found, np.int64)


def _contact(times: Array, gap: Array, top: int) -> int:
    """`gap` falls from row `top` to its bottom in the last."""
    share = (gap - gap[-1]) / (gap[top] - gap[-1])
    closing = [k for k in range(top, len(gap)) if 0.1 <= share[k] <= 0.6]
    if len(closing) < 2:
        after = max(closing, default=int(np.flatnonzero(share > 0.5)[-1]))
        closing = [after - 1, after] if after > 0 else [0, 1]
    slope, start = np.polyfit(times[closing] - times[top], share[closing], 1)
    end = -start / slope if slope < 0 else times[-1] - times[top]
    return int(times[top] + np.clip(end, 0, times[-1] - times[top]))


def _height(rays: Array, known: NDArray[np.bool_]) -> float:
    """Of the performer in the picture, in the units of `rays`."""
    tall = np.linalg.norm(rays[:, HEAD_TOP] - rays[:, ANKLES].mean(axis=1), axis=-1)
    tall = tall[known[:, (*ANKLES, HEAD_TOP)].all(axis=1)]
    return max(float(np.median(tall)), 1e-6) if len(tall) else 1.0


def _above_floor(t_ns: Times, lowest: Array) -> Array:
    """How far the lower foot, `lowest (N,)` downwards, is above where it stands."""
    floor = np.full(len(lowest), np.nan)
    first, last = (np.searchsorted(t_ns, t_ns + sign * round(FLOOR * 1e9)) for sign in (-1, 1))
    for k in range(len(t_ns)):
        around = lowest[first[k] : last[k]]
        if np.isfinite(around).any():
            floor[k] = np.nanpercentile(around, 75)
    return floor - lowest
