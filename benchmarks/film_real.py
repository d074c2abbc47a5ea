"""Networks on real video: one performer before four calibrated cameras, each solved by itself, against all four.

    python benchmarks/film_real.py FOLDER NETWORK … [--out docs/networks] [--height 1.70] [--fov DEGREES]

FOLDER holds cam01.mp4 … and Calib.qca.txt; NETWORK is a name or a weights file. The reference is triangulated from what
the detector says in all four cameras, robustly: it shares the detector's own idea of where a joint is. Lenses are those
of the calibration unless --fov is given. Prints and adds to film_real.json, per network: MPJPE and PA-MPJPE of the
joints as lifted, as agreed with picture and bones, and of the solved motion; the distance of solved joints to the
detector's in the picture; error of the pelvis' path, straight and along the line of sight; jitter; the angle between
the up that was found and the true one. The performer's height is the reference's unless given.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from mocamba.capture.video_solving import even_track, find_keypoints
from mocamba.devices.keypoints.track import KeypointTrack, load_track
from mocamba.inference.film_solver import load_lifter, reprojection_error, solve_film
from mocamba.inference.position_metrics import position_errors
from mocamba.rig.lens import Lens, lens_of_field
from mocamba.rig.lifted.bones import performer_of
from mocamba.rig.smooth import gaussian
from rich.console import Console
from rich.table import Table

_SPEC = importlib.util.spec_from_file_location("keypoint_benchmark", Path(__file__).with_name("keypoints.py"))
assert _SPEC
assert _SPEC.loader
cameras_of = importlib.util.module_from_spec(_SPEC)
sys.modules["keypoint_benchmark"] = cameras_of
_SPEC.loader.exec_module(cameras_of)
COLUMNS = ("lifted", "agreed", "solved", "reprojection", "root", "root depth", "jitter", "up")
ROUNDS = 5
OFF = 0.006  # of rays' directions, at which a camera counts half


def detected(folder: Path, keep: Path) -> list[KeypointTrack]:
    """The track of every camera, found once."""
    tracks = []
    for video in sorted(folder.glob("cam*.mp4")):
        path = keep / f"{video.stem}.npz"
        if not path.exists():
            keep.mkdir(parents=True, exist_ok=True)
            find_keypoints(video, "mediapipe", lambda share, doing: None).save(path)
        tracks.append(load_track(path))
    return tracks


def lens_of(camera: Any, track: KeypointTrack) -> Lens:
    """As the calibration has it."""
    matrix = camera.matrix
    focal, centre = (float(matrix[0, 0]), float(matrix[1, 1])), (float(matrix[0, 2]), float(matrix[1, 2]))
    return Lens(track.width, track.height, focal, centre, tuple(map(float, camera.distortion)), "Qualisys")


def reference(cameras: list[Any], tracks: list[KeypointTrack]) -> Any:
    """Joints `(T, 17, 3)` nearest to the rays of all cameras, those far off weighted down, smoothed over 33 ms."""
    rays = np.stack([lens_of(c, t).rays(t.points) for c, t in zip(cameras, tracks, strict=True)])  # (C, T, 17, 2)
    known = np.isfinite(rays).all(axis=-1)
    rays = np.nan_to_num(rays)
    weight = known.astype(float)
    for _ in range(ROUNDS):
        normal, goal = np.zeros((*rays.shape[1:3], 3, 3)), np.zeros((*rays.shape[1:3], 3))
        for k, camera in enumerate(cameras):
            for axis in range(2):
                row = camera.rotation[axis] - rays[k, ..., axis, None] * camera.rotation[2]
                normal += weight[k, ..., None, None] * row[..., :, None] * row[..., None, :]
                goal += (weight[k] * (row @ camera.place))[..., None] * row
        joints = np.linalg.solve(normal + 1e-9 * np.eye(3), goal[..., None])[..., 0]
        for k, camera in enumerate(cameras):
            seen = (joints - camera.place) @ camera.rotation.T
            off = np.linalg.norm(seen[..., :2] / seen[..., 2:] - rays[k], axis=-1)
            weight[k] = known[k] / (1 + (off / OFF) ** 2) ** 2
    return gaussian(joints, 2.0)


def measure(loaded: Any, camera: Any, track: KeypointTrack, lens: Lens, joints: Any, height: float) -> dict[str, float]:
    """One network on one camera, of which `joints` is the truth in the world."""
    even = even_track(track, lens)
    solution = solve_film(even, loaded, height=height)
    truth = (joints - camera.place) @ camera.rotation.T
    count = min(len(truth), len(even))
    truth, seen = truth[:count], solution.joints_in_camera()[:count]
    found = {}
    for name, mine in (("lifted", solution.lifted), ("agreed", solution.agreed), ("solved", seen)):
        errors = position_errors(mine[:count], truth)
        found |= {name: errors.MPJPE, f"{name} PA": errors.PA_MPJPE}
    off = seen[:, 0] - truth[:, 0]
    sight = truth[:, 0] / np.linalg.norm(truth[:, 0], axis=-1, keepdims=True)
    positions = solution.motion.joint_positions().astype(np.float64)
    found["reprojection"] = float(np.nanmedian(reprojection_error(solution, even, lens.focal[0])))
    found["root"] = 1000 * float(np.linalg.norm(off, axis=-1).mean())
    found["root depth"] = 1000 * float(np.abs((off * sight).sum(axis=-1)).mean())
    found["jitter"] = float(np.linalg.norm(np.diff(positions, n=3, axis=0), axis=-1).mean() * 60**3)
    up = camera.rotation[:, 2]  # the calibration's world is Z up
    found["up"] = float(np.degrees(np.arccos(np.clip(solution.ground.turn[1] @ up, -1, 1))))
    return found


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    parser.add_argument("--keep", type=Path, default=Path("keypoints"), help="where tracks are kept between runs")
    parser.add_argument("--height", type=float)
    parser.add_argument("--fov", type=float)
    arguments = parser.parse_args()
    cameras = cameras_of.read_cameras(arguments.folder / "Calib.qca.txt")
    tracks = detected(arguments.folder, arguments.keep)
    joints = reference(cameras, tracks)
    height = arguments.height or float(performer_of(joints).height)
    path = arguments.out / "film_real.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    console, table = Console(width=160), Table("network", *COLUMNS)
    for name in arguments.networks:
        loaded, found = load_lifter(name), []
        for camera, track in zip(cameras, tracks, strict=True):
            lens = lens_of(camera, track)
            told = lens if arguments.fov is None else lens_of_field(track.width, track.height, arguments.fov)
            found.append(measure(loaded, camera, track, told, joints, height))
        mean = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
        row = {"network": loaded.card.name, "detector": tracks[0].detector, "fov": arguments.fov, "height": height}
        rows = [one for one in rows if (one["network"], one["fov"]) != (row["network"], row["fov"])]
        rows.append({**row, "frames": sum(map(len, tracks)), "cameras": found, **mean})
        cells = [f"{mean[c]:.1f}" + (f" / {mean[c + ' PA']:.1f}" if f"{c} PA" in mean else "") for c in COLUMNS]
        table.add_row(loaded.card.name, *cells)
        path.write_text(json.dumps(rows, indent=1) + "\n")
    console.print(table)
    console.print(
        f"{len(cameras)} cameras x {len(joints)} frames, {tracks[0].detector}; height {height:.2f} m; MPJPE / PA-MPJPE "
        f"and root in mm, reprojection in pixels of {tracks[0].width} x {tracks[0].height}, jitter in m/s³, up in °."
    )


if __name__ == "__main__":
    main()
