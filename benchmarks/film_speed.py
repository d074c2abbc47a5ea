"""What each stage of the camera path costs: processor time on one core, and the rate that it allows.

    python benchmarks/film_speed.py [NETWORK …] [--seconds 5] [--out docs/networks]

Stages: finding joints in a rendered picture (640 x 480), making them even, finding a camera among sensors, lifting
(two-way networks in windows, causal ones frame by frame), and all that follows to the motion. Processor time and not
the clock's, so that a busy machine does not count; PyTorch runs on one thread. Prints milliseconds a frame of 60 Hz, of
a picture for the detector; writes film_speed.json.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from mocamba.rig.lifted.even import even_keypoints
from mocamba.rig.skeleton import SMPL24
from rich.console import Console
from rich.table import Table

PICTURES = 30
LENS = lens_of_field(640, 480, 66.0)


def cost(work: Callable[[], Any], count: int) -> float:
    """Milliseconds of processor time, a frame."""
    work()
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began) / count


def detecting(name: str) -> float:
    """A picture, by a detector that follows one person."""
    motion = perform(SMPL24)
    turn, place = set_up(h36m_positions(motion).astype(np.float64), Tripod(4.5, 25))
    filmed = FilmedBody(motion, LENS, turn, place)
    pictures = [filmed.picture(400 + 2 * k) for k in range(PICTURES)]
    detector = open_detector(name)
    try:
        return cost(lambda: [detector.detect(p, k * 33_000_000) for k, p in enumerate(pictures)], PICTURES)
    finally:
        detector.close()


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
    rows = {"detecting, mediapipe, a picture": detecting("mediapipe")}
    rows["making even"] = cost(lambda: even_keypoints(film.t_ns, film.rays, film.confidence, axis), count)
    rows["finding the camera"] = cost(lambda: find_standpoint(body - body[:, :1], even), count)
    for name in arguments.networks:
        loaded = load_lifter(name)
        if loaded.network.look_ahead == 0:
            stream = LiftStream(loaded.network)
            lifting = cost(lambda s=stream: [s.push(rays) for rays in even.rays[:120]], 120)
        else:
            frames = window_length(loaded)
            lifting = cost(lambda n=loaded.network, f=frames: lift_track(n, even.rays, frames=f), count)
        rows[f"lifting, {loaded.card.name}"] = lifting
        if loaded.network.look_ahead is None and "agreement, world, rotations" not in rows:
            rows["agreement, world, rotations"] = cost(lambda n=loaded: solve_film(even, n), count) - lifting
    (arguments.out / "film_speed.json").write_text(json.dumps(rows, indent=1) + "\n")
    table = Table("stage", "ms", "a second")
    for name, milliseconds in rows.items():
        table.add_row(name, f"{milliseconds:.2f}", f"{1000 / max(milliseconds, 1e-3):.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
