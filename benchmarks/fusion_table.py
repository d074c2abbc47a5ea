"""Sensors and a camera together against either alone, on the same simulated takes, with more and more joints hidden.

    python benchmarks/fusion_table.py DATA [--fusion vimcan-t] [--camera posemamba-s …] [--out docs/networks]

DATA holds the motion shards. Each clip of the test people (every --every-th, at most --seconds) is worn as six sensors
that drift and slip (`rig.imu.WORN`) and filmed at 30 pictures a second by a camera 4 m away, from another side each
time, with a detector as wrong as MediaPipe; 0 to 50 % of joints are hidden in stretches. Compared: HiPoser, offline,
of the sensors alone; the camera networks alone, told the performer's height; VIMCAN's own answer to keypoints and
sensors; and the fusion, which also finds out where the camera stands. MPJPE of the 17 joints in mm; path: error of the
pelvis in mm, from the same start, in the horizontal plane. Prints a row a level; writes fusion_table.json and .png.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from mocamba.inference.detector import MEDIAPIPE_LIKE, PERFECT
from mocamba.inference.film_solver import load_lifter, solve_film
from mocamba.inference.fusion_solver import solve_fused
from mocamba.inference.shards import Clip, read_shard
from mocamba.inference.solver import solve
from mocamba.inference.training.split import TEST
from mocamba.inference.virtual_film import Tripod, film_motion
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.imu import WORN
from mocamba.rig.lifted.even import even_keypoints
from mocamba.rig.motion import Motion
from rich.console import Console
from rich.progress import track
from rich.table import Table

LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
SHORTEST = 2.0  # seconds


def clips(data: Path, every: int, seconds: float) -> Iterator[Clip]:
    """Of both shards, cut to `seconds`."""
    for shard in ("cmu", "uiprmd"):
        own = [clip for clip in read_shard(data / f"{shard}.npz") if clip.subject in TEST]
        for clip in own[:: every if shard == "cmu" else 4 * every]:
            if clip.motion.duration >= SHORTEST:
                yield replace(clip, motion=cut(clip.motion, round(60 * seconds)))


def cut(motion: Motion, frames: int) -> Motion:
    """Its first `frames`."""
    rows = slice(0, frames)
    return replace(
        motion,
        rotations=motion.rotations[rows],
        translation=motion.translation[rows],
        t_ns=motion.t_ns[rows],
        confidence=motion.confidence[rows],
        contact=None,
    )


def error(mine: Any, truth: Any) -> float:
    """MPJPE, mm."""
    off = (mine - mine[:, :1]) - (truth - truth[:, :1])
    return 1000 * float(np.linalg.norm(off, axis=-1).mean())


def path_error(mine: Any, truth: Any) -> float:
    """Of the pelvis `(T, 3)` in the horizontal plane from the same start, mm."""
    off = (mine - mine[0]) - (truth - truth[0])
    return 1000 * float(np.linalg.norm(off[:, [0, 2]], axis=-1).mean())


def measure(
    clip: Clip, number: int, loaded: dict[str, Any], fusion: str, levels: Sequence[float]
) -> list[dict[str, Any]]:
    """A row a level."""
    motion, tripod = clip.motion, Tripod(bearing=30 + 60 * number)
    world = h36m_positions(motion).astype(np.float64)
    imu = simulate_imu(motion, WORN, number)
    felt = solve(imu, network="hiposer-s", mode="offline", skeleton=motion.skeleton)
    alone = h36m_positions(felt).astype(np.float64)
    truth = film_motion(motion, tripod, PERFECT)
    rows = []
    for level in levels:
        film = film_motion(motion, tripod, MEDIAPIPE_LIKE, hidden=level, every=2, seed=number)
        even = even_keypoints(film.t_ns, film.rays, film.confidence, imu.t_ns)
        row: dict[str, Any] = {"clip": clip.name, "level": level, "frames": len(motion)}
        row |= {"hiposer": error(alone, world), "hiposer path": path_error(alone[:, 0], world[:, 0])}
        for name, network in loaded.items():
            if name == fusion:
                both = solve_fused(imu, felt, even, network)
                mine = h36m_positions(both.motion).astype(np.float64)
                row |= {"fusion": error(mine, world), "fusion path": path_error(mine[:, 0], world[:, 0])}
                row[name] = error(both.lifted, truth.joints)
            else:
                filmed = solve_film(even, network, height=float(motion.skeleton.height))
                row[name] = error(filmed.joints_in_camera(), truth.joints)
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
            axis.plot(levels, [row[name] for row in table], marker="o", linewidth=width, label=name)
    axis.set_xlabel("joints hidden, % of the time")
    axis.set_ylabel("MPJPE, mm (lower is better)")
    axis.set_ylim(bottom=0)
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--fusion", default="vimcan-t")
    parser.add_argument("--camera", nargs="*", default=[])
    parser.add_argument("--every", type=int, default=5, help="clip of CMU; a fourth as many of UI-PRMD")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each clip at most")
    parser.add_argument("--levels", type=float, nargs="+", default=LEVELS, help="shares of joints that are hidden")
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    arguments = parser.parse_args()
    loaded = {Path(name).stem: load_lifter(name) for name in (arguments.fusion, *arguments.camera)}
    chosen = list(clips(arguments.data, arguments.every, arguments.seconds))
    rows = []
    for number, clip in enumerate(track(chosen, "Solving")):
        rows += measure(clip, number, loaded, Path(arguments.fusion).stem, arguments.levels)
    table = means(rows)
    values = {"clips": len(chosen), "seconds": sum(c.motion.duration for c in chosen), "levels": table, "rows": rows}
    (arguments.out / "fusion_table.json").write_text(json.dumps(values, indent=1) + "\n")
    draw(table, arguments.out / "fusion_table.png")
    shown = Table(*(name if name != "level" else "hidden" for name in table[0]))
    for row in table:
        shown.add_row(*(f"{100 * v:.0f} %" if name == "level" else f"{v:.1f}" for name, v in row.items()))
    Console(width=140).print(shown)
    Console().print(f"{len(chosen)} clips, {values['seconds']:.0f} s; MPJPE and path in mm")


if __name__ == "__main__":
    main()
