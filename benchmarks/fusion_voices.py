"""How loud each voice of the fusion has to be, set on people whom no table is about.

    python benchmarks/fusion_voices.py DATA [--clips 8] [--seconds 4] [--levels 0 0.25 0.5]

The scenes are those of `fusion_table.py`, of the validation people. What the network says does not depend on how loudly
it is heard, so that it is asked once; then the errors that are taken for granted in `fusion_solver.py` (and of a
keypoint, in `agree.py`) are tried one after the other, each at the best of the others, round by round; so is how far
felt steps are trusted (`path.py`), by the error of the path. --only tries some alone. Prints the voices' errors by
joint, and the fusion's MPJPE, or its path's error, mm, for every value that was tried.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from fusion_table import PEOPLE, Scene, clips, error, path_error, scene
from mocamba.inference import fusion_solver
from mocamba.inference.film_solver import load_lifter
from mocamba.inference.fusion_solver import solve_fused
from mocamba.inference.lift_track import lift_track
from mocamba.rig.h36m import JOINTS, h36m_positions
from mocamba.rig.lifted import agree, path
from mocamba.rig.lifted.even import EvenKeypoints
from rich.console import Console
from rich.progress import track
from rich.table import Table

VOICES: dict[str, tuple[Any, tuple[float, ...]]] = {
    "FELT": (fusion_solver, (0.02, 0.025, 0.03, 0.035, 0.045, 0.06)),
    "LIFTED": (fusion_solver, (0.035, 0.05, 0.07, 0.1, 0.15)),
    "UNSEEN": (fusion_solver, (0.0, 0.05, 0.1, 0.2, 0.4)),
    "KEYPOINT": (agree, (0.03, 0.045, 0.06, 0.08)),
}
STEPS: dict[str, tuple[Any, tuple[float, ...]]] = {
    "FELT_STEP": (path, (0.003, 0.005, 0.008)),
    "AGAINST": (path, (12, 20, 30, 45)),
    "WRONG": (path, (0.0, 1.0, 3.0, 6.0, 12.0)),
}
ROUNDS = 2


class Heard(NamedTuple):
    """A scene at one level, with what the network said `(T, 17, 3)`."""

    scene: Scene
    even: EvenKeypoints
    said: Any


def listen(one: Scene, level: float, network: Any) -> Heard:
    """Ask the network once."""
    said: list[Any] = []

    def once(*args: Any, **named: Any) -> Any:
        said.append(lift_track(*args, **named))
        return said[0]

    fusion_solver.lift_track = once  # type: ignore[assignment]
    even = one.seen(level)
    solve_fused(one.imu, one.felt, even, network)
    return Heard(one, even, said[0])


def fused_errors(heard: Sequence[Heard], network: Any) -> tuple[float, float]:
    """MPJPE and the path's error, mm, over all frames of all scenes."""
    errors, weights = [], []
    for one in heard:
        fusion_solver.lift_track = lambda *args, said=one.said, **named: said
        both = solve_fused(one.scene.imu, one.scene.felt, one.even, network)
        world = h36m_positions(one.scene.clip.motion).astype(np.float64)
        mine = h36m_positions(both.motion).astype(np.float64)
        errors.append((error(mine, world), path_error(mine[:, 0], world[:, 0])))
        weights.append(len(world))
    pose, way = np.average(errors, axis=0, weights=weights)
    return float(pose), float(way)


def by_joint(heard: Sequence[Heard]) -> Table:
    """Rms an axis of what sensors and network say, mm."""
    off: dict[str, list[Any]] = {"sensors": [], "network": []}
    for one in heard:
        motion = one.scene.clip.motion
        world, felt = (h36m_positions(each).astype(np.float64) for each in (motion, one.scene.felt))
        off["sensors"].append((felt - felt[:, :1]) - (world - world[:, :1]))
        turn = fusion_solver.find_standpoint(felt - felt[:, :1], one.even).turn
        said = (one.said - one.said[:, :1]) @ turn
        off["network"].append(said - (world - world[:, :1]))
    table = Table("joint", *off)
    means = {name: 1000 * np.sqrt((np.concatenate(rows) ** 2).mean(axis=(0, 2))) for name, rows in off.items()}
    for k, joint in enumerate(JOINTS):
        table.add_row(joint, *(f"{mean[k]:.0f}" for mean in means.values()))
    return table


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--fusion", default="vimcan-t")
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--levels", type=float, nargs="+", default=[0.0, 0.25, 0.5])
    parser.add_argument("--only", nargs="+", choices=[*VOICES, *STEPS], default=[*VOICES, *STEPS])
    arguments = parser.parse_args()
    console, network = Console(width=120), load_lifter(arguments.fusion)
    chosen = clips(arguments.data, PEOPLE["validation"], arguments.clips, arguments.seconds)
    scenes = [scene(clip, number) for number, clip in enumerate(chosen)]
    heard = [listen(one, level, network) for one in track(scenes, "Listening") for level in arguments.levels]
    console.print(by_joint(heard))
    for _ in range(ROUNDS):
        for name in arguments.only:
            module, values = (VOICES | STEPS)[name]
            found = {}
            for value in values:
                setattr(module, name, value)
                found[value] = fused_errors(heard, network)[name in STEPS]
            best = min(found, key=lambda value: found[value])
            setattr(module, name, best)
            console.print(name, {value: round(mean, 2) for value, mean in found.items()}, "best", best)


if __name__ == "__main__":
    main()
