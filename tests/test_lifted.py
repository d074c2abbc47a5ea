"""17 positions to SMPL-24: what is true of a body comes back from its joints alone."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mocamba.devices.simulated.performer import perform
from mocamba.rig.errors import BadInputError
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.lifted.bones import performer_of
from mocamba.rig.lifted.pose import SENSED, pose_from_joints
from mocamba.rig.lifted.twist import STRAIGHT, bend_twist, settled, twisted
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import Array, angle_between, between_vectors, conjugate, multiply, normalise, rotate
from mocamba.rig.skeleton import SMPL24, joint

from .motions import walk

LIMBS = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist"}


@pytest.fixture(scope="module")
def truth() -> Motion:
    return perform(SMPL24.scaled_to(1.82))


def degrees(angles: Array) -> Array:
    return np.degrees(angles)


def world(motion: Motion) -> Array:
    return local_to_global(motion.rotations.astype(np.float64))


def apart(a: Motion, b: Motion) -> Array:
    """Distances of the 17 joints, mm."""
    return 1000 * np.linalg.norm(h36m_positions(a) - h36m_positions(b), axis=-1)


def swing_errors(found: Motion, truth: Motion) -> Array:
    mine, real, errors = world(found), world(truth), []
    for bone, child in LIMBS.items():
        for side in ("left", "right"):
            index, offset = joint(f"{side}_{bone}"), truth.skeleton.offsets[joint(f"{side}_{child}")].astype(np.float64)
            a, b = (rotate(q[:, index], np.broadcast_to(offset, (len(q), 3))) for q in (mine, real))
            errors.append(2 * np.arctan2(np.linalg.norm(b - a, axis=-1), np.linalg.norm(b + a, axis=-1)))
    return degrees(np.array(errors))


def twist_errors(found: Motion, truth: Motion, bones: tuple[str, ...]) -> Array:
    mine, real, errors = world(found), world(truth), []
    for bone in bones:
        for side in ("left", "right"):
            index, child = joint(f"{side}_{bone}"), joint(f"{side}_{LIMBS[bone]}")
            offset = truth.skeleton.offsets[child].astype(np.float64)
            a, b = (rotate(q[:, index], np.broadcast_to(offset, (len(q), 3))) for q in (mine, real))
            errors.append(angle_between(multiply(between_vectors(a, b), mine[:, index]), real[:, index]))
    return degrees(np.array(errors))


def sensors(motion: Motion) -> Mapping[str, Array]:
    return {slot: world(motion)[:, joint(name)] for slot, name in SENSED.items() if "upper" not in slot}


def jumps(found: Motion, truth: Motion) -> int:
    """Frames in which a bone turns by over 30 degrees that truly does not."""
    mine, real = (degrees(angle_between(world(m)[1:], world(m)[:-1])) for m in (found, truth))
    return int(((mine > 30) & (real < 30)).sum())


@pytest.mark.parametrize("worn", [False, True])
def test_a_performance_comes_back_from_its_joints(truth: Motion, worn: bool) -> None:
    found = pose_from_joints(h36m_positions(truth), truth.translation, truth.skeleton, sensors(truth) if worn else None)
    assert apart(found, truth).mean() < 15
    assert swing_errors(found, truth).mean() < 3
    assert jumps(found, truth) == 0
    told = twist_errors(found, truth, ("knee", "elbow"))
    assert told.mean() < (0.5 if worn else 25)


def test_bones_are_measured(truth: Motion) -> None:
    found = performer_of(h36m_positions(truth))
    np.testing.assert_allclose(found.offsets[:22], truth.skeleton.offsets[:22], atol=0.02)
    assert found.height == pytest.approx(1.82, abs=0.03)
    posed = pose_from_joints(h36m_positions(truth), truth.translation, found)
    assert apart(posed, truth).mean() < 15


def test_frames_without_a_joint_do_not_count(truth: Motion) -> None:
    seen = h36m_positions(truth).astype(np.float64)
    seen[::3, 2] = np.nan
    np.testing.assert_allclose(performer_of(seen).offsets, performer_of(h36m_positions(truth)).offsets, atol=5e-3)
    with pytest.raises(BadInputError, match="Fill gaps first"):
        pose_from_joints(seen, truth.translation, truth.skeleton)


def test_trembling_joints_make_no_flips(truth: Motion) -> None:
    """Two centimetres of noise, on straight limbs too."""
    random = np.random.default_rng(3)
    seen = h36m_positions(truth) + 0.02 * random.standard_normal((len(truth), 17, 3))
    found = pose_from_joints(seen, truth.translation, truth.skeleton)
    limbs = [joint(f"{side}_{bone}") for side in ("left", "right") for bone in LIMBS]
    turned = degrees(angle_between(world(found)[1:, limbs], world(found)[:-1, limbs]))
    assert turned.max() < 60
    assert apart(found, truth).mean() < 60


def test_joints_in_one_place_and_a_single_frame(truth: Motion) -> None:
    seen = h36m_positions(truth)[:1].astype(np.float64)
    assert len(pose_from_joints(seen, truth.translation[:1], truth.skeleton)) == 1
    seen[:, 13] = seen[:, 12]
    seen[:, 3] = seen[:, 2]
    found = pose_from_joints(seen, truth.translation[:1], truth.skeleton)
    assert np.isfinite(found.rotations).all()
    assert np.isfinite(pose_from_joints(np.zeros((4, 17, 3)), np.zeros((4, 3)), SMPL24).rotations).all()


def test_what_cannot_be_used_is_said(truth: Motion) -> None:
    seen = h36m_positions(truth)
    with pytest.raises(BadInputError, match="no sensor on 'left_ear'"):
        pose_from_joints(seen, truth.translation, truth.skeleton, {"left_ear": world(truth)[:, 0]})
    with pytest.raises(BadInputError, match="Are the positions in metres"):
        performer_of(1000 * seen)
    with pytest.raises(BadInputError, match="Show the whole body"):
        performer_of(np.full((5, 17, 3), np.nan))


def test_a_sensor_with_gaps_is_left_out(truth: Motion) -> None:
    given = {slot: q.copy() for slot, q in sensors(truth).items()}
    given["left_forearm"][5] = np.nan
    found = pose_from_joints(h36m_positions(truth), truth.translation, truth.skeleton, given)
    assert np.isfinite(found.rotations).all()


@given(st.floats(-3.1, 3.1), st.floats(0.05, 3.0), st.integers(0, 2**31))
def test_the_plane_of_a_bend_tells_the_twist(angle: float, bend: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    swung = normalise(random.standard_normal((1, 4)))
    axis, front = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
    turned = twisted(swung, axis, np.array([angle]))
    bone = rotate(turned, np.array([[np.cos(bend), 0, np.sin(bend)]]))
    found, told = bend_twist(swung, axis, front, bone)
    assert found[0] == pytest.approx(angle, abs=1e-6)
    assert told[0] == pytest.approx(max(0.0, (np.sin(bend) ** 2 - STRAIGHT) / (1 - STRAIGHT)), abs=1e-9)


def test_twists_settle_without_flips() -> None:
    """Through half a turn and back, with a stretch that nobody tells of."""
    t = np.linspace(0, 1, 300)
    angle = 2.6 + 1.2 * np.sin(2 * np.pi * t)
    weight = np.where((t > 0.4) & (t < 0.6), 0.0, 1.0)
    found = settled(np.angle(np.exp(1j * angle)), weight, 60.0)
    steps = np.abs(np.angle(np.exp(1j * np.diff(found))))
    assert steps.max() < 0.2
    told = weight > 0
    away = np.abs(np.angle(np.exp(1j * (found - angle))))[told]
    assert away.mean() < 0.06
    assert np.abs(settled(np.full(600, 2.0), np.zeros(600), 60.0)).max() < 1e-9


def test_single_and_double_precision(truth: Motion) -> None:
    part = walk(0.5)
    one, two = (
        pose_from_joints(h36m_positions(part).astype(kind), part.translation, part.skeleton)
        for kind in (np.float32, np.float64)
    )
    difference = angle_between(one.rotations, two.rotations)
    assert degrees(difference).max() < 0.1
    assert np.abs(conjugate(conjugate(one.rotations)) - one.rotations).max() == 0
