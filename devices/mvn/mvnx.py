"""MVNX, the XML that Xsens MVN exports: the six slots as if they were six sensors.

MVN's world is X forward, Y left, Z up, and its heading the performer's own from MVN's calibration; both are turned to
ours here, so that these logs are bone to world already. Orientation is the segment's, against its orientation in the
frame of type "tpose" (an arm's identity is hanging, not the T-pose). Acceleration is the free acceleration of the
tracker on the segment, or the segment's own where trackers were not exported.

The document is streamed, and one that declares entities or a document type with them is refused.
"""

import xml.parsers.expat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...rig.errors import FileFormatError
from ...rig.imu import SLOTS
from ...rig.quaternion import conjugate, multiply, normalise
from ..log import HELPER_SLOTS, Recording, SensorLog, slot_from_name

SEGMENTS = {"pelvis": "Pelvis", "head": "Head"} | {
    f"{side.lower()}_{ours}": f"{side}{theirs}"
    for side in ("Left", "Right")
    for ours, theirs in (("forearm", "ForeArm"), ("shin", "LowerLeg"), ("thigh", "UpperLeg"), ("foot", "Foot"))
}
REMEDY = "Export MVNX from MVN with segment orientation and sensor free acceleration."
# The T-pose of a file without a frame of that type: arms out, palms down; every other segment is its identity.
_T_POSE = {"left_forearm": (0.5, 0.5, 0.5, -0.5), "right_forearm": (0.5, -0.5, 0.5, 0.5)}
_VECTORS = ("orientation", "acceleration", "sensorFreeAcceleration")
_CHUNK = 1 << 18

Progress = Callable[[float, str], None]


@dataclass
class _Document:
    """What the parser has met so far."""

    path: Path
    rate: float | None = None
    segments: list[str] = field(default_factory=list)
    sensors: list[str] = field(default_factory=list)
    frames: list[dict[str, NDArray[np.float64]]] = field(default_factory=list)
    stamps: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    frame: dict[str, NDArray[np.float64]] | None = None
    pending: tuple[float, int] = (0.0, 0)
    pose: str = "normal"
    t_pose: NDArray[np.float64] | None = None
    text: list[str] | None = None


def is_mvnx(path: Path) -> bool:
    """Told by the document element, whatever the file is called."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return b"<mvnx" in file.read(4096)


def read_mvnx(path: Path, progress: Progress | None = None) -> Recording:
    """The six slots and the helpers that the file has; a file cut off is read up to the cut, with a warning."""
    document = _Document(path)
    parser = _parser(document)
    size = max(path.stat().st_size, 1)
    warnings: list[str] = []
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk, False)
                if progress:
                    progress(file.tell() / size, "Reading MVNX")
            parser.Parse(b"", True)
    except xml.parsers.expat.ExpatError as error:
        if len(document.frames) < 2:
            raise FileFormatError(path, f"line {error.lineno} is not XML as MVN writes it.", REMEDY) from error
        warnings.append(
            f"{path}: line {error.lineno} breaks off; the {len(document.frames)} frames before it are kept."
        )
    return _recording(document, warnings)


def _parser(document: _Document) -> xml.parsers.expat.XMLParserType:
    parser = xml.parsers.expat.ParserCreate(namespace_separator=None)
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise FileFormatError(
            document.path, f"line {parser.CurrentLineNumber} declares an entity, which MVNX never does."
        )

    def start(name: str, attributes: dict[str, str]) -> None:
        _start(document, name, attributes, parser.CurrentLineNumber)

    def end(name: str) -> None:
        _end(document, name, parser.CurrentLineNumber)

    def text(data: str) -> None:
        if document.text is not None:
            document.text.append(data)

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    return parser


def _start(document: _Document, name: str, attributes: dict[str, str], line: int) -> None:
    if name == "subject":
        document.rate = _positive(attributes.get("frameRate"))
    elif name == "segment":
        document.segments.append(attributes.get("label", ""))
    elif name == "sensor":
        document.sensors.append(attributes.get("label", ""))
    elif name == "frame" and attributes.get("type", "normal") in ("normal", "tpose"):
        document.frame, document.pose = {}, attributes.get("type", "normal")
        if document.pose == "tpose":
            return
        document.pending = _positive(attributes.get("time"), zero=True) or 0.0, line
    elif document.frame is not None and name in _VECTORS:
        document.text = []


def _positive(text: str | None, zero: bool = False) -> float | None:
    try:
        value = float((text or "").replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) and (value > 0 or (zero and value == 0)) else None


def _end(document: _Document, name: str, line: int) -> None:
    if document.frame is None:
        return
    if name == "frame" and document.pose == "tpose":
        document.t_pose, document.frame = document.frame.get("orientation"), None
    elif name == "frame":
        # only now, so that a frame that breaks off leaves nothing
        document.frames.append(document.frame)
        document.stamps.append(document.pending[0])
        document.lines.append(document.pending[1])
        document.frame = None
    elif document.text is not None and name in _VECTORS:
        try:
            document.frame[name] = np.array("".join(document.text).split(), np.float64)
        except ValueError as error:
            raise FileFormatError(document.path, f"line {line} has something else than numbers.", REMEDY) from error
        document.text = None


def _recording(document: _Document, warnings: list[str]) -> Recording:
    if len(document.frames) < 2:
        raise FileFormatError(document.path, "has no measured frames.", REMEDY)
    orientation = _vectors(document, "orientation", 4, document.segments)
    trackers = bool(document.sensors) and "sensorFreeAcceleration" in document.frames[0]
    field_name, owners = (
        ("sensorFreeAcceleration", document.sensors) if trackers else ("acceleration", document.segments)
    )
    if not trackers:
        warnings.append(f"{document.path}: free acceleration of the trackers is missing; the segments' own is used.")
    acceleration = _vectors(document, field_name, 3, owners)
    t_ns = _times(document, warnings)
    keep = np.isfinite(orientation).all(axis=(1, 2)) & np.isfinite(acceleration).all(axis=(1, 2))
    keep &= (np.abs(np.linalg.norm(np.nan_to_num(orientation), axis=-1) - 1) < 0.05).all(axis=-1)
    keep &= np.concatenate([[True], t_ns[1:] > np.maximum.accumulate(t_ns)[:-1]])
    if not keep.all():
        line = document.lines[int(np.argmin(keep))]
        warnings.append(
            f"{document.path}: line {line} has no usable number or runs back in time ({(~keep).sum()} such), left out."
        )
    if keep.sum() < 2:
        raise FileFormatError(document.path, "hardly a frame of it can be used.", REMEDY)
    logs = []
    for slot in (*SLOTS, *HELPER_SLOTS):
        label = SEGMENTS[slot]
        if label in document.segments and label in owners:
            turns = orientation[keep, document.segments.index(label)]
            free = acceleration[keep, owners.index(label)]
            turns = multiply(turns, conjugate(_t_pose(document, slot)))
            logs.append(_log(label, t_ns[keep], turns, free, document.rate))
    if not logs:
        raise FileFormatError(document.path, "has none of the segments " + ", ".join(SEGMENTS.values()) + ".", REMEDY)
    return Recording("Xsens MVN", tuple(logs), tuple(warnings), aligned=True)


def _t_pose(document: _Document, slot: str) -> NDArray[np.float64]:
    index = document.segments.index(SEGMENTS[slot])
    told = document.t_pose
    if told is not None and len(told) == 4 * len(document.segments):
        pose = told.reshape(-1, 4)[index]
        if np.isfinite(pose).all() and abs(np.linalg.norm(pose) - 1) < 0.05:
            return normalise(pose)
    return np.array(_T_POSE.get(slot, (1.0, 0.0, 0.0, 0.0)))


def _vectors(document: _Document, name: str, width: int, owners: list[str]) -> NDArray[np.float64]:
    """`(T, len(owners), width)`; a frame without them, or with too few numbers, is refused by its line."""
    for frame, line in zip(document.frames, document.lines, strict=True):
        found = len(frame.get(name, ()))
        if found != width * len(owners) or not owners:
            reason = f"the frame at line {line} has {found} numbers of {name}, not {width} for each of {len(owners)}."
            raise FileFormatError(document.path, reason, REMEDY)
    return np.stack([frame[name].reshape(-1, width) for frame in document.frames])


def _times(document: _Document, warnings: list[str]) -> NDArray[np.int64]:
    """The frames' own stamps (ms); where they are all the same, the frame rate."""
    stamps = np.array(document.stamps)
    if np.ptp(stamps) > 0:
        return np.asarray(np.round(stamps * 1e6), np.int64)
    if document.rate is None:
        raise FileFormatError(document.path, "has neither time stamps nor a frame rate.", REMEDY)
    warnings.append(f"{document.path}: no time stamps; {document.rate:g} frames per second are taken from its head.")
    return np.asarray(np.round(np.arange(len(stamps)) * 1e9 / document.rate), np.int64)


def _log(
    label: str, t_ns: NDArray[np.int64], turns: NDArray[np.float64], free: NDArray[np.float64], rate: float | None
) -> SensorLog:
    # (x, y, z) -> (y, z, x): a permutation of axes, so it moves a quaternion's vector part alike
    turns = normalise(turns)[:, [0, 2, 3, 1]]
    return SensorLog(label, slot_from_name(label), t_ns, t_ns, turns, free[:, [1, 2, 0]], rate)
