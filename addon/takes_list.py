"""The takes as the panel lists them: read when asked, drawn from what was read."""

from pathlib import Path
from typing import Any

import bpy

from ..rig.errors import BadInputError
from .runtime import runtime, take_folder
from .take_files import DEMO, TakeEntry, demo_entry, read_entry, scan, write_remarks

_entries: dict[str, TakeEntry] = {}
_filling = False


def refresh(select: Path | None = None) -> None:
    """Read the folder again, and choose the take `select`, or the one that was chosen."""
    global _filling
    window = bpy.context.window_manager.mocamba
    wanted = str(select) if select else active_path()
    found = [demo_entry(), *scan(take_folder())]
    _entries.clear()
    _entries.update({str(entry.path): entry for entry in found})
    _filling = True
    try:
        window.takes.clear()
        for entry in found:
            _fill(window.takes.add(), entry)
    finally:
        _filling = False
    paths = [item.path for item in window.takes]
    window.active_take = paths.index(wanted) if wanted in paths else min(1, len(paths) - 1) if select else 0


def _fill(item: Any, entry: TakeEntry) -> None:
    newest = entry.newest
    item.name, item.path, item.fault = entry.name, str(entry.path), entry.fault
    item.length = "?" if entry.seconds is None else f"{entry.seconds:.1f} s"
    item.network = f"{newest.network or newest.name}, {newest.rate:.0f} Hz" if newest else "not solved"
    item.stars, item.note = entry.stars, entry.note


def active_path() -> str:
    """Of the take that is chosen in the list, "" where none is."""
    window = bpy.context.window_manager.mocamba
    chosen = 0 <= window.active_take < len(window.takes)
    return window.takes[window.active_take].path if chosen else ""


def active_entry() -> TakeEntry | None:
    """What was read of the take that is chosen."""
    return _entries.get(active_path())


def entry_of(path: str) -> TakeEntry:
    """A take by its folder or motion file, "" for the chosen one. Raises BadInputError where there is none."""
    given = path or active_path()
    if not given:
        raise BadInputError("No take is chosen. Choose one in the list, or record one.")
    place = Path(bpy.path.abspath(given))
    if not place.exists():
        raise BadInputError(f"{place} is not there any more. Press Refresh, or choose another folder of takes.")
    entry = read_entry(place)
    return demo_entry() if place == DEMO else entry


def keep_note(item: Any) -> None:
    """The note of a line was changed by its user."""
    if _filling or Path(item.path) == DEMO:
        return
    _keep(item)


def set_stars(path: str, stars: int) -> None:
    """Of the take at `path`. Raises BadInputError."""
    for item in bpy.context.window_manager.mocamba.takes:
        if item.path == path:
            item.stars = stars
            _keep(item)


def _keep(item: Any) -> None:
    try:
        write_remarks(Path(item.path), item.stars, item.note)
    except BadInputError as error:
        runtime.say(str(error), error=True)
