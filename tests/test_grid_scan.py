"""The scan of a grid against its definition written out, its gradient, and what the causal one may not see.

TRITON_INTERPRET=1 python -m tests.test_grid_scan [all]    our kernels, carried out by Triton's interpreter on a CPU
"""

import sys
from unittest import mock

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.inference import grid_scan
from mocamba.inference.grid_frame import GridFrame, Workspace
from mocamba.inference.grid_scan import Directions, GridBlock, GridScan
from mocamba.inference.scan import own_kernels, selective_scan_reference
from torch import Tensor

from .interpreter import run_interpreted

TWO_WAY: list[Directions] = ["two-way", "fs-ft", "fs-bt", "bs-ft", "bs-bt"]
ALL: list[Directions] = [*TWO_WAY, "causal"]
LOCAL = (0, 0, 1, 2, 0)


def scan(directions: Directions, local: bool = True, width: int = 4, **options: bool) -> GridScan:
    torch.manual_seed(1)
    module = GridScan(width, directions, LOCAL if local else None, **options).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return module


def grid(frames: int = 6, joints: int = 5, width: int = 4, seed: int = 0) -> Tensor:
    return torch.randn(2, frames, joints, width, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def one_direction(module: GridScan, k: int, row: Tensor) -> Tensor:
    """Selection k of the four on one sequence `(inner, L)`, as section 1.3 of the papers' field has it."""
    chosen = module.x_proj_weight[k] @ row
    low, b, c = chosen.split([module.rank, 16, 16])
    step = F.softplus(module.dt_projs_weight[k] @ low + module.dt_projs_bias[k][:, None])
    inner = len(row)
    A = -torch.exp(module.A_logs[k * inner : (k + 1) * inner])
    d = module.Ds[k * inner : (k + 1) * inner]
    return selective_scan_reference(row[None], step[None], A, b[None, None], c[None, None], d)[0][0]


def by_definition(module: GridScan, x: Tensor) -> Tensor:
    """Token by token, one sequence and direction at a time."""
    u, gate = (x @ module.in_proj.weight.T).chunk(2, dim=-1)
    batch, frames, joints, inner = u.shape
    reach = (-2, -1, 0) if module.directions == "causal" else (-1, 0, 1)
    y = torch.zeros_like(u)
    mixed = torch.zeros_like(u)
    for t in range(frames):
        for j in range(joints):
            total = module.conv2d.bias.expand(batch, -1).clone()
            for row, ago in enumerate(reach):
                for column in range(3):
                    s, i = t + ago, j + column - 1
                    if 0 <= s < frames and 0 <= i < joints:
                        total = total + module.conv2d.weight[:, 0, row, column] * u[:, s, i]
            mixed[:, t, j] = F.silu(total)
    near = mixed[:, :, list(LOCAL)] if module.local is not None else torch.zeros_like(mixed)
    everywhere = [(t, j) for t in range(frames) for j in range(joints)]
    by_joint = [(t, j) for j in range(joints) for t in range(frames)]
    for n in range(batch):
        for k in range(4):
            tokens = mixed[n] + near[n] if k % 2 == 0 else mixed[n]
            for order in orders_of(module.directions, k, everywhere, by_joint, frames, joints):
                said = one_direction(module, k, torch.stack([tokens[t, j] for t, j in order], dim=1))
                for place, (t, j) in enumerate(order):
                    y[n, t, j] += said[:, place]
    normed = F.layer_norm(y, (inner,), module.out_norm.weight, module.out_norm.bias)
    return (normed * F.silu(gate)) @ module.out_proj.weight.T


Order = list[tuple[int, int]]


def orders_of(directions: str, k: int, everywhere: Order, by_joint: Order, frames: int, joints: int) -> list[Order]:
    """The sequences, each read from a fresh state, that direction k is made of."""
    if directions == "two-way":
        order = (everywhere, by_joint)[k % 2]
        return [order[::-1] if k > 1 else order]
    if directions == "causal":
        if k % 2:
            return [[(t, j) for t in range(frames)] for j in range(joints)]
        return [everywhere if k == 0 else [(t, joints - 1 - j) for t, j in everywhere]]
    space, time = directions.split("-")
    if k % 2 == 0:
        return [everywhere if space == "fs" else [(t, joints - 1 - j) for t, j in everywhere]]
    return [by_joint if time == "ft" else [(frames - 1 - t, j) for t, j in by_joint]]


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("directions", ALL)
def test_it_is_the_definition(directions: Directions, local: bool) -> None:
    module, x = scan(directions, local), grid()
    torch.testing.assert_close(module(x)[0], by_definition(module, x), rtol=1e-9, atol=1e-9)
    single = module.float()(x.float())[0]
    torch.testing.assert_close(single.double(), by_definition(module.double(), x), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("directions", ALL)
def test_gradient(directions: Directions) -> None:
    module = scan(directions, width=2)
    torch.autograd.gradcheck(lambda x: module(x)[0], grid(3, 5, 2).requires_grad_(), atol=1e-6)
    names = [name for name, _ in module.named_parameters()]
    x = grid(2, 5, 2)

    def with_parameters(*values: Tensor) -> Tensor:
        return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))[0]  # type: ignore[no-any-return]

    torch.autograd.gradcheck(with_parameters, tuple(p.detach().requires_grad_() for p in module.parameters()))


@pytest.mark.parametrize("directions", ["two-way", "causal"])
def test_the_published_gradient_loses_the_local_addend(directions: Directions) -> None:
    """Forward alike; backward that of a scan whose local addend is a constant, and far from the true one."""
    honest, published = scan(directions), scan(directions, local_grad=False)
    x, weights = grid().requires_grad_(), grid(seed=9)
    torch.testing.assert_close(honest(x)[0], published(x)[0])
    true = torch.autograd.grad((honest(x)[0] * weights).sum(), x)[0]
    lost = torch.autograd.grad((published(x)[0] * weights).sum(), x)[0]
    assert (true - lost).norm() / true.norm() > 0.05

    def constant(u: Tensor) -> Tensor:
        return u + u.detach()[..., list(LOCAL)]

    honest._with_local = constant  # type: ignore[method-assign]
    torch.testing.assert_close(torch.autograd.grad((honest(x)[0] * weights).sum(), x)[0], lost)


@pytest.mark.parametrize("cut", [1, 4])
def test_the_causal_scan_sees_nothing_of_later_frames(cut: int) -> None:
    module, x = scan("causal"), grid()
    changed = x.clone()
    changed[:, cut:] += 1
    before, after = module(x)[0], module(changed)[0]
    torch.testing.assert_close(before[:, :cut], after[:, :cut])
    assert (before[:, cut] - after[:, cut]).abs().min() > 0


@pytest.mark.parametrize("directions", TWO_WAY)
def test_the_others_do(directions: Directions) -> None:
    """Why they cannot stream: even one-way scans go on to the next joint with what the last one's future left."""
    module, x = scan(directions), grid()
    changed = x.clone()
    changed[:, 4:] += 1
    assert (module(x)[0] - module(changed)[0])[:, 0].abs().max() > 0


@given(cuts=st.lists(st.integers(1, 11), max_size=4))
@settings(max_examples=20, deadline=None)
def test_a_clip_in_pieces_is_the_clip(cuts: list[int]) -> None:
    module, x = scan("causal"), grid(12)
    whole, last = module(x)
    state, parts = None, []
    for part in torch.tensor_split(x, sorted(set(cuts)), dim=1):
        y, state = module(part, state)
        parts.append(y)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    for mine, other in zip(state, last, strict=True):
        torch.testing.assert_close(mine, other)


def test_no_such_directions() -> None:
    with pytest.raises(ValueError, match="sideways"):
        GridScan(4, "sideways")  # type: ignore[arg-type]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("directions", ALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_on_a_gpu(directions: Directions, dtype: torch.dtype) -> None:
    module, x = scan(directions).to(dtype), grid(20).to(dtype)
    here = module(x)[0]
    there = module.cuda()(x.cuda())[0].cpu()
    torch.testing.assert_close(there, here, rtol=1e-3, atol=1e-4 if dtype == torch.float32 else 1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_blocks_side_by_side_go_frame_by_frame_as_each_alone(dtype: torch.dtype) -> None:
    torch.manual_seed(2)
    tokens = (5, 1, 3)
    blocks = [GridBlock(4, "causal", LOCAL if count == 5 else None).to(dtype).eval() for count in tokens]
    for parameter in (parameter for block in blocks for parameter in block.requires_grad_(False).parameters()):
        parameter += 0.1 * torch.randn_like(parameter)
    x = torch.randn(7, len(blocks), max(tokens), 4, dtype=dtype)  # what fills up is anything
    together = GridFrame(blocks, tokens, Workspace())
    said = torch.stack([together(frame) for frame in x])
    for k, (block, count) in enumerate(zip(blocks, tokens, strict=True)):
        alone, _ = block(x[None, :, k, :count])
        torch.testing.assert_close(said[:, k, :count], alone[0])


def test_performers_forget_nothing_of_each_other() -> None:
    torch.manual_seed(2)
    block, workspace, x = GridBlock(4, "causal").requires_grad_(False).eval(), Workspace(), torch.randn(6, 1, 5, 4)
    one, other = (GridFrame([block], [5], workspace) for _ in range(2))
    said = []
    for frame in x:
        said.append(one(frame))
        other(torch.randn_like(frame))
    torch.testing.assert_close(torch.stack(said)[None, :, 0], block(x[None, :, 0])[0])


def check_kernels(
    directions: Directions, frames: int, width: int, local: bool, local_grad: bool = True, device: str = "cpu"
) -> None:
    """Answers, states and all gradients by our kernels, in float32, against the plain scan in float64."""
    module, x = scan(directions, local, width, local_grad=local_grad), grid(frames, width=width)
    exact = everything(module, x)
    with mock.patch.object(grid_scan, "has_kernels", return_value=True):
        found = everything(module.float().to(device), x.float().to(device))
    for one, other in zip(found, exact, strict=True):
        size = float(other.detach().abs().max())
        torch.testing.assert_close(one.cpu().double(), other, rtol=1e-4, atol=1e-5 * size)


def everything(module: GridScan, x: Tensor) -> list[Tensor]:
    """Output, states, and the gradients of x and of the parameters."""
    x = x.clone().requires_grad_()
    weights = torch.randn(x.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(5)).to(x)
    y, state = module(x)
    answers = [y, *(state or ())]
    total = (answers[0] * weights).sum() + sum(remembered.square().sum() for remembered in answers[2:])
    return [*answers, *torch.autograd.grad(total, [x, *module.parameters()])]


KernelCase = tuple[Directions, int, int, bool]
FEW: list[KernelCase] = [("two-way", 3, 6, True), ("causal", 2, 2, True)]  # directions, frames, width, local
MORE: list[KernelCase] = [(directions, 3, 2, directions[0] == "b") for directions in TWO_WAY]
MORE += [("causal", 1, 2, False), ("causal", 9, 2, True), ("two-way", 8, 4, False), ("two-way", 1, 2, True)]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("case", [*FEW, *MORE, *((directions, 81, 64, True) for directions in ALL)])
def test_our_kernels_are_the_plain_scan(case: KernelCase) -> None:
    if own_kernels() is None:
        pytest.skip("Triton is not installed")
    check_kernels(*case, device="cuda")
    check_kernels(*case, local_grad=False, device="cuda")


def test_our_kernels_are_the_plain_scan_in_the_interpreter() -> None:
    run_interpreted(__file__)


if __name__ == "__main__":
    for kernel_case in FEW + MORE * ("all" in sys.argv):
        check_kernels(*kernel_case)
        if "all" in sys.argv:
            check_kernels(*kernel_case, local_grad=False)
