"""The Mamba-1 block: frame by frame, in pieces and whole."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.mamba import MambaBlock
from torch import Tensor


def block(width: int = 16, seed: int = 0, dtype: torch.dtype = torch.float64, **layout: int) -> MambaBlock:
    torch.manual_seed(seed)
    made = MambaBlock(width, **layout).to(dtype).eval()
    for parameter in made.parameters():  # biases of zero would hide a missing one
        parameter.requires_grad_(False).add_(0.05 * torch.randn_like(parameter))
    return made


def signal(frames: int, width: int = 16, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(2, frames, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


@pytest.mark.parametrize(("width", "parameters"), [(64, 32_640), (128, 116_480)])
def test_size(width: int, parameters: int) -> None:
    inner, rank, states, kernel = 2 * width, math.ceil(width / 16), 16, 4
    formula = 2 * width * inner + inner * (kernel + 1) + inner * (rank + 2 * states)
    formula += rank * inner + inner + inner * states + inner + inner * width
    assert sum(p.numel() for p in MambaBlock(width).parameters()) == formula == parameters


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("layout", [{}, {"states": 5, "kernel": 2, "expand": 1}, {"kernel": 1}])
def test_frame_by_frame_is_forward(layout: dict[str, int], dtype: torch.dtype, tolerance: float) -> None:
    net, x = block(dtype=dtype, **layout), signal(70, dtype=dtype)
    whole, last = net(x)
    state, answers = net.initial_state(2), []
    for frame in x.unbind(1):
        y, state = net.step(frame, state)
        answers.append(y)
    torch.testing.assert_close(torch.stack(answers, dim=1), whole, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(state.conv, last.conv, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(state.ssm, last.ssm, rtol=tolerance, atol=tolerance)


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(2, 80), share=st.floats(0, 1), seed=st.integers(0, 10**6))
def test_a_split_at_any_frame_changes_nothing(frames: int, share: float, seed: int) -> None:
    net, x = block(), signal(frames, seed=seed)
    cut = min(max(1, round(share * frames)), frames - 1)
    whole, last = net(x)
    first, between = net(x[:, :cut])
    second, after = net(x[:, cut:], between)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(after.conv, last.conv, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(after.ssm, last.ssm, rtol=1e-11, atol=1e-11)


@settings(max_examples=20, deadline=None)
@given(frames=st.integers(2, 60), share=st.floats(0, 1), seed=st.integers(0, 10**6))
def test_a_later_frame_changes_nothing_before_it(frames: int, share: float, seed: int) -> None:
    net, x = block(), signal(frames, seed=seed)
    at = min(max(1, round(share * frames)), frames - 1)
    changed = x.clone()
    changed[:, at] += 3.0
    before, after = net(x)[0], net(changed)[0]
    torch.testing.assert_close(after[:, :at], before[:, :at], rtol=0, atol=1e-13)
    assert (after[:, at] - before[:, at]).abs().max() > 1e-3


def test_every_parameter_learns() -> None:
    net = block().requires_grad_(True)
    net(signal(40))[0].square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_step_sizes_at_the_start_are_log_uniform() -> None:
    torch.manual_seed(0)
    steps = torch.nn.functional.softplus(torch.cat([MambaBlock(128).dt_proj.bias.detach() for _ in range(20)]))
    assert steps.min() >= 1e-3 * 0.999
    assert steps.max() <= 1e-1 * 1.001
    # the logarithm of a log-uniform value is uniform: mean in the middle, deviation width / √12
    logs = steps.log10()
    assert abs(float(logs.mean()) + 2) < 0.05
    assert abs(float(logs.std()) - 2 / math.sqrt(12)) < 0.03
