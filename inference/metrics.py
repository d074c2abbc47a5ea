"""How far a pose is from the truth, as the inertial-poser literature counts it (TransPose, PIP, HiPoser).

SIP  mean world-rotation error of hips and shoulders, degrees
Ang  the same over all 24 joints, degrees
Pos  mean joint distance with the pelvis aligned, centimetres
jitter  mean norm of the third difference of joint positions about the pelvis, m/s³

The unmarked figures let toes, wrists and hands follow their parents in truth and estimate alike, as no
sensor sees them; `*_all` leaves both as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..rig import quaternion
from ..rig.kinematics import joint_positions, local_to_global
from ..rig.motion import Motion
from ..rig.skeleton import END_JOINTS, Skeleton

SIP_JOINTS = (1, 2, 16, 17)


@dataclass(frozen=True)
class PoseErrors:
    """Means over frames; `frames` is their number."""

    SIP: float
    Ang: float
    Pos: float
    SIP_all: float
    Ang_all: float
    Pos_all: float
    jitter: float
    jitter_truth: float
    frames: int


def pose_errors(estimate: Motion, truth: Motion) -> PoseErrors:
    """Both at the same frames; positions on the true skeleton, so that only rotations count."""
    frames = min(len(estimate), len(truth))
    mine, real = estimate.rotations[:frames], truth.rotations[:frames]
    skeleton = truth.skeleton
    sip, ang, pos = _errors(_following(mine), _following(real), skeleton)
    sip_all, ang_all, pos_all = _errors(mine, real, skeleton)
    jitter = _jitter(_following(mine), skeleton, truth.rate)
    jitter_truth = _jitter(_following(real), skeleton, truth.rate)
    return PoseErrors(sip, ang, pos, sip_all, ang_all, pos_all, jitter, jitter_truth, frames)


def mean_errors(errors: Sequence[PoseErrors]) -> PoseErrors:
    """Mean over clips, each weighted by its frames."""
    weights = np.array([e.frames for e in errors], float)
    names = [f.name for f in fields(PoseErrors) if f.name != "frames"]
    means = {n: float(np.average([getattr(e, n) for e in errors], weights=weights)) for n in names}
    return PoseErrors(**means, frames=int(weights.sum()))


@dataclass(frozen=True)
class TravelErrors:
    """`dist` cm: pelvis displacement error after 5 s, or at the end of a shorter clip (`dist_windows` of them);
    `drift` % of the way walked, over the clips with at least a metre of it (`metres` in all), NaN without any."""

    dist: float
    dist_windows: int
    drift: float
    metres: float


def travel_errors(pairs: Sequence[tuple[Motion, Motion]], seconds: float = 5.0) -> TravelErrors:
    """Over (estimate, truth) pairs; windows of `seconds` follow each other, each from its own start."""
    dist, wrong, walked = [], 0.0, 0.0
    for estimate, truth in pairs:
        error = estimate.translation - truth.translation
        span = min(round(seconds * truth.rate), len(error) - 1)
        dist += [float(np.linalg.norm(error[k + span] - error[k])) for k in range(0, len(error) - span, max(span, 1))]
        steps = np.diff(truth.translation[:, [0, 2]], axis=0)
        path = float(np.linalg.norm(steps, axis=-1).sum())
        if path >= 1.0:
            walked += path
            wrong += float(np.linalg.norm((error[-1] - error[0])[[0, 2]]))
    return TravelErrors(
        100 * float(np.mean(dist)) if dist else float("nan"),
        len(dist),
        100 * wrong / walked if walked else float("nan"),
        walked,
    )


def _following(rotations: NDArray[np.float32]) -> NDArray[np.float32]:
    still = rotations.copy()
    still[:, list(END_JOINTS)] = quaternion.IDENTITY
    return still


def _errors(mine: NDArray[np.float32], real: NDArray[np.float32], skeleton: Skeleton) -> tuple[float, float, float]:
    a, b = local_to_global(mine), local_to_global(real)
    angle = np.degrees(quaternion.angle_between(a, b))
    origin = np.zeros((len(a), 3), np.float32)
    distance = np.linalg.norm(joint_positions(a, origin, skeleton) - joint_positions(b, origin, skeleton), axis=-1)
    return float(angle[:, SIP_JOINTS].mean()), float(angle.mean()), 100 * float(distance.mean())


def _jitter(rotations: NDArray[np.float32], skeleton: Skeleton, rate: float) -> float:
    if len(rotations) < 4:
        return 0.0
    # third differences of float32 positions are mostly rounding
    exact = local_to_global(rotations.astype(np.float64))
    positions = joint_positions(exact, np.zeros((len(rotations), 3)), skeleton)
    return float(np.linalg.norm(np.diff(positions, n=3, axis=0), axis=-1).mean() * rate**3)
