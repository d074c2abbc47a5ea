"""A causal network's step as one CUDA graph, and what the graph takes for granted on any device."""

from typing import Any

import pytest
import torch
from mocamba.inference.frame_lifter import frame_step
from mocamba.inference.networks.posemamba import PoseMamba, PoseMambaConfig
from mocamba.inference.networks.vimcan import Vimcan, VimcanConfig
from mocamba.inference.step_graph import tensors
from mocamba.rig.errors import BadInputError
from torch import Tensor

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def networks() -> dict[str, Any]:
    torch.manual_seed(2)
    return {
        "PoseMamba": PoseMamba(PoseMambaConfig(width=16, pairs=2, scan="causal")).eval(),
        "Vimcan": Vimcan(VimcanConfig(width=16, group_width=16, pairs=1, causal=True)).eval(),
    }


def frames(name: str, count: int) -> list[tuple[Tensor, ...]]:
    keypoints = torch.rand(count, 1, 17, 2) - 0.5
    turns = torch.nn.functional.normalize(torch.randn(count, 1, 6, 4), dim=-1)
    return list(zip(keypoints, turns, strict=True)) if name == "Vimcan" else [(points,) for points in keypoints]


@pytest.mark.parametrize("name", ["PoseMamba", "Vimcan"])
@torch.inference_mode()
def test_no_state_is_a_state_of_zeros(name: str) -> None:
    """The graph starts from zeros, and its states lie side by side whatever they came in."""
    network = networks()[name]
    (frame,) = frames(name, 1)
    fresh, state = network.step(*frame, None)
    for values in tensors(state):
        values.zero_()
    again, after = network.step(*frame, state)
    torch.testing.assert_close(again, fresh)
    assert len(tensors(after)) == len(tensors(state))


@CUDA
@pytest.mark.parametrize("name", ["PoseMamba", "Vimcan"])
@torch.inference_mode()
def test_a_replayed_step_is_the_step(name: str) -> None:
    """Two performers in turn, one of whom starts later: each has a state of their own."""
    network = networks()[name]
    first, second = frames(name, 30), frames(name, 20)
    expected = {who: walked(network.step, seen) for who, seen in (("first", first), ("second", second))}
    network.cuda()
    steps, found = {"first": frame_step(network), "second": frame_step(network)}, {"first": [], "second": []}
    for k in range(30):
        for who, seen, late in (("first", first, 0), ("second", second, 10)):
            if k >= late:
                found[who].append(steps[who](*seen[k - late]))
    for who, poses in found.items():
        torch.testing.assert_close(torch.stack(poses), expected[who], atol=1e-4, rtol=1e-4)


def walked(step: Any, seen: list[tuple[Tensor, ...]]) -> Tensor:
    state, poses = None, []
    for frame in seen:
        pose, state = step(*frame, state)
        poses.append(pose)
    return torch.stack(poses)


@CUDA
@torch.inference_mode()
def test_a_graph_refuses_what_the_network_refuses() -> None:
    network = networks()["PoseMamba"].cuda()
    with pytest.raises(BadInputError, match="not numbers"):
        frame_step(network)(torch.full((1, 17, 2), float("nan")))
