"""Joints found in a video that a take refused, kept in it for the next try: to find them takes minutes."""

import hashlib
from contextlib import suppress
from pathlib import Path

from ..devices.keypoints.track import KeypointTrack, load_track
from ..rig.errors import MocambaError


def keep_joints(take: Path, video: Path, detector: str, track: KeypointTrack) -> None:
    """Those of `video` in the folder `take`, where there is room: without them they are found again."""
    with suppress(MocambaError):
        track.save(_place(take, video, detector))


def kept_joints(take: Path, video: Path, detector: str) -> KeypointTrack | None:
    """What `keep_joints` kept of the same file, unchanged since; None where there is nothing, or nothing whole."""
    with suppress(MocambaError):
        return load_track(_place(take, video, detector))
    return None


def forget_joints(take: Path) -> None:
    """Of every video."""
    for kept in take.glob(".refused-*.npz"):
        with suppress(OSError):
            kept.unlink()


def _place(take: Path, video: Path, detector: str) -> Path:
    """Another one when the file is."""
    facts = video.stat() if video.exists() else None
    what = f"{video.resolve()}|{detector}|{facts and (facts.st_size, facts.st_mtime_ns)}"
    return take / f".refused-{hashlib.sha256(what.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.npz"
