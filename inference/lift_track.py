"""A whole recording through a lifting network: windows that overlap and are blended, or a causal network's stream."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..rig.quaternion import Array, multiply
from .aiming import FOCAL, LEVEL, aim, aimed, turn_quaternion
from .frame_lifter import frame_step
from .framing import zoom_step
from .lifters import Lifter, given
from .lifting import SENSOR_JOINTS, LiftingClips
from .lifting_evaluation import lift
from .weights_file import LoadedNetwork

Progress = Callable[[float, str], None]
AT_ONCE = 4  # windows
LONGEST = 243
FOLLOW = 0.02  # per frame: a stream's virtual camera follows the performer within a second


def window_length(loaded: LoadedNetwork[Any]) -> int:
    """Frames that the network is given at once: as many as it was trained on."""
    training = loaded.card.training
    lengths = training.get("lengths") if isinstance(training, dict) else None
    most = int(getattr(loaded.network.config, "frames", LONGEST))
    return min(most, max(lengths)) if lengths else most


def lift_track(
    network: Lifter,
    rays: Array,
    orientation: Array | None = None,
    *,
    frames: int = 81,
    up: Array = LEVEL,
    progress: Progress = lambda share, doing: None,
) -> NDArray[np.float64]:
    """Joints `(T, 17, 3)` from the pelvis in the camera's frame: VIMCAN's in metres; PoseMamba's and MDTF's as large as
    in the picture of a camera of focal length 1, so that their scale has to be found.

    `rays (T, 17, 2)`: x and y at z = 1, 60 Hz, no holes. `orientation (T, 8, 4)`: bone to camera, in the order of
    `SENSOR_JOINTS`, zeros where a sensor is missing. Windows have `frames` frames. `up (3,)`: against gravity.
    """
    worn = _worn(rays, orientation)
    if network.look_ahead == 0:
        return _streamed(network, rays, worn, up, progress)
    return _windowed(network, rays, worn, min(frames, len(rays)), up, progress)


def _worn(rays: Array, orientation: Array | None) -> Array:
    return np.zeros((len(rays), len(SENSOR_JOINTS), 4)) if orientation is None else orientation


def _windowed(network: Lifter, rays: Array, worn: Array, frames: int, up: Array, progress: Progress) -> Array:
    """Every frame is the mean of the windows it lies in, each weighted most in its middle."""
    begins = window_begins(len(rays), frames)
    weight = _weights(frames)[:, None, None]
    sums, total = np.zeros((len(rays), 17, 3)), np.zeros((len(rays), 1, 1))
    for first in range(0, len(begins), AT_ONCE):
        progress(first / len(begins), "Lifting")
        few = begins[first : first + AT_ONCE]
        cuts = [slice(begin, begin + frames) for begin in few]
        turns = [aim(rays[cut, 0].mean(axis=0, keepdims=True), up) for cut in cuts]
        said = lift(network, _clips([(rays[cut], worn[cut], turn) for cut, turn in zip(cuts, turns, strict=True)]))
        for cut, turn, joints in zip(cuts, turns, said, strict=True):
            sums[cut] += weight * (joints @ turn[0])
            total[cut] += weight
    return _unscaled(network, sums / total)


def window_begins(length: int, frames: int) -> list[int]:
    """First frames of windows that overlap by half; the last one ends with the recording."""
    last = max(0, length - frames)
    return [*range(0, last, max(1, frames // 2)), last]


def _weights(frames: int) -> Array:
    """A hill that is nowhere zero: two that overlap by half add up to nearly one."""
    return np.asarray(np.sin(np.pi * (np.arange(frames) + 0.5) / frames) ** 2 + 1e-3)


def _clips(parts: list[tuple[Array, Array, Array]]) -> LiftingClips:
    keypoints = torch.from_numpy(np.stack([aimed(rays, turn) for rays, _, turn in parts]))
    worn = torch.from_numpy(np.stack([turned(worn, turn) for _, worn, turn in parts]))
    ones = torch.ones(keypoints.shape[:2])
    return LiftingClips(keypoints, worn, torch.zeros(*keypoints.shape[:3], 3), ones)


def turned(worn: Array, turn: Array) -> NDArray[np.float32]:
    """Orientations `(T, S, 4)` in the turned camera's frame, w not negative; missing ones stay zeros."""
    there = multiply(np.broadcast_to(turn_quaternion(turn), worn.shape), worn)
    return np.where(there[..., :1] < 0, -there, there).astype(np.float32)


def _unscaled(network: Lifter, joints: Array) -> Array:
    return joints if gives_metres(network) else joints / FOCAL


def gives_metres(network: Lifter) -> bool:
    """False for those that answer in units of the picture."""
    return type(network).__name__ == "Vimcan"


class LiftStream:
    """A causal network frame by frame, with a virtual camera that follows the performer."""

    def __init__(self, network: Lifter, up: Array = LEVEL) -> None:
        self._network, self._step, self._up = network, frame_step(network), up
        self._zoom: Tensor | None = None
        self._middle: Array | None = None

    @torch.inference_mode()
    def push(self, rays: Array, orientation: Array | None = None) -> Array:
        """One frame of `lift_track`: `(17, 2)` and `(8, 4)` to `(17, 3)`."""
        middle = rays[0] if self._middle is None else self._middle + FOLLOW * (rays[0] - self._middle)
        self._middle = middle
        turn = aim(middle[None], self._up)
        clips = _clips([(rays[None], _worn(rays[None], None if orientation is None else orientation[None]), turn)])
        factor = 1.0
        if self._network.config.framed:
            zoom, self._zoom = zoom_step(clips.keypoints[:, 0], self._zoom)
            clips = clips._replace(keypoints=clips.keypoints * zoom[:, None, None, None])
            factor = float(zoom[0])
        pose = self._step(*(values[:, 0] for values in given(self._network, clips)))
        joints: Array = (pose - pose[:, :1])[0].double().numpy() @ turn[0]
        return joints if gives_metres(self._network) else joints / (FOCAL * factor)


def _streamed(network: Lifter, rays: Array, worn: Array, up: Array, progress: Progress) -> Array:
    stream, found = LiftStream(network, up), np.empty((len(rays), 17, 3))
    for t in range(len(rays)):
        if t % 60 == 0:
            progress(t / len(rays), "Lifting")
        found[t] = stream.push(rays[t], worn[t])
    return found
