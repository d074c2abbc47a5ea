"""What the selective scan takes on a CPU, compiled and in plain PyTorch.

    python benchmarks/compiled_scan.py [--threads 1]

Milliseconds of a call without gradients, at the sizes at which networks solve videos; the least of nine, as other work
on a machine only adds. Prints how far both are apart, too.
"""

import argparse
import time
from collections.abc import Callable

import torch
from mocamba.inference.compiled_scan import compiled_scan
from mocamba.inference.scan import selective_scan_chunked
from rich.console import Console
from rich.table import Table
from torch import Tensor

SIZES = {
    "a body of 17 joints, 81 frames, four windows": (4, 512, 4, 1377),
    "a limb of 3 joints": (4, 512, 4, 243),
    "a sequence of 81 frames, causal": (68, 256, 2, 81),
    "one frame of 17 joints": (1, 512, 4, 17),
}
STATES, RUNS = 16, 9
Scan = Callable[..., tuple[Tensor, Tensor]]


def inputs(batch: int, channels: int, groups: int, length: int) -> list[Tensor]:
    """u, delta, A, b, c, d of `scan.selective_scan`."""
    u, delta = torch.randn(batch, channels, length), torch.randn(batch, channels, length)
    b, c = (torch.randn(batch, groups, STATES, length) for _ in range(2))
    rates = -torch.arange(1.0, STATES + 1).repeat(channels, 1)
    return [u, torch.nn.functional.softplus(delta - 3), rates, b, c, torch.randn(channels)]


def least(scan: Scan, given: list[Tensor]) -> float:
    """Milliseconds."""
    spent = []
    for _ in range(RUNS):
        began = time.perf_counter()
        scan(*given)
        spent.append(1000 * (time.perf_counter() - began))
    return min(spent)


@torch.inference_mode()
def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    torch.manual_seed(0)
    table = Table("B, D, groups, T", "", "plain PyTorch, ms", "compiled, ms", "times", "apart")
    for what, size in SIZES.items():
        given = inputs(*size)
        apart = (compiled_scan(*given)[0] - selective_scan_chunked(*given)[0]).abs().max()
        plain, fast = (least(scan, given) for scan in (selective_scan_chunked, compiled_scan))
        table.add_row(
            ", ".join(map(str, size)), what, f"{plain:.2f}", f"{fast:.2f}", f"{plain / fast:.1f}", f"{apart:.0e}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
