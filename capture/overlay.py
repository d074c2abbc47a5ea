"""A video with the skeleton drawn on its pictures: what the detector saw and, thin and white, where the solved body is.

Left limbs are orange, right ones blue, the middle green. Joints that were not seen are not drawn; pictures without the
performer say so.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..devices.keypoints.track import KeypointTrack
from ..devices.keypoints.video import VideoFile, VideoFrame
from ..rig.errors import BadInputError
from ..rig.h36m import BONES, JOINTS
from ..rig.progress import Progress
from ..rig.whole_file import check_suffix, refuse_existing, whole_file

if TYPE_CHECKING:
    import cv2

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]

LEFT, RIGHT, MIDDLE, SOLVED, OUTLINE = (40, 140, 255), (255, 150, 50), (120, 220, 120), (255, 255, 255), (20, 20, 20)
THICK = 1 / 45  # of the person's size
ABSENT = "performer not seen"
SHIFT = 4  # bits of a pixel's fraction
FASTEST = 60.0  # pictures a second; more are left out


def overlay_video(
    path: Path,
    track: KeypointTrack,
    reprojected: Points | None = None,
    *,
    out: Path,
    force: bool = False,
    progress: Progress = lambda share, text: None,
) -> None:
    """Write `out`, an MP4 of the video at `path` with its `track` drawn, and `reprojected (T, 17, 2)`, pixels of the
    same pictures, NaN where there are none. The times are the video's own, at an even rate: pictures are repeated and
    left out as needed.

    Raises BadInputError where the track is another video's, where `out` cannot be written, or is there and not `force`.
    """
    check_suffix(out, ".mp4")
    refuse_existing(out, force=force)
    rate = float(np.clip(round(track.fps) or 1, 1, FASTEST))
    with VideoFile(path) as video, whole_file(out) as part:
        writer = None
        try:
            for image, share in _drawn(video, track, reprojected, rate):
                writer = writer or _open_writer(part, rate, image)
                writer.write(image)
                progress(share, "Drawing the skeleton")
        finally:
            if writer is not None:
                writer.release()
        if not part.exists() or part.stat().st_size == 0:
            raise BadInputError(f"{out} could not be written. Look at the disk's free space.")


def _open_writer(path: Path, rate: float, image: Picture) -> "cv2.VideoWriter":
    import cv2

    height, width = image.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
    if not writer.isOpened():
        raise BadInputError(f"No video of {width} x {height} pixels can be written to {path.parent}.")
    return writer


def _drawn(
    video: VideoFile, track: KeypointTrack, reprojected: Points | None, rate: float
) -> Iterator[tuple[Picture, float]]:
    """Each picture as often as it is shown at `rate`, and the share of them that is done."""
    written = 0
    for frame in video:
        if frame.number >= len(track) or frame.image.shape[:2] != (track.height, track.width):
            raise BadInputError(f"The keypoints are not those of {video.path}. Find them in this video again.")
        until_ns = track.t_ns[min(frame.number + 1, len(track) - 1)]
        due = max(written, round((until_ns - track.t_ns[0]) * rate / 1e9))
        due += frame.number == len(track) - 1
        if due > written:
            image = draw_frame(frame, track, reprojected)
            for _ in range(due - written):
                yield image, (frame.number + 1) / len(track)
        written = due


def draw_frame(frame: VideoFrame, track: KeypointTrack, reprojected: Points | None = None) -> Picture:
    """The picture with what belongs to it drawn on, cut to even sides: no encoder takes odd ones."""
    height, width = (side - side % 2 for side in frame.image.shape[:2])
    image = frame.image[: max(height, 2), : max(width, 2)].copy()
    row = frame.number
    thick = max(2.0, THICK * _size(track))
    if track.present[row]:
        draw_skeleton(image, track.points[row], thick)
    else:
        _label(image, ABSENT)
    if reprojected is not None:
        draw_skeleton(image, reprojected[row], max(1.0, thick / 3), solved=True)
    return image


def _size(track: KeypointTrack) -> float:
    points = track.points[track.present]
    if not len(points):
        return float(track.height) / 2
    return float(np.median(np.hypot(*np.moveaxis(np.nanmax(points, 1) - np.nanmin(points, 1), -1, 0))))


def draw_skeleton(image: Picture, points: Points, thick: float, *, solved: bool = False) -> None:
    """Limbs between joints `(17, 2)` that are not NaN, `thick` pixels wide, dark at the edge so that they show on every
    ground."""
    import cv2

    there = np.isfinite(points).all(axis=1)
    places = [(round(float(x)), round(float(y))) for x, y in np.nan_to_num(points) * 2**SHIFT]
    bones = [(a, b) for a, b in BONES if there[a] and there[b]]
    joints = [k for k in range(len(JOINTS)) if there[k]]
    edge = max(2, round(thick / 2))
    for grow, outline in ((edge, True), (0, False)):
        for a, b in bones:
            colour = OUTLINE if outline else SOLVED if solved else _colour(b)
            cv2.line(image, places[a], places[b], colour, round(thick) + grow, cv2.LINE_AA, SHIFT)
        for k in joints:
            colour = OUTLINE if outline else SOLVED if solved else _colour(k)
            radius = round((0.8 * thick + grow / 2) * 2**SHIFT)
            cv2.circle(image, places[k], radius, colour, cv2.FILLED, cv2.LINE_AA, SHIFT)


def _colour(joint: int) -> tuple[int, int, int]:
    side = JOINTS[joint].partition("_")[0]
    return {"left": LEFT, "right": RIGHT}.get(side, MIDDLE)


def _label(image: Picture, text: str) -> None:
    import cv2

    scale = max(0.4, min(image.shape[:2]) / 600)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(2 * scale))
    (wide, tall), under = cv2.getTextSize(text, font, scale, thick)
    pad = round(8 * scale)
    cv2.rectangle(image, (pad, pad), (3 * pad + wide, 3 * pad + tall + under), OUTLINE, cv2.FILLED)
    cv2.putText(image, text, (2 * pad, 2 * pad + tall), font, scale, (80, 200, 255), thick, cv2.LINE_AA)
