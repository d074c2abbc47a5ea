"""What worn sensors would measure, at any rate and for any time: the performer's motion, over and over."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import BadInputError
from ...rig.imu import CLEAN, SLOTS
from ...rig.motion import Motion, evenly_timed
from ...rig.quaternion import Array, conjugate, make_continuous, multiply, rotate, slerp, to_rotation_vector
from ...rig.skeleton import SMPL24
from ..log import GRAVITY, SensorLog, y_up_to_z_up
from ..reading import Quaternion, Vector
from .curves import ease
from .drill import DRILL, perform_drill
from .gestures import TIMING
from .performer import perform
from .sensors import simulate

STANDS = 4.0  # seconds that the drill's performer waits before the first step
DRILL_END = STANDS + DRILL.end
# from where to where in the performance, seconds, is repeated after what comes before: a T-pose, or the drill
MOTIONS = {
    "still": (0.2, 1.8),
    "walk": (TIMING.walk, TIMING.squat),
    "all": (TIMING.walk, TIMING.end),
    "drill": (DRILL_END + 1.0, DRILL_END + TIMING.squat - TIMING.walk),
}
FRAME_RATE = 120.0  # Hz of the performance that samples are taken from
FADE = 0.5  # seconds over which the end of a round becomes its beginning
EARTH_FIELD = np.array([0.0, 20.0, -44.0])  # µT, in a world with Z up and Y north: that of Central Europe


@dataclass(frozen=True, slots=True)
class State:
    """What a perfect sensor measures at one moment: units and frames of `reading.Sample`, the world Z up."""

    orientation: Quaternion
    free_world: Vector
    free_sensor: Vector
    raw: Vector
    rate: Vector
    magnetic: Vector


@dataclass(frozen=True)
class Round:
    """The states of a sensor at even times, of which those from `begin` on repeat without end."""

    states: tuple[State, ...]
    begin: int

    def at(self, index: int) -> State:
        """State number `index`, from 0."""
        if index < len(self.states):
            return self.states[index]
        return self.states[self.begin + (index - self.begin) % (len(self.states) - self.begin)]


class Wearer:
    """The simulated performer in six sensors, worn in attitudes that `seed` chooses."""

    def __init__(self, motion: str = "walk", seed: int = 1, height: float = 1.75) -> None:
        if motion not in MOTIONS:
            raise BadInputError(f"There is no motion '{motion}'. Choose one of: {', '.join(MOTIONS)}.")
        self._start, self._end = MOTIONS[motion]
        self._logs = {log.slot: log for log in simulate(_performance(height, motion == "drill"), CLEAN, seed)}
        self._rounds: dict[tuple[str, float], Round] = {}

    def round(self, slot: str, rate: float) -> Round:
        """What the sensor on `slot` (one of SLOTS) measures `rate` times a second."""
        if slot not in SLOTS:
            raise BadInputError(f"There is no slot '{slot}'. Use one of: {', '.join(SLOTS)}.")
        key = slot, rate
        if key not in self._rounds:
            self._rounds[key] = self._make_round(self._logs[slot], rate)
        return self._rounds[key]

    def _make_round(self, log: SensorLog, rate: float) -> Round:
        step = 1e9 / rate
        times = np.arange(int(self._end * rate)) * step
        begin = int(self._start * rate)
        orientation, free = _sample(log, times)
        fade = min(int(FADE * rate), begin)
        if fade > 1:
            share = (np.arange(fade) + 1) / fade
            orientation[-fade:] = slerp(orientation[-fade:], orientation[begin - fade : begin], share)
            free[-fade:] += share[:, None] * (free[begin - fade : begin] - free[-fade:])
        return Round(_states(orientation, free, rate, begin), begin)


@lru_cache(maxsize=4)
def _performance(height: float, drill: bool) -> Motion:
    skeleton = SMPL24.scaled_to(height)
    performance = perform(skeleton, FRAME_RATE)
    return _after_drill(performance, perform_drill(skeleton, FRAME_RATE)) if drill else performance


def _after_drill(performance: Motion, drill: Motion) -> Motion:
    """Waits, goes through the drill, and walks on from where it ended."""
    walk, stands, fade = round(TIMING.walk * FRAME_RATE), round(STANDS * FRAME_RATE), round(FADE * FRAME_RATE)
    rotations, place = performance.rotations[walk:].copy(), performance.translation[walk:].copy()
    place += (drill.translation[-1] - place[0]) * [1, 0, 1]
    share = ease(np.linspace(0, 1, fade))
    rotations[:fade] = slerp(np.repeat(drill.rotations[-1:], fade, axis=0), rotations[:fade], share[:, None])
    place[:fade] = drill.translation[-1] + share[:, None] * (place[:fade] - drill.translation[-1])
    waiting = np.repeat(drill.rotations[:1], stands, axis=0), np.repeat(drill.translation[:1], stands, axis=0)
    return evenly_timed(
        np.concatenate([waiting[0], drill.rotations, rotations]),
        np.concatenate([waiting[1], drill.translation, place]),
        drill.skeleton,
        FRAME_RATE,
    )


def _sample(log: SensorLog, times: NDArray[np.float64]) -> tuple[Array, Array]:
    """Orientation and free acceleration at `times` (ns), in a world with Z up."""
    stamps = log.t_ns.astype(np.float64)
    after = np.clip(np.searchsorted(stamps, times), 1, len(log) - 1)
    share = np.clip((times - stamps[after - 1]) / (stamps[after] - stamps[after - 1]), 0.0, 1.0)
    orientation = slerp(log.orientation[after - 1], log.orientation[after], share)
    x, y, z = (np.interp(times, stamps, column) for column in log.acceleration.T)
    return y_up_to_z_up(orientation, np.stack([x, y, z], axis=-1))


def _states(orientation: Array, free: Array, rate: float, begin: int) -> tuple[State, ...]:
    orientation = make_continuous(orientation)
    back = conjugate(orientation)
    # the last turns on into the first of the round
    following = np.concatenate([orientation[1:], orientation[begin : begin + 1]])
    turning = to_rotation_vector(multiply(back, following)) * rate
    raw = rotate(back, free + np.array([0.0, 0.0, GRAVITY]))
    columns = (
        orientation,
        free,
        rotate(back, free),
        raw,
        turning,
        rotate(back, np.broadcast_to(EARTH_FIELD, free.shape)),
    )
    rows = (tuple(map(tuple, column.tolist())) for column in columns)
    return tuple(State(*row) for row in zip(*rows, strict=True))
