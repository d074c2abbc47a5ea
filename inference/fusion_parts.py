"""Sensors and a camera that was moved between: each part by itself, joined by what the sensors felt."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ..rig.errors import BadInputError
from ..rig.imu import ImuSequence
from ..rig.lifted.even import EvenKeypoints
from ..rig.motion import SOLVE_RATE, Motion
from ..rig.quaternion import make_continuous
from .film_solver import FilmSolution
from .fusion_solver import Progress, solve_fused
from .lifters import Lifter
from .weights_file import LoadedNetwork

LEAST = 3.0  # seconds with the performer in sight that tell where a camera stands
Span = tuple[int, int]  # ns


def solve_fused_apart(
    imu: ImuSequence,
    felt: Motion,
    even: EvenKeypoints,
    loaded: LoadedNetwork[Lifter],
    moved: Sequence[Span],
    progress: Progress = lambda share, doing: None,
) -> FilmSolution:
    """As `solve_fused`; the camera did not stand still in the spans `moved`, in which it says nothing, and may stand
    elsewhere after each. A part too short to tell where goes without the camera, with the part beside it."""
    if not moved:
        return solve_fused(imu, felt, even, loaded, progress)
    still, cuts = still_parts(even, moved)
    if len(cuts) < 2:
        return solve_fused(imu, felt, still, loaded, progress)
    solved = []
    for number, rows in enumerate(cuts):

        def tell(share: float, doing: str, number: int = number) -> None:
            progress((number + share) / len(cuts), doing)

        part = EvenKeypoints(still.rays[rows], still.sure[rows], still.present[rows], still.t_ns[rows])
        solved.append(solve_fused(imu.part(rows), felt.part(rows), part, loaded, tell))
    return joined(solved, felt)


def still_parts(even: EvenKeypoints, moved: Sequence[Span]) -> tuple[EvenKeypoints, list[slice]]:
    """What the camera saw while it stood, and the rows in each of which it stood in one place. Stretches in which the
    performer was in sight for less than `LEAST` are part of the one before them, and nobody is seen there."""
    bounds = [0, *(int(np.searchsorted(even.t_ns, end)) for _, end in moved), len(even)]
    seen = unseen(even, moved)
    stretches = [slice(*pair) for pair in pairwise(bounds)]
    long = [rows for rows in stretches if seen.present[rows].sum() >= LEAST * SOLVE_RATE]
    if not long:
        raise BadInputError(
            f"The camera never stood still for {LEAST:.0f} s with the performer in sight, so it tells neither "
            "place nor heading. Put it on something solid and film again; the sensors alone can be solved by HiPoser."
        )
    brief = [rows for rows in stretches if rows not in long and rows.stop > rows.start]
    seen = unseen(seen, [(int(even.t_ns[rows.start]), int(even.t_ns[rows.stop - 1])) for rows in brief])
    starts = [0, *(rows.start for rows in long[1:]), len(even)]
    return seen, [slice(*pair) for pair in pairwise(starts)]


def unseen(even: EvenKeypoints, moved: Sequence[Span]) -> EvenKeypoints:
    """Nobody is seen while the camera moves."""
    still = np.ones(len(even), bool)
    for begin, end in moved:
        still &= (even.t_ns < begin) | (even.t_ns > end)
    return replace(even, sure=even.sure * still[:, None], present=even.present & still)


def joined(solved: Sequence[FilmSolution], felt: Motion) -> FilmSolution:
    """One after the other; over the floor each begins where the sensors say that the one before has gone."""
    rotations, places = [solved[0].motion.rotations], [solved[0].motion.translation]
    for part in solved[1:]:
        row = sum(len(one) for one in places)
        step = felt.translation[row] - felt.translation[row - 1]
        off = places[-1][-1] + step - part.motion.translation[0]
        rotations.append(part.motion.rotations)
        places.append(part.motion.translation + off * np.array([1, 0, 1], np.float32))
    first = solved[0]
    motion = replace(
        first.motion,
        rotations=make_continuous(np.concatenate(rotations)),
        translation=np.concatenate(places),
        t_ns=felt.t_ns,
        confidence=np.concatenate([part.motion.confidence for part in solved]),
        contact=None if first.motion.contact is None else np.concatenate([part.motion.contact for part in solved]),
    )
    lifted, agreed = (np.concatenate([getattr(part, name) for part in solved]) for name in ("lifted", "agreed"))
    return FilmSolution(motion, first.ground, lifted, agreed, tuple(solved))
