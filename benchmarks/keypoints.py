"""How well a keypoint detector does on real video: four calibrated cameras, each against the other three.

    python benchmarks/keypoints.py FOLDER [--frames 100] [--picture F.png]

FOLDER holds cam01.mp4 … and Calib.qca.txt (Qualisys). In each frame the joints seen by three cameras are triangulated
and projected into the fourth: the distance to what the detector says there, in pixels and in percent of the person's
height in the picture. What is common to all cameras (a detector's own idea of where a joint is) does not show. Prints a
row a joint and the time a picture; --picture draws detected (green) and projected (red) joints of the middle frame.
"""

import argparse
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mocamba.devices.keypoints.keypoints import Keypoints
from mocamba.devices.keypoints.mediapipe import MediaPipeDetector
from mocamba.rig.h36m import BONES, JOINTS
from rich.console import Console
from rich.progress import track
from rich.table import Table

UNIT = 64.0  # Qualisys' subpixels


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


def detect_all(path: Path, frames: int) -> tuple[list[Keypoints | None], list[Any], float]:
    """What is found in each picture, the pictures, and the median of the seconds it took."""
    capture, found, pictures, seconds = cv2.VideoCapture(str(path)), [], [], []
    with MediaPipeDetector() as detector:
        for k in track(range(frames), path.name):
            read, picture = capture.read()
            if not read:
                break
            started = time.perf_counter()
            found.append(detector.detect(picture, k))
            seconds.append(time.perf_counter() - started)
            pictures.append(picture)
    capture.release()
    return found, pictures, float(np.median(seconds))


def triangulate(cameras: list[Camera], points: Any) -> Any:
    """Joints `(17, 3)` that are nearest to the rays of `points (C, 17, 2)`, least squares on the image plane."""
    rows = []
    for camera, seen in zip(cameras, points, strict=True):
        outer = np.hstack([camera.rotation, (-camera.rotation @ camera.place)[:, None]])
        ray = camera.rays(seen)
        rows += [ray[:, :1] * outer[2] - outer[0], ray[:, 1:] * outer[2] - outer[1]]
    solved = np.linalg.svd(np.stack(rows, axis=1))[2][:, -1]
    return solved[:, :3] / solved[:, 3:]


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
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    cameras = read_cameras(arguments.folder / "Calib.qca.txt")
    videos = sorted(arguments.folder.glob("cam*.mp4"))
    found, pictures, seconds = zip(*(detect_all(video, arguments.frames) for video in videos), strict=True)
    errors, shares = [], []
    for k, row in enumerate(zip(*found, strict=True)):
        if any(one is None for one in row):
            continue
        points = np.stack([one.points for one in row])
        projected = []
        for left in range(len(cameras)):
            others = [c for c in range(len(cameras)) if c != left]
            joints = triangulate([cameras[c] for c in others], points[others])
            projected.append(cameras[left].project(joints))
        off = np.linalg.norm(np.array(projected) - points, axis=-1)
        errors.append(off)
        shares.append(100 * off / np.ptp(points[..., 1], axis=1)[:, None])
        if arguments.picture and k == arguments.frames // 2:
            draw([camera[k] for camera in pictures], list(points), projected, arguments.picture)
    pixels, percent = np.array(errors), np.array(shares)  # (T, C, 17)
    table = Table("joint", "median, pixels", "95 %", "median, % of height")
    for joint, name in enumerate(JOINTS):
        row = pixels[..., joint]
        table.add_row(
            name, f"{np.median(row):.1f}", f"{np.percentile(row, 95):.1f}", f"{np.median(percent[..., joint]):.2f}"
        )
    table.add_row("all", f"{np.median(pixels):.1f}", f"{np.percentile(pixels, 95):.1f}", f"{np.median(percent):.2f}")
    Console().print(table)
    took = f"{1000 * np.mean(seconds):.0f} ms a picture"
    Console().print(f"{len(pixels)} frames with a person in all {len(cameras)} pictures; {took}.")


if __name__ == "__main__":
    main()
