"""What the selective scan takes on a GPU: our kernels, mamba-ssm's, and plain PyTorch.

    python benchmarks/scan_speed.py

Milliseconds of a call, and of a call with its gradients, at the sizes that the networks train with.
"""

from collections.abc import Callable

import torch
from mocamba.inference.scan import fused_scan, own_kernels, selective_scan_chunked
from rich.console import Console
from rich.table import Table
from torch import Tensor

SIZES = ((16, 512, 4, 1377), (16, 1024, 4, 1377), (16, 512, 4, 459), (256, 256, 1, 81), (4096, 256, 1, 17))
RUNS = 20


def main() -> None:
    """See the module's docstring."""
    table = Table("B, D, groups, T", "our kernels", "mamba-ssm", "plain PyTorch")
    for size in SIZES:
        table.add_row(", ".join(map(str, size)), *(cost(scan, size) for scan in ways()))
    Console().print(torch.cuda.get_device_name(), table)


def ways() -> tuple[Callable[..., tuple[Tensor, Tensor]] | None, ...]:
    """What is at hand of the three."""
    fused = fused_scan()
    with_state = None if fused is None else lambda *given: fused(*given, return_last_state=True)
    return own_kernels(), with_state, selective_scan_chunked


def cost(scan: Callable[..., tuple[Tensor, Tensor]] | None, size: tuple[int, int, int, int]) -> str:
    """Both figures."""
    if scan is None:
        return "not there"
    batch, channels, groups, length = size
    shapes = ((batch, channels, length),) * 2, ((batch, groups, 16, length),) * 2
    u, delta, b, c = (torch.randn(shape, device="cuda") for pair in shapes for shape in pair)
    A, d = -torch.rand(channels, 16, device="cuda") - 0.5, torch.randn(channels, device="cuda")
    given = [x.requires_grad_() for x in (u, torch.nn.functional.softplus(delta - 3).detach(), A, b, c, d)]
    with torch.no_grad():
        alone = timed(lambda: scan(*given))
    weights = torch.randn_like(u)
    return f"{alone:.2f}, {timed(lambda: torch.autograd.grad((scan(*given)[0] * weights).sum(), given)):.2f} ms"


def timed(call: Callable[[], object]) -> float:
    """Milliseconds, the mean of some runs after two."""
    for _ in range(2):
        call()
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(RUNS):
        call()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / RUNS


if __name__ == "__main__":
    main()
