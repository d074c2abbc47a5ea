"""What it costs to notice that a camera was moved.

    python benchmarks/view_watch.py [--seconds 10]

A wall of blotches, filmed at 30 pictures a second in three sizes by a camera that stands, is bumped once, or is
hand-held; of each picture a performer's box is left out. Prints milliseconds of processor time a picture, on average
over all pictures and of those that are looked at (four a second), and what was noticed.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from mocamba.devices.camera.view_watch import ViewWatch
from mocamba.devices.keypoints.keypoints import Keypoints
from rich.console import Console
from rich.table import Table

RATE, ROOM = 30, 0.15  # pictures a second; of the wall beyond the picture, as a share of its width
SIZES = ((640, 480), (1920, 1080), (3840, 2160))
VIEWS: dict[str, Callable[[float], tuple[float, float]]] = {
    "stands": lambda t: (0.0, 0.0),
    "is bumped": lambda t: (0.05, 0.02) if t > 4 else (0.0, 0.0),
    "is hand-held": lambda t: (0.03 * np.sin(2.1 * t) + 0.01 * np.sin(7 * t), 0.02 * np.sin(3.2 * t)),
}


def wall(width: int, height: int) -> Any:
    """Blotches of several sizes, larger than the picture."""
    random, beyond = np.random.default_rng(0), round(ROOM * width)
    shape = height + 2 * beyond, width + 2 * beyond
    blotches = [cv2.resize(random.normal(size=(shape[0] // k, shape[1] // k)), shape[::-1]) for k in (8, 24, 80)]
    grey = (128 + 30 * sum(blotches)).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    table = Table("picture", "the camera", "ms a picture", "ms a look", "longest, ms", "noticed")
    cv2.setNumThreads(1)
    for width, height in SIZES:
        behind, beyond = wall(width, height), round(ROOM * width)
        for name, view in VIEWS.items():
            watch, took = ViewWatch(), []
            for number in range(round(arguments.seconds * RATE)):
                x, y = (round(beyond + width * off) for off in view(number / RATE))
                picture = np.ascontiguousarray(behind[y : y + height, x : x + width])
                points = np.random.default_rng(1).uniform([0.4, 0.2], [0.6, 0.9], (17, 2)) * [width, height]
                person = Keypoints(points.astype(np.float32), np.ones(17, np.float32), 0, width, height)
                began = time.process_time()
                watch.look(picture, round(number * 1e9 / RATE), person)
                took.append(1000 * (time.process_time() - began))
            looks = [one for one in took if one > 0.05]
            said = ", ".join(f"{m.begin_ns / 1e9:.1f} to {m.end_ns / 1e9:.1f} s by {m.far:.2f}" for m in watch.moves)
            figures = (f"{np.mean(took):.2f}", f"{np.mean(looks):.1f}", f"{max(took):.1f}")
            table.add_row(f"{width} x {height}", name, *figures, said or "nothing")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
