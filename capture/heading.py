"""Which way the performer faces in a sensor's world, told from how the legs move.

Thighs, shins and a bending pelvis turn about the body's left-right axis. Seen from the bone itself that axis stays
put while the performer turns about, so the principal axis of angular velocity across the bone gives it up to its sign
(as in functional calibration: Seel et al., Sensors 2014). The sign follows from how people are built: shins swing
back further than forward, thighs forward further than back, and nobody bends their pelvis far backwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..rig.motion import SOLVE_RATE
from ..rig.quaternion import Array, about_y, conjugate, multiply, rotate, to_rotation_vector
from .clock import Resampled

# Sign of the third moment of each part's pitch; positive pitch takes a bone's upper end forward.
_LEAN = {"pelvis": 1.0, "shin": 1.0, "thigh": -1.0}
LEAST_SPEED = np.radians(8.0)  # rad/s, rms about the axis: less is no movement to tell an axis from
LEAST_SHARE = 3.0  # how much more the bone must turn about its axis than across it
SHARED_SPREAD = np.radians(30.0)  # sensors agreeing this well share one world


@dataclass(frozen=True)
class Axis:
    """What one sensor's motion says: `heading` (rad about +Y, up to half a turn), and how clearly (`share`).

    `lean` is the evidence, radians, that the heading is right as it stands (positive) or to be turned by half a turn.
    """

    name: str
    heading: float
    share: float
    speed: float
    lean: float

    @property
    def clear(self) -> bool:
        """Moved enough, and about one axis."""
        return self.speed > LEAST_SPEED and self.share > LEAST_SHARE


def part(slot: str | None) -> str:
    """The slot without its side."""
    return (slot or "").removeprefix("left_").removeprefix("right_")


def turn_since(orientation: Array, reference: Array, heading: float) -> Array:
    """Rotation `(T, 4)` since the pose `reference (4,)`, in the world of a performer facing `heading`."""
    yaw = about_y(np.array(heading))
    since = multiply(orientation, conjugate(reference))
    return multiply(multiply(conjugate(yaw), since), yaw)


def pitch(turns: Array) -> NDArray[np.float64]:
    """Radians `(T,)` about the bone's own left-right axis; positive takes its upper end forward."""
    up = rotate(conjugate(turns), np.array([0.0, 1.0, 0.0]))
    return np.arctan2(-up[..., 2], up[..., 1])


def flexion_axis(sensor: Resampled, reference: Array) -> Axis | None:
    """The axis of a pelvis, thigh or shin sensor that was at `reference` in the calibration pose; else None."""
    kind = part(sensor.log.slot)
    if kind not in _LEAN:
        return None
    measured = sensor.present[1:] & sensor.present[:-1]
    q = sensor.orientation
    rates = to_rotation_vector(multiply(conjugate(q[:-1]), q[1:]))[measured] * SOLVE_RATE
    flat = rotate(reference, rates)[:, [0, 2]]
    if len(flat) < SOLVE_RATE:
        return None
    values, vectors = np.linalg.eigh(flat.T @ flat / len(flat))
    left = np.arctan2(vectors[0, 1], vectors[1, 1])
    heading = float(left - np.pi / 2)
    angles = pitch(turn_since(q[sensor.present], reference, heading))
    lean = _LEAN[kind] * float(np.cbrt(np.mean((angles - np.median(angles)) ** 3)))
    share, speed = float(values[1] / max(values[0], 1e-9)), float(np.sqrt(values[1]))
    return Axis(sensor.log.name, heading, share, speed, lean)


def shared_heading(axes: Sequence[Axis]) -> tuple[float, float]:
    """Heading that fits all `axes` best, and the largest deviation from it (both rad); the sign by their evidence.

    `axes` must not be empty. Axes have no sign, so angles are doubled to average them.
    """
    weights = np.array([min(axis.share, 10.0) for axis in axes])
    angles = np.array([axis.heading for axis in axes])
    mean = float(np.angle(np.sum(weights * np.exp(2j * angles)))) / 2
    apart = np.angle(np.exp(2j * (angles - mean))) / 2
    # an axis more than a quarter turn away counts as turned, and its evidence with it
    agree = np.where(np.cos(angles - mean) >= 0, 1.0, -1.0)
    evidence = float(np.sum(agree * np.array([axis.lean for axis in axes])))
    heading = mean if evidence >= 0 else mean + np.pi
    return float(np.angle(np.exp(1j * heading))), float(np.abs(apart).max())


def backward_z_heading(reference: Array) -> float | None:
    """Heading of a performer whose sensor's z axis points backward; None where z is too upright to tell."""
    z = rotate(reference, np.array([0.0, 0.0, 1.0]))
    return float(np.arctan2(-z[0], -z[2])) if np.hypot(z[0], z[2]) > 0.5 else None
