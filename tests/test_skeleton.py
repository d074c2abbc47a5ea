"""The default skeleton and the figures derived from any skeleton."""

import numpy as np
import pytest
from mocamba.rig.skeleton import JOINTS, MIRROR, PARENTS, SMPL24, Skeleton, joint

from .shared_data import clips


def test_default_is_an_adult_of_170_cm() -> None:
    assert SMPL24.height == pytest.approx(1.70, abs=0.002)
    assert 0.94 < SMPL24.pelvis_height < 1.0


def test_default_is_a_geometric_t_pose() -> None:
    rest = SMPL24.rest_positions()
    for side in ("left", "right"):
        hip, knee, ankle = (rest[joint(f"{side}_{name}")] for name in ("hip", "knee", "ankle"))
        np.testing.assert_allclose([knee[[0, 2]], ankle[[0, 2]]], [hip[[0, 2]]] * 2, atol=1e-6)
        arm = rest[[joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist", "hand")]]
        np.testing.assert_allclose(arm[:, 1:], arm[:1, 1:].repeat(4, 0), atol=1e-6)
    assert rest[joint("left_hand"), 0] > 0.6
    assert rest[joint("left_foot"), 2] > rest[joint("left_ankle"), 2]
    assert rest[joint("spine1"), 1] - rest[joint("pelvis"), 1] > 0.05


def test_default_is_symmetric() -> None:
    rest = SMPL24.rest_positions()
    np.testing.assert_allclose(rest[list(MIRROR)] * [-1, 1, 1], rest, atol=1e-7)


def test_tree_is_in_order_and_sides_match() -> None:
    assert all(parent < child for child, parent in enumerate(PARENTS))
    for index, other in enumerate(MIRROR):
        assert MIRROR[other] == index
        assert JOINTS[other] == JOINTS[index].replace("left", "x").replace("right", "left").replace("x", "right")


@pytest.mark.parametrize("height", [0.9, 1.55, 2.05])
def test_scaling_keeps_proportions(height: float) -> None:
    scaled = SMPL24.scaled_to(height)
    assert scaled.height == pytest.approx(height, rel=1e-6)
    assert scaled.pelvis_height / height == pytest.approx(SMPL24.pelvis_height / SMPL24.height, rel=1e-5)


@pytest.mark.parametrize("name", ["cmu", "uiprmd"])
def test_recorded_people_stand_on_the_floor(name: str) -> None:
    """Sole depth is a rule from leg length: it has to put recorded standing feet on the floor to a centimetre."""
    from mocamba.rig.kinematics import forward_kinematics

    errors = []
    for clip in clips(name, every=25):
        skeleton = Skeleton(clip["offsets"], clip["ends"])
        positions = forward_kinematics(clip["quat"], clip["trans"], skeleton)
        lowest_toe = np.percentile(positions[:, 10:12, 1].min(axis=1), 20)
        errors.append(lowest_toe - skeleton.sole_depth)
        assert 1.4 < skeleton.height < 2.1
    assert abs(np.median(errors)) < 0.01
