"""From pixels to baked bones on a rendered performer, whose every joint is known: what each stage adds to the error.

    python benchmarks/film_rendered.py NETWORK … [--seconds 8] [--angles 20 110 200] [--sensors] [--out docs/networks]
        [--pictures docs/images]

The free body acts in a textured room before cameras at several angles, 640 x 480 at 30 pictures a second. Stages: the
detector (pixels, and % of the performer's height in the picture), lifted joints, joints agreed with picture and bones,
the solved motion, the polished one, and the bones of the armature that Blender bakes, read back from the .blend.
MPJPE / PA-MPJPE in mm, all seen from the camera. --sensors adds six worn sensors. With --pictures, frames of the
overlay and the baked result are put side by side. Prints seconds by stage too, and adds to film_rendered.json.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mocamba.capture.baking import BakeOptions, bake_take
from mocamba.capture.manifest import Manifest
from mocamba.capture.overlay import overlay_video
from mocamba.capture.take import MANIFEST, open_take
from mocamba.capture.video_solving import STANDING, even_track, find_keypoints, joints_in_picture
from mocamba.devices.simulated.filmed_body import FilmedBody, write_video
from mocamba.devices.simulated.performer import perform
from mocamba.inference.film_solver import FilmSolution, load_lifter, reprojection_error, solve_film
from mocamba.inference.fusion_solver import solve_fused
from mocamba.inference.position_metrics import position_errors
from mocamba.inference.solver import solve
from mocamba.inference.virtual_film import Tripod, set_up
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.h36m import SMPL_JOINTS, h36m_positions
from mocamba.rig.imu import WORN
from mocamba.rig.lens import lens_of_field
from mocamba.rig.skeleton import JOINTS, SMPL24
from rich.console import Console
from rich.table import Table

HEIGHT, BEGIN = 1.75, 150  # metres; frames of the T-pose that are left out
LENS = lens_of_field(640, 480, 66.0)
STAGES = ("lifted", "agreed", "solved", "polished", "baked")
BODY = [k for k in range(17) if k != 10]  # the head's top is no bone
EVALUATE = """
import sys, json, bpy, numpy as np
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
scene, heads = bpy.context.scene, []
rig = next(ob for ob in bpy.data.objects if ob.type == "ARMATURE")
for frame in range(scene.frame_start, scene.frame_end + 1):
    scene.frame_set(frame)
    posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    heads.append([posed.matrix_world @ posed.pose.bones[name].head for name in json.loads(sys.argv[2])])
np.save(sys.argv[3], np.array(heads)[..., [0, 2, 1]] * [1, 1, -1])
"""


def baked_joints(solution: FilmSolution, name: str, folder: Path, picture: Path | None) -> tuple[Any, Any]:
    """The 16 joints that bones begin at, in the camera's frame, of the polished motion and of the .blend."""
    take_path = folder / f"{name}.take"
    take_path.mkdir()
    Manifest("free body", HEIGHT, "video").write(take_path / MANIFEST)
    take = open_take(take_path)
    take.save_solved(solution.motion, name, STANDING)
    polished = take.load_solved(name)
    blend, out = folder / f"{name}.blend", folder / f"{name}.npy"
    bake_take(take, BakeOptions(blend, fps=60.0, render=picture, force=True), lambda share, doing: None)
    subprocess.run([sys.executable, "-c", EVALUATE, blend, json.dumps(JOINTS), out], check=True, capture_output=True)
    heads = np.load(out)[:, [SMPL_JOINTS[k] for k in BODY]]
    return solution.ground.to_camera(h36m_positions(polished)), solution.ground.to_camera(heads)


def errors(mine: Any, truth: Any) -> tuple[float, float]:
    """MPJPE and PA-MPJPE, of as many joints as `mine` has."""
    count = min(len(mine), len(truth))
    real = truth[:count, BODY] if mine.shape[1] == len(BODY) else truth[:count]
    found = position_errors(mine[:count], real)
    return found.MPJPE, found.PA_MPJPE


class Shot:
    """One camera angle, filmed and looked at once for all networks."""

    def __init__(self, angle: float, seconds: float, folder: Path) -> None:
        whole = perform(SMPL24.scaled_to(HEIGHT))
        self.motion, self.frames = whole, range(BEGIN, BEGIN + round(60 * seconds))
        world = h36m_positions(whole).astype(np.float64)[self.frames.start : self.frames.stop]
        turn, place = set_up(world, Tripod(5.0, angle, 1.5, aside=4))
        self.truth, self.angle = (world - place) @ turn.T, angle
        self.video = folder / f"{angle:g}.mp4"
        write_video(FilmedBody(whole, LENS, turn, place), self.frames[::2], str(self.video), 30)
        began = time.perf_counter()
        self.track = find_keypoints(self.video, "mediapipe", lambda share, doing: None)
        self.detecting = time.perf_counter() - began
        self.even = even_track(self.track, LENS)

    def solved(self, loaded: Any, sensors: bool) -> FilmSolution:
        """By the camera alone, or with sensors."""
        if not sensors:
            return solve_film(self.even, loaded, height=HEIGHT)
        imu = simulate_imu(self.motion, WORN, seed=1)
        felt = solve(imu, network="hiposer-s", mode="offline", skeleton=self.motion.skeleton)
        shifted = even_track(self.track, LENS, imu.t_ns - imu.t_ns[self.frames.start])
        return solve_fused(imu, felt, shifted, loaded)

    def detector(self) -> dict[str, float]:
        """How far detected joints are from the true ones."""
        true = LENS.project(self.truth[::2])[: len(self.track)]
        off = np.linalg.norm(self.track.points - true, axis=-1)
        tall = np.ptp(true[..., 1], axis=1)[:, None]
        return {"detector pixels": float(np.nanmean(off)), "detector %": 100 * float(np.nanmean(off / tall))}


def measure(shot: Shot, loaded: Any, sensors: bool, folder: Path, picture: Path | None) -> dict[str, float]:
    """Errors after every stage, and seconds."""
    began = time.perf_counter()
    solution = shot.solved(loaded, sensors)
    took = time.perf_counter() - began
    polished, baked = baked_joints(solution, f"{loaded.card.name}-{shot.angle:g}", folder, picture)
    cut = shot.frames if sensors else range(len(shot.even))
    rows = slice(cut.start, cut.stop)
    stages = zip(STAGES, (solution.lifted, solution.agreed, solution.joints_in_camera(), polished, baked), strict=True)
    found = {"angle": shot.angle, **shot.detector(), "detecting s": shot.detecting, "solving s": took}
    for name, joints in stages:
        found[name], found[f"{name} PA"] = errors(joints[rows], shot.truth)
    count = min(len(polished[rows]), len(shot.truth))
    off = np.linalg.norm((polished[rows][:count] - shot.truth[:count])[:, 0], axis=-1)
    found["root"] = 1000 * float(off.mean())
    if not sensors:
        found["reprojection"] = float(np.nanmedian(reprojection_error(solution, shot.even, LENS.focal[0])))
        reprojected = joints_in_picture(solution, shot.track, LENS)
        if picture is not None:
            overlay_video(shot.video, shot.track, reprojected, out=folder / "overlay.mp4", force=True)
    return found


def side_by_side(overlay: Path, shot: "Shot", sheet: Path, out: Path) -> None:
    """Twelve moments of the overlay, cut around the performer, each above the baked body's."""
    capture = cv2.VideoCapture(str(overlay))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    frames = []
    for moment in np.linspace(0, count - 1, 12).round().astype(int):
        capture.set(cv2.CAP_PROP_POS_FRAMES, int(moment))
        points = np.nan_to_num(shot.track.points[min(int(moment), len(shot.track) - 1)], nan=240.0)
        half = int(0.7 * np.ptp(points[:, 1]))
        x, y = (int(np.clip(v, half, most - half)) for v, most in zip(points.mean(axis=0), (640, 480), strict=True))
        frames.append(capture.read()[1][y - half : y + half, x - half : x + half])
    capture.release()
    below = cv2.imread(str(sheet))
    assert below is not None
    width = below.shape[1] // 6
    tiles = [cv2.resize(frame, (width, width)) for frame in frames]
    rows = [np.hstack(tiles[:6]), below[: below.shape[0] // 2], np.hstack(tiles[6:]), below[below.shape[0] // 2 :]]
    cv2.imwrite(str(out), np.vstack([row[:, : 6 * width] for row in rows]), [cv2.IMWRITE_JPEG_QUALITY, 85])


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--angles", type=float, nargs="+", default=[20.0, 110.0, 200.0])
    parser.add_argument("--sensors", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()
    path = arguments.out / "film_rendered.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    table = Table("network", "sensors", "angle", "detector, px (%)", *STAGES, "root", "reprojection, px", "seconds")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shots = [Shot(angle, arguments.seconds, folder) for angle in arguments.angles]
        for network in arguments.networks:
            loaded = load_lifter(network)
            key = (loaded.card.name, arguments.sensors)
            rows = [row for row in rows if (row["network"], row["sensors"]) != key]
            for shot in shots:
                wanted = arguments.pictures is not None and shot is shots[0] and network == arguments.networks[0]
                sheet = folder / "sheet.png" if wanted else None
                row = {"network": key[0], "sensors": key[1], **measure(shot, loaded, arguments.sensors, folder, sheet)}
                rows.append(row)
                if sheet is not None and not arguments.sensors:
                    side_by_side(folder / "overlay.mp4", shot, sheet, arguments.pictures / "video.jpg")
                cells = [f"{row[s]:.0f} / {row[s + ' PA']:.0f}" for s in STAGES]
                seen = f"{row['detector pixels']:.1f} ({row['detector %']:.1f})"
                took = f"{row['detecting s']:.0f} + {row['solving s']:.0f}"
                off = f"{row.get('reprojection', float('nan')):.1f}"
                table.add_row(key[0], str(key[1]), f"{shot.angle:g}", seen, *cells, f"{row['root']:.0f}", off, took)
    path.write_text(json.dumps(rows, indent=1) + "\n")
    Console(width=180).print(table)


if __name__ == "__main__":
    main()
