"""Files that are there whole or not at all."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import BadInputError, OutputExistsError


def refuse_existing(path: Path, *, force: bool = False) -> None:
    """Stop before any work is done if `path` would be replaced without being asked to. Raises OutputExistsError."""
    try:
        there = path.exists()
    except OSError as error:  # a name too long, a folder that may not be looked into
        raise BadInputError(f"{path} cannot be written ({error.strerror}). Choose another name.") from error
    if there and not force:
        raise OutputExistsError(path)


def check_suffix(path: Path, *suffixes: str) -> None:
    """Raise BadInputError unless the name ends in one of `suffixes`, in any case."""
    if path.suffix.lower() not in suffixes:
        raise BadInputError(f"{path}: the name has to end in {' or '.join(suffixes)}.")


@contextmanager
def written(path: Path) -> Iterator[None]:
    """What the system says about `path`, if it cannot be written in the block, as one sentence (BadInputError)."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(
            f"{path} cannot be written ({reason}). Choose another folder or free some space."
        ) from error


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back to the end of the block, which moves files that must not stay between two places."""
    if threading.current_thread() is not threading.main_thread():  # Ctrl-C never reaches the others
        yield
        return
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held:
            signal.raise_signal(held[0])


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """A hidden folder in `parent`, gone afterwards whatever happens. Raises BadInputError where none can be made."""
    with written(parent):
        parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=parent, prefix=".mocamba-", ignore_cleanup_errors=True)
    with folder as name:
        yield Path(name).resolve()


def replace_folder(part: Path, path: Path) -> None:
    """Move the folder `part` to `path`, on one disk; what was there goes only when the new one stands."""
    if not path.exists():
        part.rename(path)
        return
    old = path.with_name(f".{path.stem}.{os.getpid()}.old{path.suffix}")
    path.rename(old)
    try:
        part.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; it takes the place of `path` only when the block ends well.

    The suffix is kept, because writers choose the format by it. Raises BadInputError where the folder
    cannot be written or the disk is full.
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        with written(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            part.replace(path)
    finally:
        with suppress(OSError):  # there may be no such folder
            part.unlink(missing_ok=True)
