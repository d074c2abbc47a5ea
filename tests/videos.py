"""Videos that tests make, and people in them that need no detector."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from mocamba.devices.keypoints.keypoints import Keypoints

from .conftest import DATA
from .test_keypoints import standing

RED = (0, 0, 255)


def video(path: Path, count: int = 12, rate: float = 30, size: tuple[int, int] = (64, 48)) -> Path:
    """Pictures that grow lighter, a red field at the top left of each."""
    width, height = size
    pictures = [np.full((height, width, 3), 10 * number, np.uint8) for number in range(count)]
    for picture in pictures:
        picture[: height // 3, : width // 3] = RED
    return video_of(pictures, path, rate)


def video_of(pictures: Sequence[np.ndarray], path: Path, rate: float = 30) -> Path:
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def convert(source: Path, target: Path, *how: str, before: tuple[str, ...] = ()) -> Path:
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-y", "-loglevel", "error", *before, "-i", source, *how, target], check=True)
    return target


def real_video(name: str) -> Path:
    path = DATA / "video" / name
    if not path.exists():
        pytest.skip(f"{path} is not on this machine (MOCAMBA_DATA)")
    return path


class Puppets:
    """A detector of puppets, each a T-pose in the colour of its clothes; it errs as real ones do: on its own it goes on
    with whoever is nearest to where its person was, hidden ones are not found, and strangers are no different to it."""

    name = "puppets"

    def __init__(self, shown: Sequence[Sequence["Puppet"]]) -> None:
        self.shown = shown
        self.followed: Keypoints | None = None
        self.looks = 0

    def at(self, t_ns: int, picture: np.ndarray) -> list[Keypoints]:
        height, width = picture.shape[:2]
        return [one.keypoints(t_ns, width, height) for one in self.shown[round(t_ns * 30 / 1e9)]]

    def detect(self, picture: np.ndarray, t_ns: int) -> Keypoints | None:
        there = self.at(t_ns, picture)
        assert self.followed is not None
        place = self.followed.points.mean(axis=0)
        found = min(there, key=lambda one: float(np.hypot(*(one.points.mean(axis=0) - place))), default=None)
        self.followed = found or self.followed
        return found

    def people(self, picture: np.ndarray, t_ns: int) -> list[Keypoints]:
        self.looks += 1
        return self.at(t_ns, picture)

    def follow(self, person: Keypoints) -> None:
        self.followed = person

    def close(self) -> None:
        pass


class Puppet:
    """`x` pixels from the left, `tall` pixels; `hidden` joints are guessed."""

    def __init__(self, x: float, colour: tuple[int, int, int], tall: float = 200, hidden: tuple[int, ...] = ()) -> None:
        self.x, self.colour, self.tall, self.hidden = x, colour, tall, hidden

    def keypoints(self, t_ns: int, width: int, height: int) -> Keypoints:
        points = standing() * self.tall / 1.7 + [self.x, height * 0.5]
        sure = np.full(17, 0.9, np.float32)
        sure[list(self.hidden)] = 0.1
        return Keypoints(points.astype(np.float32), sure, t_ns, width, height)

    def draw(self, picture: np.ndarray) -> None:
        left, top, right, bottom = self.keypoints(0, picture.shape[1], picture.shape[0]).box.astype(int)
        middle, wide = (left + right) // 2, (bottom - top) // 6
        cv2.rectangle(picture, (middle - wide, top), (middle + wide, bottom), self.colour, -1)


def staged(frames: Sequence[Sequence[Puppet]], size: tuple[int, int] = (640, 300)) -> list[np.ndarray]:
    """Pictures of them, the first of each frame behind the others."""
    pictures = []
    for puppets in frames:
        picture = np.full((size[1], size[0], 3), 90, np.uint8)
        for one in puppets:
            one.draw(picture)
        pictures.append(picture)
    return pictures
