"""Sensors and a camera that was bumped: every part of the film has a standpoint of its own."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from mocamba.inference import fusion_solver
from mocamba.inference.film_solver import FilmSolution, load_lifter
from mocamba.inference.fusion_parts import LEAST, solve_fused_apart, still_parts
from mocamba.inference.fusion_solver import solve_fused
from mocamba.inference.virtual_film import PERFECT, Tripod, film_motion
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.errors import BadInputError
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.imu import WORN, ImuSequence
from mocamba.rig.lifted.even import EvenKeypoints, even_keypoints
from mocamba.rig.motion import Motion

from .performers import cut_motion, performance

SECOND = 1_000_000_000


@pytest.fixture(autouse=True)
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """PoseMamba's word does not count beside sensors: it need not be asked."""
    torch.set_num_threads(1)
    monkeypatch.setattr(
        fusion_solver, "lift_track", lambda network, rays, *rest, **named: np.zeros((*rays.shape[:2], 3))
    )


def bumped(at: int) -> tuple[Motion, ImuSequence, EvenKeypoints]:
    """Ten seconds; from frame `at` the camera stands elsewhere."""
    motion = cut_motion(performance(), 240, 840)
    before, after = (film_motion(motion, Tripod(4, bearing, 1.4 + bearing / 300), PERFECT) for bearing in (20, 60))
    rows = np.arange(len(motion)) < at
    rays = np.where(rows[:, None, None], before.rays, after.rays)
    even = even_keypoints(motion.t_ns, rays, before.confidence, motion.t_ns)
    return motion, simulate_imu(motion, WORN, 1), even


def errors(solution: FilmSolution, truth: Motion) -> tuple[float, float]:
    """Of the joints and of the path over the floor, mm."""
    mine, real = (h36m_positions(one).astype(np.float64) for one in (solution.motion, truth))
    path = (mine[:, 0] - mine[0, 0]) - (real[:, 0] - real[0, 0])
    off = np.linalg.norm((mine - mine[:, :1]) - (real - real[:, :1]), axis=-1)
    return 1000 * float(off.mean()), 1000 * float(np.linalg.norm(path[:, [0, 2]], axis=-1).mean())


def test_after_a_bump_the_camera_is_found_again() -> None:
    motion, imu, even = bumped(300)
    loaded = load_lifter("posemamba-s")
    moved = [(int(motion.t_ns[292]), int(motion.t_ns[306]))]
    apart = solve_fused_apart(imu, motion, even, loaded, moved)
    together = solve_fused(imu, motion, even, loaded)
    assert len(apart.motion) == len(apart.joints_in_camera()) == len(motion)
    (joints, path), (wrong, astray) = errors(apart, motion), errors(together, motion)
    assert joints < 15
    assert path < 40
    assert joints < 0.5 * wrong
    assert path < 0.5 * astray
    steps = np.linalg.norm(np.diff(apart.motion.translation, axis=0), axis=-1)
    assert steps.max() < 0.06
    # each part is seen from its own place
    first, second = (film_motion(motion, Tripod(4, b, 1.4 + b / 300), PERFECT).joints for b in (20, 60))
    seen = apart.joints_in_camera()
    seen = seen - seen[:, :1]
    for rows, truth in ((slice(0, 280), first), (slice(320, 600), second)):
        assert np.linalg.norm(seen[rows] - (truth - truth[:, :1])[rows], axis=-1).mean() < 0.03


def test_a_camera_that_stood_is_one_part() -> None:
    motion, imu, even = bumped(999)
    loaded = load_lifter("posemamba-s")
    apart, whole = solve_fused_apart(imu, motion, even, loaded, []), solve_fused(imu, motion, even, loaded)
    np.testing.assert_array_equal(apart.motion.rotations, whole.motion.rotations)


def test_stretches_too_short_to_tell_go_without_the_camera() -> None:
    motion, _, even = bumped(999)
    start = int(motion.t_ns[0])
    spans = [(start + round(s * SECOND), start + round((s + 0.3) * SECOND)) for s in (0.7, 4.5, 5.5)]
    still, parts = still_parts(even, spans)
    assert next(part.start for part in parts) == 0
    assert parts[-1].stop == len(even)
    assert all(a.stop == b.start for a, b in itertools.pairwise(parts))
    assert len(parts) == 2
    seen = still.present
    for begin, end, there in ((0.0, 0.9, False), (1.1, 4.4, True), (4.6, 5.7, False), (5.9, 9.9, True)):
        assert (seen[round(60 * begin) : round(60 * end)] == there).all()
    assert (still.sure[~seen] == 0).all()


def test_a_camera_that_never_stood_is_refused() -> None:
    motion, _, even = bumped(999)
    spans = [(int(t), int(t) + SECOND // 2) for t in motion.t_ns[:: round(60 * LEAST / 2)]]
    with pytest.raises(BadInputError, match="never stood still"):
        still_parts(replace(even, present=even.present), spans)
