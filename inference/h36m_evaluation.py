"""PoseMamba's and MDTF's own protocol on Human3.6M, from the file that MotionBERT's preprocessing leaves.

As their released code runs it: detected keypoints of S9 and S11, clips of the network's length that follow each other,
the mean of the answer and of the mirrored answer to the mirrored clip, the root at zero, back to millimetres by each
frame's factor, means by action and then over the actions. P1 is MPJPE, P2 MPJPE after a similarity transform a frame.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..rig.errors import BadInputError, FileFormatError
from ..rig.plain_pickle import array_of, read_plain
from .device_choice import memory_explained
from .lifting import mirror_points
from .networks.mdtf import MDTF
from .networks.posemamba import PoseMamba
from .position_metrics import aligned

Floats = NDArray[np.float64]
Progress = Callable[[float, str], None]
KEYS = (
    "joint_2d",
    "confidence",
    "joint3d_image",
    "joints_2.5d_image",
    "2.5d_factor",
    "camera_name",
    "action",
    "source",
)
# Of cameras by the last figures of their number: width and height of the pictures
SIZES = {"54138969": (1000, 1002), "60457274": (1000, 1002), "55011271": (1000, 1000), "58860488": (1000, 1000)}
# Whose truth is wrong: the released code leaves them out
WRONG = ("s_09_act_05_subact_02", "s_09_act_10_subact_02", "s_09_act_13_subact_01")
AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class H36MFrames:
    """The test frames: `keypoints (N, 17, 2)` and `confidence (N, 17)` as detected, in pixels; `truth (N, 17, 3)` mm;
    `factor (N,)` mm a pixel; `size (N, 2)`; `action` and `source` of each frame by name; `counted (N,)` frames whose
    error counts, None where all do."""

    keypoints: Floats
    confidence: Floats
    truth: Floats
    factor: Floats
    size: Floats
    action: tuple[str, ...]
    source: tuple[str, ...]
    counted: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class H36MErrors:
    """In mm, means over the actions, and by action."""

    P1: float
    P2: float
    frames: int
    by_action: dict[str, tuple[float, float]]


def read_h36m(path: Path) -> H36MFrames:
    """The half `test` of the pickle, which is read without running what is in it. Raises FileFormatError."""
    half = read_plain(path).get("test")
    if not isinstance(half, dict) or (missing := [key for key in KEYS if key not in half]):
        lacks = "has no half 'test'" if not isinstance(half, dict) else f"lacks {', '.join(missing)} in 'test'"
        raise FileFormatError(path, f"{lacks}: it is no Human3.6M of MotionBERT's preprocessing.")
    try:
        cameras = [str(name) for name in half["camera_name"]]
        unknown = sorted(set(cameras) - set(SIZES))
        if unknown:
            raise FileFormatError(path, f"names cameras that Human3.6M has not: {', '.join(unknown[:3])}.")
        frames = H36MFrames(
            array_of(half["joint_2d"]).astype(np.float64)[..., :2],
            array_of(half["confidence"]).astype(np.float64).reshape(len(cameras), -1),
            array_of(half["joints_2.5d_image"]).astype(np.float64),
            np.array([float(value) for value in _listed(half["2.5d_factor"])]),
            np.array([SIZES[name] for name in cameras], np.float64),
            tuple(str(name) for name in half["action"]),
            tuple(str(name) for name in half["source"]),
        )
    except (TypeError, ValueError, IndexError) as error:
        raise FileFormatError(path, f"is damaged ({error}).", "Download it again.") from error
    _check(path, frames)
    return frames


def _listed(values: Any) -> Sequence[Any]:
    return values if isinstance(values, list) else list(array_of(values).ravel())


def _check(path: Path, frames: H36MFrames) -> None:
    count = len(frames.source)
    shapes = (frames.keypoints.shape, frames.confidence.shape, frames.truth.shape, frames.factor.shape)
    if shapes != ((count, 17, 2), (count, 17), (count, 17, 3), (count,)) or len(frames.action) != count or not count:
        raise FileFormatError(path, f"has arrays of shapes {shapes} for {count} frames.", "Download it again.")
    for name, values in (("joint_2d", frames.keypoints), ("joints_2.5d_image", frames.truth)):
        if not np.isfinite(values).all():
            raise FileFormatError(path, f"has NaN in {name}.", "Download it again.")


def evaluate_h36m(
    network: PoseMamba | MDTF,
    frames: H36MFrames,
    *,
    flip: bool = True,
    progress: Progress = lambda share, doing: None,
) -> H36MErrors:
    """Raises BadInputError where no clip is left to evaluate."""
    network.eval()
    clips = list(cut(frames.source, network.config.frames))
    if not clips:
        raise BadInputError("No sequence with right truth is left to evaluate.")
    sums, counts = np.zeros((len(frames.source), 2)), np.zeros(len(frames.source))
    for start in range(0, len(clips), AT_ONCE):
        progress(start / len(clips), "Lifting Human3.6M")
        rows = np.stack(clips[start : start + AT_ONCE])
        for row, mine in zip(rows, _answer(network, frames, rows, flip), strict=True):
            real = frames.truth[row] - frames.truth[row][:, :1]
            p1 = np.linalg.norm(mine - real, axis=-1).mean(axis=-1)
            p2 = np.linalg.norm(aligned(mine, real) - real, axis=-1).mean(axis=-1)
            np.add.at(sums, row, np.stack([p1, p2], axis=-1))
            np.add.at(counts, row, 1)
    if frames.counted is not None:
        counts[~frames.counted] = 0
    return _by_action(frames, sums, counts)


def cut(source: Sequence[str], length: int) -> Iterator[NDArray[np.int64]]:
    """Rows of clips of `length` frames. A sequence shorter than that is stretched; a longer one's rest is left out."""
    names = np.array(source)
    starts = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1), len(names)]
    for begin, end in pairwise(starts):
        if any(wrong in source[begin] for wrong in WRONG):
            continue
        if end - begin < length:
            yield begin + np.linspace(0, end - begin - 1, length).round().astype(np.int64)
        for first in range(begin, end - length + 1, length):
            yield np.arange(first, first + length)


@memory_explained()
@torch.inference_mode()
def _answer(network: PoseMamba | MDTF, frames: H36MFrames, rows: NDArray[np.int64], flip: bool) -> Floats:
    """`(B, T, 17, 3)` in mm, the root at zero, of the clips `rows (B, T)`."""
    device = next(network.parameters()).device
    size, points = frames.size[rows], frames.keypoints[rows]
    width, height = size[..., None, :1], size[..., None, 1:]
    seen = np.concatenate([2 * points[..., :1] / width - 1, (2 * points[..., 1:] - height) / width], axis=-1)
    keypoints = torch.from_numpy(seen).float().to(device)
    sure = torch.from_numpy(frames.confidence[rows]).float().to(device)[..., None]

    def lift(given: torch.Tensor) -> torch.Tensor:
        said: torch.Tensor = network(torch.cat([given, sure], dim=-1) if isinstance(network, MDTF) else given)
        return said

    said = lift(keypoints)
    if flip:
        said = (said + mirror_points(lift(mirror_points(keypoints)))) / 2
    joints = said.double().cpu().numpy()
    joints[:, :, 0] = 0
    # x and y are shifted alike for all joints, so the root's place falls out
    millimetres = joints * (width / 2) * frames.factor[rows][..., None, None]
    rooted: Floats = millimetres - millimetres[:, :, :1]
    return rooted


def _by_action(frames: H36MFrames, sums: Floats, counts: Floats) -> H36MErrors:
    done = counts > 0
    errors = sums[done] / counts[done, None]
    actions = np.array(frames.action)[done]
    by_action = {}
    for action in sorted(set(actions)):
        p1, p2 = errors[actions == action].mean(axis=0)
        by_action[str(action)] = (float(p1), float(p2))
    means = np.mean(list(by_action.values()), axis=0)
    return H36MErrors(float(means[0]), float(means[1]), int(done.sum()), by_action)
