"""The system's trash: takes are never deleted for good from Blender."""

import os
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from ..rig.errors import BadInputError

_DELETE, _UNDOABLE = 3, 0x40 | 0x10 | 0x400 | 0x4  # SHFileOperation: FO_DELETE; allow undo, ask nothing


def move_to_trash(path: Path) -> str:
    """Where it went, in words. Raises BadInputError where there is no trash that takes it; `path` is untouched then."""
    try:
        if sys.platform == "win32":
            return _to_recycle_bin(path)
        return _to_mac_trash(path) if sys.platform == "darwin" else _to_home_trash(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(f"{path} cannot be moved to the trash ({reason}). Move it away by hand.") from error


def _to_home_trash(path: Path) -> str:
    """The FreeDesktop.org Trash specification 1.0: the home's trash, else that of the take's own disk."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    top = _mount_point(path)
    for trash in (data / "Trash", top / f".Trash-{os.getuid()}"):
        try:
            (trash / "files").mkdir(mode=0o700, parents=True, exist_ok=True)
            if (trash / "files").stat().st_dev == path.stat().st_dev:
                _put_into(trash, path)
                return "the trash"
        except PermissionError:
            continue
    raise OSError(0, "no trash on this disk")


def _put_into(trash: Path, path: Path) -> None:
    (trash / "info").mkdir(mode=0o700, exist_ok=True)
    now = datetime.now().strftime("%Y-%m-%dT%H:%M:%S")
    text = f"[Trash Info]\nPath={quote(str(path.absolute()))}\nDeletionDate={now}\n"
    for name in _names(path):
        info = trash / "info" / f"{name}.trashinfo"
        try:
            with info.open("x", encoding="utf-8") as file:  # claims the name, as the specification asks
                file.write(text)
        except FileExistsError:
            continue
        try:
            path.rename(trash / "files" / name)
        except OSError:
            info.unlink()
            raise
        return


def _names(path: Path) -> list[str]:
    return [path.name, *(f"{path.stem} {number}{path.suffix}" for number in range(2, 1000))]


def _mount_point(path: Path) -> Path:
    place = path.absolute().parent
    while place != place.parent and place.parent.stat().st_dev == path.stat().st_dev:
        place = place.parent
    return place


def _to_mac_trash(path: Path) -> str:
    trash = Path.home() / ".Trash"
    free = next(name for name in _names(path) if not (trash / name).exists())
    path.rename(trash / free)
    return "the Trash"


def _to_recycle_bin(path: Path) -> str:
    import ctypes
    from ctypes import wintypes

    class Operation(ctypes.Structure):
        _fields_ = (
            ("window", wintypes.HWND),
            ("what", wintypes.UINT),
            ("source", wintypes.LPCWSTR),
            ("target", wintypes.LPCWSTR),
            ("flags", wintypes.WORD),
            ("aborted", wintypes.BOOL),
            ("names", wintypes.LPVOID),
            ("title", wintypes.LPCWSTR),
        )

    wish = Operation(None, _DELETE, f"{path.absolute()}\0", None, _UNDOABLE, False, None, None)
    code = ctypes.windll.shell32.SHFileOperationW(ctypes.byref(wish))  # type: ignore[attr-defined,unused-ignore]
    if code or wish.aborted:
        raise OSError(code, f"Windows refused with {code}")
    return "the Recycle Bin"
