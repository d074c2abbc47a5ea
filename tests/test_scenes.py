"""Filmed scenes of the free body: skinning, pictures, and that truth, keypoints and pictures are of one person."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mocamba.inference.networks.hmrmamba import HMRMamba, HMRMambaConfig
from mocamba.inference.random_source import RandomSource
from mocamba.inference.rotations import quaternion_to_matrix
from mocamba.inference.shards import Clip
from mocamba.inference.training.hmrmamba import HMRMambaTraining, MeshErrors, fit_hmrmamba
from mocamba.inference.training.rendering import PIXELS, StandInBackbone, body_tensors, draw, skin
from mocamba.inference.training.scenes import Filming, Scenes, build_studio, film
from mocamba.inference.weights_file import load_weights
from mocamba.rig.body import Body, fitted_to, load_body
from mocamba.rig.body import skin as skin_plainly
from mocamba.rig.errors import BadInputError
from mocamba.rig.kinematics import joint_positions, local_to_global
from mocamba.rig.skeleton import SMPL24
from mocamba.rig.topology import free_topology, topology_of

from .motions import walk
from .shard_files import write_shard

FILMING = Filming(frames=3, noise=0.0)


def scenes(seed: int = 0, filming: Filming = FILMING) -> Scenes:
    clips = [Clip("a", "ann", walk(1.0)), Clip("b", "ben", walk(1.0, skeleton=SMPL24.scaled_to(1.95)))]
    studio = build_studio(clips, load_body(), seed=0)
    return film(studio, 4, filming, RandomSource(torch.Generator().manual_seed(seed)))


def test_skinning_is_that_of_the_body() -> None:
    motion = walk(0.5, skeleton=SMPL24.scaled_to(1.9))
    bodies = [load_body(), fitted_to(load_body(), motion.skeleton)]
    turns = local_to_global(motion.rotations)
    places = joint_positions(turns, motion.translation, motion.skeleton)
    vertices, normals = skin(
        body_tensors(bodies),
        torch.ones(len(motion), dtype=torch.long),
        quaternion_to_matrix(torch.from_numpy(turns)),
        torch.from_numpy(places),
    )
    for t in (0, len(motion) - 1):
        plain = skin_plainly(bodies[1], motion.rotations[t], motion.translation[t])
        np.testing.assert_allclose(vertices[t].numpy(), plain, atol=2e-5)
    torch.testing.assert_close(normals.norm(dim=-1), torch.ones(normals.shape[:2]))


def test_normals_point_outwards() -> None:
    body = body_tensors([load_body()])
    outside = body.vertices[0] + 0.003 * body.normals[0]
    middle = body.vertices[0].mean(0)
    trunk = (body.vertices[0] - middle).norm(dim=-1) < 0.15
    further = (outside - middle).norm(dim=-1) > (body.vertices[0] - middle).norm(dim=-1)
    assert further[trunk].float().mean() > 0.9


def test_a_picture_shows_what_is_in_front() -> None:
    seen = torch.tensor([[[0.01, 0.01], [0.01, 0.01], [0.5, -0.5], [1.5, 0.0]]])
    depth = torch.tensor([[1.0, -1.0, 0.25, 0.0]])
    normals = torch.eye(3)[[0, 1, 2, 0]][None]
    picture = draw(seen, depth, normals)[0]
    assert picture[0].sum() == 2  # what is beside the picture is not in it
    centre, aside = picture[:, PIXELS // 2, PIXELS // 2], picture[:, PIXELS // 4, 3 * PIXELS // 4]
    assert centre.tolist() == [1, -1, 0, 1, 0]
    assert aside.tolist() == [1, 0.25, 0, 0, 1]


def test_a_body_has_no_holes() -> None:
    """Between the first and last pixel of the trunk in each row, all are of the body."""
    body = body_tensors([load_body()])
    vertices = body.vertices[:1]
    picture = draw(vertices[..., :2] * torch.tensor([1.0, -1.0]) / 1.1, -vertices[..., 2], body.normals[:1])[0, 0]
    rows = picture[PIXELS // 2 - 12 : PIXELS // 2, PIXELS // 2 - 2 : PIXELS // 2 + 3]
    assert rows.min() == 1


def test_the_stand_in_is_fixed_by_its_seed() -> None:
    pictures = torch.rand(2, 5, PIXELS, PIXELS, generator=torch.Generator().manual_seed(0))
    features = StandInBackbone(3)(pictures)
    assert features.shape == (2, 2048)
    torch.testing.assert_close(features, StandInBackbone(3)(pictures), rtol=0, atol=0)
    assert (features - StandInBackbone(4)(pictures)).abs().max() > 0.1
    assert (features[0] - features[1]).abs().max() > 0.1
    torch.testing.assert_close(features.std(-1, correction=0), torch.ones(2), atol=1e-3, rtol=0)


def test_scenes_depend_on_the_seed_alone() -> None:
    for again, first, other in zip(scenes(0), scenes(0), scenes(1), strict=True):
        torch.testing.assert_close(again, first, rtol=0, atol=0)
        assert (first - other).abs().max() > 1e-3


def test_truth_keypoints_and_mesh_are_of_one_person() -> None:
    made, topology = scenes(), free_topology()
    regressed = torch.from_numpy(topology.joint_regressor) @ made.vertices
    torch.testing.assert_close(regressed, made.joints[:, 1], atol=1e-5, rtol=0)
    torch.testing.assert_close(made.joints[:, :, 0], torch.zeros(4, 3, 3), atol=1e-6, rtol=0)
    # seen from afar, keypoints are the joints' x and y at one scale and place
    for flat, joints in zip(made.keypoints.flatten(0, 1), made.joints.flatten(0, 1), strict=True):
        flat, around = flat - flat.mean(0), (joints - joints.mean(0))[:, :2]
        scale = (flat * around).sum() / around.square().sum()
        assert (flat - scale * around).norm() < 0.35 * flat.norm()
        assert scale > 0


def test_noise_moves_the_keypoints_alone() -> None:
    clean, noisy = scenes(), scenes(filming=Filming(frames=3, noise=0.01))
    assert 0.005 < (clean.keypoints - noisy.keypoints).std() < 0.015
    torch.testing.assert_close(clean.vertices, noisy.vertices)


def sparse_body() -> Body:
    """One vertex in thirty: what is trained in a test has to be small."""
    body = load_body()
    count = len(body.vertices[::30])
    quads = (np.arange(count)[:, None] + np.arange(4)) % count
    return replace(
        body,
        vertices=body.vertices[::30],
        quads=quads.astype(np.int32),
        joints=body.joints[::30],
        weights=body.weights[::30],
    )


def train_small(motion: Path, folder: Path) -> dict[str, MeshErrors]:
    network = HMRMambaConfig(depth=1, width=8, evolution_width=8, frames=2, drop_path=0.0)
    config = HMRMambaTraining(
        network, Filming(frames=2), lift_steps=3, mesh_steps=3, lift_batch=2, mesh_batch=2, windows=2, warm_up=2
    )
    options = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}
    return fit_hmrmamba(config, motion, folder, body=sparse_body(), validate_every=3, **options)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_run_leaves_weights_errors_and_curves_and_can_be_gone_on_with(tmp_path: Path) -> None:
    people, folder = ["ann", "cmu_01", "cmu_06"], tmp_path / "run"
    (tmp_path / "motion").mkdir()
    write_shard(tmp_path / "motion" / "test.npz", [(name, name, walk(1.0)) for name in people])
    errors = train_small(tmp_path / "motion", folder)
    assert set(errors) == {"validation", "test"}
    assert all(0 < value < 5000 for row in errors.values() for value in row)
    assert {path.name for path in folder.iterdir()} >= {"run.safetensors", "errors.json", "curves.png", "last.ckpt"}
    loaded = load_weights(str(folder / "run.safetensors"))
    network = loaded.network
    assert isinstance(network, HMRMamba)
    assert (network.config.vertices, network.config.coarse) == (450, 29)
    assert loaded.card.training["lift_steps"] == 3
    started = HMRMamba(network.config, topology_of(sparse_body()))
    torch.testing.assert_close(network.home, started.home, rtol=0, atol=0)
    again = train_small(tmp_path / "motion", folder)  # nothing is left to do
    for name, row in errors.items():
        assert again[name] == pytest.approx(row, rel=1e-3)


def test_no_people_to_test_on(tmp_path: Path) -> None:
    write_shard(tmp_path / "test.npz", [("a", "ann", walk(1.0))])
    with pytest.raises(BadInputError, match="to test on"):
        train_small(tmp_path, tmp_path / "run")
