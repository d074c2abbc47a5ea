"""What each stage of the camera path costs: processor time on one core, and the rate that it allows.

    python benchmarks/film_speed.py [NETWORK …] [--seconds 5] [--out docs/networks]

Stages: finding joints in a rendered picture (640 x 480), making them even, finding a camera among sensors, lifting
(two-way networks in windows, by plain PyTorch too; causal ones frame by frame), and all that follows to the motion.
Processor time and not the clock's, the least of four rounds through all stages, so that a busy machine counts little;
PyTorch runs on one thread. Prints milliseconds a frame of 60 Hz, of a picture for the detector; writes film_speed.json.
"""

import argparse
import json
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count as count_up
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from mocamba.devices.keypoints.detectors import open_detector
from mocamba.devices.simulated.filmed_body import FilmedBody
from mocamba.devices.simulated.performer import perform
from mocamba.inference.detector import MEDIAPIPE_LIKE
from mocamba.inference.film_solver import load_lifter, solve_film
from mocamba.inference.fusion_solver import find_standpoint
from mocamba.inference.lift_track import LiftStream, lift_track, window_length
from mocamba.inference.virtual_film import Tripod, film_motion, set_up
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.lens import lens_of_field
from mocamba.rig.lifted.even import EvenKeypoints, even_keypoints
from mocamba.rig.skeleton import SMPL24
from rich.console import Console
from rich.progress import track
from rich.table import Table

PICTURES, ROUNDS, STEPS = 30, 4, 120
LENS = lens_of_field(640, 480, 66.0)


Job = tuple[Callable[[], Any], int]  # and the frames it is about


def costs(jobs: dict[str, Job]) -> dict[str, float]:
    """Milliseconds of processor time a frame, the least of some rounds through all: the machine's pace changes."""
    least = dict.fromkeys(jobs, float("inf"))
    for _ in track(range(ROUNDS), "Measuring"):
        for name, (work, count) in jobs.items():
            began = time.process_time()
            work()
            least[name] = min(least[name], 1000 * (time.process_time() - began) / count)
    return least


def pictures() -> list[Any]:
    """Of somebody who walks."""
    motion = perform(SMPL24)
    turn, place = set_up(h36m_positions(motion).astype(np.float64), Tripod(4.5, 25))
    filmed = FilmedBody(motion, LENS, turn, place)
    return [filmed.picture(400 + 2 * k) for k in range(PICTURES)]


def lifting(loaded: Any, even: EvenKeypoints) -> Job:
    """As live where the network is causal, else as a recording's."""
    if loaded.network.look_ahead == 0:
        stream = LiftStream(loaded.network)
        return lambda: [stream.push(rays) for rays in even.rays[:STEPS]], STEPS
    frames = window_length(loaded)
    return lambda: lift_track(loaded.network, even.rays, frames=frames), len(even)


def plainly(job: Job) -> Job:
    """Without the scan that Numba compiles."""

    def work() -> None:
        with patch("mocamba.inference.scan.compiled_kernel", lambda: None):
            job[0]()

    return work, job[1]


def following(loaded: Any, even: EvenKeypoints) -> Job:
    """From lifted joints to the motion."""
    lifted = lift_track(loaded.network, even.rays, frames=window_length(loaded))

    def work() -> None:
        with patch("mocamba.inference.film_solver.lift_track", lambda *_, **__: lifted):
            solve_film(even, loaded)

    return work, len(even)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["vimcan-t", "vimcan-t-causal"])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    motion, count = perform(SMPL24), round(60 * arguments.seconds)
    film = film_motion(motion, Tripod(), MEDIAPIPE_LIKE, every=2)
    axis, body = motion.t_ns[:count], h36m_positions(motion)[:count].astype(np.float64)
    even = even_keypoints(film.t_ns, film.rays, film.confidence, axis)
    loaded, shown, clock = [load_lifter(name) for name in arguments.networks], pictures(), count_up(step=33_000_000)
    with closing(open_detector("mediapipe")) as detector:
        jobs: dict[str, Job] = {
            "detecting, mediapipe, a picture": (lambda: [detector.detect(p, next(clock)) for p in shown], PICTURES),
            "making even": (lambda: even_keypoints(film.t_ns, film.rays, film.confidence, axis), count),
            "finding the camera": (lambda: find_standpoint(body - body[:, :1], even), count),
            "agreement, world, rotations": following(loaded[0], even),
        }
        for one in loaded:
            name = f"lifting, {one.card.name}"
            jobs[name] = lifting(one, even)
            if one.network.look_ahead != 0:
                jobs[f"{name}, plain PyTorch"] = plainly(jobs[name])
        rows = costs(jobs)
    (arguments.out / "film_speed.json").write_text(json.dumps(rows, indent=1) + "\n")
    table = Table("stage", "ms", "a second")
    for name, milliseconds in rows.items():
        table.add_row(name, f"{milliseconds:.2f}", f"{1000 / max(milliseconds, 1e-3):.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
