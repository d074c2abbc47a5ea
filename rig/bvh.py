"""BVH files in and out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .errors import FileFormatError
from .foreign import ForeignMotion, adopt
from .motion import Motion
from .quaternion import Array, from_axis_angle, multiply, rotate
from .resample import resample
from .rotation import quaternion_to_euler
from .skeleton import ENDS, JOINTS, PARENTS
from .whole_file import check_suffix, whole_file

CENTIMETRES = 100.0
WRITTEN_ORDER = "ZXY"
END_SITE = "End Site"
CHANNELS = tuple(f"{axis}{kind}" for kind in ("position", "rotation") for axis in "xyz")


@dataclass
class Node:
    """One joint of the file; `channels` index `CHANNELS`, `first` is the column of the first of them."""

    name: str
    parent: int
    first: int
    offset: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    channels: list[int] = field(default_factory=list)


def read_bvh(path: Path | str) -> Motion:
    """Read a BVH file of any program whose joint names are known (see `joint_names`).

    Unit and up axis are guessed from the skeleton; its rest pose is turned into the T-pose; the frame time
    is kept. Raises FileFormatError.
    """
    path = Path(path)
    nodes, values, frame_time = _Reader(path).read()
    rotations, positions = _world(nodes, values)
    return adopt(
        ForeignMotion(
            path=path,
            names=tuple(node.name for node in nodes),
            parents=tuple(node.parent for node in nodes),
            offsets=np.array([node.offset for node in nodes]),
            ends={node.parent: np.array(node.offset) for node in nodes if node.name == END_SITE},
            global_rotations=rotations,
            positions=positions,
            rate=1 / frame_time,
        )
    )


def write_bvh(motion: Motion, path: Path | str) -> None:
    """Write SMPL names, Y up, centimetres, rotations in Z X Y order; frames at the motion's mean rate; atomic."""
    path = Path(path)
    check_suffix(path, ".bvh")
    even = resample(motion, motion.rate)
    angles = np.degrees(quaternion_to_euler(even.rotations.astype(np.float64), WRITTEN_ORDER))
    order = list(_depth_first())
    rows = np.concatenate(
        [even.translation * CENTIMETRES, angles[:, order].reshape(len(even), -1)], axis=1, dtype=np.float64
    )
    with whole_file(path) as part, part.open("w", encoding="ascii", newline="\n") as file:
        file.write("HIERARCHY\n" + "".join(_written_joint(motion, 0, 0)))
        file.write(f"MOTION\nFrames: {len(even)}\nFrame Time: {1 / motion.rate:.12f}\n")
        np.savetxt(file, rows, fmt="%.6f")


def _depth_first(joint: int = 0) -> Iterator[int]:
    yield joint
    for child in (c for c, parent in enumerate(PARENTS) if parent == joint):
        yield from _depth_first(child)


def _written_joint(motion: Motion, joint: int, depth: int) -> Iterator[str]:
    indent = "\t" * depth
    place = "Xposition Yposition Zposition " if joint == 0 else ""
    turn = " ".join(f"{axis}rotation" for axis in WRITTEN_ORDER)
    yield f"{indent}{'JOINT' if joint else 'ROOT'} {JOINTS[joint]}\n{indent}{{\n"
    yield f"{indent}\tOFFSET {_written(motion.skeleton.offsets[joint])}\n"
    yield f"{indent}\tCHANNELS {len((place + turn).split())} {place}{turn}\n"
    for child in (c for c, parent in enumerate(PARENTS) if parent == joint):
        yield from _written_joint(motion, child, depth + 1)
    if joint not in PARENTS:
        end = motion.skeleton.ends[ENDS[joint]] if joint in ENDS else motion.skeleton.offsets[joint]
        yield f"{indent}\tEnd Site\n{indent}\t{{\n{indent}\t\tOFFSET {_written(end)}\n{indent}\t}}\n"
    yield f"{indent}}}\n"


def _written(metres: Array) -> str:
    return " ".join(f"{value:.6f}" for value in metres * CENTIMETRES)


class _Reader:
    """Recursive descent over the lines of one file; every complaint names the line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        if path.suffix.lower() != ".bvh":
            raise self._error("is not a .bvh file.", "Export the motion as BVH.")
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError as error:
            raise self._error("does not exist.") from error
        except OSError as error:
            raise self._error(f"cannot be read ({error.strerror}).") from error
        self.lines = text.splitlines()
        self.nodes: list[Node] = []
        self.columns = 0

    def read(self) -> tuple[list[Node], Array, float]:
        """Joints, values `(frames, columns)` as in the file, seconds per frame."""
        if self._next()[:1] != ["HIERARCHY"]:
            raise self._error("does not begin with HIERARCHY, so it is not a BVH file.")
        self._hierarchy()
        frames = int(self._header("Frames"))
        frame_time = self._header("Frame Time")
        if frames < 1:
            raise self._error("holds no frames.")
        if not 1e-4 < frame_time <= 1:
            raise self._error(f"says a frame lasts {frame_time:g} s.")
        return self.nodes, self._values(frames), frame_time

    def _hierarchy(self) -> None:
        opened: list[int] = []
        while (words := self._next())[0] != "MOTION":
            keyword = words[0].upper()
            if keyword in ("ROOT", "JOINT", "END"):
                name = END_SITE if keyword == "END" else " ".join(words[1:])
                self.nodes.append(Node(name, opened[-1] if opened else -1, self.columns))
            elif keyword == "{" and self.nodes:
                opened.append(len(self.nodes) - 1)
            elif keyword == "}" and opened:
                opened.pop()
            elif opened:
                self._property(self.nodes[opened[-1]], keyword, words)
            else:
                raise self._error(f"has {words[0]!r} outside any joint.")
        if opened or not self.nodes:
            raise self._error("has a skeleton that is cut off.", "Export it again.")

    def _property(self, node: Node, keyword: str, words: list[str]) -> None:
        if keyword == "OFFSET":
            node.offset = self._three(words)
        elif keyword == "CHANNELS":
            self._channels(node, words)
        else:
            raise self._error(f"has {words[0]!r}, which BVH does not know.")

    def _channels(self, node: Node, words: list[str]) -> None:
        names = [word.lower() for word in words[2:]]
        if [str(len(names))] != words[1:2] or not set(names) <= set(CHANNELS):
            raise self._error("has a CHANNELS line that cannot be read.")
        node.first = self.columns
        node.channels = [CHANNELS.index(name) for name in names]
        self.columns += len(names)

    def _values(self, frames: int) -> Array:
        try:
            values = np.array(" ".join(self.lines[self.line :]).split(), dtype=np.float64)
        except ValueError as error:
            raise self._error(f"has something other than numbers among its frames ({error}).") from error
        if len(values) < frames * self.columns:
            got = len(values) // max(self.columns, 1)
            raise self._error(f"is cut off: it holds {got} of {frames} frames.", "Export or copy it again.")
        values = values[: frames * self.columns].reshape(frames, self.columns)
        if not np.isfinite(values).all():
            frame = int(np.argmin(np.isfinite(values).all(axis=1)))
            raise self._error(f"has a value that is not a number (NaN or infinite) in frame {frame + 1}.")
        return values

    def _header(self, title: str) -> float:
        words = " ".join(self._next())
        name, _, number = words.partition(":")
        try:
            if name.strip().lower() == title.lower():
                return float(number)
        except ValueError:
            pass
        raise self._error(f"should say '{title}: NUMBER' but says {words[:40]!r}.")

    def _three(self, words: list[str]) -> list[float]:
        try:
            numbers = [float(word) for word in words[1:]]
        except ValueError:
            numbers = []
        if len(numbers) != 3 or not np.isfinite(numbers).all():
            raise self._error("has an OFFSET without three numbers.")
        return numbers

    def _next(self) -> list[str]:
        """Words of the next line that is not blank."""
        while self.line < len(self.lines):
            self.line += 1
            if words := self.lines[self.line - 1].split():
                return words
        raise self._error("ends too early.", "It is cut off or empty; export or copy it again.")

    def _error(self, reason: str, remedy: str = "") -> FileFormatError:
        where = f"line {self.line} " if self.line else ""
        return FileFormatError(self.path, where + reason, remedy)


def _world(nodes: list[Node], values: Array) -> tuple[Array, Array]:
    """World rotations `(frames, joints, 4)` and positions `(frames, joints, 3)` in the file's axes and unit.

    Position channels take the place of the offset, as in Blender's own reader.
    """
    rotations: list[Array] = []
    positions: list[Array] = []
    for node in nodes:
        turn, place = _local(node, values)
        if node.parent >= 0:
            place = positions[node.parent] + rotate(rotations[node.parent], place)
            turn = multiply(rotations[node.parent], turn)
        rotations.append(turn)
        positions.append(place)
    return np.stack(rotations, axis=1), np.stack(positions, axis=1)


def _local(node: Node, values: Array) -> tuple[Array, Array]:
    turn = np.tile([1.0, 0.0, 0.0, 0.0], (len(values), 1))
    place = np.tile(node.offset, (len(values), 1))
    for column, channel in enumerate(node.channels, start=node.first):
        if channel < 3:
            place[:, channel] = values[:, column]
        else:
            turn = multiply(turn, from_axis_angle(np.eye(3)[channel - 3], np.radians(values[:, column])))
    return turn, place
