"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import BadInputError, OutputExistsError


def refuse_existing(path: Path, *, force: bool = False) -> None:
    """Stop before any work is done if `path` would be replaced without being asked to. Raises OutputExistsError."""
    if path.exists() and not force:
        raise OutputExistsError(path)


def check_suffix(path: Path, *suffixes: str) -> None:
    """Raise BadInputError unless the name ends in one of `suffixes`, in any case."""
    if path.suffix.lower() not in suffixes:
        raise BadInputError(f"{path}: the name has to end in {' or '.join(suffixes)}.")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; it takes the place of `path` only when the block ends well.

    The suffix is kept, because writers choose the format by it. Raises BadInputError where the folder
    cannot be written or the disk is full.
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(
            f"{path} cannot be written ({reason}). Choose another folder or free some space."
        ) from error
    finally:
        with suppress(OSError):  # there may be no such folder
            part.unlink(missing_ok=True)
