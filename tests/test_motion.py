"""Kinematics, motions and their resampling."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.rig.errors import BadInputError
from mocamba.rig.frame_rate import FrameRate, frame_rate
from mocamba.rig.kinematics import forward_kinematics, global_to_local, local_to_global
from mocamba.rig.quaternion import angle_between
from mocamba.rig.resample import resample
from mocamba.rig.skeleton import PARENTS, SMPL24

from . import motions


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("float64", 1e-7)])
def test_local_and_global_are_inverse(dtype: str, tolerance: float) -> None:
    rotations = motions.wild(40).rotations.astype(dtype)
    back = global_to_local(local_to_global(rotations))
    assert back.dtype == dtype
    assert angle_between(back, rotations).max() < tolerance * 10


def test_identity_is_the_rest_pose() -> None:
    rotations = motions.posed(2)
    positions = forward_kinematics(rotations, np.array([[0.0, 0, 0], [1, 2, 3]]), SMPL24)
    np.testing.assert_allclose(positions[0], SMPL24.rest_positions(), atol=1e-6)
    np.testing.assert_allclose(positions[1] - positions[0], np.tile([1.0, 2, 3], (24, 1)), atol=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_bones_keep_their_length(seed: int) -> None:
    motion = motions.wild(5, seed=seed)
    positions = motion.joint_positions()
    lengths = np.linalg.norm(positions[:, 1:] - positions[:, list(PARENTS[1:])], axis=-1)
    np.testing.assert_allclose(lengths, np.linalg.norm(SMPL24.offsets[1:], axis=-1)[None].repeat(5, 0), atol=1e-5)


def test_a_part_has_all_of_its_frames_and_no_other() -> None:
    motion = motions.wild(9)
    motion = replace(motion, contact=np.random.default_rng(0).random((9, 2)).astype(np.float32))
    part = motion.part(slice(2, 6))
    for name in ("rotations", "translation", "t_ns", "confidence", "contact"):
        np.testing.assert_array_equal(getattr(part, name), getattr(motion, name)[2:6])
    assert len(part.part(np.array([0, 3]))) == 2
    assert replace(motion, contact=None).part(slice(3)).contact is None


def test_elbow_bends_forward_and_knee_backward() -> None:
    """Signs of the conventions, said in positions: facing +Z, left is +X."""
    rotations = motions.posed(1, left_elbow=("y", -90), right_knee=("x", 90), left_shoulder=("z", -90))
    positions = forward_kinematics(rotations, np.zeros((1, 3)), SMPL24)[0]
    assert positions[20, 2] - positions[18, 2] > 0.2
    assert positions[18, 1] - positions[16, 1] < -0.2
    assert positions[8, 2] - positions[5, 2] < -0.3


@pytest.mark.parametrize("fps", [24, 25, 30 / 1.001, 30, 60, 120])
def test_resampling_keeps_the_length(fps: float) -> None:
    motion = motions.walk(5.0)
    resampled = resample(motion, fps)
    assert 0 <= motion.duration - resampled.duration < 1 / fps
    times = resampled.t_ns / 1e9
    for axis in range(3):
        expected = np.interp(times, motion.t_ns / 1e9, motion.translation[:, axis])
        np.testing.assert_allclose(resampled.translation[:, axis], expected, atol=1e-5)


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    motion = motions.wild(90)
    same = resample(motion, 60)
    np.testing.assert_array_equal(same.t_ns, motion.t_ns)
    assert angle_between(same.rotations, motion.rotations).max() < 1e-5


def test_resampling_goes_by_time_not_by_index() -> None:
    motion = motions.walk(4.0)
    kept = np.sort(np.random.default_rng(0).permutation(len(motion))[: len(motion) // 2])
    kept[[0, -1]] = 0, len(motion) - 1
    thinned = type(motion)(
        motion.rotations[kept], motion.translation[kept], motion.t_ns[kept], SMPL24, motion.confidence[kept]
    )
    again = resample(thinned, 60)
    assert len(again) == len(motion)
    assert np.abs(again.joint_positions() - motion.joint_positions()).max() < 0.05


def test_one_frame_is_a_motion() -> None:
    assert len(resample(motions.wild(1), 24)) == 1


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        (24, FrameRate(24)),
        (60.0, FrameRate(60)),
        (23.976, FrameRate(24, 1.001)),
        (29.97, FrameRate(30, 1.001)),
        (30 / 1.001, FrameRate(30, 1.001)),
        (59.94, FrameRate(60, 1.001)),
    ],
)
def test_frame_rates(value: float, rate: FrameRate) -> None:
    assert frame_rate(value) == rate


@given(st.floats(1, 1000))
def test_any_frame_rate_is_kept(value: float) -> None:
    assert frame_rate(value).value == pytest.approx(value, abs=6e-3)


@pytest.mark.parametrize("value", [0, -24, float("nan"), float("inf"), 1e6])
def test_impossible_frame_rates(value: float) -> None:
    with pytest.raises(BadInputError, match="frame rate"):
        frame_rate(value)
