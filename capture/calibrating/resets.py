"""What can be put right while live, without the whole sequence: the heading, or heading and mounting."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...rig.errors import BadInputError
from ...rig.quaternion import Array, about_y, conjugate, heading, multiply
from ..calibration import Calibration, Pose, SensorCalibration, mount, reference_pose


def yaw_reset(calibration: Calibration, orientations: Mapping[str, Array]) -> Calibration:
    """The way the pelvis faces now becomes +Z: the whole performer turns, in any pose.

    `orientations`: by sensor, sensor to its world `(4,)`. Raises BadInputError without the pelvis.
    """
    pelvis = next((s for s in calibration.sensors if s.slot == "pelvis" and s.sensor in orientations), None)
    if pelvis is None:
        raise BadInputError("The pelvis sensor says nothing, so nobody knows which way you face. Switch it on.")
    turn = float(heading(_bone(pelvis, orientations[pelvis.sensor])))
    return replace(calibration, sensors=tuple(_turned(sensor, turn) for sensor in calibration.sensors))


def align_headings(calibration: Calibration, orientations: Mapping[str, Array], pose: Pose) -> Calibration:
    """As `yaw_reset`, for every sensor by itself: the performer stands in `pose`, facing +Z. Mountings are kept."""
    sensors = tuple(
        _turned(sensor, _off(sensor, orientations[sensor.sensor], pose)) if sensor.sensor in orientations else sensor
        for sensor in calibration.sensors
    )
    return replace(calibration, pose=pose, sensors=sensors)


def full_reset(calibration: Calibration, orientations: Mapping[str, Array], pose: Pose) -> Calibration:
    """Headings and mountings anew from `pose`, held facing +Z: what turned about the vertical since the calibration is
    taken for heading, the rest for a strap that slipped. `orientations` are means over a moment of rest."""
    faced = align_headings(calibration, orientations, pose)
    return replace(faced, sensors=tuple(_remounted(sensor, orientations, pose) for sensor in faced.sensors))


def _bone(sensor: SensorCalibration, orientation: Array) -> Array:
    unturn = conjugate(about_y(np.array(sensor.heading)))
    return multiply(multiply(unturn, orientation), conjugate(np.array(sensor.mounting)))


def _off(sensor: SensorCalibration, orientation: Array, pose: Pose) -> float:
    away = multiply(_bone(sensor, orientation), conjugate(reference_pose(pose, sensor.slot)))
    return float(heading(away))


def _turned(sensor: SensorCalibration, turn: float) -> SensorCalibration:
    return replace(sensor, heading=float(np.angle(np.exp(1j * (sensor.heading + turn)))))


def _remounted(sensor: SensorCalibration, orientations: Mapping[str, Array], pose: Pose) -> SensorCalibration:
    if sensor.sensor not in orientations:
        return sensor
    known = (sensor.heading, sensor.quality, f"{sensor.reason}; reset while live")
    return mount(sensor.sensor, sensor.slot, orientations[sensor.sensor], known, pose)
