"""Simulated performers in a calibration: their sensors' samples in the order of time, and what is true of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from mocamba.capture.calibrating.run import CalibrationRun
from mocamba.capture.calibrating.step import Step
from mocamba.devices.log import SensorLog, SensorLogs
from mocamba.devices.simulated.drill import perform_drill
from mocamba.devices.simulated.sensors import simulate
from mocamba.rig.imu import CLEAN, WORN, SensorErrors
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import about_y, from_rotation_vector, multiply, rotate
from mocamba.rig.skeleton import SMPL24

# noise, bias, wobble and loss of worn sensors; slips and drift after the pose are no calibration's to find
NOISY = replace(WORN, mounting=0.0, heading_drift=0.0)
Fault = Callable[[SensorLog], SensorLog]


@dataclass(frozen=True, eq=False)
class Drill:
    """`truth`: heading (rad) and mounting (4,) of every sensor by name."""

    logs: SensorLogs
    truth: Mapping[str, tuple[float, np.ndarray]]

    @property
    def slots(self) -> dict[str, str]:
        """Where each is said to be worn."""
        return {log.name: log.slot or "" for log in self.logs}


@cache
def drill_motion() -> Motion:
    return perform_drill(SMPL24)


def worn(seed: int = 1, errors: SensorErrors = CLEAN, faults: Mapping[str, Fault] | None = None) -> Drill:
    """Every sensor in a world of its own, turned by up to half a turn, and mounted up to 45° off."""
    random, logs, truth = np.random.default_rng(seed), [], {}
    for log in simulate(drill_motion(), errors, seed, aligned=True):
        heading, axis = random.uniform(-np.pi, np.pi), random.standard_normal(3)
        mounting = from_rotation_vector(np.radians(random.uniform(0, 45)) * axis / np.linalg.norm(axis))
        yaw = about_y(np.array(heading))
        orientation = multiply(multiply(yaw, log.orientation), mounting)
        made = replace(log, name=log.slot, orientation=orientation, acceleration=rotate(yaw, log.acceleration))
        fault = (faults or {}).get(log.slot or "")
        logs.append(fault(made) if fault else made)
        truth[made.name] = heading, mounting
    return Drill(tuple(logs), truth)


Row = tuple[str, int, tuple[float, ...], tuple[float, ...]]


def samples(logs: SensorLogs, start: float = 0.0, end: float = np.inf) -> Iterator[Row]:
    """What `logs` hold from `start` to `end` (seconds), as it arrives."""
    rows = []
    for log in logs:
        inside = (log.t_ns >= start * 1e9) & (log.t_ns < end * 1e9)
        columns = (log.t_ns[inside], log.orientation[inside], log.acceleration[inside])
        rows += [(log.name, t, tuple(q), tuple(a)) for t, q, a in zip(*(c.tolist() for c in columns), strict=True)]
    yield from sorted(rows, key=lambda row: row[1])


# what the performer does when asked, from rest to rest
SCENES = {
    Step.STILL: (0.0, 3.5),
    Step.HEADING: (3.0, 8.6),
    Step.T_POSE: (8.0, 17.6),
    Step.LEFT_ARM: (17.0, 22.0),
    Step.RIGHT_LEG: (22.0, 27.0),
    Step.NOD: (27.0, 32.0),
    Step.BOW: (32.0, 37.0),
    Step.TURN: (37.0, 42.0),
    Step.JUMP: (42.0, 46.5),
}


def follow(run: CalibrationRun, logs: SensorLogs, most: int = 24) -> CalibrationRun:
    """The performer does what the prompts ask, over and over, for at most so many scenes."""
    now = 0.0
    for _ in range(most):
        if run.step in (Step.DONE, Step.FAILED):
            break
        start, end = SCENES[run.step]
        for name, t, q, a in samples(logs, start, end):
            run.add(name, t + round((now - start) * 1e9), q, a)
        now += end - start
        run.advance(round(now * 1e9))
    return run


def feed(run: CalibrationRun, logs: SensorLogs) -> CalibrationRun:
    """The whole recording once, as it was."""
    for sample in samples(logs):
        run.add(*sample)
    return run
