"""When a video began among the sensors of a take: found by its movement, or told roughly and refined."""

import math

import numpy as np
from numpy.typing import NDArray

from ..devices.keypoints.track import KeypointTrack
from ..rig.errors import BadInputError
from ..rig.h36m import h36m_positions
from ..rig.imu import ImuSequence
from ..rig.lens import Lens
from ..rig.lifted.lag import NEAR, SeveralMomentsError, camera_lag
from ..rig.motion import Motion

OPTION = "--video-start"
NAMED = 3  # moments that a refusal names


def check_start(start: float | None, t_ns: NDArray[np.int64]) -> None:
    """Refuse, before the work, a `start` in seconds that is no moment before the end of sensors at `t_ns`."""
    if start is None:
        return
    if not math.isfinite(start):
        raise BadInputError(f"{OPTION} {start} is no moment. Give seconds of the take, less than 0 for before it.")
    if start >= (length := _seconds(t_ns)):
        raise BadInputError(
            f"{OPTION} {start:g} is after the end of the take, which is {length:.1f} s long. Give the second of the "
            "take at which the video began."
        )


def video_lag(imu: ImuSequence, felt: Motion, track: KeypointTrack, lens: Lens, start: float | None) -> int:
    """Nanoseconds to add to the times of a video's `track`; of the moment `start`, in seconds of the take, something
    near is found. Raises BadInputError where nothing fits, and where several moments do, which it names."""
    began = int(imu.t_ns[0] - track.t_ns[0])
    if start is None:
        try:
            return track_lag(imu, felt, track, lens)
        except SeveralMomentsError as several:
            raise _named([(lag - began) / 1e9 for lag in several.lags]) from several
    if start <= -(length := _seconds(track.t_ns)):
        raise BadInputError(
            f"With {OPTION} {start:g} the video, which is {length:.1f} s long, ends before the take begins. Give the "
            "second of the take at which it began."
        )
    about = began + round(start * 1e9)
    try:
        return track_lag(imu, felt, track, lens, about)
    except SeveralMomentsError as several:
        return min(several.lags, key=lambda lag: abs(lag - about))
    except BadInputError as nothing:
        raise BadInputError(
            f"What the camera saw is not what the sensors felt within {NEAR:g} s of {OPTION} {start:g}, or too little "
            f"of it. Give another moment, or none to have every one tried."
        ) from nothing


def track_lag(imu: ImuSequence, felt: Motion, track: KeypointTrack, lens: Lens, about: int | None = None) -> int:
    """See `camera_lag`; `felt` is the motion in the sensors by themselves."""
    joints = h36m_positions(felt).astype(np.float64)
    rays = lens.rays(track.points)
    return camera_lag(joints - joints[:, :1], imu.t_ns, track.t_ns, rays, track.confidence, about=about, imu=imu)


def _named(starts: list[float]) -> BadInputError:
    first, *others = (f"{round(start, 1) + 0:.1f}" for start in starts[:NAMED])  # + 0: not -0.0
    between = ", ".join([first, *others[:-1]])
    return BadInputError(
        f"The video fits the take at {between} and {others[-1]} s, likeliest first: the movement is short or repeats "
        f"itself. If you know when it began, say so with {OPTION} {first}; half a second is near enough. Else clap "
        f"once, or jump, in sight of the camera and film again."
    )


def _seconds(t_ns: NDArray[np.int64]) -> float:
    return float(t_ns[-1] - t_ns[0]) / 1e9
