"""How long a recording is, without reading every sample of it."""

import struct
from pathlib import Path

from mcap.exceptions import McapError
from mcap.reader import make_reader

from ..rig.errors import FileFormatError
from .raw import read_raw


def span_of(path: Path) -> tuple[float, bool]:
    """Seconds, and whether the file has its proper end. Of one that has none, every sample is read.

    Raises FileFormatError where there is no sample.
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
    logs, warnings = read_raw(path)
    return (max(int(log.t_ns[-1]) for log in logs) - min(int(log.t_ns[0]) for log in logs)) / 1e9, not warnings
