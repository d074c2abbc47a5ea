"""Simulated performers in a calibration: their sensors' samples in the order of time, and what is true of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from mocamba.capture.calibrating.run import CalibrationRun
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


def samples(logs: SensorLogs, until: float = np.inf) -> Iterator[tuple[str, int, tuple[float, ...], tuple[float, ...]]]:
    """All of `logs` as they arrive."""
    rows = [
        (t, log.name, tuple(q), tuple(a))
        for log in logs
        for t, q, a in zip(log.t_ns.tolist(), log.orientation.tolist(), log.acceleration.tolist(), strict=True)
        if t < until * 1e9
    ]
    for t, name, q, a in sorted(rows, key=lambda row: row[0]):
        yield name, t, q, a


def feed(run: CalibrationRun, logs: SensorLogs) -> CalibrationRun:
    for sample in samples(logs):
        run.add(*sample)
    return run
