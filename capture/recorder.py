"""A recording: samples go to a new take from a thread of their own, so that a slow disk delays nothing else.

What is added is on its way to the file within `FLUSH_EVERY`. Whatever ends a recording, what was written stays
readable; `fault` then says why it ended, in a sentence.
"""

import queue
import shutil
import threading
import time
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..rig.errors import BadInputError, MocambaError
from ..rig.whole_file import written
from .appending import RecordingEndedError
from .camera_records import CameraBatch
from .film import FILM
from .live_camera import LiveCamera
from .manifest import Manifest
from .stamping import Stamped
from .take import RAW, TakeWriter, check_take_name

FLUSH_EVERY = 0.2  # seconds
LOOK_EVERY = 1.0  # seconds between two looks at the disk
RESERVE = 50 << 20  # bytes that are left free: a system without any cannot even say so
BACKLOG = 2000  # batches that may wait for a disk that hangs; about ten seconds
END_WITHIN = 10.0  # seconds to finish the file
LONGEST_NAME = 200  # bytes; with the suffix, file systems take 255


@dataclass(frozen=True)
class RecordingStatus:
    """`seconds` from the first sample to the last; `lost` samples that the disk had no time for."""

    path: Path
    seconds: float
    samples: int
    lost: int
    free_bytes: int


def take_path(folder: Path, name: str) -> Path:
    """Where the take `name` is recorded. Raises BadInputError for a name that is none, or taken."""
    name = unicodedata.normalize("NFC", name.strip())
    name = name[:-5] if name.lower().endswith(".take") else name
    unfit = [char for char in name if char in '/\\<>:"|?*' or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    if unfit or not name.strip(". "):
        why = f"holds {unfit[0]!r}, which not every system allows in names" if unfit else "is empty"
        raise BadInputError(f"The take's name {why}. Choose another one; letters of every script, digits and - _ do.")
    if len(name.encode()) > LONGEST_NAME:
        raise BadInputError(f"The take's name is {len(name.encode())} bytes long. Use {LONGEST_NAME} at most.")
    path = folder / f"{name}.take"
    check_take_name(path)
    # some systems do not tell large letters from small ones
    if path.exists() or name.casefold() in _taken(folder):
        raise BadInputError(f"There is a take {path} already, and takes are never replaced. Choose another name.")
    return path


def _taken(folder: Path) -> set[str]:
    try:
        return {path.stem.casefold() for path in folder.glob("*.take")}
    except OSError:
        return set()


def free_bytes(folder: Path) -> int:
    """On the disk of `folder`, or of its nearest parent that is there; 0 where it cannot be told."""
    for place in (folder.absolute(), *folder.absolute().parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return 0
    return 0


class Recorder:
    """Starts with the first line of the take on disk: raises MocambaError where none can be made. A `camera` is filmed,
    and what it says recorded."""

    def __init__(
        self, path: Path, manifest: Manifest, slots: Mapping[str, str], camera: LiveCamera | None = None
    ) -> None:
        if (free := free_bytes(path.parent)) < 2 * RESERVE:
            raise BadInputError(
                f"Only {free / 1e6:.0f} MB are free for {path.parent}, too little to record. Free some space."
            )
        self.path = path
        self._writer = TakeWriter(path, manifest)
        self._slots = slots
        self._camera = camera
        if camera is not None:
            camera.start_film(path / FILM)
        self._known: set[str] = set()
        self._queue: queue.Queue[Sequence[Stamped] | None] = queue.Queue(BACKLOG)
        self._lost = self._samples = 0
        self._first_ns = self._last_ns = 0
        self._free = free
        self._looked = 0.0
        self.fault: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"recording {path.name}", daemon=True)
        self._thread.start()

    @property
    def status(self) -> RecordingStatus:
        """As of now."""
        seconds = max(0, self._last_ns - self._first_ns) / 1e9
        return RecordingStatus(self.path, seconds, self._samples, self._lost, self._free)

    def add(self, samples: Sequence[Stamped]) -> None:
        """Never waits; what a hanging disk has no time for is counted."""
        if not samples or self.fault:
            return
        try:
            self._queue.put_nowait(samples)
        except queue.Full:
            self._lost += len(samples)

    def close(self) -> None:
        """Finish the take; `fault` tells whether it went well. A second call does nothing."""
        if self._camera is not None:
            self._camera.stop_film()
        if self._thread.is_alive():
            with suppress(queue.Full):
                self._queue.put(None, timeout=END_WITHIN)
            self._thread.join(END_WITHIN)
        if self._thread.is_alive():
            self.fault = f"{self.path.parent} does not answer; what it took so far can be read."

    def _run(self) -> None:
        try:
            self._write_on()
        except RecordingEndedError as error:
            self.fault = str(error)
        except MocambaError as error:
            self._end(str(error))
        except Exception as error:  # the boundary of the thread: the session asks for `fault`
            self._end(f"{type(error).__name__}: {error}")
        finally:
            try:
                self._writer.__exit__(None, None, None)
            except RecordingEndedError as error:
                self.fault = self.fault or str(error)
            except MocambaError as error:
                self._end(str(error))

    def _write_on(self) -> None:
        flushed = time.monotonic()
        while True:
            try:
                batch = self._queue.get(timeout=FLUSH_EVERY)
            except queue.Empty:
                batch = ()  # it is time to flush all the same
            if self._camera is not None and (said := self._camera.take_unread()) is not None:
                self._writer.add_camera(said)
                self._count_pictures(said)
            if batch is None:
                return
            for sample in batch:
                self._write(sample)
            if (now := time.monotonic()) - flushed >= FLUSH_EVERY:
                self._writer.flush()
                self._look_at_disk(now)
                flushed = now

    def _count_pictures(self, said: CameraBatch) -> None:
        """Where no sensor is worn, pictures tell how long the take is."""
        times = [*(one.t_ns for one in said.found), *(one.t_ns for one in said.filmed)]
        if self._samples == 0 and times:
            self._first_ns = self._first_ns or min(times)
            self._last_ns = max(self._last_ns, *times)

    def _write(self, sample: Stamped) -> None:
        if sample.sensor not in self._known:
            self._known.add(sample.sensor)
            self._writer.add_sensor(sample.sensor, self._slots.get(sample.sensor))
        self._writer.add_sample(sample.sensor, sample.t_ns, sample.t_device, sample.values)
        self._samples += 1
        self._first_ns = self._first_ns or sample.t_ns
        self._last_ns = max(self._last_ns, sample.t_ns)

    def _look_at_disk(self, now: float) -> None:
        """Writing on to a file that nobody can find any more, or to the last byte of a disk, would lose the rest."""
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        with written(self.path):
            # gone with its folder, its disk or its network: the system says so here, not where it is written to
            (self.path / RAW).stat()
        self._free = free_bytes(self.path)
        if self._free < RESERVE:
            raise BadInputError(f"The disk of {self.path} is full.")

    def _end(self, why: str) -> None:
        if self.fault is None:
            seconds = self.status.seconds
            self.fault = f"Recording ended after {seconds:.0f} s: {why} What was written before can be read."
