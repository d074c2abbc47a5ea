"""Weights that the add-on does not carry: one file, chosen or fetched, and nothing of it without its checksum."""

import hashlib
import shutil
import tempfile
import urllib.request
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..rig.errors import BadInputError, FileFormatError, MocambaError
from ..rig.whole_file import whole_file
from .jobs import Job

SUMS = "SHA256SUMS"
PIECE = 1 << 18  # bytes
PATIENCE = 20.0  # seconds for a server to say anything


def lying_beside(folders: Sequence[Path]) -> Path | None:
    """The newest file of weights in `folders`, where the add-on's own was most likely downloaded to."""
    found = []
    for folder in folders:
        with suppress(OSError):  # a folder that may not be looked into
            found += [path for path in folder.glob("mocamba-weights-*.zip") if path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def unpack_weights(packed: Path, folder: Path) -> list[str]:
    """The weights in a file of `build_addon.py --weights`, into `folder`; gives their names. Raises FileFormatError."""
    try:
        with zipfile.ZipFile(packed) as archive:
            names = _checked(packed, archive)
            for name in names:
                with archive.open(name) as held, whole_file(folder / name) as part, part.open("wb") as file:
                    shutil.copyfileobj(held, file)
    except FileNotFoundError as error:
        raise BadInputError(f"{packed} is not there. Choose the weights' file.") from error
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise FileFormatError(packed, "is no file of weights, or is cut off.", "Download it again.") from error
    return names


def _checked(packed: Path, archive: zipfile.ZipFile) -> list[str]:
    lines = [line.split("  ", 1) for line in archive.read(SUMS).decode().splitlines()]
    sums = {name: checksum for checksum, name in lines}
    names = [name for name in archive.namelist() if name != SUMS]
    if not names or set(names) != set(sums) or any(Path(name).name != name for name in names):
        raise FileFormatError(packed, "does not hold what its checksums name.", "Download it again.")
    for name in names:
        with archive.open(name) as held:
            if hashlib.file_digest(held, "sha256").hexdigest() != sums[name]:  # type: ignore[arg-type]
                raise FileFormatError(packed, f"has a damaged {name}.", "Download it again.")
    return names


def fetch_weights(job: Job, address: str, sha256: str, folder: Path) -> list[str]:
    """Download such a file, check that it is the one of `sha256`, and unpack it. Raises MocambaError."""
    if not address.startswith(("https://", "http://")):
        raise BadInputError(f"{address!r} is no address of the web. Paste the one beside the download.")
    with tempfile.TemporaryDirectory() as work:
        part, digest = Path(work, "weights.zip"), hashlib.sha256()
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE) as answer, part.open("wb") as file:
                size, done = int(answer.headers.get("Content-Length") or 0), 0
                while piece := answer.read(PIECE):
                    file.write(piece)
                    digest.update(piece)
                    done += len(piece)
                    job.report(min(done / size, 1.0) if size else 0.5, f"{done / 1e6:.0f} MB")
        except (OSError, ValueError) as error:
            raise MocambaError(f"The weights could not be fetched ({error}). Check the connection.") from error
        if digest.hexdigest() != sha256.strip().lower():
            raise BadInputError("What came is not the file of this checksum, and was thrown away. Check the address.")
        return unpack_weights(part, folder)
