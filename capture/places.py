"""Whether calibrated sensors are worn where their names say.

A lever (`levers`) points from a limb's joint along its bone: a left forearm's to the left of the T-pose, a shin's down.
And a forearm that hangs is a quarter turn from its T-pose, where no shin is for long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..rig.motion import SOLVE_RATE
from ..rig.quaternion import Array, angle_between, rotate
from .calibration import Calibration, Pose, SensorCalibration, bone_signal
from .clock import Resampled
from .findings import Aspect, Finding, Verdict
from .levers import fit_lever, swing

CLEAR = 0.2  # share of the acceleration that a lever must explain to be believed
LONG = 0.08  # metres, of a lever that is believed
ALONG = 0.7  # cosine within which a lever lies along an axis
TILTED, UPRIGHT = 45.0, 35.0  # degrees from the T-pose, medians: a shin is less, a hanging forearm more
STEPPING = 0.25  # correlation that tells which leg carries
STRIDE = 0.6  # rad/s, rms of the difference between the legs: less is no stepping
_SWAY, _STEP = 9, 13  # frames that sway and steps are smoothed over
FACING = (
    "Name the left sensors left (--slot); if they are, the performer is taken to face backward: choose another "
    "--heading, or record a few steps or squats after the calibration pose."
)
X, Y = np.eye(3)[:2]

Bones = Mapping[str, Resampled]


def bones_of(sensors: Sequence[Resampled], calibration: Calibration) -> Bones:
    """Each slot's bone, of `sensors` on the common axis, 60 Hz, worn as `calibration` says."""
    by_name = {sensor.log.name: sensor for sensor in sensors}
    return {found.slot: _bone(by_name[found.sensor], found) for found in calibration.sensors if found.sensor in by_name}


def check_limbs(bones: Bones) -> Finding | None:
    """A forearm's and a shin's sensor exchanged; None where that cannot be seen. Needs the T-pose as reference."""
    return next((found for side in ("left", "right") if (found := _limb_exchanged(bones, side))), None)


def check_sides(bones: Bones, pose: Pose) -> Finding:
    """Left and right: of arms, which need the T-pose as reference, and of legs that step."""
    told = [_legs_exchanged(bones)]
    if pose is Pose.T_POSE:
        told.insert(0, _forearms_exchanged(bones))
    found = [finding for finding in told if finding is not None]
    wrong = [finding for finding in found if finding.verdict is Verdict.WRONG]
    return next(iter(wrong or found), Finding(Aspect.PLACES, Verdict.UNKNOWN))


def _bone(sensor: Resampled, calibration: SensorCalibration) -> Resampled:
    orientation, acceleration = bone_signal(sensor, calibration)
    return replace(sensor, orientation=orientation, acceleration=acceleration)


def _wrong(detail: str, rule: str) -> Finding:
    return Finding(Aspect.PLACES, Verdict.WRONG, detail, rule)


def _limb_exchanged(bones: Bones, side: str) -> Finding | None:
    """A forearm and a shin sensor of one side."""
    forearm, shin = bones.get(f"{side}_forearm"), bones.get(f"{side}_shin")
    if forearm is None or shin is None:
        return None
    arm = _lever(bones, shin)
    if not (_tilt(shin) > TILTED and _tilt(forearm) < UPRIGHT and arm is not None and abs(arm @ Y) < ALONG):
        return None
    detail = f"The sensor on the {side} shin moves as a forearm does, and that on the forearm as a shin."
    return _wrong(detail, f"Exchange the names of '{forearm.log.name}' and '{shin.log.name}'.")


def _forearms_exchanged(bones: Bones) -> Finding | None:
    """From its elbow, the left forearm lies to the left of the T-pose."""
    pair = bones.get("left_forearm"), bones.get("right_forearm")
    if pair[0] is None or pair[1] is None:
        return None
    arms = [_lever(bones, one) for one in pair if one is not None]
    outward = [sign * float(arm @ X) for sign, arm in zip((1, -1), arms, strict=True) if arm is not None]
    if len(outward) < 2 or min(map(abs, outward)) < ALONG or outward[0] * outward[1] < 0:
        return None
    if outward[0] > 0:
        return Finding(Aspect.PLACES, Verdict.RIGHT)
    detail = "Each forearm swings as the one of the other side: left and right are exchanged, or back and front."
    return _wrong(detail, FACING)


def _legs_exchanged(bones: Bones) -> Finding | None:
    """Who stands on the left leg sways to the right: bodies fall away from the foot that carries them."""
    pelvis, left, right = (bones.get(slot) for slot in ("pelvis", "left_shin", "right_shin"))
    if pelvis is None or left is None or right is None:
        return None
    known = pelvis.present & left.present & right.present
    leftward = rotate(pelvis.orientation, X) * [1, 0, 1]
    sway = _smooth(np.sum(pelvis.acceleration * leftward, axis=1), _SWAY)[known]
    carried = (_smooth(_speed(left), _STEP) - _smooth(_speed(right), _STEP))[known]
    if len(carried) < SOLVE_RATE or np.std(carried) < STRIDE or not np.std(sway):
        return None
    fits = float(np.corrcoef(sway, carried)[0, 1])
    if abs(fits) < STEPPING:
        return None
    if fits > 0:
        return Finding(Aspect.PLACES, Verdict.RIGHT)
    detail = "The body sways over the leg that is in the air: left and right are exchanged, or back and front."
    return _wrong(detail, FACING)


def _lever(bones: Bones, limb: Resampled) -> Array | None:
    """Direction `(3,)` of the limb's lever in its bone's frame; None where the motion does not tell."""
    pelvis = bones.get("pelvis")
    lever = fit_lever(swing(limb), None if pelvis is None else swing(pelvis))
    return lever.arm / lever.length if lever.explained > CLEAR and lever.length > LONG else None


def _tilt(bone: Resampled) -> float:
    """Degrees from upright as in the T-pose, median."""
    up = rotate(bone.orientation[bone.present], Y)[:, 1]
    return float(np.degrees(np.median(np.arccos(np.clip(up, -1, 1))))) if len(up) else 0.0


def _speed(bone: Resampled) -> NDArray[np.float64]:
    turned = angle_between(bone.orientation[1:], bone.orientation[:-1]) * SOLVE_RATE
    return np.concatenate([[0.0], turned])


def _smooth(values: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    return np.convolve(values, np.ones(frames) / frames, mode="same")
