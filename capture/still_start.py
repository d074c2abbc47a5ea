"""Calibration at the start of a session, from the performer's first seconds: stand still in the pose, then move."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from ..devices.log import SensorLog, SensorLogs
from ..rig.errors import BadInputError
from .calibration import Calibration, HeadingSource, Pose, calibrate
from .clock import common_axis, resample
from .stamping import Stamped

LONGEST = 60.0  # seconds that are kept


class StillStart:
    """Collects samples until `seconds` are there, then finds the calibration in them."""

    def __init__(self, seconds: float, heading: HeadingSource = HeadingSource.AUTO, pose: Pose = Pose.T_POSE) -> None:
        self.seconds = min(seconds, LONGEST)
        self._heading = heading
        self._pose = pose
        self._samples: dict[str, list[Stamped]] = defaultdict(list)

    def add(self, samples: Iterable[Stamped]) -> None:
        """What came."""
        for sample in samples:
            self._samples[sample.sensor].append(sample)

    @property
    def collected(self) -> float:
        """Seconds of every sensor that was heard."""
        spans = [(s[-1].t_ns - s[0].t_ns) / 1e9 for s in self._samples.values()]
        return min(spans, default=0.0)

    @property
    def sensors(self) -> tuple[str, ...]:
        """All that were heard."""
        return tuple(sorted(self._samples))

    def find(self, slots: Mapping[str, str]) -> Calibration:
        """Raises BadInputError where no sensor is in a slot that a network reads, or none of them was heard enough."""
        logs = tuple(_log(name, slots.get(name), samples) for name, samples in self._samples.items())
        worn = tuple(log for log in logs if log.slot and len(log) > 1)
        if not worn:
            names = ", ".join(f"'{name}'" for name in self.sensors) or "none"
            raise BadInputError(f"No sensor has a place on the body. Heard: {names}. Say it with --slot NAME=SLOT.")
        t_ns = common_axis(worn)
        return calibrate([resample(log, t_ns) for log in worn], t_ns, source=self._heading, pose=self._pose)


def _log(name: str, slot: str | None, samples: list[Stamped]) -> SensorLog:
    values = np.array([sample.values for sample in samples])
    return SensorLog(
        name,
        slot,
        np.array([sample.t_ns for sample in samples], np.int64),
        np.array([sample.t_device for sample in samples], np.int64),
        values[:, :4],
        values[:, 4:],
    )


def no_logs(names: Iterable[str], slots: Mapping[str, str | None]) -> SensorLogs:
    """Logs without samples, for what is told by names alone."""
    nothing = np.zeros(0, np.int64)
    return tuple(
        SensorLog(name, slots.get(name), nothing, nothing, np.zeros((0, 4)), np.zeros((0, 3))) for name in names
    )
