"""VIMCAN: layouts, sensors that are missing, one answer from clip and frame, what it refuses."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.film_solver import load_lifter
from mocamba.inference.frame_lifter import frame_step
from mocamba.inference.fusion import CrossMamba
from mocamba.inference.networks.vimcan import (
    PARTS,
    SENSORS,
    Vimcan,
    VimcanConfig,
    missing_sensors,
    without_missing,
)
from mocamba.rig.errors import BadInputError
from torch import Tensor

SMALL = VimcanConfig(width=8, group_width=12, pairs=1, frames=12, drop_path=0.0)
LAYOUTS: dict[str, dict[str, Any]] = {
    "five groups": {},
    "three groups": {"groups": 3},
    "no groups": {"groups": 0},
    "no skeleton": {"skeleton": False},
    "self-attention": {"fusion": "self-attention"},
    "Cross-Mamba": {"fusion": "cross-mamba"},
    "eight sensors": {"sensors": 8},
    "eight sensors, three groups, Cross-Mamba": {"sensors": 8, "groups": 3, "fusion": "cross-mamba"},
}


def small(**changes: Any) -> Vimcan:
    torch.manual_seed(3)
    net = Vimcan(replace(SMALL, **changes)).requires_grad_(False).eval()
    for parameter in net.parameters():
        parameter += 0.05 * torch.randn_like(parameter)
    return net


def performance(frames: int = 12, sensors: int = 6, count: int = 2, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    turned = torch.randn(count, frames, sensors, 4, generator=generator)
    return 0.5 * torch.randn(count, frames, 17, 2, generator=generator), turned / turned.norm(dim=-1, keepdim=True)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_solves_any_length(layout: str, causal: bool) -> None:
    net = small(causal=causal, **LAYOUTS[layout])
    for frames in (1, 2, 12):
        assert net(*performance(frames, net.config.sensors)).shape == (2, frames, 17, 3)


@pytest.mark.parametrize(("layout", "frames"), [(name, 1000 if name == "five groups" else 40) for name in LAYOUTS])
def test_frame_by_frame_is_the_recording(layout: str, frames: int) -> None:
    net = small(causal=True, **LAYOUTS[layout])
    x, q = performance(frames, net.config.sensors, count=1)
    state, said = None, []
    for frame, turned in zip(x.unbind(1), q.unbind(1), strict=True):
        pose, state = net.step(frame, turned, state)
        said.append(pose)
    assert (torch.stack(said, dim=1) - net(x, q)).abs().max() < 1e-4


@pytest.mark.parametrize(("layout", "frames"), [(name, 1000 if name == "five groups" else 40) for name in LAYOUTS])
def test_a_performers_frames_are_the_recording(layout: str, frames: int) -> None:
    net = small(causal=True, **LAYOUTS[layout])
    x, q = performance(frames, net.config.sensors, count=1)
    step = frame_step(net)
    said = [step(frame, turned) for frame, turned in zip(x.unbind(1), q.unbind(1), strict=True)]
    assert (torch.stack(said, dim=1) - net(x, q)).abs().max() < 1e-4
    with pytest.raises(BadInputError, match="orientations with values that are not numbers"):
        step(x[:, 0], torch.full_like(q[:, 0], float("nan")))


def test_the_shipped_networks_frames_are_the_recording() -> None:
    net, (x, q) = load_lifter("vimcan-t-causal").network, performance(200, count=1)
    q[:, 50:60, 2] = 0  # missing
    with torch.inference_mode():
        step = frame_step(net)
        said = [step(frame, turned) for frame, turned in zip(x.unbind(1), q.unbind(1), strict=True)]
        assert (torch.stack(said, dim=1) - net(x, q)).abs().max() < 1e-4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_keypoint_and_sensor_is_read(layout: str) -> None:
    net = small(**LAYOUTS[layout])
    x, q = performance(4, net.config.sensors)
    said = net(x, q)
    for joint in range(17):
        changed = x.clone()
        changed[:, :, joint] += 0.2
        assert (net(changed, q) - said).abs().max() > 1e-5
    for sensor in range(net.config.sensors):
        changed = q.roll(1, dims=-1)
        changed = torch.cat([q[:, :, :sensor], changed[:, :, sensor : sensor + 1], q[:, :, sensor + 1 :]], dim=2)
        felt = (net(x, changed) - said).abs().max() > 1e-6
        assert felt == (net.config.fusion != "self-attention")


@pytest.mark.parametrize("causal", [False, True])
def test_look_ahead_says_what_an_answer_depends_on(causal: bool) -> None:
    net, (x, q) = small(causal=causal), performance()
    later = q.clone()
    later[:, 7:] = later[:, 7:].roll(1, dims=-1)
    moved = (net(x, q) - net(x, later)).abs().amax((0, 2, 3))
    assert moved[7] > 1e-6
    assert (net.look_ahead == 0) == causal
    assert (moved[:7].max() < 1e-6) == causal


@pytest.mark.parametrize("groups", PARTS)
def test_groups_hold_every_joint_and_each_sensor_once(groups: int) -> None:
    joints = [joint for part in PARTS[groups] for joint in part.joints]
    assert set(joints) == set(range(17))
    assert len(joints) == {5: 21, 3: 19, 0: 17}[groups]  # what the published sizes ask for
    assert sorted(sensor for part in PARTS[groups] for sensor in part.sensors) == list(range(len(SENSORS)))


@settings(max_examples=20, deadline=None)
@given(gone=st.sets(st.integers(0, 5), max_size=6))
def test_missing_sensors_are_masked_and_said(gone: set[int]) -> None:
    net, (x, q) = small(), performance()
    present = torch.ones(2, 12, 6, dtype=torch.bool)
    present[:, 3:, list(gone)] = False
    masked = without_missing(q, present)
    assert missing_sensors(masked) == {SENSORS[k]: pytest.approx(0.75) for k in sorted(gone)}
    assert net(x, masked).isfinite().all()
    broken = q.clone()
    broken[:, 3:, list(gone)] = float("nan")  # what a silent sensor may leave behind is never read
    torch.testing.assert_close(net(x, without_missing(broken, present)), net(x, masked))


@pytest.mark.parametrize(
    ("x", "q", "says"),
    [
        (torch.zeros(1, 4, 17, 2), torch.zeros(1, 4, 5, 4), "reads orientations of shape"),
        (torch.zeros(1, 4, 17, 3), torch.zeros(1, 4, 6, 4), "reads keypoints of shape"),
        (torch.zeros(1, 4, 17, 2), torch.zeros(1, 3, 6, 4), "keypoints of .1, 4., orientations of .1, 3."),
        (torch.zeros(1, 0, 17, 2), torch.zeros(1, 0, 6, 4), "no frames"),
        (torch.zeros(1, 13, 17, 2), torch.zeros(1, 13, 6, 4), "up to 12 frames"),
        (torch.zeros(1, 4, 17, 2), torch.full((1, 4, 6, 4), float("inf")), "orientations with values that are not"),
    ],
)
def test_bad_input_is_one_clear_sentence(x: Tensor, q: Tensor, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        small()(x, q)


def test_a_two_way_network_does_not_stream() -> None:
    with pytest.raises(BadInputError, match="causal"):
        small().step(torch.zeros(1, 17, 2), torch.zeros(1, 6, 4), None)


@pytest.mark.parametrize("changes", [{"groups": 4}, {"sensors": 7}, {"heads": 3}, {"width": 0}, {"pairs": 0}])
def test_a_layout_that_is_none(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        replace(SMALL, **changes)


def test_gradient_of_cross_mamba() -> None:
    torch.manual_seed(0)
    fuse = CrossMamba(4, visual=3, inertial=2).double()
    visual, inertial = torch.randn(1, 2, 3, 4).double(), torch.randn(1, 2, 2, 4).double()
    torch.autograd.gradcheck(fuse, (visual.requires_grad_(), inertial.requires_grad_()))
