"""Polar classes and spherical features of bones."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mocamba.inference.bones import bone_vectors, polar_classes, spherical_features

angles = st.floats(-math.pi, math.pi)


def bone(polar: float, azimuth: float, length: float = 1.0) -> torch.Tensor:
    flat = length * math.sin(polar)
    entries = [flat * math.cos(azimuth), flat * math.sin(azimuth), length * math.cos(polar)]
    return torch.tensor(entries, dtype=torch.float64)


def test_bones_end_in_the_next_joint() -> None:
    positions = torch.randn(3, 4, 2)
    vectors = bone_vectors(positions, (-1, 0, 1, 0))
    torch.testing.assert_close(vectors[:, 2], positions[:, 3] - positions[:, 0])
    torch.testing.assert_close(vectors[:, 1], positions[:, 2] - positions[:, 1])


@given(klass=st.integers(0, 5), inside=st.floats(0.01, 0.99), azimuth=angles)
def test_classes_are_of_thirty_degrees(klass: int, inside: float, azimuth: float) -> None:
    assert polar_classes(bone(math.radians(30 * (klass + inside)), azimuth)) == klass


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("z", "klass"), [(1.0, 0), (-1.0, 5)])
def test_straight_away_and_straight_towards(z: float, klass: int, dtype: torch.dtype) -> None:
    """Exactly 180° is no seventh class."""
    assert polar_classes(torch.tensor([0.0, 0.0, z], dtype=dtype)) == klass
    assert polar_classes(torch.tensor([-0.0, 0.0, z], dtype=dtype)) == klass


def test_a_bone_without_length_has_a_class_and_features() -> None:
    still = torch.zeros(3)
    features = spherical_features(still[:2], polar_classes(still))
    assert torch.isfinite(features).all()
    assert features[2] == 0


@given(klass=st.integers(0, 5), azimuth=angles, length=st.floats(1e-3, 2))
def test_a_bone_in_the_middle_of_its_class_is_found_again(klass: int, azimuth: float, length: float) -> None:
    polar = math.pi * (2 * klass + 1) / 12
    vector = bone(polar, azimuth, length)
    said = spherical_features(vector[:2], polar_classes(vector))
    assert said[1] == pytest.approx(polar / math.pi)
    assert said[2] == pytest.approx(length)
    assert math.cos(math.pi * float(said[0])) == pytest.approx(math.cos(azimuth), abs=1e-9)
    assert math.sin(math.pi * float(said[0])) == pytest.approx(math.sin(azimuth), abs=1e-9)
