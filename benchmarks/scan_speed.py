"""What the selective scan takes on a GPU: our kernels by setting, mamba-ssm's, plain PyTorch; and a whole grid scan.

    python benchmarks/scan_speed.py

Milliseconds of a call, and of a call with its gradients, at the sizes that the networks train with: medians of runs
of a CUDA graph, between which the cache is filled with something else.
"""

from collections.abc import Callable
from unittest import mock

import torch
from mocamba.inference import grid_scan, triton_scan
from mocamba.inference.cuda_graph import recorded
from mocamba.inference.grid_scan import Directions, GridScan
from mocamba.inference.scan import fused_scan, selective_scan_chunked
from mocamba.inference.selection import there_and_back
from rich.console import Console
from rich.table import Table
from torch import Tensor

SIZES = ((16, 512, 4, 1377), (16, 1024, 4, 1377), (16, 512, 4, 459), (256, 256, 1, 81), (4096, 256, 1, 17))
SETTINGS = ((8, 8), (4, 8), (16, 4))  # ROWS, STEPS; the first is the one in use
GRIDS: tuple[tuple[int, int, int, Directions], ...] = (
    (16, 81, 64, "two-way"),
    (16, 81, 128, "two-way"),
    (4, 243, 64, "two-way"),
    (16, 81, 64, "causal"),
)  # clips, frames, width
STATES = 16
RUNS = 20
Scan = Callable[..., tuple[Tensor, Tensor]]


def main() -> None:
    """See the module's docstring."""
    console = Console()
    console.print(torch.cuda.get_device_name(), "forward, forward and backward; ms")
    table = Table("scan: B, D, groups, T", *(f"rows {rows}, steps {steps}" for rows, steps in SETTINGS))
    table.add_column("(B, D, T)"), table.add_column("mamba-ssm"), table.add_column("plain PyTorch")
    for size in SIZES:
        tuned = [by_setting(setting, lambda size=size: cost(*tokens(*size))) for setting in SETTINGS]  # type: ignore[misc]
        others = (triton_scan.triton_scan, mamba_ssm(), selective_scan_chunked)
        rest = ["not there" if scan is None else cost(scan, channels_first(*size)) for scan in others]
        table.add_row(", ".join(map(str, size)), *tuned, *rest)
    console.print(table)
    table = Table(
        "GridScan: clips, frames, width", *(f"rows {rows}, steps {steps}" for rows, steps in SETTINGS), "plain"
    )
    for grid in GRIDS:
        tuned = [by_setting(setting, lambda grid=grid: grid_cost(*grid)) for setting in SETTINGS]  # type: ignore[misc]
        with mock.patch.object(grid_scan, "has_kernels", return_value=False):
            table.add_row(", ".join(map(str, grid)), *tuned, grid_cost(*grid))
    console.print(table)


def by_setting(setting: tuple[int, int], measure: Callable[[], str]) -> str:
    """With these constants in the place of our own."""
    with mock.patch.multiple(triton_scan, ROWS=setting[0], STEPS=setting[1]):
        return measure()


def tokens(batch: int, channels: int, groups: int, length: int) -> tuple[Scan, list[Tensor]]:
    """Our kernels with channels last: of four ways through two sources each second one backwards."""
    inner, sources = channels // groups, max(1, groups // 2)
    u, raw = normal(sources, batch, length, inner), normal(groups, batch, length, inner) - 3
    A = -torch.rand(groups, inner, STATES, device="cuda") - 0.5
    maps = normal(sources, batch, length, groups // sources, 4 + 2 * STATES).split([4, STATES, STATES], dim=-1)[1:]
    order = there_and_back(length, u.device).repeat_interleave(2, dim=0)[:groups].contiguous()
    inputs = [u, raw, A, *maps, normal(groups, inner), normal(groups, inner)]
    return (lambda *given: triton_scan.scan_tokens(*given, order)), inputs


def channels_first(batch: int, channels: int, groups: int, length: int) -> list[Tensor]:
    """u, delta, A, b, c, d of `scan.selective_scan`."""
    u, delta = normal(batch, channels, length), torch.nn.functional.softplus(normal(batch, channels, length) - 3)
    b, c = (normal(batch, groups, STATES, length) for _ in range(2))
    return [u, delta, -torch.rand(channels, STATES, device="cuda") - 0.5, b, c, normal(channels)]


def normal(*shape: int) -> Tensor:
    """Of chance."""
    return torch.randn(shape, device="cuda")


def mamba_ssm() -> Scan | None:
    """Its kernel where it is installed."""
    fused = fused_scan()
    return None if fused is None else lambda *given: fused(*given, return_last_state=True)


def cost(scan: Scan, inputs: list[Tensor]) -> str:
    """Both figures."""
    with torch.no_grad():
        alone = timed(lambda: scan(*inputs))
    given = [x.detach().requires_grad_() for x in inputs]
    weights = torch.randn_like(scan(*inputs)[0])
    return f"{alone:.3f}, {timed(lambda: torch.autograd.grad(scan(*given)[0], given, weights)):.3f}"


def grid_cost(clips: int, frames: int, width: int, directions: Directions) -> str:
    """The same of a grid of 17 joints with a local addend."""
    module, x = GridScan(width, directions, tuple(range(17))).cuda(), normal(clips, frames, 17, width)
    given = [x.requires_grad_(), *module.parameters()]
    with torch.no_grad():
        alone = timed(lambda: module(x))
    weights = torch.randn_like(x)
    return f"{alone:.3f}, {timed(lambda: torch.autograd.grad(module(x)[0], given, weights)):.3f}"


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of a graph of it, as training has one: launching is not what is timed."""
    graph, _ = recorded(call)
    spent, other = [], torch.empty(64 * 2**20, device="cuda")  # 256 MB
    for _ in range(RUNS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        for _ in range(4):
            other.zero_()
        begin.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize()
        spent.append(begin.elapsed_time(end))
    return sorted(spent)[RUNS // 2]


if __name__ == "__main__":
    main()
