"""A camera beside sensors, live: a simulated performer seen, hidden and seen again, exact truth beside."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference import live_lag
from mocamba.inference.film_solver import load_lifter, solve_film
from mocamba.inference.live_film import STAND, LiveFilm
from mocamba.inference.live_fusion import LiveFusion
from mocamba.inference.live_lag import LiveLag
from mocamba.inference.views import SIGHT, VIEW, Sight, View
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.lifted.align import clear_turn, misses
from mocamba.rig.lifted.correction import BETWEEN, FADE, WAIT, PoseCorrection
from mocamba.rig.lifted.even import even_keypoints
from mocamba.rig.motion import SOLVE_RATE, Motion
from mocamba.rig.quaternion import angle_between, normalise
from mocamba.rig.skeleton import SMPL24

from .live_films import EVERY, corrected, joint_errors, levelled_error, path_errors, view, worn

HIDDEN = range(420, 540)  # frames: two seconds
ALL = np.ones(6, bool)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def steps(motion: Motion) -> np.ndarray:
    """Degrees by which joints turn from frame to frame `(T-1, 24)`."""
    return np.degrees(angle_between(motion.rotations[1:].astype(float), motion.rotations[:-1].astype(float)))


def test_seen_hidden_and_seen_again() -> None:
    scene = worn()
    truth, felt = scene.truth, scene.felt
    fusion = LiveFusion(load_lifter("vimcan-t-causal"), truth.skeleton)
    fused, sights = corrected(scene, fusion.push, HIDDEN)
    fusion.close()
    first = next(k for k, sight in enumerate(sights) if sight.found)
    start = first * EVERY + 60
    assert start < 300  # found, and at work, within five seconds
    hidden = [sight for k, sight in enumerate(sights) if k * EVERY in HIDDEN][8:]
    assert hidden
    assert not any(sight.found for sight in hidden)
    assert sights[-1].found
    seen = np.r_[start : HIDDEN.start, HIDDEN.stop + 60 : len(truth)]
    alone, both = joint_errors(felt, truth), joint_errors(fused, truth)
    assert both[seen].mean() < alone[seen].mean()
    assert both[HIDDEN.start + 60 : HIDDEN.stop].mean() < alone[HIDDEN.start + 60 : HIDDEN.stop].mean() + 1
    assert path_errors(fused, truth, start).mean() < path_errors(felt, truth, start).mean()
    # nothing jumps where the camera comes and goes, but what the truth and the sensors' own pose do
    around = slice(HIDDEN.start - 5, HIDDEN.stop + 60)
    most = np.maximum(steps(truth)[around].max(axis=0), steps(felt)[around].max(axis=0))
    assert (steps(fused)[around] < most + 2.0).all()
    moved = np.linalg.norm(np.diff(fused.translation, axis=0), axis=-1)[around].max()
    alone_moved = np.linalg.norm(np.diff(felt.translation, axis=0), axis=-1)[around].max()
    assert moved < alone_moved + 0.015


def joints_of(motion: Motion) -> np.ndarray:
    joints = h36m_positions(motion).astype(np.float64)
    return joints - joints[:, :1]


def test_a_late_camera_is_found_out() -> None:
    scene, late = worn(errors=False), 80_000_000
    lag, felt = LiveLag(), joints_of(scene.truth)
    for number in range(len(scene.film.t_ns)):
        lag.add(view(scene, number, lag_ns=late), felt[number * EVERY])
    lag.close()
    lag.add(view(scene, number, lag_ns=late), felt[number * EVERY])
    assert lag.known
    # joints of the moment in which the picture is said to be taken, so the truth is 80 ms behind
    assert lag.lag_ns == pytest.approx(0, abs=25_000_000)


@pytest.mark.parametrize(("late", "told"), [(-1.4, False), (-0.9, True), (0.15, True), (1.1, True), (1.6, False)])
def test_a_lag_that_no_session_can_wait_for_is_not_told(
    late: float, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_lag, "FIRST", 1000)  # it is looked for here
    scene = worn(errors=False)
    lag, felt = LiveLag(), joints_of(scene.truth)
    for number in range(len(scene.film.t_ns)):
        frame = number * EVERY - round(late * SOLVE_RATE)
        if 0 <= frame < len(felt):
            lag.add(view(scene, number), felt[frame])
    found = live_lag._lag_of(tuple(lag._seen))
    assert found is not None
    assert found / 1e9 == pytest.approx(late, abs=0.025)  # the search alone has no such bound
    lag._take(found)
    lag.close()
    assert (lag.known, lag.lag_ns) == ((True, found) if told else (False, 0))


def test_a_body_that_is_flat_tells_no_heading_and_a_moving_one_does() -> None:
    scene = worn(errors=False)
    felt, rays = joints_of(scene.truth), scene.film.rays
    sure = np.ones(rays.shape[:2])
    flat = np.repeat(felt[:1] * [1, 1, 0], 60, axis=0)
    # far away, where nothing is nearer than the rest, and seen no better than a detector does
    seen = flat @ scene.film.turn.T + [0, 0, 40.0]
    blurred = seen[..., :2] / seen[..., 2:] + np.random.default_rng(1).normal(0, 0.001, (60, 17, 2))
    assert clear_turn(misses(flat, blurred, np.ones((60, 17)))) is None
    found = clear_turn(misses(felt[::EVERY], rays, sure))
    assert found is not None
    assert np.degrees(np.arccos((np.trace(found.T @ scene.film.turn) - 1) / 2)) < 3


def test_a_camera_alone_gives_poses_after_standing_and_as_a_recording_does() -> None:
    scene = worn(60, 330)
    lifter = load_lifter("posemamba-s-causal")
    film = LiveFilm(lifter, scene.truth.skeleton)
    sights = [film.push(view(scene, k, sensors=False)) for k in range(len(scene.film.t_ns))]
    found = np.array([k for k, sight in enumerate(sights) if sight.found])
    assert STAND * 15 - 2 < found[0] < STAND * 15 + 10
    assert found[-1] == len(sights) - 1
    rows = found * EVERY
    even = even_keypoints(scene.film.t_ns, scene.film.rays, scene.film.confidence, scene.truth.t_ns)
    offline = solve_film(even, lifter, height=scene.truth.skeleton.height).motion
    mine, other, truth = (
        h36m_positions(motion).astype(np.float64)
        for motion in (
            replace(scene.truth.part(rows), **_poses([sights[k] for k in found])),
            offline.part(rows),
            scene.truth.part(rows),
        )
    )
    live_error, offline_error = levelled_error(mine, truth), levelled_error(other, truth)
    assert live_error < offline_error + 25
    assert np.abs(mine[:, 0, 1] - truth[:, 0, 1]).mean() < 0.08
    rotations = np.stack([sights[k].rotations for k in found])
    assert angle_between(rotations[1:], rotations[:-1]).max() < 12 / 15 + 0.01
    gone = film.push(replace(view(scene, 1, hidden=True, sensors=False), t_ns=10**12))
    assert not gone.found


def _poses(sights: list[Sight]) -> dict[str, np.ndarray]:
    return {name: np.stack([getattr(sight, name) for sight in sights]) for name in ("rotations", "translation")}


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31))
def test_a_correction_arrives_fades_and_leaves_measured_bones_alone(seed: int) -> None:
    random = np.random.default_rng(seed)
    felt = normalise(random.normal(size=(24, 4)) + np.array([4, 0, 0, 0])).astype(np.float32)
    seen = normalise(felt + random.normal(0, 0.05, (24, 4))).astype(np.float32)
    correction = PoseCorrection(SMPL24)
    place, step = np.array([0.3, 0.0, -0.2]), round(1e9 / 60)

    def run(begin: int, frames: int, learning: bool) -> tuple[np.ndarray, np.ndarray]:
        for t in range(begin, begin + frames):
            if learning:
                correction.learn(t * step, felt, seen, ALL, place, 0.0)
            pose = correction.apply(t * step, felt, np.zeros(3, np.float32))
        return pose

    same, still = PoseCorrection(SMPL24).apply(0, felt, np.zeros(3, np.float32))
    np.testing.assert_allclose(angle_between(same, felt), 0, atol=1e-3)
    assert not still.any()
    pose, at = run(1, 120, learning=True)
    assert correction.share == 1
    world, goal, own = (local_to_global(q.astype(np.float64)) for q in (pose, seen, felt))
    assert angle_between(world[list(BETWEEN)], goal[list(BETWEEN)]).max() < 0.01
    others = [0, 4, 5, 15, 18, 19]
    assert angle_between(world[others], own[others]).max() < 1e-3
    np.testing.assert_allclose(at[[0, 2]], place[[0, 2]], atol=0.01)
    pose, at = run(121, round(60 * (WAIT + FADE)) + 5, learning=False)
    assert correction.share == 0
    assert angle_between(pose, felt).max() < 1e-3
    np.testing.assert_allclose(at[[0, 2]], place[[0, 2]], atol=0.01)  # the place stays


def test_records_of_shared_memory_hold_what_was_written() -> None:
    shown = view(worn(errors=False), 3)
    record = np.zeros(1, VIEW)[0]
    shown.write(record)
    again = View.read(record)
    for name in VIEW.names or ():
        np.testing.assert_array_equal(getattr(again, name), getattr(shown, name))
    sight = Sight(1, 2, True, shown.rotations, shown.translation, 0.5, 0.1, -7, False, 9)
    record = np.zeros(1, SIGHT)[0]
    sight.write(record)
    back = Sight.read(record)
    assert (back.number, back.t_ns, back.found, back.lag_ns, back.timed) == (1, 2, True, -7, False)
    assert isinstance(back.lag_ns, int)


def test_a_slow_computers_few_pictures_correct_as_well() -> None:
    """Two and a half a second, as fast as a busy computer looks at them."""
    pose = np.tile(np.array([1.0, 0, 0, 0], np.float32), (24, 1))
    correction, shares = PoseCorrection(SMPL24), []
    for t in range(600):
        if t % 24 == 0:
            correction.learn(round(t / 60 * 1e9), pose, pose, ALL, np.zeros(3), 0.0)
        correction.apply(round(t / 60 * 1e9), pose, np.zeros(3, np.float32))
        shares.append(correction.share)
    assert min(shares[240:]) > 0.9
