"""Acclaim skeletons (.asf) and their motion (.amc), the CMU database's own format.

A bone is drawn from the end of its parent along its direction; its angles are about axes of its own, C in the rest
pose: G = G_parent · C · M · C⁻¹ (J. Lander, "Working with Motion Capture File Formats", 1998).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import FileFormatError
from .foreign import ForeignMotion, adopt
from .motion import Motion
from .quaternion import Array, conjugate, multiply, rotate
from .rotation import euler_to_quaternion

RATE = 120.0  # Hz: what CMU filmed at; the format does not say
ROOT = "root"
TURNS = ("rx", "ry", "rz")
MOVES = ("tx", "ty", "tz")


@dataclass
class Bone:
    """`direction` and `length` in the file's unit; `axis` radians about X, Y, Z in the order `order`; `channels` as the
    motion file gives them."""

    name: str
    direction: Array = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis: Array = field(default_factory=lambda: np.zeros(3))
    order: str = "XYZ"
    channels: tuple[str, ...] = ()
    parent: int = -1

    @property
    def end(self) -> Array:
        """From its beginning, in the rest pose."""
        return self.direction * self.length


@dataclass(frozen=True, eq=False)
class AcclaimSkeleton:
    """`bones`, the root first and every other after its parent; `unit` factor of radians of the file's angles."""

    bones: tuple[Bone, ...]
    radians: float


def read_amc(path: Path | str, skeleton: Path | str | None = None, rate: float = RATE) -> Motion:
    """The motion on SMPL-24. `skeleton`: left out, the one .asf in the folder, or the one whose name the motion's
    begins with. Raises FileFormatError."""
    path = Path(path)
    asf = _AsfReader(_asf_of(path) if skeleton is None else Path(skeleton)).read()
    values = _frames(path, asf)
    rotations, positions = _world(asf, values)
    children = {bone.parent for bone in asf.bones}
    begins = [np.zeros(3) if bone.parent < 0 else asf.bones[bone.parent].end for bone in asf.bones]
    return adopt(
        ForeignMotion(
            path=path,
            names=tuple(bone.name for bone in asf.bones),
            parents=tuple(bone.parent for bone in asf.bones),
            offsets=np.array(begins),
            ends={k: bone.end for k, bone in enumerate(asf.bones) if k not in children},
            global_rotations=rotations,
            positions=positions,
            rate=rate,
        )
    )


def _asf_of(path: Path) -> Path:
    found = sorted(path.parent.glob("*.asf"))
    named = [file for file in found if path.stem.startswith(file.stem)]
    chosen = named[:1] if named else found if len(found) == 1 else []
    if not chosen:
        said = "has no .asf skeleton beside it." if not found else "lies beside several .asf skeletons."
        raise FileFormatError(path, said, "Put the skeleton of its subject into its folder, named like it.")
    return chosen[0]


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and words of every line that says something."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError as error:
        raise FileFormatError(path, "does not exist.") from error
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).") from error
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#")[0].split()
        if words:
            yield number, words


class _AsfReader:
    """The sections that matter; every complaint names the line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.radians = np.pi / 180
        self.bones = [Bone(ROOT)]
        self.open: Bone | None = None
        self.hierarchy: list[list[str]] = []

    def read(self) -> AcclaimSkeleton:
        section = ""
        for number, words in _lines(self.path):
            self.number = number
            if words[0].startswith(":"):
                section = words[0].lower()
            elif section == ":units" and words[0].lower() == "angle" and words[1:2] == ["rad"]:
                self.radians = 1.0
            elif section == ":root":
                self._root(words)
            elif section == ":bonedata":
                self._bone(words)
            elif section == ":hierarchy":
                self.hierarchy.append(words)
        if len(self.bones) < 2 or not self.hierarchy:
            raise self._error("has no bones or no hierarchy: it is no Acclaim skeleton.")
        return AcclaimSkeleton(self._in_order(), self.radians)

    def _root(self, words: list[str]) -> None:
        if words[0].lower() == "order":
            self.bones[0].channels = tuple(word.lower() for word in words[1:])
        elif words[0].lower() == "axis":
            self.bones[0].order = words[1].upper()
        elif words[0].lower() == "orientation":
            self.bones[0].axis = self._numbers(words[1:4]) * self.radians

    def _bone(self, words: list[str]) -> None:
        key = words[0].lower()
        if key == "begin":
            self.open = Bone("")
        elif self.open is None:
            raise self._error("says something of a bone before it begins.")
        elif key == "end":
            self.bones.append(self.open)
            self.open = None
        elif key == "name":
            self.open.name = words[-1]
        elif key == "direction":
            self.open.direction = self._numbers(words[1:4])
        elif key == "length":
            self.open.length = float(self._numbers(words[1:2], 1)[0])
        elif key == "axis":
            self.open.axis = self._numbers(words[1:4]) * self.radians
            self.open.order = words[4].upper() if len(words) > 4 else "XYZ"
        elif key == "dof":
            self.open.channels = tuple(word.lower() for word in words[1:])

    def _in_order(self) -> tuple[Bone, ...]:
        """Parents first."""
        known = {bone.name: bone for bone in self.bones}
        ordered = {ROOT: 0}
        bones = [self.bones[0]]
        for words in self.hierarchy:
            if words[0] in ("begin", "end"):
                continue
            if words[0] not in ordered:
                raise self._error(f"hangs bones on '{words[0]}', which hangs on nothing.")
            for name in words[1:]:
                if name not in known or name in ordered:
                    raise self._error(f"hangs '{name}' on '{words[0]}', which is no bone or hangs already.")
                known[name].parent = ordered[words[0]]
                ordered[name] = len(bones)
                bones.append(known[name])
        for bone in bones:
            if set(bone.order) != set("XYZ") or any(word not in (*TURNS, *MOVES, "l") for word in bone.channels):
                raise self._error(f"gives '{bone.name}' axes or channels that there are not.")
        return tuple(bones)

    def _numbers(self, words: list[str], count: int = 3) -> NDArray[np.float64]:
        try:
            found = np.array([float(word) for word in words])
        except ValueError as error:
            raise self._error("has a word where a number is expected.") from error
        if len(found) != count or not np.isfinite(found).all():
            raise self._error("has too few numbers, or one that is none.")
        return found

    def _error(self, said: str) -> FileFormatError:
        return FileFormatError(self.path, f"line {self.number}: {said}", "Download it again.")


def _frames(path: Path, skeleton: AcclaimSkeleton) -> list[dict[str, list[float]]]:
    """Values of each bone, frame by frame."""
    channels = {bone.name: len(bone.channels) for bone in skeleton.bones}
    frames: list[dict[str, list[float]]] = []
    for number, words in _lines(path):
        if words[0].startswith(":"):
            continue
        if words[0].isdigit() and len(words) == 1:
            frames.append({})
        elif not frames or channels.get(words[0]) != len(words) - 1:
            said = f"line {number}: does not fit the skeleton ('{words[0]}' with {len(words) - 1} values)."
            raise FileFormatError(path, said, "Is it another subject's?")
        else:
            frames[-1][words[0]] = _floats(path, number, words[1:])
    if not frames or any(ROOT not in frame for frame in frames):
        raise FileFormatError(path, "holds no frames, or some without the root.", "Download it again.")
    return frames


def _floats(path: Path, number: int, words: list[str]) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise FileFormatError(path, f"line {number}: has a word where a number is expected.") from error
    if not np.isfinite(values).all():
        raise FileFormatError(path, f"line {number}: has a value that is no number.")
    return values


def _world(skeleton: AcclaimSkeleton, frames: list[dict[str, list[float]]]) -> tuple[Array, Array]:
    """`(T, N, 4)` and where each bone begins `(T, N, 3)`; a bone that a frame leaves out rests."""
    count = len(skeleton.bones)
    rotations, begins = np.zeros((len(frames), count, 4)), np.zeros((len(frames), count, 3))
    for k, bone in enumerate(skeleton.bones):
        values = np.array([frame.get(bone.name, [0.0] * len(bone.channels)) for frame in frames])
        turn = _turn(bone, values.reshape(len(frames), -1), skeleton.radians)
        if bone.parent < 0:
            rotations[:, k] = turn
            moves = [bone.channels.index(name) if name in bone.channels else -1 for name in MOVES]
            begins[:, k] = np.stack([values[:, at] if at >= 0 else np.zeros(len(frames)) for at in moves], axis=-1)
            continue
        parent = skeleton.bones[bone.parent]
        rotations[:, k] = multiply(rotations[:, bone.parent], turn)
        reach = rotate(rotations[:, bone.parent], np.broadcast_to(parent.end, (len(frames), 3)))
        begins[:, k] = begins[:, bone.parent] + reach
    return rotations, begins


def _turn(bone: Bone, values: Array, radians: float) -> Array:
    """C · M · C⁻¹, each a product of turns about the axes, the first named innermost."""
    frame = _fixed(bone.axis[None], bone.order)
    names = [name for name in bone.channels if name in TURNS]
    angles = np.zeros((len(values), 3))
    for name in names:
        angles[:, TURNS.index(name)] = values[:, bone.channels.index(name)] * radians
    order = "".join(name[1].upper() for name in names)
    order += "".join(letter for letter in "XYZ" if letter not in order)
    return multiply(multiply(frame, _fixed(angles, order)), conjugate(frame))


def _fixed(angles: Array, order: str) -> Array:
    """`angles (T, 3)` about X, Y, Z, taken one after another about fixed axes in `order`."""
    backwards = order[::-1]
    return euler_to_quaternion(angles[:, ["XYZ".index(letter) for letter in backwards]], backwards)
