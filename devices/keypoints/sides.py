"""Puts right where a detector takes left for right.

It happens to all of the arms or of the legs at once, mostly to both: for some pictures a person from the front is taken
for one from behind. Joints then jump by as much as left and right lie apart, and back again. Of all ways to exchange
sides through a video, the one is taken that makes the joints' way the shortest and exchanges for the shortest time
(Viterbi's algorithm). A person who turns is left alone: their joints pass each other, and nothing jumps.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...rig.h36m import MIRROR
from .keypoints import Keypoints
from .track import KeypointTrack

ARMS, LEGS = (11, 12, 13, 14, 15, 16), (4, 5, 6, 1, 2, 3)
JUMP = 0.3  # of the person's size, all six joints together, by which an exchange must shorten the way
LONGEST = 0.5  # sizes that one joint's step counts at most
RATHER_NOT = 0.05  # a second, what being exchanged costs
GAP = 500_000_000  # ns without the person after which nothing is known of their sides
HOLD = 500_000_000  # ns that live sides are held for against the detector

Floats = NDArray[np.float64]


def mend_sides(track: KeypointTrack) -> KeypointTrack:
    """The track with sides exchanged where they were taken for each other."""
    rows = np.flatnonzero(track.present)
    if len(rows) < 2:
        return track
    wrong = np.zeros(track.confidence.shape, bool)
    size = _size(track.points[rows])
    for group in (ARMS, LEGS):
        path = _exchanged(track.points[rows][:, list(group)], track.t_ns[rows], size)
        wrong[np.ix_(rows[path], np.array(group))] = True
    mirror = list(MIRROR)
    return replace(
        track,
        points=np.where(wrong[..., None], track.points[:, mirror], track.points),
        confidence=np.where(wrong, track.confidence[:, mirror], track.confidence),
    )


def _size(points: NDArray[np.float32]) -> float:
    """Of the person, pixels, over all pictures in which anything of them is seen."""
    return max(float(np.median(np.hypot(*np.moveaxis(np.nanmax(points, 1) - np.nanmin(points, 1), -1, 0)))), 1.0)


def _exchanged(points: NDArray[np.float32], t_ns: NDArray[np.int64], size: float) -> NDArray[np.bool_]:
    """`(T,)` for the points `(T, 6, 2)` of one group, three joints of the left and then those of the right."""
    seconds = np.diff(t_ns) / 1e9
    cost = np.zeros(2)  # of the best way to here that ends as the detector has it, and exchanged
    came_from = np.zeros((len(points), 2), int)
    before = points[0].astype(np.float64)
    for row in range(1, len(points)):
        same, other = _steps(before, points[row].astype(np.float64), size)
        if t_ns[row] - t_ns[row - 1] > GAP:
            same = other = 0.0
        ways = cost[:, None] + [[same, other + JUMP], [other + JUMP, same]]
        came_from[row] = ways.argmin(axis=0)
        cost = ways.min(axis=0)
        cost[1] += RATHER_NOT * seconds[row - 1]
        before = np.where(np.isnan(points[row]), before, points[row])
    state = int(cost.argmin())
    path = np.zeros(len(points), bool)
    for row in range(len(points) - 1, -1, -1):
        path[row] = bool(state)
        state = came_from[row, state]
    return path


def _steps(before: Floats, now: Floats, size: float) -> tuple[float, float]:
    """How far the six joints went, in sizes, if sides are the same and if they are exchanged. Pairs of which one is
    hidden tell nothing."""
    other_side = [3, 4, 5, 0, 1, 2]
    known = np.isfinite(before + now + now[other_side] + before[other_side]).all(axis=1)
    same, other = (
        float(np.minimum(np.linalg.norm(there[known] - before[known], axis=1) / size, LONGEST).sum())
        for there in (now, now[other_side])
    )
    return same, other


class SideKeeper:
    """The same while pictures come: what jumps is exchanged, for `HOLD` at most, for then the detector may have been
    wrong before."""

    def __init__(self) -> None:
        self._before: Keypoints | None = None
        self._since: dict[tuple[int, ...], int] = {}  # when an exchange of a group began

    def keep(self, found: Keypoints) -> Keypoints:
        """The joints of the next picture."""
        if self._before is None or found.t_ns - self._before.t_ns > GAP:
            self._since.clear()
            self._before = found
            return found
        points, confidence = found.points.copy(), found.confidence.copy()
        for group in (ARMS, LEGS):
            if self._jumped(group, found):
                mirror = [MIRROR[joint] for joint in group]
                points[list(group)], confidence[list(group)] = found.points[mirror], found.confidence[mirror]
        self._before = replace(found, points=points, confidence=confidence)
        return self._before

    def _jumped(self, group: tuple[int, ...], found: Keypoints) -> bool:
        assert self._before is not None  # `keep` has it
        before, now = (one.points[list(group)].astype(np.float64) for one in (self._before, found))
        same, other = _steps(before, now, max(self._before.size, 1.0))
        jumped = same > other + JUMP and found.t_ns - self._since.get(group, found.t_ns) <= HOLD
        if jumped:
            self._since.setdefault(group, found.t_ns)
        else:
            self._since.pop(group, None)
        return jumped
