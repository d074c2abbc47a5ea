"""Foot contacts, feet that stand, floor and smoothing: on the simulated performer, whose feet are known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.devices.simulated.performer import perform
from mocamba.rig.contacts import FEET, estimate_contact, spans, standing
from mocamba.rig.errors import BadInputError
from mocamba.rig.live_feet import FARTHEST, FeetState, hold_feet
from mocamba.rig.motion import Motion
from mocamba.rig.one_euro import OneEuro, OneEuroState, one_euro
from mocamba.rig.polish import Polish, polished
from mocamba.rig.quaternion import angle_between, from_rotation_vector, multiply
from mocamba.rig.skeleton import SMPL24
from mocamba.rig.smooth import gaussian, smooth_motion


@cache
def truth() -> Motion:
    return perform(SMPL24)


def toes(motion: Motion) -> np.ndarray:
    return motion.joint_positions()[:, FEET].astype(np.float64)


def slide(motion: Motion, stands: np.ndarray) -> float:
    """Millimetres a frame that standing feet move."""
    steps = np.linalg.norm(np.diff(toes(motion), axis=0), axis=-1)
    return float(1000 * steps[stands[1:] & stands[:-1]].mean())


def sliding() -> Motion:
    """The performer on ice: the body sways, and sinks now and then."""
    t = np.arange(len(truth())) / 60
    away = np.stack([0.04 * np.sin(4 * t), -0.02 * np.sin(t) ** 2, 0 * t], axis=-1).astype(np.float32)
    return replace(truth(), translation=truth().translation + away)


def test_contacts_are_where_feet_stand() -> None:
    speed = np.linalg.norm(np.gradient(toes(truth()), 1 / 60, axis=0), axis=-1)
    stands = standing(estimate_contact(truth()), 60)
    sure = speed < 0.02
    assert stands[sure].mean() > 0.97
    assert not stands[speed > 0.8].any()


def test_locked_feet_stand_and_nothing_else_moves_much() -> None:
    stands = standing(estimate_contact(truth()), 60)
    before = sliding()
    given_contact = replace(before, contact=estimate_contact(truth()))
    after = polished(given_contact, Polish(feet=True, floor=True))
    assert slide(before, stands) > 1.0
    assert slide(after, stands) < 0.35 * slide(before, stands)
    assert toes(after)[..., 1].min() > -0.01
    # arms and trunk are as they were
    np.testing.assert_allclose(after.rotations[:, 12:], before.rotations[:, 12:], atol=1e-5)


def test_a_motion_that_stands_is_left_alone() -> None:
    after = polished(truth(), Polish(feet=True, floor=True))
    apart = np.linalg.norm(after.joint_positions() - truth().joint_positions(), axis=-1)
    assert apart.mean() < 0.02


def test_the_floor_is_under_the_feet() -> None:
    sunk = replace(truth(), translation=truth().translation - np.float32(0.3))
    after = polished(sunk, Polish(floor=True))
    sole = truth().skeleton.sole_depth
    assert toes(after)[..., 1].min() > sole - 0.02
    assert abs(np.median(toes(after)[..., 1].min(axis=1)) - sole) < 0.02


def test_smoothing_is_not_late_and_takes_tremor_away() -> None:
    random = np.random.default_rng(0)
    shake = from_rotation_vector(0.03 * random.standard_normal((len(truth()), 24, 3)))
    shaken = replace(truth(), rotations=multiply(truth().rotations, shake).astype(np.float32))
    smooth = smooth_motion(shaken, 0.05)
    assert (
        angle_between(smooth.rotations, truth().rotations).mean()
        < 0.5 * angle_between(shaken.rotations, truth().rotations).mean()
    )
    wave = np.sin(np.arange(600) / 20)
    assert abs(int(np.argmax(np.correlate(gaussian(wave, 3), wave, "full"))) - 599) == 0


def test_the_live_filter_smooths_rest_and_follows_speed() -> None:
    random, state = np.random.default_rng(0), None
    rest, out = np.tile([1.0, 0, 0, 0], (24, 1)), []
    for _ in range(120):
        noisy = multiply(rest, from_rotation_vector(0.02 * random.standard_normal((24, 3))))
        turned, _, state = one_euro(noisy, 0.01 * random.standard_normal(3), 1 / 60, state, OneEuro())
        out.append(angle_between(turned, rest).mean())
    assert np.mean(out[30:]) < 0.6 * 0.02 * 1.6
    last: OneEuroState | None = None
    for k in range(60):
        fast = multiply(rest, from_rotation_vector(np.tile([k / 60 * 6.0, 0, 0], (24, 1))))
        turned, _, last = one_euro(fast, np.zeros(3), 1 / 60, last, OneEuro())
    assert angle_between(turned, fast).max() < np.radians(12)  # 6 rad/s: 35 ms late


@given(st.lists(st.booleans(), max_size=40))
@settings(max_examples=50)
def test_spans_are_the_runs(flags: list[bool]) -> None:
    found = np.zeros(len(flags), bool)
    for start, end in spans(np.array(flags, bool)):
        assert end > start
        found[start:end] = True
    assert found.tolist() == flags


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("options", [Polish(smooth=0.1), Polish(floor=True), Polish(feet=True)])
def test_the_shortest_motions(frames: int, options: Polish) -> None:
    names = ("rotations", "translation", "t_ns", "confidence")
    short = replace(truth(), **{name: getattr(truth(), name)[:frames] for name in names})
    assert np.isfinite(polished(short, options).rotations).all()


def test_options_nobody_wants() -> None:
    for wrong in ({"smooth": -1.0}, {"smooth": float("nan")}, {"contacts": "guess"}):
        with pytest.raises(BadInputError):
            Polish(**wrong)
    assert Polish().does_nothing
    assert polished(truth(), Polish()) is truth()


def held_live(motion: Motion, contact: np.ndarray | None) -> Motion:
    state: FeetState | None = None
    rotations = []
    for frame in range(len(motion)):
        turns, place = motion.rotations[frame].astype(np.float64), motion.translation[frame].astype(np.float64)
        now = None if contact is None else contact[frame]
        turned, state = hold_feet(turns, place, now, 1 / 60, motion.skeleton, state)
        rotations.append(turned)
    return replace(motion, rotations=np.array(rotations, np.float32))


@pytest.mark.parametrize("told", [True, False])
def test_standing_feet_are_held_live(told: bool) -> None:
    contact = estimate_contact(truth())
    stands = standing(contact, 60)
    before = sliding()
    after = held_live(before, contact if told else None)
    assert slide(before, stands) > 1.0
    assert slide(after, stands) < 0.05 * slide(before, stands)
    # no foot goes faster than some foot went before: it neither jumps nor snaps back
    fastest = [np.linalg.norm(np.diff(toes(one), axis=0), axis=-1).max() for one in (before, after)]
    assert fastest[1] < 1.05 * fastest[0]
    np.testing.assert_allclose(after.rotations[:, 12:], before.rotations[:, 12:], atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999))
def test_a_held_foot_is_never_far_from_its_pose(seed: int) -> None:
    """Whatever is said of the feet, and however far the body goes meanwhile."""
    random = np.random.default_rng(seed)
    said = random.choice([0.0, 0.5, 1.0, np.nan], (120, 2)).astype(np.float32)
    away = np.cumsum(0.03 * random.standard_normal((120, 3)), axis=0).astype(np.float32)
    short = truth().part(slice(120))
    moved = replace(short, translation=short.translation + away)
    after = held_live(moved, said)
    assert np.linalg.norm(toes(after) - toes(moved), axis=-1).max() < FARTHEST + 1e-5


def test_a_foot_that_leaves_goes_back_to_its_pose() -> None:
    before = sliding()
    said = np.ones((len(before), 2), np.float32)
    said[200:] = 0
    after = held_live(before, said)
    apart = np.linalg.norm(toes(after) - toes(before), axis=-1)
    assert apart[190:200].max() > 0.01
    assert apart[200 + 30 :].max() < 1e-3
