"""The skinned body and the skeleton belong together."""

import numpy as np
import pytest
from mocamba.rig.body import BODY_FILE, fitted_to, load_body, skin
from mocamba.rig.skeleton import MIRROR, SMPL24, Skeleton, joint
from scipy.spatial import cKDTree

from . import motions
from .shared_data import clips


def test_file_is_small_and_sound() -> None:
    body = load_body()
    assert BODY_FILE.stat().st_size < 1_500_000
    assert body.quads.max() < len(body.vertices)
    assert body.joints.shape == body.weights.shape == (len(body.vertices), 4)
    np.testing.assert_allclose(body.weights.sum(axis=1), 1, atol=1e-6)
    assert set(np.unique(body.joints[body.weights > 0])) == set(range(24))


def test_stands_on_its_soles_and_is_as_tall_as_the_skeleton() -> None:
    vertices = load_body().vertices
    assert vertices[:, 1].min() == pytest.approx(-SMPL24.pelvis_height, abs=0.005)
    assert np.ptp(vertices[:, 1]) == pytest.approx(SMPL24.height, abs=0.005)


def test_is_symmetric() -> None:
    body = load_body()
    distance, other = cKDTree(body.vertices).query(body.vertices * [-1, 1, 1])
    assert distance.max() < 0.001
    np.testing.assert_array_equal(other[other], np.arange(len(other)))
    mass = np.zeros(24)
    np.add.at(mass, body.joints, body.weights)
    np.testing.assert_allclose(mass, mass[list(MIRROR)], rtol=0.02)


@pytest.mark.parametrize("name", ["elbow", "knee", "ankle"])
def test_flesh_lies_around_the_joints(name: str) -> None:
    """The joint is inside the limb: vertices in a thin slice about it surround it."""
    body = load_body()
    place = SMPL24.rest_positions()[joint(f"left_{name}")]
    along = 0 if name == "elbow" else 1
    near = body.vertices[(np.abs(body.vertices[:, along] - place[along]) < 0.02) & (body.vertices[:, 0] > 0.01)]
    across = np.delete(near, along, axis=1) - np.delete(place, along)
    assert (across.min(axis=0) < -0.015).all()
    assert (across.max(axis=0) > 0.015).all()


def test_rest_pose_is_the_stored_shape() -> None:
    body = load_body()
    np.testing.assert_allclose(skin(body, motions.posed(1)[0], np.zeros(3)), body.vertices, atol=1e-5)


def test_rigid_motion_moves_every_vertex() -> None:
    body = load_body()
    turned = skin(body, motions.posed(1, pelvis=("y", 90))[0], np.array([1.0, 0, 0]))
    np.testing.assert_allclose(turned, body.vertices[:, [2, 1, 0]] * [1, 1, -1] + [1, 0, 0], atol=1e-5)


def test_bent_knee_takes_only_the_shin() -> None:
    body = load_body()
    moved = skin(body, motions.posed(1, left_knee=("x", 90))[0], np.zeros(3)) - body.vertices
    shin = [joint(f"left_{name}") for name in ("knee", "ankle", "foot")]
    share = np.sum(body.weights * np.isin(body.joints, shin), axis=1)
    assert np.abs(moved[share == 0]).max() < 1e-5
    assert np.linalg.norm(moved[share == 1], axis=1).min() > 0.001
    assert moved[share == 1].mean(axis=0)[2] < -0.1


@pytest.mark.parametrize("height", [1.2, 2.0])
def test_fits_another_height_by_scaling(height: float) -> None:
    fitted = fitted_to(load_body(), SMPL24.scaled_to(height))
    np.testing.assert_allclose(fitted.vertices, load_body().vertices * height / SMPL24.height, atol=1e-4)


@pytest.mark.parametrize("name", ["cmu", "uiprmd"])
def test_fits_recorded_people(name: str) -> None:
    for clip in clips(name, every=40):
        skeleton = Skeleton(clip["offsets"], clip["ends"])
        vertices = fitted_to(load_body(), skeleton).vertices
        assert np.isfinite(vertices).all()
        assert -vertices[:, 1].min() == pytest.approx(skeleton.pelvis_height, abs=0.04)
        assert np.ptp(vertices[:, 1]) == pytest.approx(skeleton.height, abs=0.06)
