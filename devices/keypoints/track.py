"""The keypoints of one person through a whole video, with the times of its pictures."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...rig.amass import DAMAGE
from ...rig.errors import FileFormatError
from ...rig.whole_file import whole_file
from ..camera.view_watch import ViewMove
from .keypoints import Keypoints

JOINTS = 17
VERSION = 1
MOVE = np.dtype([("begin_ns", "i8"), ("end_ns", "i8"), ("far", "f8"), ("rests", "?")])


@dataclass(frozen=True, eq=False)
class KeypointTrack:
    """The joints of `rig.h36m` in every picture: `points (T, 17, 2)` pixels of the picture as it is shown, x to the
    right and y down from its upper left corner; `confidence (T, 17)` from 0 to 1.

    What was not seen is no guess: its point is NaN and its confidence 0. A picture without the person is NaN
    throughout. `t_ns (T,)` are the pictures' own times, which rise and need not be even; `fps` is their mean rate, Hz.
    `warnings` are sentences about the video; `moves` when its camera did not stand still, on those times. Raises
    ValueError where these do not hold.
    """

    t_ns: NDArray[np.int64]
    points: NDArray[np.float32]
    confidence: NDArray[np.float32]
    width: int
    height: int
    fps: float
    detector: str
    warnings: tuple[str, ...] = ()
    moves: tuple[ViewMove, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.t_ns)
        if self.points.shape != (count, JOINTS, 2) or self.confidence.shape != (count, JOINTS):
            raise ValueError(f"{count} times, points {self.points.shape}, confidence {self.confidence.shape}")
        if count > 1 and not (np.diff(self.t_ns) > 0).all():
            raise ValueError("the times do not rise")
        if (np.isnan(self.points).any(axis=-1) != (self.confidence == 0)).any():
            raise ValueError("a joint without a point has a confidence, or the other way round")

    def __len__(self) -> int:
        return len(self.t_ns)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """`(T, 17)` True where a joint was seen."""
        return self.confidence > 0

    @property
    def present(self) -> NDArray[np.bool_]:
        """`(T,)` True where anything of the person was seen."""
        found: NDArray[np.bool_] = self.seen.any(axis=1)
        return found

    def cut(self, count: int) -> "KeypointTrack":
        """Its first `count` pictures."""
        first = slice(count)
        return replace(self, t_ns=self.t_ns[first], points=self.points[first], confidence=self.confidence[first])

    def retimed(self, t_ns: NDArray[np.int64]) -> "KeypointTrack":
        """With other times `(T,)` of its pictures."""
        moves = tuple(
            replace(move, begin_ns=_at(move.begin_ns, self.t_ns, t_ns), end_ns=_at(move.end_ns, self.t_ns, t_ns))
            for move in self.moves
        )
        return replace(self, t_ns=t_ns, moves=moves)

    def save(self, path: Path) -> None:
        """As npz, whole or not at all. Raises BadInputError where it cannot be written."""
        # in memory first: NumPy's archive, left open by a full disk, complains once more as it is collected
        archive = io.BytesIO()
        np.savez_compressed(
            archive,
            mocamba_keypoints=VERSION,
            t_ns=self.t_ns,
            points=self.points,
            confidence=self.confidence,
            size=np.array([self.width, self.height]),
            fps=self.fps,
            detector=self.detector,
            warnings=np.array(self.warnings, np.str_),
            moves=np.array([(m.begin_ns, m.end_ns, m.far, m.rests) for m in self.moves], MOVE),
        )
        with whole_file(path) as part:
            part.write_bytes(archive.getvalue())


def load_track(path: Path) -> KeypointTrack:
    """What `save` wrote. Raises FileFormatError for anything else."""
    try:
        # opened here: NumPy leaves a file that is no archive open
        with path.open("rb") as file, np.load(file, allow_pickle=False) as values:
            return _from_values(values)
    except FileNotFoundError as error:
        raise FileFormatError(path, "does not exist.") from error
    except DAMAGE as error:
        raise FileFormatError(path, f"holds no keypoints ({error}).", "Find them in the video again.") from error


def _from_values(values: Any) -> KeypointTrack:
    if int(values["mocamba_keypoints"]) != VERSION:
        raise ValueError(f"version {values['mocamba_keypoints']}")
    width, height = (int(value) for value in values["size"])
    return KeypointTrack(
        values["t_ns"].astype(np.int64),
        values["points"].astype(np.float32),
        values["confidence"].astype(np.float32),
        width,
        height,
        float(values["fps"]),
        str(values["detector"]),
        tuple(map(str, values["warnings"])),
        tuple(ViewMove(*move) for move in values["moves"].tolist()) if "moves" in values else (),
    )


def _at(t: int, before: NDArray[np.int64], after: NDArray[np.int64]) -> int:
    """The time `t` among the times `before` is this among those `after`: that of the same picture."""
    return int(after[min(int(np.searchsorted(before, t)), len(after) - 1)])


def track_of(
    found: Sequence[Keypoints | None],
    t_ns: Sequence[int],
    size: tuple[int, int],
    detector: str,
    warnings: tuple[str, ...] = (),
    moves: tuple[ViewMove, ...] = (),
) -> KeypointTrack:
    """What was found in each picture of a video, None where nobody was; `size` its width and height, pixels."""
    points = np.full((len(t_ns), JOINTS, 2), np.nan, np.float32)
    confidence = np.zeros((len(t_ns), JOINTS), np.float32)
    for row, keypoints in enumerate(found):
        if keypoints is not None:
            seen = keypoints.seen
            points[row, seen], confidence[row, seen] = keypoints.points[seen], keypoints.confidence[seen]
    span = (t_ns[-1] - t_ns[0]) / 1e9 if len(t_ns) > 1 else 0.0
    rate = (len(t_ns) - 1) / span if span > 0 else 0.0
    return KeypointTrack(np.array(t_ns, np.int64), points, confidence, *size, rate, detector, warnings, moves)
