"""Simulated sensors: exact where the motion is, wrong by as much as was asked for."""

import numpy as np
import pytest
import torch
from mocamba.inference.random_source import RandomSource
from mocamba.inference.virtual_sensors import (
    LIMB_SHARE,
    Readings,
    central_acceleration,
    disturb,
    presence,
    sensor_sites,
    simulate_imu,
)
from mocamba.rig.imu import CLEAN, SLOT_JOINTS, WORN, SensorErrors
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.motion import evenly_timed
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24

from .motions import posed, walk

FRAMES = 1200


def still(count: int = 200) -> Readings:
    return Readings(
        torch.eye(3).expand(count, FRAMES, 6, 3, 3),
        torch.zeros(count, FRAMES, 6, 3),
        torch.ones(count, FRAMES, 6, dtype=torch.bool),
    )


def source(seed: int = 0) -> RandomSource:
    return RandomSource(torch.Generator().manual_seed(seed))


def angles(rotation: torch.Tensor) -> torch.Tensor:
    """Degrees, from the antisymmetric part: accurate for small angles."""
    axis = torch.stack([rotation[..., a, b] - rotation[..., b, a] for a, b in ((2, 1), (0, 2), (1, 0))], dim=-1)
    return torch.rad2deg(torch.asin((axis.norm(dim=-1) / 2).clamp(max=1)))


@pytest.mark.parametrize("reach", [1, 2, 4])
def test_a_circle_is_accelerated_towards_its_centre(reach: int) -> None:
    radius, rate = 0.7, 2 * np.pi * 0.5
    t = torch.arange(120, dtype=torch.float64) / 60
    circle = radius * torch.stack([torch.cos(rate * t), 0 * t, torch.sin(rate * t)], dim=-1)
    a = central_acceleration(circle[None, :, None], reach)[0, 10:-10, 0]
    inward = -circle[10:-10] / radius
    expected = (rate * radius) ** 2 / radius  # v²/r
    torch.testing.assert_close((a * inward).sum(-1), torch.full((100,), expected).double(), rtol=4e-3, atol=0)
    assert (a - (a * inward).sum(-1, keepdim=True) * inward).norm(dim=-1).max() < 1e-6


def test_a_forearm_swung_round_measures_it() -> None:
    t = np.arange(240) / 60
    rate = 2 * np.pi * 0.25
    motion = evenly_timed(posed(240, left_elbow=("y", np.degrees(rate * t))), np.zeros((240, 3)), SMPL24)
    imu = simulate_imu(motion)
    radius = LIMB_SHARE[0] * float(np.linalg.norm(SMPL24.offsets[20]))
    np.testing.assert_allclose(np.linalg.norm(imu.acceleration[10:-10, 0], axis=-1), rate**2 * radius, rtol=0.02)
    assert np.abs(imu.acceleration[10:-10, 1:]).max() < 1e-2


def test_clean_orientations_are_the_joints_own() -> None:
    motion = walk(2.0)
    imu = simulate_imu(motion, CLEAN)
    expected = local_to_global(motion.rotations)[:, list(SLOT_JOINTS)]
    assert angle_between(imu.orientation, expected).max() < 1e-3
    assert imu.present.all()
    np.testing.assert_array_equal(imu.t_ns, motion.t_ns)


def test_a_shifted_sensor_moves_with_its_bone() -> None:
    offsets = torch.from_numpy(SMPL24.offsets)[None]
    rotations, positions = torch.eye(3).expand(1, 1, 24, 3, 3), torch.zeros(1, 1, 24, 3)
    shift = torch.arange(18.0).reshape(1, 6, 3)
    moved = sensor_sites(rotations, positions, offsets, shift) - sensor_sites(rotations, positions, offsets)
    torch.testing.assert_close(moved[:, 0], shift)


def test_orientation_errors_are_of_the_size_asked_for() -> None:
    level = torch.ones(200)
    mounted = angles(disturb(still(), SensorErrors(mounting=10), level, source()).orientation)
    assert mounted.max() <= 10.01
    assert float(mounted[:, 0].mean()) == pytest.approx(5, rel=0.06)  # uniform up to ten
    assert mounted.std(dim=1).max() < 1e-2  # does not move
    noisy = angles(disturb(still(20), SensorErrors(orientation_noise=1), level[:20], source()).orientation)
    assert float(noisy.square().mean().sqrt()) == pytest.approx(3**0.5, rel=0.03)  # one degree an axis
    soft = disturb(still(100), SensorErrors(soft_tissue=2), level[:100], source()).orientation
    assert float(angles(soft).square().mean().sqrt()) == pytest.approx(2 * 3**0.5, rel=0.1)
    assert angles(soft[:, 1:] @ soft[:, :-1].mT).mean() < 1  # smooth


def test_heading_drifts_like_the_square_root_of_time() -> None:
    drifting = disturb(still(400), SensorErrors(heading_drift=6), torch.ones(400), source()).orientation
    turned = torch.rad2deg(torch.atan2(drifting[..., 0, 2], drifting[..., 0, 0]))
    gone = turned[:, -1] - turned[:, 0]
    assert float(gone.std()) == pytest.approx(6 * ((FRAMES - 1) / 3600) ** 0.5, rel=0.08)
    torch.testing.assert_close(drifting[..., 1, 1], torch.ones_like(drifting[..., 1, 1]))  # about the vertical alone


def test_acceleration_errors_are_of_the_size_asked_for() -> None:
    errors = SensorErrors(acceleration_noise=0.3, acceleration_bias=0.2)
    a = disturb(still(), errors, torch.ones(200), source()).acceleration
    assert float(a.std(dim=1).mean()) == pytest.approx(0.3, rel=0.03)
    assert float(a.mean(dim=1).std()) == pytest.approx(0.2, rel=0.06)


def test_level_scales_every_error() -> None:
    half, full = (disturb(still(2), WORN, torch.full((2,), x), source()).acceleration for x in (0.5, 1.0))
    assert float(half.norm() / full.norm()) == pytest.approx(0.5, rel=0.01)
    clean = disturb(still(2), WORN, torch.zeros(2), source())
    torch.testing.assert_close(clean.orientation, still(2).orientation, rtol=0, atol=1e-6)


def test_missing_slots_and_bursts() -> None:
    missing = presence(2000, 300, SensorErrors(missing_slots=0.4), source())
    absent = ~missing.any(dim=1)[:, :5]
    assert float(absent.float().mean()) == pytest.approx(0.4 * 0.5, rel=0.1)
    assert missing[..., 5].all()
    lost = ~presence(2000, 300, SensorErrors(dropout=0.3), source())
    assert float(lost.any(dim=1)[:, :5].float().mean()) == pytest.approx(0.3, rel=0.06)
    assert lost.sum(dim=1).max() <= 61  # up to a second
    assert (lost.int().diff(dim=1) == 1).sum(dim=1).max() <= 1  # in one piece


def test_the_same_seed_gives_the_same_sensors() -> None:
    motion = walk(1.0)
    one, again, other = (simulate_imu(motion, WORN, seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.orientation, again.orientation)
    np.testing.assert_array_equal(one.acceleration, again.acceleration)
    assert np.abs(one.orientation - other.orientation).max() > 1e-3
