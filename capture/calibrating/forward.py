"""Which way each sensor's world is turned, from two steps straight ahead.

Between two moments of rest every sensor travels as far as the body does, and in the same direction, wherever it is
worn and whatever world it reports in. The acceleration integrated twice, with the speed zero at both ends (as in
foot-mounted navigation: Foxlin, IEEE CG&A 2005), gives that way in each sensor's own world, and so its heading with its
sign. No magnetic field and no knowledge of the mounting enter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...rig.motion import SOLVE_RATE
from ..clock import Resampled
from .finding import Finding, bad, in_words, warn
from .samples import Block
from .step import Step

SHORTEST = 0.45  # metres that tell a direction
ALIKE = (0.6, 1.6)  # of the median way: other lengths are wrong units or a wrong frame
PUSHED = 0.2  # m/s² above rest: the way has begun
EVEN = 9  # frames that this is averaged over
LEVEL = 0.4  # of the median way: nobody rises more in two steps
UNCERTAIN = 6.0  # degrees of standard deviation above which it is said


@dataclass(frozen=True)
class Travelled:
    """`heading` (rad about +Y), the length of the way and its rise (m), and the heading's standard deviation (rad)."""

    heading: float
    length: float
    rise: float
    deviation: float


def travelled(sensor: Resampled, rest: int, moving: slice) -> Travelled:
    """`sensor` from rest to rest; the first and the last `rest` frames are at rest, and `moving` holds the way."""
    flat = sensor.acceleration
    ends = np.stack([flat[:rest].mean(axis=0), flat[-rest:].mean(axis=0)])
    share = np.linspace(0, 1, len(flat))[:, None]
    speed = np.cumsum((flat - ends[0] - share * (ends[1] - ends[0]))[moving], axis=0) / SOLVE_RATE
    speed = speed - np.linspace(0, 1, len(speed))[:, None] * speed[-1]
    x, y, z = speed.sum(axis=0) / SOLVE_RATE
    length = float(np.hypot(x, z))
    noise = float(np.sqrt((flat[:rest].var(axis=0) + flat[-rest:].var(axis=0)).mean() / 2))
    # a random walk of the speed, tied down at both ends, summed over `seconds`
    seconds = len(speed) / SOLVE_RATE
    off = noise / np.sqrt(SOLVE_RATE) * np.sqrt(seconds**3 / 12)
    return Travelled(float(np.arctan2(x, z)), length, float(y), float(off / max(length, 1e-6)))


def find_headings(block: Block, rest: int, patient: bool) -> dict[str, Travelled] | None:
    """Every sensor's; None where the way was too short to tell, or (`patient`) lost samples made it another."""
    heard = {name: sensor for name, sensor in block.sensors.items() if sensor.present.mean() > 0.5}
    if not heard or len(block.t_ns) <= 2 * rest:
        return None
    moving = _moving(list(heard.values()), rest)
    found = {name: travelled(sensor, rest, moving) for name, sensor in heard.items()}
    usual = float(np.median([way.length for way in found.values()]))
    torn = patient and any(
        not heard[name].present[moving].all() and not _alike(way, usual) for name, way in found.items()
    )
    return None if usual < SHORTEST or torn else found


def _alike(way: Travelled, usual: float) -> bool:
    return ALIKE[0] < way.length / usual < ALIKE[1] and abs(way.rise) < LEVEL * usual


def _moving(sensors: Sequence[Resampled], rest: int) -> slice:
    """The frames of the way: noise is summed up over each frame more, so as few as possible."""
    # of most sensors: one that is in a wrong unit must not decide
    pushed = np.median(
        [np.linalg.norm(s.acceleration - s.acceleration[:rest].mean(0), axis=1) for s in sensors], axis=0
    )
    smooth = np.convolve(pushed, np.ones(EVEN) / EVEN, mode="same")
    calm = max(smooth[:rest].mean(), smooth[-rest:].mean())
    active = np.flatnonzero(smooth > calm + PUSHED)
    if not len(active):
        return slice(rest // 2, len(pushed) - rest // 2)
    return slice(max(int(active[0]) - EVEN, 1), min(int(active[-1]) + EVEN, len(pushed)))


def judge_headings(block: Block, found: dict[str, Travelled], slots: dict[str, str]) -> list[Finding]:
    """Sensors that did not go along, or whose way means nothing."""
    usual = float(np.median([way.length for way in found.values()]))
    return [said for name, slot in slots.items() if (said := _judge(block, found.get(name), usual, name, slot))]


def _judge(block: Block, way: Travelled | None, usual: float, name: str, slot: str) -> Finding | None:
    where = in_words(slot)
    if way is None:
        return bad(name, slot, Step.HEADING, f"The sensor on the {where} fell silent. Look at its battery and range.")
    if _frozen(block.sensors[name].orientation, block.sensors[name].acceleration):
        reason = f"The sensor on the {where} sends one and the same value. Switch it off and on again."
        return bad(name, slot, Step.HEADING, reason)
    if not _alike(way, usual):
        reason = (
            f"By its acceleration the {where} went {way.length:.2f} m ahead and {way.rise:+.2f} m up, "
            f"while the body went {usual:.2f} m ahead: a wrong unit, "
            f"or not the world's frame. Check its settings, then walk again."
        )
        return bad(name, slot, Step.HEADING, reason)
    if np.degrees(way.deviation) > UNCERTAIN:
        reason = (
            f"The heading of the {where} is uncertain by {np.degrees(way.deviation):.0f}°. Walk again, a longer way."
        )
        return warn(name, slot, Step.HEADING, reason)
    return None


def _frozen(orientation: NDArray[np.float64], acceleration: NDArray[np.float64]) -> bool:
    return bool((np.ptp(orientation, axis=0) < 1e-9).all() and (np.ptp(acceleration, axis=0) < 1e-9).all())
