"""Sensors and a camera together against either alone, on the same simulated takes, with more and more joints hidden.

    python benchmarks/fusion_table.py DATA [--clips 12] [--seconds 4] [--camera posemamba-s …] [--people test]

DATA holds the motion shards. --clips clips, half of each shard, spread evenly over those of the people that last long
enough, are worn as six sensors that drift and slip (`rig.imu.WORN`) and filmed at 30 pictures a second by a camera 4 m
away, from another side each time, with a detector as wrong as MediaPipe; 0 to 50 % of joints are hidden in stretches.
Compared: HiPoser, offline, of the sensors alone; the camera networks alone, told the performer's height; VIMCAN's own
answer to keypoints and sensors; and the fusion, which also finds out where the camera stands. MPJPE of the 17 joints in
mm; path: error of the pelvis in mm, in the horizontal plane, from the same start and turned about it as fits best: the
sensors' world has a heading of its own. Prints a row a level; writes
fusion_table.json, and a plot to --plot.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mocamba.inference.detector import MEDIAPIPE_LIKE, PERFECT
from mocamba.inference.film_solver import load_lifter, solve_film
from mocamba.inference.fusion_solver import solve_fused
from mocamba.inference.shards import Clip, read_shard
from mocamba.inference.solver import solve
from mocamba.inference.training.split import TEST, VALIDATION
from mocamba.inference.virtual_film import Tripod, film_motion
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.imu import WORN, ImuSequence
from mocamba.rig.lifted.even import EvenKeypoints, even_keypoints
from mocamba.rig.motion import Motion
from mocamba.tools.small_png import shrink
from rich.console import Console
from rich.progress import track
from rich.table import Table

LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
SHORTEST = 3.0  # seconds
PEOPLE = {"validation": VALIDATION, "test": TEST}
NAMES = {
    "hiposer-s": "HiPoser, sensors alone",
    "posemamba-s": "PoseMamba-S, camera alone",
    "vimcan-t": "VIMCAN-T's own answer",
    "fusion": "both together",
}


def clips(data: Path, people: Sequence[str], count: int, seconds: float) -> list[Clip]:
    """`count`, half of each shard, cut to `seconds`."""
    found: list[Clip] = []
    for shard in ("cmu", "uiprmd"):
        own = [clip for clip in read_shard(data / f"{shard}.npz") if clip.subject in people]
        own = [clip for clip in own if clip.motion.duration >= SHORTEST]
        rows = np.linspace(0, len(own) - 1, count // 2).round().astype(int)
        found += [replace(own[row], motion=own[row].motion.part(slice(round(60 * seconds)))) for row in rows]
    return found


def error(mine: Any, truth: Any) -> float:
    """MPJPE, mm."""
    off = (mine - mine[:, :1]) - (truth - truth[:, :1])
    return 1000 * float(np.linalg.norm(off, axis=-1).mean())


def path_error(mine: Any, truth: Any) -> float:
    """Of the pelvis `(T, 3)` in the horizontal plane from the same start, turned as fits best, mm."""
    own, real = (path[:, 0] - path[0, 0] + 1j * (path[:, 2] - path[0, 2]) for path in (mine, truth))
    turn = np.exp(1j * np.angle(np.vdot(own, real)))
    return 1000 * float(np.abs(turn * own - real).mean())


@dataclass(frozen=True, eq=False)
class Scene:
    """A clip that is worn, and HiPoser's word about it."""

    clip: Clip
    number: int
    imu: ImuSequence
    felt: Motion

    @property
    def tripod(self) -> Tripod:
        """Where the camera stands."""
        return Tripod(bearing=30 + 60 * self.number)

    def seen(self, level: float) -> EvenKeypoints:
        """With `level` of the joints hidden."""
        film = film_motion(self.clip.motion, self.tripod, MEDIAPIPE_LIKE, hidden=level, every=2, seed=self.number)
        return even_keypoints(film.t_ns, film.rays, film.confidence, self.imu.t_ns)


def scene(clip: Clip, number: int) -> Scene:
    """The `number`th of a table: seeds and the camera's side go with it."""
    imu = simulate_imu(clip.motion, WORN, number)
    return Scene(clip, number, imu, solve(imu, network="hiposer-s", mode="offline", skeleton=clip.motion.skeleton))


def measure(one: Scene, loaded: dict[str, Any], fusion: str, levels: Sequence[float]) -> list[dict[str, Any]]:
    """A row a level."""
    motion = one.clip.motion
    world, alone = (h36m_positions(each).astype(np.float64) for each in (motion, one.felt))
    truth = film_motion(motion, one.tripod, PERFECT)
    rows = []
    for level in levels:
        even = one.seen(level)
        row: dict[str, Any] = {"clip": one.clip.name, "level": level, "frames": len(motion)}
        row |= {"hiposer-s": error(alone, world), "hiposer-s path": path_error(alone[:, 0], world[:, 0])}
        for name, network in loaded.items():
            if name == fusion:
                both = solve_fused(one.imu, one.felt, even, network)
                mine = h36m_positions(both.motion).astype(np.float64)
                row |= {"fusion": error(mine, world), "fusion path": path_error(mine[:, 0], world[:, 0])}
                row[name] = error(both.lifted, truth.joints)
            else:
                filmed = solve_film(even, network, height=float(motion.skeleton.height))
                seen = filmed.joints_in_camera()
                row |= {name: error(seen, truth.joints)}
                row |= {f"{name} path": path_error(seen[:, 0] @ truth.turn, truth.joints[:, 0] @ truth.turn)}
        rows.append(row)
    return rows


def means(rows: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Over the frames of all clips, by level."""
    names = [name for name in rows[0] if name not in ("clip", "level", "frames")]
    found = []
    for level in sorted({row["level"] for row in rows}):
        own = [row for row in rows if row["level"] == level]
        weights = [row["frames"] for row in own]
        mean = {name: float(np.average([row[name] for row in own], weights=weights)) for name in names}
        found.append({"level": level, **mean})
    return found


def draw(table: list[dict[str, float]], path: Path) -> None:
    """MPJPE over the hidden share."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7, 4), layout="constrained")
    levels = [100 * row["level"] for row in table]
    for name in table[0]:
        if name != "level" and not name.endswith("path"):
            width = 3 if name == "fusion" else 1.5
            axis.plot(levels, [row[name] for row in table], marker="o", linewidth=width, label=NAMES.get(name, name))
    axis.set_xlabel("joints hidden from the camera, % of the time")
    axis.set_ylabel("MPJPE, mm (lower is better)")
    axis.set_ylim(bottom=0)
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)
    shrink(path)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--fusion", default="vimcan-t")
    parser.add_argument("--camera", nargs="*", default=["posemamba-s"])
    parser.add_argument("--people", choices=PEOPLE, default="test")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each clip at most")
    parser.add_argument("--levels", type=float, nargs="+", default=LEVELS, help="shares of joints that are hidden")
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    parser.add_argument("--plot", type=Path, default=Path("docs/images/fusion.png"))
    arguments = parser.parse_args()
    loaded = {Path(name).stem: load_lifter(name) for name in (arguments.fusion, *arguments.camera)}
    chosen = clips(arguments.data, PEOPLE[arguments.people], arguments.clips, arguments.seconds)
    rows = []
    for number, clip in enumerate(track(chosen, "Solving")):
        rows += measure(scene(clip, number), loaded, Path(arguments.fusion).stem, arguments.levels)
    table = means(rows)
    values = {"clips": len(chosen), "seconds": sum(c.motion.duration for c in chosen), "levels": table, "rows": rows}
    (arguments.out / "fusion_table.json").write_text(json.dumps(values, indent=1) + "\n")
    draw(table, arguments.plot)
    shown = Table(*(name if name != "level" else "hidden" for name in table[0]))
    for row in table:
        shown.add_row(*(f"{100 * v:.0f} %" if name == "level" else f"{v:.1f}" for name, v in row.items()))
    Console(width=140).print(shown)
    Console().print(f"{len(chosen)} clips, {values['seconds']:.0f} s; MPJPE and path in mm")


if __name__ == "__main__":
    main()
