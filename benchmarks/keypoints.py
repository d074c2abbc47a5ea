"""How well a keypoint detector does on real video: four calibrated cameras, each against the other three.

    python benchmarks/keypoints.py FOLDER [--detector mediapipe] [--frames 100] [--picture F.png]

FOLDER holds cam01.mp4 … and Calib.qca.txt (Qualisys). One person is followed in each video, as for a take. In each
picture the joints seen by three cameras are triangulated and projected into the fourth: the distance to what the
detector says there is its error. Sides are first put right in all cameras by geometry, for the reference alone. What is
common to all cameras (a detector's own idea of where a joint is) does not show.

Prints distances before and after sides are mended by continuity (`sides.py`), a row a joint, and what the errors of
joints in plain view are made of, in percent of the person's height and per axis, less the triangulation's own error
(cameras' errors taken as independent): habit is the mean over the clip, noise what is new in each picture (from second
differences), wander the rest. --picture draws detected (green) and projected (red) joints of the middle picture.
"""

import argparse
import itertools
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mocamba.devices.keypoints.detectors import DEFAULT_DETECTOR, open_detector
from mocamba.devices.keypoints.follow import Follower
from mocamba.devices.keypoints.keypoints import HIDDEN
from mocamba.devices.keypoints.sides import mend_sides
from mocamba.devices.keypoints.track import KeypointTrack
from mocamba.devices.keypoints.video import VideoFile
from mocamba.rig.h36m import BONES, JOINTS, MIRROR
from rich.console import Console
from rich.progress import track
from rich.table import Table

UNIT = 64.0  # Qualisys' subpixels
PAIRS = ((1, 4), (2, 5), (3, 6), (11, 14), (12, 15), (13, 16))
GUESSED = 0.15  # weight of a hidden joint in the triangulation
CLEARLY = 2.0  # times that a side taken for the other must make the fit worse
APART = 0.04  # of the height that left and right must lie apart to count as exchanged
NEAR = 0.05  # of the height, of PCK
GROUPS = {
    "all": range(17),
    "trunk, hips, shoulders, head": (0, 1, 4, 7, 8, 9, 11, 14),
    "knees, elbows": (2, 5, 12, 15),
    "ankles, wrists, head top": (3, 6, 10, 13, 16),
}


@dataclass(frozen=True, eq=False)
class Camera:
    """`matrix (3, 3)` pixels, `distortion (5,)` as OpenCV has it, `rotation (3, 3)` world to camera, `place (3,)`."""

    matrix: Any
    distortion: Any
    rotation: Any
    place: Any

    def rays(self, points: Any) -> Any:
        """Undistorted directions `(N, 2)`, z = 1."""
        return cv2.undistortPoints(points[:, None].astype(np.float64), self.matrix, self.distortion)[:, 0]

    def project(self, points: Any) -> Any:
        """World points `(N, 3)` to pixels `(N, 2)`."""
        turn, _ = cv2.Rodrigues(self.rotation)
        return cv2.projectPoints(points, turn, -self.rotation @ self.place, self.matrix, self.distortion)[0][:, 0]


def read_cameras(path: Path) -> list[Camera]:
    """From a Qualisys calibration; millimetres become metres."""
    cameras = []
    for node in ElementTree.parse(path).getroot().iter("camera"):
        transform, inner = node.find("transform"), node.find("intrinsic")
        assert transform is not None
        assert inner is not None
        value = {key: float(text) for key, text in inner.attrib.items()}
        matrix = np.array(
            [
                [value["focalLengthU"], 0, value["centerPointU"]],
                [0, value["focalLengthV"], value["centerPointV"]],
                [0, 0, UNIT],
            ]
        )
        distortion = [value[f"{kind}Distortion{k}"] for kind in ("radial", "tangental") for k in (1, 2)]
        rotation = np.array([[float(transform.attrib[f"r{i}{j}"]) for j in (1, 2, 3)] for i in (1, 2, 3)])
        place = np.array([float(transform.attrib[axis]) for axis in "xyz"]) / 1000
        # Qualisys' cameras look along -z with y up
        cameras.append(Camera(matrix / UNIT, np.array([*distortion, 0.0]), np.diag([1, -1, -1]) @ rotation, place))
    return cameras


@dataclass(frozen=True, eq=False)
class Seen:
    """One camera's `track`, in which hidden joints are kept as guessed, its pictures, and seconds a picture."""

    track: KeypointTrack
    pictures: list[Any]
    seconds: float


def follow(path: Path, frames: int, name: str) -> Seen:
    """The one person in a video."""
    detector = open_detector(name)
    follower, found, times, seconds, pictures = Follower(detector), [], [], [], []
    with VideoFile(path) as video:
        for frame in track(itertools.islice(video, frames), path.name, total=min(frames, video.told or frames)):
            started = time.perf_counter()
            found.append(follower.follow(frame.image, frame.t_ns))
            seconds.append(time.perf_counter() - started)
            times.append(frame.t_ns)
            pictures.append(frame.image)
    detector.close()
    if any(one is None for one in found):
        raise SystemExit(f"{path}: the person is lost in {sum(one is None for one in found)} pictures.")
    height, width = pictures[0].shape[:2]
    points = np.array([one.points for one in found])
    sure = np.maximum([one.confidence for one in found], 1e-3).astype(np.float32)
    kept = KeypointTrack(np.array(times), points, sure, width, height, 60.0, name)
    return Seen(kept, pictures, float(np.mean(seconds)))


def triangulate(cameras: list[Camera], points: Any, weights: Any = None) -> Any:
    """Points `(N, 3)` that are nearest to the rays of `points (C, N, 2)`, least squares on the image plane; `weights`
    `(C, N)`."""
    rows = []
    for k, (camera, seen) in enumerate(zip(cameras, points, strict=True)):
        outer = np.hstack([camera.rotation, (-camera.rotation @ camera.place)[:, None]])
        ray = camera.rays(seen)
        weight = np.ones((len(seen), 1)) if weights is None else weights[k][:, None]
        rows += [weight * (ray[:, :1] * outer[2] - outer[0]), weight * (ray[:, 1:] * outer[2] - outer[1])]
    solved = np.linalg.svd(np.stack(rows, axis=1))[2][:, -1]
    return solved[:, :3] / solved[:, 3:]


def exchanged(cameras: list[Camera], points: Any, heights: Any) -> Any:
    """`(C, T, 17)` where a camera's left is the others' right: of all ways to exchange them in up to half of the
    cameras, the one that fits best, where it fits clearly better. `points (C, T, 17, 2)`, `heights (C, T)`."""
    wrong = np.zeros(points.shape[:3], bool)
    for a, b in PAIRS:
        plain, best = None, np.full(points.shape[1], np.inf)
        chosen = np.zeros((points.shape[1], len(cameras)), bool)
        for bits in itertools.product((False, True), repeat=len(cameras)):
            if sum(bits) > len(cameras) // 2:
                continue
            cost = np.zeros(points.shape[1])
            for sides in ((a, b), (b, a)):
                picked = np.stack([points[c, :, sides[bit]] for c, bit in enumerate(bits)])
                joint = triangulate(cameras, picked)
                off = [np.linalg.norm(one.project(joint) - p, axis=1) for one, p in zip(cameras, picked, strict=True)]
                cost += ((np.array(off) / heights) ** 2).sum(axis=0)
            plain = cost if plain is None else plain
            better = cost + 1e-3 * sum(bits) < best
            best, chosen[better] = np.where(better, cost + 1e-3 * sum(bits), best), bits
        chosen &= (plain > CLEARLY * best + 1e-3)[:, None]
        wrong[..., a] = wrong[..., b] = chosen.T
    return wrong


def mirrored(points: Any, where: Any) -> Any:
    """Left for right `where (C, T, 17)`."""
    return np.where(where[..., None], points[:, :, list(MIRROR)], points)


@dataclass(frozen=True, eq=False)
class Reference:
    """`points (C, T, 17, 2)` pixels where the other cameras see a joint; `share (C, T, 17)`: what the triangulation
    adds to the variance of the distance, relative to a detector's own."""

    points: Any
    share: Any


def reference(cameras: list[Camera], points: Any, sure: Any, heights: Any) -> Reference:
    """Each camera's from the others; `points` with sides put right."""
    weights = np.where(sure >= HIDDEN, 1.0, GUESSED)
    projected, shares = np.zeros(points.shape), np.zeros(points.shape[:3])
    for left, camera in enumerate(cameras):
        others = [k for k in range(len(cameras)) if k != left]
        flat = [points[k].reshape(-1, 2) for k in others]
        rows = [weights[k].ravel() for k in others]
        joints = triangulate([cameras[k] for k in others], flat, rows)
        projected[left] = camera.project(joints).reshape(points.shape[1:])
        views = [slopes(cameras[k], joints, heights[k]) for k in others]
        information = sum(
            (row**2)[:, None, None] * np.einsum("nij,nik->njk", view, view)
            for row, view in zip(rows, views, strict=True)
        )
        mine = slopes(camera, joints, heights[left])
        spread = np.einsum("nij,njk,nik->n", mine, np.linalg.inv(information), mine) / 2
        shares[left] = spread.reshape(points.shape[1:3])
    return Reference(projected, shares)


def slopes(camera: Camera, joints: Any, heights: Any) -> Any:
    """How far a joint `(T * 17, 3)` moves in the picture, in heights of the person, a metre: `(T * 17, 2, 3)`."""
    step = 1e-3
    ends = [camera.project(joints + step * axis) - camera.project(joints - step * axis) for axis in np.eye(3)]
    return np.stack(ends, axis=-1) / (2 * step) / np.repeat(heights, 17)[:, None, None]


def split(errors: Any, share: Any, good: Any, joints: Any) -> tuple[float, float, float]:
    """Habit, wander and noise, standard deviations per axis, of `errors (C, T, 17, 2)` where `good (C, T, 17)`."""
    habit, whole, noise = [], [], []
    for camera, joint in itertools.product(range(len(errors)), joints):
        row, ok = errors[camera, :, joint], good[camera, :, joint]
        if ok.sum() < 0.4 * len(ok):
            continue
        second = (row[2:] - 2 * row[1:-1] + row[:-2])[ok[2:] & ok[1:-1] & ok[:-2]] / np.sqrt(6)
        habit.append(row[ok].mean(axis=0) ** 2)
        whole.append(row[ok].var(axis=0))
        noise.append((second**2).mean(axis=0))
    own = 1 / (1 + np.median(share[:, :, list(joints)]))
    new = float(np.mean(noise))
    parts = (float(np.mean(habit)), max(float(np.mean(whole)) - new, 0.0), new)
    return tuple(float(np.sqrt(own * part)) for part in parts)  # type: ignore[return-value]


def persistence(errors: Any, good: Any) -> list[float]:
    """Correlation of an error with itself 1, 2, 4, 8, 15, 30 pictures later."""
    rows = []
    for camera, joint in itertools.product(range(len(errors)), range(17)):
        if good[camera, :, joint].all():
            row = errors[camera, :, joint] - errors[camera, :, joint].mean(axis=0)
            rows.append([(row[lag:] * row[:-lag]).mean() / (row**2).mean() for lag in (1, 2, 4, 8, 15, 30)])
    return np.mean(rows, axis=0).round(2).tolist()


def distances(title: str, off: Any, heights: Any) -> str:
    """Median, 95 % and PCK of `off (C, T, 17)` pixels."""
    share = 100 * off / heights[..., None]
    return (
        f"{title}: median {np.median(off):.1f} pixels, {np.median(share):.2f} % of the height; 95 % under "
        f"{np.percentile(off, 95):.1f} pixels, {np.percentile(share, 95):.2f} %; PCK at {NEAR:.0%} "
        f"{(share < 100 * NEAR).mean():.3f}"
    )


def draw(pictures: list[Any], found: list[Any], projected: list[Any], path: Path) -> None:
    """The four pictures side by side."""
    for picture, green, red in zip(pictures, found, projected, strict=True):
        for points, colour in ((red, (0, 0, 255)), (green, (0, 255, 0))):
            for a, b in BONES:
                ends = [tuple(int(v) for v in points[k]) for k in (a, b)]
                cv2.line(picture, ends[0], ends[1], colour, 3)
    small = [cv2.resize(picture, (432, 768)) for picture in pictures]
    cv2.imwrite(str(path), np.hstack(small))


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--detector", default=DEFAULT_DETECTOR)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    cameras = read_cameras(arguments.folder / "Calib.qca.txt")
    videos = sorted(arguments.folder.glob("cam*.mp4"))
    seen = [follow(video, arguments.frames, arguments.detector) for video in videos]
    before, after = (
        np.stack([one.points for one in tracks]).astype(np.float64)
        for tracks in ([one.track for one in seen], [mend_sides(one.track) for one in seen])
    )
    sure = np.stack([one.track.confidence for one in seen])
    heights = np.ptp(before[..., 1], axis=2)
    heights = np.maximum(heights, 0.9 * np.percentile(heights, 90, axis=1)[:, None])  # who bends down is no smaller
    wrong = exchanged(cameras, before, heights)
    truth = reference(cameras, mirrored(before, wrong), sure, heights)
    console = Console(width=120)
    for title, points in (
        ("as detected", before),
        ("sides mended", after),
        ("sides by geometry", mirrored(before, wrong)),
    ):
        console.print(distances(title, np.linalg.norm(points - truth.points, axis=-1), heights))
    tell(console, after, truth, sure, heights, wrong, exchanged(cameras, after, heights))
    console.print(f"{1000 * np.mean([one.seconds for one in seen]):.0f} ms a picture.")
    if arguments.picture:
        middle = before.shape[1] // 2
        pictures = [one.pictures[middle] for one in seen]
        draw(pictures, list(after[:, middle]), list(truth.points[:, middle]), arguments.picture)


def tell(console: Console, points: Any, truth: Reference, sure: Any, heights: Any, before: Any, after: Any) -> None:
    """The tables; `before` and `after (C, T, 17)`: where sides are exchanged, before and after they were mended."""
    errors = (points - truth.points) / heights[..., None, None]
    off = np.linalg.norm(points - truth.points, axis=-1)
    table = Table("joint", "median, pixels", "95 %", "median, % of height", "hidden, %")
    for joint, name in enumerate(JOINTS):
        row = off[..., joint]
        share, hidden = 100 * row / heights, 100 * (sure[..., joint] < HIDDEN).mean()
        table.add_row(
            name, f"{np.median(row):.1f}", f"{np.percentile(row, 95):.1f}", f"{np.median(share):.2f}", f"{hidden:.1f}"
        )
    console.print(table)
    limbs = [joint for pair in PAIRS for joint in pair]
    apart = np.linalg.norm(points - points[:, :, list(MIRROR)], axis=-1) > APART * heights[..., None]
    shares = [100 * (one & apart)[..., limbs].mean() for one in (before, after)]
    console.print(f"Exchanged sides: {shares[0]:.2f} % of limb joints as detected, {shares[1]:.2f} % mended.")
    good = (sure >= HIDDEN) & ~after
    parts = Table("% of height, per axis", "habit", "wander", "noise")
    for name, joints in GROUPS.items():
        parts.add_row(name, *(f"{100 * part:.2f}" for part in split(errors, truth.share, good, joints)))
    console.print(parts)
    console.print(f"Correlation after 1, 2, 4, 8, 15, 30 pictures: {persistence(errors, good)}")
    guessed = (sure < HIDDEN) & ~after
    if guessed.any():
        guess = np.sqrt((errors[guessed] ** 2).mean() / (1 + np.median(truth.share[guessed])))
        console.print(f"Hidden: {100 * (sure < HIDDEN).mean():.1f} % of joints; guessed wrong by {100 * guess:.1f} %.")


if __name__ == "__main__":
    main()
