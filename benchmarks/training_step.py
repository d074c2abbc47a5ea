"""What a training step takes on a GPU: loss and gradients of a batch as one CUDA graph, and drawing its clips.

    python benchmarks/training_step.py DATA [NETWORK …]

DATA holds the motion shards. Milliseconds for clips of 27 and of 81 frames, as `mocamba train` mixes them; drawing is
that of the clips of all steps that are drawn at once.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mocamba.inference.random_source import RandomSource
from mocamba.inference.shards import Clip
from mocamba.inference.training.bank import MotionBank, build_bank
from mocamba.inference.training.captured import CapturedLoss
from mocamba.inference.training.lifting import AHEAD, LiftingTask, LiftingTraining, draw_clips
from mocamba.inference.training.presets import PRESETS
from mocamba.inference.training.split import read_clips, split_clips
from rich.console import Console
from rich.table import Table

LENGTHS = (27, 81)
RUNS = 20


def milliseconds(call: Callable[[], object], runs: int = RUNS) -> float:
    """Mean of several calls, one after another."""
    call()
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(runs):
        call()
    torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - began) / runs


def measured(config: LiftingTraining, bank: MotionBank, few: list[Clip], frames: int) -> tuple[float, float]:
    """Of a step's graph, and of drawing."""
    torch.manual_seed(0)
    task = LiftingTask(config, bank, few).to("cuda")
    random = RandomSource(torch.Generator("cuda").manual_seed(0))

    def draw() -> object:
        return draw_clips(bank, AHEAD * config.batch, frames, config.augmentation, random)

    clips = draw_clips(bank, config.batch, frames, config.augmentation, random)
    captured = CapturedLoss(task._terms, task.network.parameters(), clips)
    return milliseconds(captured._graph.replay), milliseconds(draw)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("networks", nargs="*", default=["posemamba-s", "vimcan-b", "mdtf-tiny"])
    arguments = parser.parse_args()
    torch.set_float32_matmul_precision("high")
    training, _, _ = split_clips(read_clips(arguments.data))
    bank = build_bank(training[::20], 0, passes=1).to("cuda")
    table = Table("network", "frames", "step, ms", f"drawing {AHEAD} steps, ms")
    for name in arguments.networks:
        config = PRESETS[name]
        assert isinstance(config, LiftingTraining)
        for frames in LENGTHS:
            step, drawing = measured(config, bank, training[:3], frames)
            table.add_row(name, str(frames), f"{step:.1f}", f"{drawing:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
