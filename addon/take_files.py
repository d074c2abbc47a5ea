"""The takes of a folder as Blender sees them: read by the standard library and NumPy, with no engine."""

import json
import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from ..capture.manifest import read_manifest
from ..rig.amass import DAMAGE, read_amass
from ..rig.errors import BadInputError, FileFormatError
from ..rig.motion import Motion
from ..rig.whole_file import whole_file

DEMO = Path(__file__).parent / "data" / "demo.npz"
RAW, MANIFEST, SOLVED, REMARKS = "raw.mcap", "take.json", "solved", "remarks.json"
KEYPOINTS = "keypoints.npz"  # of a take that was made of a video, or has one added
LIVE = "live"  # the solve that is kept of what was seen while recording
MOST_STARS = 3
_FOOT = struct.Struct("<BQQQI8s")  # MCAP's footer record and its closing magic
_MAGIC = b"\x89MCAP0\r\n"
_STATISTICS, _FOOTER = 0x0B, 0x02


@dataclass(frozen=True)
class Solve:
    """One motion in a take: `file`, the network that made it, its frames, seconds and rate."""

    file: Path
    network: str
    frames: int
    seconds: float
    rate: float

    @property
    def name(self) -> str:
        """Of the file, as solves are chosen by."""
        return self.file.stem


@dataclass(frozen=True)
class TakeEntry:
    """A line of the list. `seconds` is None where nothing tells; `fault` is a sentence, empty where all is well."""

    path: Path
    name: str
    performer: str = ""
    created: str = ""
    seconds: float | None = None
    solves: tuple[Solve, ...] = ()
    stars: int = 0
    note: str = ""
    fault: str = ""

    @property
    def newest(self) -> Solve | None:
        """The solve made last."""
        return max(self.solves, key=lambda solve: solve.file.stat().st_mtime, default=None)

    def solve(self, name: str = "") -> Solve:
        """The one of that name, or the newest. Raises BadInputError where there is none."""
        found = next((one for one in self.solves if one.name == name), None) if name else self.newest
        if found is None:
            what = f"has no solve '{name}'" if name else "was not solved yet"
            raise BadInputError(f"{self.name} {what}. Press Solve Again, or choose another take.")
        return found


def scan(folder: Path) -> list[TakeEntry]:
    """All takes directly in `folder`, the newest first; none where there is no such folder. Never raises for a take."""
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() == ".take" and not path.name.startswith(".")]
    except OSError:
        return []
    return sorted(map(read_entry, found), key=lambda entry: (entry.created, entry.name), reverse=True)


def demo_entry() -> TakeEntry:
    """The one that comes with the add-on."""
    solve = read_solve(DEMO)
    return TakeEntry(DEMO, "Demo", "simulated performer", "", solve.seconds, (solve,))


def read_entry(path: Path) -> TakeEntry:
    """A take, or a motion file (.npz, .bvh is not one) on its own; what is wrong with it is in `fault`."""
    if path.suffix.lower() == ".npz":
        return _of_motion_file(path)
    solves, fault = _solves(path)
    stars, note = _remarks(path)
    performer = created = ""
    try:
        manifest = read_manifest(path / MANIFEST)
        performer, created = manifest.performer, _local(manifest.created)
    except FileFormatError as error:
        fault = _short(error)
    seconds = max((solve.seconds for solve in solves), default=None)
    if seconds is None:
        seconds = raw_seconds(path / RAW)
        if seconds is None and not fault:
            fault = "The recording breaks off or is empty. Press Repair."
    return TakeEntry(path, path.stem, performer, created, seconds, solves, stars, note, fault)


def read_solve(file: Path) -> Solve:
    """What is in a motion's file, without reading its poses. Raises FileFormatError."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            network = str(archive["network"]) if "network" in archive else ""
            if "t_ns" in archive:
                t_ns = archive["t_ns"].astype(np.int64)
                frames, seconds = len(t_ns), float(t_ns[-1] - t_ns[0]) / 1e9
                return Solve(file, network, frames, seconds, (frames - 1) / seconds if seconds > 0 else 60.0)
            rate = float(archive["mocap_frame_rate" if "mocap_frame_rate" in archive else "mocap_framerate"])
            frames = len(archive["trans"])
            return Solve(file, network, frames, max(frames - 1, 0) / rate, rate)
    except (*DAMAGE, IndexError, ZeroDivisionError) as error:
        raise FileFormatError(file, "is cut off, empty or no motion.", "Solve the take again.") from error


def load(entry: TakeEntry, solve: str = "") -> Motion:
    """The motion of a take. Raises BadInputError, FileFormatError."""
    return read_amass(entry.solve(solve).file)


def write_remarks(path: Path, stars: int, note: str) -> None:
    """Stars and note, beside what was recorded. Raises BadInputError where the take cannot be written."""
    with whole_file(path / REMARKS) as part:
        part.write_text(json.dumps({"stars": stars, "note": note}, ensure_ascii=False) + "\n", encoding="utf-8")


def next_name(folder: Path, wish: str) -> str:
    """`wish` with the first free number: Take becomes Take_001."""
    stem = wish.strip().removesuffix(".take") or "Take"
    try:
        taken = {path.stem.casefold() for path in folder.glob("*.take")}
    except OSError:
        taken = set()
    number = 1
    while f"{stem}_{number:03d}".casefold() in taken:
        number += 1
    return f"{stem}_{number:03d}"


def raw_seconds(path: Path) -> float | None:
    """Length of a recording by the statistics at the end of the file; None where it breaks off or has no sample."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            file.seek(size - _FOOT.size)
            opcode, _, summary, _, _, magic = _FOOT.unpack(file.read())
            if opcode != _FOOTER or magic != _MAGIC or not 0 < summary < size:
                return None
            file.seek(summary)
            return _span(file.read(size - summary))
    except (OSError, ValueError, struct.error):
        return None


def _span(summary: bytes) -> float | None:
    at = 0
    while at + 9 <= len(summary):
        opcode, length = struct.unpack_from("<BQ", summary, at)
        if opcode == _STATISTICS:
            first, last = struct.unpack_from("<QQ", summary, at + 9 + 26)  # after six counts
            return (last - first) / 1e9 if last > first else None
        at += 9 + length
    return None


def _solves(path: Path) -> tuple[tuple[Solve, ...], str]:
    found, fault = [], ""
    for file in sorted((path / SOLVED).glob("*.npz")):
        if not file.name.startswith("."):
            try:
                found.append(read_solve(file))
            except FileFormatError as error:
                fault = f"{file.name} {error.reason} {error.remedy}"
    return tuple(found), fault


def _of_motion_file(path: Path) -> TakeEntry:
    try:
        solve = read_solve(path)
    except FileFormatError as error:
        return TakeEntry(path, path.stem, fault=_short(error))
    return TakeEntry(path, path.stem, seconds=solve.seconds, solves=(solve,))


def _remarks(path: Path) -> tuple[int, str]:
    try:
        values = json.loads((path / REMARKS).read_text("utf-8"))
        return min(max(int(values["stars"]), 0), MOST_STARS), str(values["note"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""  # none were given, or somebody else's file is there


def _local(created: str) -> str:
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return created


def _short(error: FileFormatError) -> str:
    """Without the folder, which the list shows already."""
    return f"{error.path.name} {error.reason} {error.remedy}".strip()
