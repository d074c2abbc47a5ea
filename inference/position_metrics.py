"""How far joints are from the truth, as the camera literature counts it.

All but Accel follow VideoPose3D and MotionBERT: distances are means over frames and joints, with the pelvis at zero.

MPJPE     distance of the joints, mm (protocol 1)
PA_MPJPE  the same after the rotation, translation and scale, frame by frame, that make it least, mm (protocol 2)
N_MPJPE   the same after the scale alone, frame by frame, mm (Rhodin et al. 2018)
MPJVE     error of the joints' steps from frame to frame, mm a frame
Accel     error of the second differences, mm a squared frame (HMMR; often labelled mm/s², without the frame rate)
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PositionErrors:
    """Means over the frames of one clip or, weighted by them, of many; `frames` is their number."""

    MPJPE: float
    PA_MPJPE: float
    N_MPJPE: float
    MPJVE: float
    Accel: float
    frames: int


def position_errors(estimate: NDArray[np.float32] | Array, truth: NDArray[np.float32] | Array) -> PositionErrors:
    """Of `(T, J, 3)` in metres, the pelvis first. Differences of fewer frames than they need are 0."""
    mine, real = (np.asarray(x, np.float64) - x[:, :1] for x in (estimate, truth))
    return PositionErrors(
        MPJPE=_mean(mine - real),
        PA_MPJPE=_mean(aligned(mine, real) - real),
        N_MPJPE=_mean(scaled(mine, real) - real),
        MPJVE=_mean(np.diff(mine - real, axis=0)),
        Accel=_mean(np.diff(mine - real, n=2, axis=0)),
        frames=len(mine),
    )


def mean_position_errors(errors: Sequence[PositionErrors]) -> PositionErrors:
    """Over clips, each weighted by its frames."""
    weights = [e.frames for e in errors]
    names = [f.name for f in fields(PositionErrors) if f.name != "frames"]
    means = {name: float(np.average([getattr(e, name) for e in errors], weights=weights)) for name in names}
    return PositionErrors(**means, frames=sum(weights))


def scaled(estimate: Array, truth: Array) -> Array:
    """`estimate (T, J, 3)` by the scale of each frame that brings it nearest to `truth`."""
    scale = (truth * estimate).sum((1, 2)) / np.maximum((estimate**2).sum((1, 2)), 1e-12)
    result: Array = scale[:, None, None] * estimate
    return result


def aligned(estimate: Array, truth: Array) -> Array:
    """`estimate (T, J, 3)` by each frame's least-squares similarity, without reflection (Umeyama 1991, eqs. 40-42)."""
    middle, goal = estimate.mean(1, keepdims=True), truth.mean(1, keepdims=True)
    mine, real = estimate - middle, truth - goal
    u, spread, vt = np.linalg.svd(real.transpose(0, 2, 1) @ mine)
    sign = np.ones_like(spread)
    sign[:, 2] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    turn = (u * sign[:, None]) @ vt
    scale = (spread * sign).sum(1) / np.maximum((mine**2).sum((1, 2)), 1e-12)
    result: Array = scale[:, None, None] * mine @ turn.transpose(0, 2, 1) + goal
    return result


def _mean(difference: Array) -> float:
    return 1000 * float(np.linalg.norm(difference, axis=-1).mean()) if len(difference) else 0.0
