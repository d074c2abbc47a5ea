"""What the camera of a take saw: the joints that were found live, and its film, in which they can be found again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..devices.keypoints.detectors import open_detector
from ..devices.keypoints.keypoints import Keypoints
from ..devices.keypoints.track import KeypointTrack, load_track, track_of
from ..devices.keypoints.video import track_video
from ..rig.errors import FileFormatError
from ..rig.progress import Progress
from .camera_records import CameraRecord, read_cameras
from .film import FILM
from .take import KEYPOINTS, RAW, Take

FOUND = "keypoints"  # the folder of tracks that were found in the film


def has_camera(take: Take) -> bool:
    """Whether a camera's keypoints, or its film, are in it."""
    if (take.path / KEYPOINTS).is_file():
        return True
    return (take.path / RAW).is_file() and bool(read_cameras(take.path / RAW))


def camera_of(take: Take) -> CameraRecord:
    """Of the take's camera; of several, of that which left most. Raises FileFormatError where none was used."""
    cameras = read_cameras(take.path / RAW)
    if not cameras:
        raise FileFormatError(take.path, "was recorded without a camera.", "Record with --camera.")
    return max(cameras, key=lambda one: len(one.picture_ns) + len(one.t_ns))


def live_track(take: Take) -> KeypointTrack:
    """The joints as they were found while the take was recorded, a row a picture in which the performer was seen, at
    the times of the sensors' axis. Raises FileFormatError where there is none."""
    camera = camera_of(take)
    if not len(camera.t_ns):
        raise FileFormatError(take.path, "holds no joints: its camera never saw the performer.")
    info = camera.info
    found = [
        Keypoints(row[:, :2], row[:, 2], int(t), info.width, info.height)
        for t, row in zip(camera.t_ns, camera.joints, strict=True)
    ]
    return track_of(found, camera.t_ns.tolist(), (info.width, info.height), info.detector)


def film_of(take: Take) -> tuple[Path, NDArray[np.int64]]:
    """The film, and when each of its pictures was taken `(N,)` ns, on the sensors' axis. Raises FileFormatError where
    there is none."""
    path, times = take.path / FILM, camera_of(take).picture_ns
    if not path.exists() or not len(times):
        raise FileFormatError(take.path, "has no film.", "Record with --camera.")
    return path, times


def film_track(take: Take, detector: str, progress: Progress = lambda share, text: None) -> KeypointTrack:
    """The joints found in the film, in every picture of it and looking at it as a whole; kept in the take, so that it
    is done once for each detector. Raises FileFormatError where there is no film, or nobody in it."""
    kept = take.path / FOUND / f"{detector}.npz"
    if kept.exists():
        return load_track(kept)
    path, times = film_of(take)
    finder = open_detector(detector)
    try:
        track = track_video(path, finder, progress)
    finally:
        finder.close()
    count = min(len(track), len(times))  # after a kill one may have a few more than the other
    track = replace(
        track.cut(count).retimed(times[:count]),
        fps=(count - 1) * 1e9 / float(times[count - 1] - times[0]) if count > 1 else 0.0,
        warnings=(),
    )
    track.save(kept)
    return track
