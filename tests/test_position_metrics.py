"""Position metrics: by hand, and what each of them must not see."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.position_metrics import aligned, mean_position_errors, position_errors, scaled
from mocamba.rig.quaternion import from_rotation_vector, rotate

SEEDS = st.integers(0, 10**6)


def pose(seed: int, frames: int = 5) -> np.ndarray:
    joints = 0.5 * np.random.default_rng(seed).normal(size=(frames, 17, 3))
    return joints - joints[:, :1]


def test_by_hand() -> None:
    truth = pose(0, 4)
    estimate = truth.copy()
    estimate[:, 3, 0] += [0.0, 0.017, 0.034, 0.051]
    found = position_errors(estimate, truth)
    assert pytest.approx(np.mean([0, 1, 2, 3])) == found.MPJPE
    assert pytest.approx(1.0) == found.MPJVE
    assert found.Accel == pytest.approx(0.0, abs=1e-9)
    assert found.frames == 4


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, scale=st.floats(0.3, 3), turn=st.tuples(*[st.floats(-3, 3)] * 3))
def test_alignment_undoes_any_similarity(seed: int, scale: float, turn: tuple[float, ...]) -> None:
    truth = pose(seed)
    q = from_rotation_vector(np.array(turn))
    moved = scale * rotate(q, truth) + [0.3, -2.0, 1.0]
    np.testing.assert_allclose(aligned(moved, truth), truth, atol=1e-9)
    assert position_errors(moved, truth).PA_MPJPE < 1e-6
    assert position_errors(scale * truth, truth).N_MPJPE < 1e-6


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_each_alignment_is_no_worse_than_none_and_no_reflection(seed: int) -> None:
    truth, other = pose(seed), pose(seed + 1)
    square = [float(((x - truth) ** 2).sum()) for x in (other, scaled(other, truth), aligned(other, truth))]
    assert square[2] <= square[0] + 1e-9
    assert square[1] <= square[0] + 1e-9
    mirrored = truth * [-1, 1, 1]
    assert position_errors(mirrored, truth).PA_MPJPE > 1  # a person in the mirror is another person


def test_the_place_in_the_room_does_not_count() -> None:
    found = position_errors(pose(3) + np.array([5.0, 0, 1]), pose(3))
    assert max(found.MPJPE, found.MPJVE, found.Accel) < 1e-9


def test_means_are_weighted_by_frames() -> None:
    short, long = position_errors(pose(1, 1), pose(2, 1)), position_errors(pose(1, 3), pose(1, 3))
    both = mean_position_errors([short, long])
    assert both.frames == 4
    assert pytest.approx(short.MPJPE / 4) == both.MPJPE
    assert short.MPJVE == short.Accel == 0
