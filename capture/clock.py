"""One time axis for all sensors: each is resampled to even frames, and where nothing was measured that is said."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..devices.log import SensorLog, SensorLogs
from ..rig.errors import BadInputError
from ..rig.motion import SOLVE_RATE
from ..rig.quaternion import slerp

LONGEST_FILL = 3  # samples that may be missing in a row and are interpolated
LONGEST_TAKE = 4 * 3600  # seconds; a longer span means stamps of different clocks


@dataclass(frozen=True, eq=False)
class Resampled:
    """One sensor on the common axis: as `SensorLog`, with `present (T,)` False where the values mean nothing."""

    log: SensorLog
    orientation: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    present: NDArray[np.bool_]


def common_axis(logs: SensorLogs, rate: float = SOLVE_RATE) -> NDArray[np.int64]:
    """Even stamps (ns) from the first sample of any sensor to the last of any."""
    if not logs:
        raise BadInputError("There is no sensor to put on a time axis.")
    start, end = min(int(log.t_ns[0]) for log in logs), max(int(log.t_ns[-1]) for log in logs)
    latest_start, first_end = max(int(log.t_ns[0]) for log in logs), min(int(log.t_ns[-1]) for log in logs)
    if (end - start) / 1e9 > LONGEST_TAKE or latest_start > first_end:
        names = " and ".join(
            f"'{log.name}' ({log.t_ns[0] / 1e9:.1f} to {log.t_ns[-1] / 1e9:.1f} s)"
            for log in (min(logs, key=lambda log: log.t_ns[-1]), max(logs, key=lambda log: log.t_ns[0]))
        )
        raise BadInputError(
            f"The sensors do not share a time span: {names}. They were not synchronised, or are of different "
            f"recordings. Leave the odd one out, or record again with synchronised clocks."
        )
    count = int((end - start) * rate / 1e9) + 1
    return start + np.asarray(np.round(np.arange(count) * (1e9 / rate)), np.int64)


def resample(log: SensorLog, t_ns: NDArray[np.int64]) -> Resampled:
    """`log` at the times `t_ns`, by slerp and linear interpolation.

    Up to `LONGEST_FILL` missing samples are filled; a longer gap, and times outside the log, are not present (the
    values there hold the nearest sample).
    """
    step = _usual_step(log)
    # half a step of grace at the ends: sensors never start in the same instant
    inside = (t_ns >= log.t_ns[0] - step // 2) & (t_ns <= log.t_ns[-1] + step // 2)
    after = np.clip(np.searchsorted(log.t_ns, t_ns), 1, len(log) - 1)
    before = after - 1
    span = log.t_ns[after] - log.t_ns[before]
    weight = np.clip((t_ns - log.t_ns[before]) / span, 0.0, 1.0)
    orientation = slerp(log.orientation[before], log.orientation[after], weight)
    acceleration = log.acceleration[before] + weight[:, None] * (log.acceleration[after] - log.acceleration[before])
    filled = span <= (LONGEST_FILL + 1.5) * step
    touches = np.minimum(np.abs(t_ns - log.t_ns[before]), np.abs(t_ns - log.t_ns[after])) <= step // 2
    return Resampled(log, orientation, acceleration, inside & (filled | touches))


def _usual_step(log: SensorLog) -> int:
    """Nanoseconds between samples where none is lost; the device's word counts only if the stamps bear it out."""
    measured = float(np.quantile(np.diff(log.t_ns), 0.25))
    if log.rate and 0.5 < measured * log.rate / 1e9 < 2:
        return int(1e9 / log.rate)
    return int(measured)
