"""MDTF: sizes, stages, shapes, what it refuses, and that joints and bones are wired as meant."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.lifting import mirror_points
from mocamba.inference.networks.mdtf import (
    MDTF,
    VARIANTS,
    BoneAware,
    BoneAwareConfig,
    MDTFConfig,
    SpaceTime,
    bone_accuracy,
    bone_loss,
    skeleton_graph,
    with_confidence,
)
from mocamba.inference.sizes import measure
from mocamba.rig.errors import BadInputError
from mocamba.rig.h36m import MIRROR
from torch import Tensor

SMALL = MDTFConfig(width=16, depth=2, frames=9, bone_aware=BoneAwareConfig((8, 4)))


def small(**changes: object) -> MDTF:
    torch.manual_seed(0)
    return MDTF(replace(SMALL, **changes))  # type: ignore[arg-type]


def people(batch: int = 2, frames: int = 9, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Keypoints with confidence, and the 3D joints that they show."""
    generator = torch.Generator().manual_seed(seed)
    joints = torch.randn(batch, 1, 17, 3, generator=generator) + 0.2 * torch.randn(
        batch, frames, 17, 3, generator=generator
    )
    joints = 0.3 * (joints - joints[:, :, :1])
    return with_confidence(joints[..., :2]), joints


@pytest.mark.parametrize(("variant", "second", "macs"), [("tiny", 823_269, 14.9), ("large", 4_313_781, 72.8)])
def test_size(variant: str, second: int, macs: float) -> None:
    """The published 0.9 and 4.4 M are true counts; of 12.8 and 58.7 M MACs a frame, a profiler finds more."""
    net = MDTF(VARIANTS[variant])
    size = measure(net, torch.zeros(1, 9, 17, 3), frames=9)
    assert size.macs_per_frame / 1e6 == pytest.approx(macs, abs=0.05)
    first = sum(p.numel() for p in net.bone_aware.parameters())
    assert first == 110_526
    assert sum(p.numel() for p in net.parameters()) == second + first


def test_graph_is_the_sixteen_bones() -> None:
    graph = skeleton_graph()
    assert graph.sum() == 32
    torch.testing.assert_close(graph, graph.T)
    torch.testing.assert_close(graph, graph[list(MIRROR)][:, list(MIRROR)])


@settings(max_examples=15, deadline=None)
@given(batch=st.integers(1, 3), frames=st.integers(1, 9))
def test_any_length_up_to_the_limit(batch: int, frames: int) -> None:
    assert small().eval()(people(batch, frames)[0]).shape == (batch, frames, 17, 3)


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (torch.zeros(1, 5, 17, 2), "MDTF reads keypoints of shape"),
        (torch.zeros(1, 0, 17, 3), "no frames"),
        (torch.zeros(1, 10, 17, 3), "up to 9 frames"),
        (torch.full((1, 5, 17, 3), float("nan")), "frame 0 of sequence 0"),
    ],
)
def test_bad_input_is_refused(x: Tensor, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        small()(x)


def test_bad_layouts_are_refused() -> None:
    for changes in ({"width": 0}, {"depth": 0}, {"frames": 0}, {"drop_path": 1.0}):
        with pytest.raises(ValueError, match=next(iter(changes))):
            MDTFConfig(**changes)
    with pytest.raises(ValueError, match="widths"):
        BoneAwareConfig(widths=())
    with pytest.raises(ValueError, match="another layout"):
        MDTF(SMALL, BoneAware())


def test_blocks_over_joints_keep_frames_apart_and_blocks_over_frames_joints() -> None:
    torch.manual_seed(0)
    pair, x = SpaceTime(8, 0.0, skeleton_graph()).eval(), torch.randn(1, 5, 17, 8)
    changed = x.clone()
    changed[:, 2, 6, :4] += 1  # an equal change of all would be normalised away
    over_joints = (pair.over_joints(changed) - pair.over_joints(x)).abs().amax(-1)[0]
    over_frames = (pair.over_frames(changed) - pair.over_frames(x)).abs().amax(-1)[0]
    assert over_joints[[0, 1, 3, 4]].max() == 0
    assert over_joints[2].min() > 0
    assert over_frames[:, [j for j in range(17) if j != 6]].max() == 0
    assert over_frames[:, 6].min() > 0


def test_bones_go_to_the_joints_they_end_in() -> None:
    keypoints = people()[0]
    aligned, released = small(aligned=True), small(aligned=False)
    here, there = aligned.bone_features(keypoints), released.bone_features(keypoints)
    assert here[:, :, 0].abs().max() == 0
    assert there[:, :, 16].abs().max() == 0
    torch.testing.assert_close(here[:, :, 1:], there[:, :, :-1])
    azimuth = torch.atan2(*(keypoints[:, :, 13] - keypoints[:, :, 12]).unbind(-1)[1::-1]) / torch.pi
    torch.testing.assert_close(here[:, :, 13, 0], azimuth)


def test_classes_are_read_where_the_first_stage_puts_them() -> None:
    """Row j of the logits is the bone that ends in joint j, in the loss as in the features."""
    keypoints, joints = people()
    net = small()
    logits = torch.zeros(2, 9, 17, 6)
    logits[:, :, 13, 5] = 1
    net.bone_aware.forward = lambda _: logits  # type: ignore[method-assign]
    polar = net.bone_features(keypoints)[..., 1]
    assert torch.unique(polar[:, :, 13]).tolist() == [pytest.approx(11 / 12)]
    assert torch.unique(polar[:, :, [1, 12, 14, 16]]).tolist() == [pytest.approx(1 / 12)]
    joints[:, :, 13] = joints[:, :, 12] + torch.tensor([0.0, 0.0, -1.0])
    assert bone_loss(100 * logits, joints) < bone_loss(-100 * logits, joints)
    assert bone_accuracy(logits, joints) > 1 / 16 - 1e-6


def test_the_first_stage_stays_frozen_and_awake_to_nothing() -> None:
    net, (keypoints, joints) = small(), people()
    before = {name: value.clone() for name, value in net.bone_aware.state_dict().items()}
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.1, weight_decay=0.5)
    net.train()
    assert not any(module.training for module in net.bone_aware.modules())
    assert net.pairs.training
    (net(keypoints) - joints).square().mean().backward()
    optimiser.step()
    for name, value in net.bone_aware.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    torch.testing.assert_close(net.bone_features(keypoints), net.bone_features(keypoints), rtol=0, atol=0)


def test_every_other_weight_learns() -> None:
    net, (keypoints, joints) = small(drop_path=0.0), people()
    torch.nn.init.normal_(net.fuse.weight)
    (net(keypoints) - joints).square().mean().backward()
    for name, parameter in net.named_parameters():
        if not name.startswith("bone_aware."):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().max() > 0, name


def test_the_first_stage_learns_its_bones() -> None:
    torch.manual_seed(0)
    net, (keypoints, joints) = BoneAware(BoneAwareConfig((16, 8), 0.0)), people()
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3)
    for _ in range(250):
        optimiser.zero_grad()
        bone_loss(net(keypoints), joints).backward()
        optimiser.step()
    assert bone_accuracy(net.eval()(keypoints), joints) > 0.9


def test_trained_with_flips_a_flipped_input_gives_the_flipped_output() -> None:
    net, (keypoints, joints) = small(drop_path=0.0), people()
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3)
    reflection = with_confidence(mirror_points(keypoints[..., :2]))
    both, targets = torch.cat([keypoints, reflection]), torch.cat([joints, mirror_points(joints)])
    for _ in range(120):
        optimiser.zero_grad()
        (net(both) - targets).norm(dim=-1).mean().backward()
        optimiser.step()
    net.eval()
    with torch.inference_mode():
        said, reflected = net(keypoints), net(reflection)
    assert (said - joints).norm(dim=-1).mean() < 0.15 * joints.norm(dim=-1).mean()
    assert (mirror_points(reflected) - said).norm(dim=-1).mean() < 0.15 * (reflected - said).norm(dim=-1).mean()
