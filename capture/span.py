"""How long a recording is, without reading every sample of it."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mcap.exceptions import McapError
from mcap.reader import make_reader
from numpy.typing import NDArray

from ..rig.errors import FileFormatError
from .camera_records import read_cameras
from .raw import read_raw
from .records import salvage


def span_of(path: Path) -> tuple[float, bool]:
    """Seconds, and whether the file has its proper end. Of one that has none, all is read.

    Raises FileFormatError where there is no sample and no picture.
    """
    try:
        with path.open("rb") as file:
            summary = make_reader(file).get_summary()
        statistics = summary.statistics if summary else None
        if statistics is not None and 0 < statistics.message_end_time - statistics.message_start_time < 1 << 63:
            return (statistics.message_end_time - statistics.message_start_time) / 1e9, True
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).") from error
    except (McapError, struct.error, ValueError, EOFError, KeyError):
        pass  # the summary is at the end, which is what a file that breaks off lacks
    try:
        logs, warnings = read_raw(path)
    except FileFormatError:
        times = [t_ns for camera in read_cameras(path) for t_ns in (camera.picture_ns, camera.t_ns) if len(t_ns)]
        if not times:
            raise
        found = salvage(path.read_bytes())
        return seconds_of(times), found.ended and not found.holes
    return seconds_of([log.t_ns for log in logs]), not warnings


def seconds_of(times: Sequence[NDArray[np.int64]]) -> float:
    """Seconds from the first to the last of rising stamps."""
    return (max(int(t_ns[-1]) for t_ns in times) - min(int(t_ns[0]) for t_ns in times)) / 1e9
