"""From motion to what lifting networks are given (joints, cameras, sensors, mirrors), losses, and that they learn."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.cameras import Cameras, look_at, place_cameras, project, to_camera
from mocamba.inference.lifters import answer
from mocamba.inference.lifting import SENSOR_JOINTS, LiftingClips, film, h36m_of, mirror_points, mirrored
from mocamba.inference.losses import TERMS, lifting_losses, mpjpe, n_mpjpe, sudden_moves, velocity_error
from mocamba.inference.networks.mdtf import BoneAwareConfig, MDTFConfig
from mocamba.inference.networks.posemamba import PoseMambaConfig
from mocamba.inference.networks.vimcan import VimcanConfig
from mocamba.inference.random_source import RandomSource
from mocamba.inference.rotations import joint_positions, local_to_global, matrix_to_quaternion, quaternion_to_matrix
from mocamba.inference.shards import Clip
from mocamba.inference.training.bank import build_bank
from mocamba.inference.training.lifting import PLAIN, draw_clips, make_lifter
from mocamba.rig.h36m import BONES, JOINTS, MIRROR, PARENTS, h36m_positions
from mocamba.rig.motion import Motion
from torch import Tensor

from .motions import showcase, walk


def random(seed: int = 0) -> RandomSource:
    return RandomSource(torch.Generator().manual_seed(seed))


def clips(frames: int = 12, count: int = 4, seed: int = 0) -> LiftingClips:
    bank = build_bank([Clip("a", "ann", walk(3.0)), Clip("b", "ben", showcase())], 0, passes=1)
    return draw_clips(bank, count, frames, PLAIN, random(seed))


def performed(motion: Motion) -> tuple[Tensor, Tensor]:
    """World rotations and the 17 joints of a motion, as a batch of one."""
    turns = local_to_global(quaternion_to_matrix(torch.from_numpy(motion.rotations))[None])
    offsets = torch.from_numpy(motion.skeleton.offsets)[None]
    places = joint_positions(turns, offsets) + torch.from_numpy(motion.translation)[None, :, None]
    return turns, h36m_of(turns, places, offsets)


def test_the_seventeen_joints_of_a_t_pose() -> None:
    rest = np.tile(np.float32([1, 0, 0, 0]), (1, 24, 1))
    motion = replace(walk(1.0), rotations=rest, translation=np.zeros((1, 3), np.float32), t_ns=np.zeros(1, np.int64))
    found = dict(zip(JOINTS, h36m_positions(motion)[0], strict=True))
    height = [found[name][1] for name in ("left_ankle", "left_knee", "left_hip", "spine", "neck", "nose", "head_top")]
    assert height == sorted(height)
    across = [found[f"left_{name}"][0] for name in ("hip", "shoulder", "elbow", "wrist")]
    assert across == sorted(across)
    for name in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist"):
        np.testing.assert_allclose(found[f"left_{name}"], found[f"right_{name}"] * [-1, 1, 1], atol=1e-6)


def test_bones_and_mirror_fit_each_other() -> None:
    assert len(BONES) == 16
    assert all(PARENTS[MIRROR[child]] == MIRROR[parent] for parent, child in BONES)
    assert all(
        JOINTS[MIRROR[k]] == JOINTS[k].replace("left", "*").replace("right", "left").replace("*", "right")
        for k in range(17)
    )


def test_training_and_files_agree_on_the_joints() -> None:
    motion = walk(2.0)
    np.testing.assert_allclose(performed(motion)[1][0], h36m_positions(motion), atol=2e-5)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: sum(x * x for x in q) > 1e-3))
def test_matrix_to_quaternion_undoes_quaternion_to_matrix(values: list[float]) -> None:
    for dtype, tolerance in ((torch.float32, 1e-5), (torch.float64, 1e-12)):
        q = torch.nn.functional.normalize(torch.tensor(values, dtype=dtype), dim=0)
        back = matrix_to_quaternion(quaternion_to_matrix(q))
        torch.testing.assert_close(quaternion_to_matrix(back), quaternion_to_matrix(q), atol=tolerance, rtol=0)
        torch.testing.assert_close(back, matrix_to_quaternion(quaternion_to_matrix(-q)), atol=tolerance, rtol=0)
        assert back[0] >= 0


def test_half_turns_and_no_turn() -> None:
    for axis in torch.eye(4, dtype=torch.float64):
        torch.testing.assert_close(matrix_to_quaternion(quaternion_to_matrix(axis)).abs(), axis)


def test_a_camera_in_front_sees_the_left_hand_on_the_right() -> None:
    """A performer who faces the camera: y is down, x to the picture's right, z away."""
    turn = look_at(torch.tensor([[0.0, 1, 3]]), torch.tensor([[0.0, 1, 0]]), torch.zeros(1))
    cameras = Cameras(turn, torch.tensor([[0.0, 1, 3]]), torch.tensor([1.5]))
    seen = to_camera(torch.tensor([[[1.0, 1.5, 0.5]]]), cameras)
    torch.testing.assert_close(seen, torch.tensor([[[1.0, -0.5, 2.5]]]))
    torch.testing.assert_close(project(seen, cameras.focal), torch.tensor([[[0.6, -0.3]]]))


@given(seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_cameras_are_rotations_that_have_the_performer_in_view(seed: int) -> None:
    target = torch.tensor([[0.3, 0.9, -1.0], [5.0, 1.0, 2.0]])
    cameras = place_cameras(target, random(seed))
    torch.testing.assert_close(cameras.rotation @ cameras.rotation.mT, torch.eye(3).expand(2, 3, 3), atol=1e-5, rtol=0)
    assert (torch.linalg.det(cameras.rotation) > 0.99).all()
    seen = to_camera(target[:, None], cameras)
    assert (seen[..., 2] > 2).all()
    assert (project(seen, cameras.focal).abs() < 0.6).all()


def test_clips_say_one_thing_in_three_ways() -> None:
    """Positions through the scale are the keypoints, up to perspective; sensors turn bones to where they point."""
    motion = walk(2.0)
    turns, joints = performed(motion)
    cameras = place_cameras(joints[:, 60, 0], random(4))
    said = film(turns, joints, cameras)
    flat = said.positions[..., :2] * said.scale[..., None, None]
    assert (flat - (said.keypoints - said.keypoints[:, :, :1])).abs().max() < 0.2
    assert said.positions[:, :, 0].abs().max() == 0
    shin = list(SENSOR_JOINTS).index("left_shin")
    down = quaternion_to_matrix(said.orientation[:, :, shin]) @ torch.tensor([0.0, -1, 0])
    bone = torch.nn.functional.normalize(said.positions[:, :, 6] - said.positions[:, :, 5], dim=-1)
    assert ((down * bone).sum(-1) > 0.999).all()


def test_a_mirror_twice_is_none_and_keeps_distances() -> None:
    said = clips()
    for once, twice in zip(said, mirrored(mirrored(said)), strict=True):
        torch.testing.assert_close(once, twice)
    there = mirrored(said)
    left = quaternion_to_matrix(said.orientation[:, :, 0])
    right = quaternion_to_matrix(there.orientation[:, :, 1])
    flip = torch.diag(torch.tensor([-1.0, 1, 1]))
    torch.testing.assert_close(right, flip @ left @ flip, atol=1e-5, rtol=0)
    for parent, child in BONES:
        here = (said.positions[:, :, child] - said.positions[:, :, parent]).norm(dim=-1)
        bone = (there.positions[:, :, MIRROR[child]] - there.positions[:, :, MIRROR[parent]]).norm(dim=-1)
        torch.testing.assert_close(bone, here)


def test_the_performer_in_a_mirror_is_the_mirrored_clip() -> None:
    """Mirroring what is seen is mirroring the world and the camera with it."""
    turns, joints = performed(walk(1.0))
    cameras = place_cameras(joints[:, 30, 0], random(1))
    flip = torch.tensor([-1.0, 1, 1])
    other = Cameras(flip[:, None] * cameras.rotation * flip, cameras.position * flip, cameras.focal)
    there = film(turns, mirror_points(joints), other)
    here = mirrored(film(turns, joints, cameras))
    torch.testing.assert_close(there.keypoints, here.keypoints, atol=1e-5, rtol=0)
    torch.testing.assert_close(there.positions, here.positions, atol=1e-5, rtol=0)


def test_losses_by_hand() -> None:
    truth = torch.zeros(1, 2, 17, 3)
    truth[..., 0] = torch.arange(17.0)
    estimate = 2 * truth
    estimate[:, 1, 0, 1] = 3.0
    assert float(mpjpe(truth, truth)) == 0
    assert float(mpjpe(estimate, truth)) == pytest.approx((2 * 136 + 3) / 34)
    assert float(n_mpjpe(2 * truth, truth)) == pytest.approx(0, abs=1e-6)
    assert float(velocity_error(estimate, truth)) == pytest.approx(3 / 17)
    assert float(sudden_moves(estimate)) == pytest.approx(9 / 51)
    assert set(lifting_losses(estimate, truth)) == {*TERMS}
    assert set(lifting_losses(estimate, truth, ("velocity", "position"))) == {"position", "velocity"}
    assert float(lifting_losses(estimate, truth)["velocity"]) == pytest.approx(20 * 3 / 17)


def test_a_single_frame_has_no_velocity() -> None:
    one = torch.ones(2, 1, 17, 3, requires_grad=True)
    terms = lifting_losses(one, torch.zeros(2, 1, 17, 3))
    torch.stack(list(terms.values())).sum().backward()
    assert terms["velocity"] == terms["consistency"] == 0
    assert one.grad is not None
    assert one.grad.isfinite().all()


LEARNERS: dict[str, Any] = {
    "PoseMamba": PoseMambaConfig(width=32, pairs=1, frames=6),
    "PoseMamba, causal": PoseMambaConfig(width=32, pairs=1, scan="causal"),
    "MDTF": MDTFConfig(width=16, depth=2, frames=6, bone_aware=BoneAwareConfig((8,))),
    "VIMCAN": VimcanConfig(width=16, group_width=16, pairs=1, frames=6),
    "VIMCAN, causal": VimcanConfig(width=16, group_width=16, pairs=1, causal=True),
    "VIMCAN, Cross-Mamba": VimcanConfig(width=16, group_width=16, pairs=1, frames=6, fusion="cross-mamba"),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_small_networks_learn_clips_by_heart(name: str) -> None:
    """The whole size on ten clips: benchmarks/overfit.py."""
    torch.manual_seed(0)
    seen = clips(frames=3, count=2)
    both = LiftingClips(*(torch.cat(pair) for pair in zip(seen, mirrored(seen), strict=True)))
    network = make_lifter(replace(LEARNERS[name], drop_path=0.0))
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], 6e-3)
    first = float(answer(network, both).errors().detach().mean())
    for _ in range(40 if name.startswith("VIMCAN") else 200):
        optimiser.zero_grad()
        said = answer(network, both)
        mpjpe(said.estimate, said.truth).backward()
        optimiser.step()
    with torch.no_grad():
        said = answer(network.eval(), both)
    metres = said.estimate / said.metre[..., None, None]
    assert said.errors().mean() < 0.2 * first
    assert (metres[2:] - mirror_points(metres[:2])).norm(dim=-1).mean() < 0.2 * first
