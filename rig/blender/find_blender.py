"""Where Blender is installed."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from ..errors import MissingToolError

VARIABLE = "MOCAMBA_BLENDER"


def find_blender() -> Path | None:
    """Program file of Blender: `MOCAMBA_BLENDER`, then PATH, then the usual folders, newest version first.

    Raises MissingToolError where the variable names no file.
    """
    if named := os.environ.get(VARIABLE):
        if not Path(named).is_file():
            raise MissingToolError(f"{VARIABLE} is {named!r}, which is no file. Set it to Blender's program file.")
        return Path(named)
    if on_path := shutil.which("blender"):
        return Path(on_path)
    return next((path for path in _usual_places() if path.is_file()), None)


def _usual_places() -> Iterator[Path]:
    home = Path.home()
    if sys.platform == "win32":
        for root in (os.environ.get("PROGRAMFILES"), os.environ.get("LOCALAPPDATA")):
            if root:
                yield from _newest(Path(root) / "Blender Foundation", "Blender */blender.exe")
        yield Path(r"C:\Program Files (x86)\Steam\steamapps\common\Blender\blender.exe")
    elif sys.platform == "darwin":
        for folder in (Path("/Applications"), home / "Applications"):
            yield from _newest(folder, "Blender*.app/Contents/MacOS/Blender")
    else:
        for folder in (Path("/opt"), home, home / "Applications", home / "opt"):
            yield from _newest(folder, "blender*/blender")
        yield Path("/snap/bin/blender")
        yield Path("/var/lib/flatpak/exports/bin/org.blender.Blender")


def _newest(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), reverse=True)
