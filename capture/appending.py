"""A file that grows by whole records: what the disk no longer takes is cut off, what it took stays."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from ..rig.errors import BadInputError

RECORD_BYTES = 95  # of a sample in raw.mcap, with its record's head
LEAST_ROOM = 32 << 20  # bytes; with less, no recording is begun


class AppendFile:
    """Where the mcap writer writes to: every `write` of it is a whole record, and they reach the system together.

    `flush` raises OSError where the system fails; the file then ends with the last record that was taken whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("xb", buffering=0)
        self._waiting: list[bytes] = []
        self._ended = self._length = 0
        self.lost = 0  # records that found no room

    def write(self, data: bytes) -> int:
        """Keep for the next `flush`."""
        self._waiting.append(bytes(data))
        self._length += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes given so far."""
        return self._length

    def flush(self) -> None:
        """To the system, which writes them even if this program is killed."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        data = b"".join(waiting)
        taken = 0
        try:
            while taken < len(data):
                taken += self._file.write(data[taken:]) or 0
            self._file.flush()
        except OSError:
            self._cut(waiting, taken)
            raise
        self._ended += len(data)

    def _cut(self, waiting: list[bytes], taken: int) -> None:
        """Back to the end of the last record that is whole."""
        whole = kept = 0
        for record in waiting:
            if whole + len(record) > taken:
                break
            whole, kept = whole + len(record), kept + 1
        self.lost += len(waiting) - kept
        self._ended += whole
        self._length = self._ended
        with suppress(OSError):  # what is no file on a disk has no length
            os.ftruncate(self._file.fileno(), self._ended)

    @property
    def vanished(self) -> bool:
        """Somebody deleted the file: what is written now is in no folder."""
        return not self._file.closed and os.fstat(self._file.fileno()).st_nlink == 0

    @property
    def closed(self) -> bool:
        """No more can be written."""
        return self._file.closed

    def close(self) -> None:
        """Without a flush."""
        self._file.close()


class RecordingEndedError(BadInputError):
    """The recording had to end, for a `reason` of the system's; what was recorded before is kept and readable."""

    def __init__(self, message: str, reason: str) -> None:
        self.reason = reason
        super().__init__(message)


def free_bytes(folder: Path) -> int:
    """On the disk of `folder`, or of the nearest folder above it that is there."""
    place = folder.resolve()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def free_seconds(folder: Path, samples_per_second: float) -> float:
    """How long sensors with so many samples a second, all together, can be recorded."""
    return max(0, free_bytes(folder) - LEAST_ROOM) / max(samples_per_second * RECORD_BYTES, 1e-9)


def check_room(folder: Path) -> None:
    """Refuse to begin a recording that the disk has no room for."""
    if (free := free_bytes(folder)) < LEAST_ROOM:
        raise BadInputError(
            f"The disk of {folder} has {free / 1e6:.0f} MB left, too little to record. Free some space, or choose "
            f"another folder."
        )
