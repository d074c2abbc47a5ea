"""What a longer clip costs: scans against attention of equal width, T = 27 to 972 frames of 17 joints.

    python benchmarks/cost.py [--device cpu|cuda] [--out docs/networks]

Times the forward pass of two blocks of width 64 (one pair of PoseMamba-S; the network has ten): PoseMamba's two-way
scan, the causal one, and multi-head attention over all frames and joints in the scan's place. Medians. One clip on one
CPU thread; sixteen clips on a GPU, which is not full with less. Adds to cost.json, redraws cost.png and prints the
exponent of each curve through the three longest clips (1: linear, 2: quadratic).

On Linux set MALLOC_MMAP_THRESHOLD_=4000000000 and MALLOC_TRIM_THRESHOLD_=8000000000: else arrays of over 32 MB, which
972 frames need, come from the system anew each time, and it fills them with zeros for as long as the scan itself takes.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from mocamba.inference.attention import Attention
from mocamba.inference.blocks import ResidualBlock
from mocamba.inference.networks.posemamba import JOINTS, PoseMamba, PoseMambaConfig
from mocamba.inference.scan import fused_scan
from mocamba.tools.small_png import shrink
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

LENGTHS = (27, 81, 162, 243, 486, 972)
WIDTH = 64
CLIPS = {"cpu": 1, "cuda": 16}


class GridAttention(nn.Module):
    """Every token of a clip attends to every other."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention(WIDTH, heads=8)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, J, width)` to the same shape."""
        tokens = x.flatten(1, 2)
        return self.attention(tokens, tokens, tokens).view_as(x)  # type: ignore[no-any-return]


def networks() -> dict[str, nn.Module]:
    """By the name in the plot."""
    two_way = PoseMamba(PoseMambaConfig(pairs=1, frames=max(LENGTHS)))
    causal = PoseMamba(PoseMambaConfig(pairs=1, scan="causal"))
    baseline = nn.Sequential(
        nn.Linear(2, WIDTH), *(ResidualBlock(WIDTH, GridAttention()) for _ in range(2)), nn.Linear(WIDTH, 3)
    )
    return {"two-way scan": two_way, "causal scan": causal, "attention": baseline}


@torch.inference_mode()
def seconds(network: nn.Module, frames: int, device: torch.device) -> float:
    """Median of as many calls as fit into about two seconds, three at least.

    On a CPU, the seconds that the thread ran: what other programs take does not count.
    """
    clock = time.perf_counter if device.type == "cuda" else time.thread_time
    x = torch.rand(CLIPS[device.type], frames, JOINTS, 2, device=device)
    network(x)
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 2 and len(times) < 50):
        synchronise(device)
        started = clock()
        network(x)
        synchronise(device)
        times.append(clock() - started)
    return statistics.median(times)


def synchronise(device: torch.device) -> None:
    """Wait for a GPU; a CPU has nothing to wait for."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def exponent(curve: dict[str, float]) -> float:
    """Slope through the three longest clips on logarithmic axes."""
    lengths, times = zip(*list(curve.items())[-3:], strict=True)
    return float(np.polyfit(np.log([int(length) for length in lengths]), np.log(times), 1)[0])


def draw(results: dict[str, dict[str, dict[str, float]]], path: Path) -> None:
    """One panel a device, milliseconds over frames, both logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(results), figsize=(5 * len(results), 3.8), squeeze=False)
    for axis, (device, curves) in zip(axes[0], results.items(), strict=True):
        for name, curve in curves.items():
            frames = [int(length) for length in curve]
            axis.plot(frames, [1000 * value for value in curve.values()], marker="o", markersize=4, label=name)
        axis.set(title=device, xlabel="frames", ylabel="milliseconds", xscale="log", yscale="log")
        axis.set_xticks(frames, [str(length) for length in frames])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Two blocks of width 64, clips of 17 joints", fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    shrink(path)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    torch.set_num_threads(1)
    label = "CPU, one thread, one clip"
    if device.type == "cuda":
        label = f"{torch.cuda.get_device_name()}, {CLIPS['cuda']} clips"
        label += ", mamba-ssm's kernel" if fused_scan() else ", plain PyTorch scan"
    curves: dict[str, dict[str, float]] = {}
    for name, network in networks().items():
        network.to(device).eval()
        curves[name] = {str(t): seconds(network, t, device) for t in track(LENGTHS, f"{name} on {label}")}
    path = arguments.out / "cost.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    results[label] = curves
    path.write_text(json.dumps(results, indent=1) + "\n")
    draw(results, arguments.out / "cost.png")
    table = Table("milliseconds", *(str(length) for length in LENGTHS), "exponent")
    for name, curve in curves.items():
        table.add_row(name, *(f"{1000 * value:.2f}" for value in curve.values()), f"{exponent(curve):.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
