"""What one sensor said over a recording, and how sensors are told apart by their names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..rig.errors import BadInputError
from ..rig.imu import SLOTS
from ..rig.quaternion import Array, conjugate, multiply

GRAVITY = 9.80665  # m/s², standard
# Worn too, but read by no six-sensor network: they help to find headings and to check the six.
HELPER_SLOTS: tuple[str, ...] = ("left_thigh", "right_thigh", "left_foot", "right_foot")
KNOWN_SLOTS = SLOTS + HELPER_SLOTS

# -90° about x takes a world with z up to ours with y up: (x, y, z) -> (x, z, -y)
_Z_UP_TO_Y_UP = np.array([np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class SensorLog:
    """All samples of one sensor, in the order they were taken.

    `t_ns (N,)` rising, nanoseconds, one axis for every sensor of a recording; `t_device (N,)` the device's own
    stamp in ns, unwrapped; `orientation (N, 4)` sensor to its own world, Y up, w, x, y, z; `acceleration (N, 3)`
    free (gravity removed) in that world, m/s². `slot` is one of `KNOWN_SLOTS`, None where it is worn elsewhere or
    nowhere we know. `rate` is what the device says, Hz.
    """

    name: str
    slot: str | None
    t_ns: NDArray[np.int64]
    t_device: NDArray[np.int64]
    orientation: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    rate: float | None = None

    def __len__(self) -> int:
        return len(self.t_ns)


SensorLogs = tuple[SensorLog, ...]


@dataclass(frozen=True)
class Recording:
    """Logs of one recording, `kind` of device that made them, and what had to be repaired or left out.

    `aligned`: orientations are bone to world already, calibration facing +Z, as motion-capture suits export them.
    """

    kind: str
    logs: SensorLogs
    warnings: tuple[str, ...] = ()
    aligned: bool = False


def y_up_to_z_up(orientation: Array, acceleration: Array) -> tuple[Array, Array]:
    """The inverse of `z_up_to_y_up`."""
    x, y, z = np.moveaxis(acceleration, -1, 0)
    return multiply(conjugate(_Z_UP_TO_Y_UP.astype(orientation.dtype)), orientation), np.stack([x, -z, y], axis=-1)


def z_up_to_y_up(orientation: Array, acceleration: Array) -> tuple[Array, Array]:
    """Turn sensor-to-world rotations `(..., 4)` and world vectors `(..., 3)` from a Z-up world into ours."""
    x, y, z = np.moveaxis(acceleration, -1, 0)
    return multiply(_Z_UP_TO_Y_UP.astype(orientation.dtype), orientation), np.stack([x, z, -y], axis=-1)


_PARTS: dict[str, str] = {
    "pelvis": r"pelvis|hips?|sacrum|waist|root",
    "head": r"head",
    "forearm": r"fore ?arm|lower ?arm|wrist|radius|ulna",
    "shin": r"shin|shank|tibia|lower ?leg|calf",
    "thigh": r"thigh|femur|upper ?leg",
    "foot": r"foot|instep",
}


def slot_from_name(name: str) -> str | None:
    """The slot a file or folder name speaks of ("LTibia_2021", "Left Lower Leg 64F6", "right_forearm"), or None."""
    # camel case and separators to single spaces; a lone L or R may be glued to a capital (LTibia)
    words = re.sub(r"\b([LR])(?=[A-Z][a-z])", r"\1 ", re.sub(r"[_\-.]+", " ", name))
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words).lower()
    for part, pattern in _PARTS.items():
        if not re.search(rf"(?<![a-z])({pattern})(?![a-z])", words):
            continue
        if part in ("pelvis", "head"):
            return part
        left, right = (re.search(rf"(?<![a-z])({w}|{w[0]})(?![a-z])", words) for w in ("left", "right"))
        if bool(left) != bool(right):
            return f"{'left' if left else 'right'}_{part}"
    return None


def assign_slots(logs: SensorLogs, given: Mapping[str, str]) -> SensorLogs:
    """Apply the user's `NAME=slot`; a name counts where it is the sensor's, or a part of only one sensor's.

    Refuses unknown names and slots, and two sensors on one slot.
    """
    chosen: dict[str, str] = {}
    for name, slot in given.items():
        if slot not in KNOWN_SLOTS:
            raise BadInputError(f"There is no slot '{slot}'. Use one of: {', '.join(KNOWN_SLOTS)}.")
        exact = [log.name for log in logs if log.name == name]
        matches = exact or [log.name for log in logs if name.lower() in log.name.lower()]
        if len(matches) != 1:
            found = "no sensor" if not matches else f"{len(matches)} sensors"
            names = ", ".join(log.name for log in logs)
            raise BadInputError(f"--slot {name}={slot} fits {found}. The sensors here are: {names}.")
        chosen[matches[0]] = slot
    taken = set(chosen.values())
    assigned = tuple(replace(log, slot=chosen.get(log.name, None if log.slot in taken else log.slot)) for log in logs)
    _refuse_doubles(assigned)
    return assigned


def _refuse_doubles(logs: SensorLogs) -> None:
    seen: dict[str, str] = {}
    for log in logs:
        if log.slot is not None and log.slot in seen:
            raise BadInputError(
                f"Both '{seen[log.slot]}' and '{log.name}' seem to be worn on {log.slot}. "
                f"Say which is which with --slot NAME=slot."
            )
        if log.slot is not None:
            seen[log.slot] = log.name
