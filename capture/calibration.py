"""From what sensors say to what bones do.

With q_s(t) = Y · q_bone(t) · M, Y the yaw of the performer's world in the sensor's, M the sensor's mounting on its
bone, and the bone known in the calibration pose, M follows from Y, and Y from one of four sources (`HeadingSource`).
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..rig.errors import BadInputError
from ..rig.imu import SLOTS, ImuSequence
from ..rig.quaternion import Array, about_y, conjugate, multiply, rotate
from .clock import Resampled
from .heading import SHARED_SPREAD, Axis, backward_z_heading, flexion_axis, shared_heading
from .knees import Exchange, find_exchanged
from .stillness import first_still, mean_orientation

Quaternion = tuple[float, float, float, float]


class HeadingSource(StrEnum):
    """Where it is known from which way the performer faced."""

    AUTO = "auto"  # from motion, else from a pelvis sensor worn with z backward, else as after a reset
    MOTION = "motion"  # all sensors' legs flex about one axis
    BACKWARD = "z-backward"  # each sensor's z axis points backward in the calibration pose
    RESET = "reset"  # heading was reset with the performer facing the world's +Z (sensor worlds agree)


class Pose(StrEnum):
    """How the performer stood in the calibration stretch."""

    T_POSE = "t-pose"
    STANDING = "standing"  # arms hanging, palms to the thighs


@dataclass(frozen=True)
class SensorCalibration:
    """Of one sensor: `heading` Y (rad about +Y), `mounting` M, `quality` 0 to 1 and the `reason` for both."""

    sensor: str
    slot: str
    heading: float
    mounting: Quaternion
    quality: float
    reason: str


@dataclass(frozen=True)
class Calibration:
    """How every worn sensor's signal becomes its bone's; `start_ns` and `end_ns` bound the still stretch."""

    start_ns: int
    end_ns: int
    pose: Pose
    sensors: tuple[SensorCalibration, ...]
    warnings: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Twelve hex digits that differ where any number differs."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:12]

    def to_json(self) -> dict[str, Any]:
        """Plain values for take.json."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Calibration":
        """Inverse of `to_json`; BadInputError where something is missing or of the wrong kind."""
        try:
            sensors = tuple(
                SensorCalibration(**{**sensor, "mounting": tuple(map(float, sensor["mounting"]))})
                for sensor in values["sensors"]
            )
            if any(len(s.mounting) != 4 or not abs(math.hypot(*s.mounting) - 1) < 1e-3 for s in sensors):
                raise ValueError("a mounting is a unit quaternion")
            if not all(math.isfinite(value) for sensor in sensors for value in (sensor.heading, sensor.quality)):
                raise ValueError("heading and quality are numbers")
            if not all(isinstance(word, str) for s in sensors for word in (s.sensor, s.slot, s.reason)):
                raise ValueError("sensors, slots and reasons are words")
            start, end = int(values["start_ns"]), int(values["end_ns"])
            return cls(start, end, Pose(values["pose"]), sensors, tuple(map(str, values.get("warnings", ()))))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadInputError(
                f"The calibration in take.json is damaged ({error}). Import the recording again."
            ) from error


def reference_pose(pose: Pose, slot: str) -> Array:
    """World rotation `(4,)` of the slot's bone in the calibration pose."""
    if pose is Pose.STANDING and slot.endswith("forearm"):
        side = -1.0 if slot.startswith("left") else 1.0
        return np.array([np.sqrt(0.5), 0.0, 0.0, side * np.sqrt(0.5)])
    return np.array([1.0, 0.0, 0.0, 0.0])


def aligned_calibration(sensors: Sequence[Resampled], t_ns: NDArray[np.int64], kind: str) -> Calibration:
    """For logs that are bone to world already."""
    reason = f"{kind} reports the bone itself, against its own calibration"
    identity = (1.0, 0.0, 0.0, 0.0)
    found = tuple(SensorCalibration(s.log.name, s.log.slot, 0.0, identity, 1.0, reason) for s in sensors if s.log.slot)
    return Calibration(int(t_ns[0]), int(t_ns[0]), Pose.T_POSE, found)


def calibrate(
    sensors: Sequence[Resampled],
    t_ns: NDArray[np.int64],
    *,
    source: HeadingSource = HeadingSource.AUTO,
    pose: Pose = Pose.T_POSE,
    fixed: frozenset[str] = frozenset(),
) -> Calibration:
    """Find the calibration stretch, every sensor's heading and mounting.

    A thigh and shin that can only have been exchanged (the knee would bend backwards) are put right with a
    warning, unless the user has named one of them (`fixed`, names of sensors).
    """
    worn = [sensor for sensor in sensors if sensor.log.slot]
    if not any(sensor.log.slot in SLOTS for sensor in worn):
        names = ", ".join(f"'{sensor.log.name}'" for sensor in sensors)
        raise BadInputError(
            f"No sensor is in a known slot. Found {names}; say where one is worn with --slot NAME=SLOT "
            f"(SLOT one of {', '.join(SLOTS)})."
        )
    stretch, rests = first_still(worn)
    warnings: list[str] = []
    if not rests:
        at = (t_ns[stretch.start] - t_ns[0]) / 1e9
        warnings.append(
            f"The performer never stands still for half a second; the calmest moment, {at:.1f} s from the start, is "
            f"taken as the calibration pose. Expect bones to be off by as much as that pose was."
        )
    references = {s.log.name: _reference(s, stretch, warnings) for s in worn}
    worn, headings = _headings(worn, references, source, fixed, warnings)
    found = tuple(mount(s.log.name, s.log.slot or "", references[s.log.name], headings[s.log.name], pose) for s in worn)
    return Calibration(int(t_ns[stretch.start]), int(t_ns[stretch.stop - 1]), pose, found, tuple(warnings))


def _reference(sensor: Resampled, stretch: slice, warnings: list[str]) -> Array:
    """Orientation in the calibration pose; of a sensor that was silent then, the nearest sample it has."""
    heard = sensor.present[stretch]
    if heard.any():
        return mean_orientation(sensor.orientation[stretch][heard])
    frames = np.flatnonzero(sensor.present)
    if not len(frames):
        return np.asarray(sensor.orientation[0])
    nearest = frames[np.argmin(np.abs(frames - stretch.start))]
    warnings.append(f"'{sensor.log.name}' said nothing during the calibration pose; its mounting is a guess.")
    return np.asarray(sensor.orientation[nearest])


Heading = tuple[float, float, str]  # radians, quality, reason


def _headings(
    worn: list[Resampled],
    references: dict[str, Array],
    source: HeadingSource,
    fixed: frozenset[str],
    warnings: list[str],
) -> tuple[list[Resampled], dict[str, Heading]]:
    if source is HeadingSource.RESET:
        return worn, {s.log.name: (0.0, 1.0, "heading was reset facing +Z") for s in worn}
    if source is HeadingSource.BACKWARD:
        return worn, _all_backward(worn, references)
    axes = _axes(worn, references)
    if not axes:
        return worn, _without_motion(worn, references, source, warnings)
    headings = _from_motion(worn, axes, warnings)
    exchanged = find_exchanged(worn, references, {name: heading for name, (heading, _, _) in headings.items()})
    free = [pair for pair in exchanged if not fixed & set(pair.names)]
    warnings += [pair.warning(put_right=pair in free) for pair in exchanged]
    if free:
        worn = [_exchange(sensor, free) for sensor in worn]
        headings = _from_motion(worn, _axes(worn, references), [])
    return worn, headings


def _axes(worn: list[Resampled], references: dict[str, Array]) -> list[Axis]:
    found = (flexion_axis(sensor, references[sensor.log.name]) for sensor in worn)
    return [axis for axis in found if axis is not None and axis.clear]


def _exchange(sensor: Resampled, pairs: list[Exchange]) -> Resampled:
    for pair in pairs:
        if sensor.log.name in pair.names:
            return replace(sensor, log=replace(sensor.log, slot=pair.slot_of_other(sensor.log.name)))
    return sensor


def _from_motion(worn: list[Resampled], axes: list[Axis], warnings: list[str]) -> dict[str, Heading]:
    common, spread = shared_heading(axes)
    degrees = np.degrees(spread)
    if spread <= SHARED_SPREAD:
        agreed = f"{len(axes)} sensors, which agree within {degrees:.0f}°" if len(axes) > 1 else "one sensor"
        reason = f"facing direction from the movement of {agreed}"
        return {s.log.name: (common, float(1 - spread / (2 * SHARED_SPREAD)), reason) for s in worn}
    own = {axis.name: axis for axis in axes}
    lone = [s.log.name for s in worn if s.log.name not in own]
    if lone:
        warnings.append(
            f"The sensors' worlds differ by {degrees:.0f}° in heading, and that of {', '.join(lone)} cannot "
            f"be told from the motion. Reset all headings together before recording, or record a few squats."
        )
    return {s.log.name: _own_heading(own.get(s.log.name), common) for s in worn}


def _own_heading(axis: Axis | None, common: float) -> Heading:
    if axis is None:
        return common, 0.1, "mean heading of the legs, as its own cannot be told"
    heading = axis.heading if axis.lean >= 0 else axis.heading + np.pi
    return heading, float(1 - 1 / axis.share), f"flexes {axis.share:.0f} times more about this axis than across it"


def _all_backward(worn: list[Resampled], references: dict[str, Array]) -> dict[str, Heading]:
    headings: dict[str, Heading] = {}
    for sensor in worn:
        heading = backward_z_heading(references[sensor.log.name])
        if heading is None:
            raise BadInputError(
                f"The z axis of '{sensor.log.name}' points up or down in the calibration pose, so it cannot point "
                f"backward. Choose another --heading."
            )
        headings[sensor.log.name] = heading, 0.7, "worn with its z axis backward"
    return headings


def _without_motion(
    worn: list[Resampled], references: dict[str, Array], source: HeadingSource, warnings: list[str]
) -> dict[str, Heading]:
    if source is HeadingSource.MOTION:
        raise BadInputError(
            "The legs do not move enough to tell which way the performer faces. Use --heading reset or z-backward."
        )
    pelvis = next((s.log.name for s in worn if s.log.slot == "pelvis"), None)
    heading = backward_z_heading(references[pelvis]) if pelvis else None
    if heading is not None:
        reason, quality = "the legs hardly move; the pelvis sensor's z axis is taken to point backward", 0.4
    else:
        heading, reason, quality = 0.0, "the legs hardly move; heading is taken as reset facing +Z", 0.2
    warnings.append(f"Which way the performer faces is uncertain: {reason}. Say it with --heading.")
    return {s.log.name: (heading, quality, reason) for s in worn}


def mount(name: str, slot: str, reference: Array, heading: Heading, pose: Pose) -> SensorCalibration:
    """Of the sensor whose mean orientation was `reference (4,)` in `pose`, with its heading Y known."""
    yaw, quality, reason = heading
    mounting = multiply(conjugate(reference_pose(pose, slot)), multiply(conjugate(about_y(np.array(yaw))), reference))
    w, x, y, z = (float(value) for value in mounting)
    return SensorCalibration(name, slot, float(yaw), (w, x, y, z), quality, reason)


def bone_signal(sensor: Resampled, calibration: SensorCalibration) -> tuple[Array, Array]:
    """Bone-to-world rotations `(T, 4)` and free acceleration `(T, 3)` in the performer's world."""
    unturn = conjugate(about_y(np.array(calibration.heading)))
    unmount = conjugate(np.array(calibration.mounting))
    return multiply(multiply(unturn, sensor.orientation), unmount), rotate(unturn, sensor.acceleration)


def apply_calibration(calibration: Calibration, sensors: Sequence[Resampled], t_ns: NDArray[np.int64]) -> ImuSequence:
    """The six slots on the axis `t_ns`; a slot without a sensor is absent throughout."""
    count, by_name = len(t_ns), {sensor.log.name: sensor for sensor in sensors}
    orientation = np.tile(np.array([1, 0, 0, 0], np.float32), (count, len(SLOTS), 1))
    acceleration = np.zeros((count, len(SLOTS), 3), np.float32)
    present = np.zeros((count, len(SLOTS)), bool)
    for found in calibration.sensors:
        if found.slot in SLOTS and found.sensor in by_name:
            sensor, index = by_name[found.sensor], SLOTS.index(found.slot)
            orientation[:, index], acceleration[:, index] = bone_signal(sensor, found)
            present[:, index] = sensor.present
    return ImuSequence(orientation, acceleration, present, t_ns)
