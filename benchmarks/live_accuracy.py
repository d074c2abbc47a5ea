"""How exact live poses are with a camera and without, at each rate of pictures.

    python benchmarks/live_accuracy.py [--data DATA] [--rates 30 15 10] [--sides 40 130 220 310] [--out docs/networks]

In simulated time, so that it does not matter how busy the computer is: six sensors that drift and slip
(`rig.imu.WORN`) on the simulated performer, or on test people of the motion shards in DATA who move for twelve seconds
and more; a camera 4 m away whose joints are as wrong as MediaPipe's, each answer 0.12 s after its picture, one take for
each side that it looks from (degrees): from one side or another a camera alone differs by up to 30 mm. Sensors
alone: HiPoser frame by frame. With the camera: the causal VIMCAN-T by `LiveFusion`, on those poses by `PoseCorrection`.
The camera alone: the causal PoseMamba-S by `LiveFilm`, at its own pictures and with the heading that fits best. MPJPE
of the 17 joints in mm with the pelvis at zero, and the error of the pelvis' path over the floor in mm, of the same
seconds for all: from a second after the camera first had a say. Last, the networks' own answers, once a picture,
against the truth in the camera's frame. Prints a row a rate, means of all takes; writes live_accuracy.json.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mocamba.inference.film_solver import load_lifter
from mocamba.inference.lift_track import LiftStream, gives_metres
from mocamba.inference.lifting import SENSOR_JOINTS
from mocamba.inference.live_film import LiveFilm
from mocamba.inference.live_fusion import LiveFusion
from mocamba.inference.shards import read_shard
from mocamba.inference.training.split import TEST
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.kinematics import local_to_global
from mocamba.rig.lifted.even import even_keypoints
from mocamba.rig.lifted.place import in_metres
from mocamba.rig.motion import SOLVE_RATE, Motion
from mocamba.rig.quaternion import multiply
from mocamba.rig.rotation import matrix_to_quaternion
from mocamba.tests.live_films import Worn, at_rate, corrected, joint_errors, levelled_error, path_errors, view, worn_by
from mocamba.tests.performers import cut_motion, performance
from rich.console import Console
from rich.progress import track
from rich.table import Table

SHORTEST, LONGEST = 12.0, 20.0  # seconds
FUSION, CAMERA = "vimcan-t-causal", "posemamba-s-causal"
SETTLING = 60  # frames after the camera's first say


def clips(data: Path | None) -> Iterator[tuple[str, Motion]]:
    """Name and motion."""
    if data is None:
        yield "simulated performer", cut_motion(performance(), 0, round(LONGEST * SOLVE_RATE))
        return
    for shard in ("cmu", "uiprmd"):
        for clip in read_shard(data / f"{shard}.npz"):
            if clip.subject in TEST and clip.motion.duration >= SHORTEST:
                yield clip.name, cut_motion(clip.motion, 0, round(LONGEST * SOLVE_RATE))


def measure(scene: Worn, side: float, rates: Sequence[int], loaded: dict[str, Any]) -> list[dict[str, float]]:
    """A row a rate, of one clip from one side."""
    rows = []
    for rate in rates:
        film = at_rate(scene, round(SOLVE_RATE / rate), side)
        rows.append({"rate": rate} | _together(film, loaded) | _alone(film, loaded) | _stepped(film, loaded))
    return rows


def _together(scene: Worn, loaded: dict[str, Any]) -> dict[str, float]:
    fusion = LiveFusion(loaded[FUSION], scene.truth.skeleton)
    both, sights = corrected(scene, fusion.push)
    fusion.close()
    found = [k for k, sight in enumerate(sights) if sight.found]
    if not found:
        return {"found after": float("nan")}
    start = found[0] * scene.every + SETTLING
    return {
        "found after": found[0] * scene.every / SOLVE_RATE,
        "sensors": float(joint_errors(scene.felt, scene.truth)[start:].mean()),
        "both": float(joint_errors(both, scene.truth)[start:].mean()),
        "sensors path": float(path_errors(scene.felt, scene.truth, start).mean()),
        "both path": float(path_errors(both, scene.truth, start).mean()),
    }


def _alone(scene: Worn, loaded: dict[str, Any]) -> dict[str, float]:
    film = LiveFilm(loaded[CAMERA], scene.truth.skeleton)
    sights = [film.push(view(scene, k, sensors=False)) for k in range(len(scene.film.t_ns))]
    found = [k for k, sight in enumerate(sights) if sight.found]
    if not found:
        return {"camera": float("nan")}
    rows = np.array(found) * scene.every
    truth = cut_rows(scene.truth, rows)
    poses = {name: np.stack([getattr(sights[k], name) for k in found]) for name in ("rotations", "translation")}
    mine, real = (h36m_positions(motion).astype(np.float64) for motion in (replace(truth, **poses), truth))
    return {"camera": levelled_error(mine, real)}


def cut_rows(motion: Motion, rows: Any) -> Motion:
    """Its frames `rows`."""
    names = ("rotations", "translation", "t_ns", "confidence")
    return replace(motion, **{name: getattr(motion, name)[rows] for name in names}, contact=None)


def _stepped(scene: Worn, loaded: dict[str, Any]) -> dict[str, float]:
    """The networks' own answers, once a picture."""
    film, rows = scene.film, np.arange(len(scene.film.t_ns)) * scene.every
    truth = film.joints - film.joints[:, :1]
    world = local_to_global(scene.truth.rotations[rows].astype(np.float64))
    even = even_keypoints(film.t_ns, film.rays, film.confidence, film.t_ns)
    bones = multiply(matrix_to_quaternion(film.turn), world[:, list(SENSOR_JOINTS.values())])
    found = {}
    for name, network in loaded.items():
        stream = LiftStream(network.network, film.turn[:, 1])
        said = np.stack([stream.push(even.rays[k], bones[k]) for k in range(len(rows))])
        if not gives_metres(network.network):
            said = in_metres(said, scene.truth.skeleton, film.confidence)
        off = np.linalg.norm(said - said[:, :1] - truth, axis=-1)
        found[f"{name} stepped"] = 1000 * float(off[len(off) // 6 :].mean())
    return found


def mean_of(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Over clips; where a camera was not found in one, over the others."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.nanmean([row.get(name, np.nan) for row in rows])) for name in names}


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rates", type=int, nargs="+", default=[30, 15, 10], choices=[60, 30, 20, 15, 12, 10])
    parser.add_argument("--sides", type=float, nargs="+", default=[40.0, 130.0, 220.0, 310.0])
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    loaded = {name: load_lifter(name) for name in (FUSION, CAMERA)}
    chosen = list(clips(arguments.data))
    if not chosen:
        raise SystemExit(f"{arguments.data}: no test person moves for {SHORTEST:.0f} s.")
    scenes = {name: worn_by(motion) for name, motion in chosen}
    takes = track([(name, side) for name in scenes for side in arguments.sides], "Living")
    found = {f"{name} from {side:g}°": measure(scenes[name], side, arguments.rates, loaded) for name, side in takes}
    means = [mean_of([rows[k] for rows in found.values()]) for k in range(len(arguments.rates))]
    (arguments.out / "live_accuracy.json").write_text(json.dumps({"means": means, "takes": found}, indent=1) + "\n")
    shown = Table(*means[0])
    for row in means:
        shown.add_row(*(f"{value:.1f}" for value in row.values()))
    Console(width=170).print(shown)
    seconds = sum(motion.duration for _, motion in chosen)
    sides = len(arguments.sides)
    Console().print(f"{len(chosen)} clips, {seconds:.0f} s, from {sides} sides; mm, but for the seconds until found")


if __name__ == "__main__":
    main()
