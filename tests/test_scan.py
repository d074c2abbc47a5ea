"""The paths of the selective scan against the recurrence written out, one frame at a time.

TRITON_INTERPRET=1 python -m tests.test_scan    our own kernels, carried out by Triton's interpreter on a CPU
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference.scan import (
    CHUNK,
    fused_scan,
    own_kernels,
    selective_scan,
    selective_scan_chunked,
    selective_scan_reference,
)
from torch import Tensor

from .interpreter import run_interpreted

Case = tuple[Tensor, ...]


def problem(
    frames: int, groups: int = 1, dtype: torch.dtype = torch.float64, seed: int = 0, channels: int = 4, states: int = 3
) -> Case:
    """u, delta, A, b, c, d and a carried state, with step sizes as training meets them and beyond."""
    g = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    delta = torch.exp(torch.empty(2, channels, frames, dtype=torch.float64).uniform_(-7, 1.5, generator=g))
    maps = (2, groups, states, frames)
    case = (normal(2, channels, frames), delta, -torch.exp(normal(channels, states)), normal(*maps), normal(*maps))
    return tuple(x.to(dtype) for x in (*case, normal(channels), normal(2, channels, states)))


def by_hand(u: Tensor, delta: Tensor, A: Tensor, b: Tensor, c: Tensor, d: Tensor, state: Tensor) -> Tensor:
    """Algorithm 2 of Gu and Dao with loops over everything."""
    count, channels, frames = u.shape
    y = np.zeros((count, channels, frames))
    for i in range(count):
        for k in range(channels):
            group = k * b.shape[1] // channels
            h = state[i, k].numpy().copy()
            for t in range(frames):
                step = float(delta[i, k, t])
                h = np.exp(step * A[k].numpy()) * h + step * b[i, group, :, t].numpy() * float(u[i, k, t])
                y[i, k, t] = c[i, group, :, t].numpy() @ h + float(d[k] * u[i, k, t])
    return torch.from_numpy(y)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_reference_is_the_recurrence(groups: int) -> None:
    case = problem(7, groups)
    torch.testing.assert_close(selective_scan_reference(*case)[0], by_hand(*case), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-5)])
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("frames", [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_chunked_is_the_reference(frames: int, groups: int, dtype: torch.dtype, tolerance: float) -> None:
    case = problem(frames, groups, dtype)
    for carried in (case, case[:6]):
        y, h = selective_scan_chunked(*carried)
        expected_y, expected_h = selective_scan_reference(*carried)
        assert y.dtype == h.dtype == dtype
        torch.testing.assert_close(y, expected_y, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(h, expected_h, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("scan", [selective_scan_reference, selective_scan_chunked])
@settings(max_examples=25, deadline=None)
@given(frames=st.integers(2, 90), share=st.floats(0, 1), groups=st.sampled_from([1, 2]), seed=st.integers(0, 10**6))
def test_a_split_at_any_frame_changes_nothing(scan, frames: int, share: float, groups: int, seed: int) -> None:
    u, delta, A, b, c, d, state = problem(frames, groups, seed=seed)
    cut = min(max(1, round(share * frames)), frames - 1)
    whole, last = scan(u, delta, A, b, c, d, state)
    first, between = scan(*(x[..., :cut] for x in (u, delta)), A, *(x[..., :cut] for x in (b, c)), d, state)
    second, after = scan(*(x[..., cut:] for x in (u, delta)), A, *(x[..., cut:] for x in (b, c)), d, between)
    torch.testing.assert_close(torch.cat([first, second], dim=-1), whole, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(after, last, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("scan", [selective_scan_reference, selective_scan_chunked])
@pytest.mark.parametrize("frames", [3, CHUNK + 2])
def test_gradients(scan, frames: int) -> None:
    case = problem(frames, groups=2, channels=2, states=2)
    assert torch.autograd.gradcheck(scan, [x.requires_grad_() for x in case], fast_mode=frames > CHUNK)


def test_long_steps_neither_overflow_nor_lose_the_skip() -> None:
    u, delta, A, b, c, d, state = problem(4 * CHUNK, dtype=torch.float32)
    y, h = selective_scan_chunked(u, 1e4 * torch.ones_like(delta), A, b, c, d, state)
    assert torch.isfinite(y).all()
    expected, _ = selective_scan_reference(u, 1e4 * torch.ones_like(delta), A, b, c, d, state)
    torch.testing.assert_close(y, expected, rtol=1e-5, atol=1e-2)
    assert torch.isfinite(h).all()


def test_the_chosen_path_on_a_cpu_is_the_chunked_one() -> None:
    case = problem(40, dtype=torch.float32)
    assert torch.equal(selective_scan(*case)[0], selective_scan_chunked(*case)[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("frames", [1, 81, 300])
def test_the_cuda_kernel_is_the_chunked_scan(frames: int, groups: int) -> None:
    kernel = fused_scan()
    if kernel is None:
        pytest.skip("mamba-ssm is not installed with its CUDA extension")
    case = [x.cuda() for x in problem(frames, groups, torch.float32, channels=64, states=16)[:6]]
    y, h = kernel(*case, return_last_state=True)
    expected_y, expected_h = selective_scan_chunked(*case)
    torch.testing.assert_close(y, expected_y, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(h, expected_h, rtol=1e-4, atol=1e-4)


def check_own_kernels(frames: int, groups: int, channels: int, states: int, device: str) -> None:
    """Outputs, last state and all gradients, against the recurrence in float64."""
    kernels = own_kernels()
    assert kernels is not None
    exact = [x.requires_grad_() for x in problem(frames, groups, channels=channels, states=states)]
    given = [x.detach().float().to(device).requires_grad_() for x in exact]
    weights = problem(frames, groups, channels=channels, states=states, seed=1)
    answers, expected = kernels(*given), selective_scan_reference(*exact)
    sums = [
        sum((one.cpu() * weight).sum() for one, weight in zip(pair, (weights[0], weights[-1]), strict=True))
        for pair in (answers, expected)
    ]
    gradients = torch.autograd.grad(sums[0], given), torch.autograd.grad(sums[1], exact)
    for one, other in zip((*answers, *gradients[0]), (*expected, *gradients[1]), strict=True):
        size = float(other.detach().abs().max())
        torch.testing.assert_close(one.cpu().double(), other, rtol=1e-4, atol=1e-5 * max(1.0, size))


def check_ordered_kernels(lines: int, length: int, channels: int, states: int, device: str) -> None:
    """Four ways through two sources, in orders of chance: outputs, last states and all gradients, as above."""
    from mocamba.inference.triton_scan import scan_tokens

    g, tokens = torch.Generator().manual_seed(0), lines * length
    order = torch.stack([torch.randperm(tokens, generator=g).view(lines, length) for _ in range(4)]).int()
    shapes = [(2, 2, tokens, channels), (4, 2, tokens, channels), (4, channels, states)]
    shapes += [(2, 2, tokens, 2, states)] * 2 + [(4, channels)] * 2 + [(2 * lines, 4, channels, states)]
    exact = [torch.randn(shape, generator=g, dtype=torch.float64) for shape in shapes]
    exact[1], exact[2] = 4 * exact[1] - 3, -torch.exp(exact[2])  # steps from nothing to long ones
    given = [x.float().to(device).requires_grad_() for x in exact]
    found = scan_tokens(*given[:7], order.to(device), given[7])
    expected = ordered_reference(*[x.requires_grad_() for x in exact], order=order)
    weights = [torch.randn(x.shape, generator=g, dtype=torch.float64) for x in expected]
    pairs = []
    for answers, inputs in ((found, given), (expected, exact)):
        total = sum((one * weight.to(one)).sum() for one, weight in zip(answers, weights, strict=True))
        pairs.append((*answers, *torch.autograd.grad(total, inputs)))
    for one, other in zip(*pairs, strict=True):
        size = float(other.detach().abs().max())
        torch.testing.assert_close(one.cpu().double(), other, rtol=1e-4, atol=1e-5 * max(1.0, size))


def ordered_reference(
    u: Tensor, raw: Tensor, A: Tensor, b: Tensor, c: Tensor, bias: Tensor, d: Tensor, state: Tensor, order: Tensor
) -> tuple[Tensor, Tensor]:
    """As `triton_scan.scan_tokens`, every way and line by the recurrence."""
    lines = order.shape[1]
    answers, last = [], []
    for way, rows in enumerate(order.long()):
        source, turn = way % len(u), way // len(u)
        y = torch.zeros_like(raw[way])
        ends = []
        for line, row in enumerate(rows):
            walk = u[source][:, row].mT
            step = F.softplus(raw[way][:, row] + bias[way]).mT
            maps = (m[source][:, row, turn].mT[:, None] for m in (b, c))
            said, end = selective_scan_reference(walk, step, A[way], *maps, d[way], state[line::lines, way])
            y = y.index_add(1, row, said.mT)
            ends.append(end)
        answers.append(y)
        last.append(torch.stack(ends, dim=1).flatten(0, 1))
    return torch.stack(answers), torch.stack(last, dim=1)


KERNEL_CASES = [(1, 1, 4, 3), (7, 2, 24, 4), (8, 1, 8, 2), (30, 2, 20, 3)]  # frames, groups, channels, states
ORDERED_CASES = [(1, 9, 9, 3), (3, 1, 4, 4)]  # lines, length, channels, states


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("case", [*KERNEL_CASES, (1377, 4, 512, 16), (300, 1, 1040, 16)])
def test_our_kernels_are_the_recurrence(case: tuple[int, int, int, int]) -> None:
    if own_kernels() is None:
        pytest.skip("Triton is not installed")
    check_own_kernels(*case, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("case", [*ORDERED_CASES, (1, 1377, 128, 16), (17, 81, 100, 16)])
def test_our_kernels_in_any_order_are_the_recurrence(case: tuple[int, int, int, int]) -> None:
    if own_kernels() is None:
        pytest.skip("Triton is not installed")
    check_ordered_kernels(*case, device="cuda")


def test_our_kernels_are_the_recurrence_in_the_interpreter() -> None:
    run_interpreted(__file__)


if __name__ == "__main__":
    for kernel_case in KERNEL_CASES:
        check_own_kernels(*kernel_case, device="cpu")
    for ordered_case in ORDERED_CASES:
        check_ordered_kernels(*ordered_case, device="cpu")
