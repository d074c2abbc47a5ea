"""The link's messages, byte by byte, and the file that says where it is. docs/link.md is the same in words.

Standard library and NumPy alone: Blender's add-on uses it.
"""

import json
import os
import secrets
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..rig.errors import BadInputError, MocambaError

VERSION = 1
HEAD = struct.Struct("<IB")  # length of what follows the head, kind
JSON, POSE = 0x4A, 0x50  # "J", "P"
LONGEST_FIRST = 1024  # bytes of the message that holds the token
LONGEST = 1 << 16  # bytes of any other

# number, t_ns, confidence, state of the six slots, two bytes of zeros, translation, 24 rotations w x y z
POSE_LAYOUT = np.dtype(
    [
        ("number", "<i8"),
        ("t_ns", "<i8"),
        ("confidence", "<f4"),
        ("slots", "u1", (6,)),
        ("reserved", "u1", (2,)),
        ("translation", "<f4", (3,)),
        ("rotations", "<f4", (24, 4)),
    ]
)

Json: TypeAlias = Mapping[str, Any]


class LinkError(MocambaError):
    """The link cannot be reached, was refused, or broke off."""


@dataclass(frozen=True, eq=False)
class LinkPose:
    """`rotations (24, 4)` parent-relative w, x, y, z; `translation (3,)` of the pelvis, metres, world Y up; `t_ns` on
    the session's monotonic clock; `confidence` 0 to 1; `slots`: how each of the six is known (`dropouts.Slot`)."""

    number: int
    t_ns: int
    confidence: float
    slots: tuple[int, ...]
    translation: NDArray[np.float32]
    rotations: NDArray[np.float32]


def pack_json(values: Json) -> bytes:
    """A whole message."""
    body = json.dumps(values, ensure_ascii=False, allow_nan=False).encode()
    return HEAD.pack(len(body), JSON) + body


def pack_pose(pose: LinkPose) -> bytes:
    """A whole message."""
    record = np.zeros(1, POSE_LAYOUT)
    for name in ("number", "t_ns", "confidence", "slots", "translation", "rotations"):
        record[name] = getattr(pose, name)
    return HEAD.pack(POSE_LAYOUT.itemsize, POSE) + record.tobytes()


def unpack_pose(body: bytes) -> LinkPose:
    """Raises LinkError for a body of another size."""
    if len(body) != POSE_LAYOUT.itemsize:
        raise LinkError(f"A pose of {len(body)} bytes came over the link; update Mocamba or the add-on.")
    said = np.frombuffer(body, POSE_LAYOUT)[0]
    slots = tuple(int(slot) for slot in said["slots"])
    number, t_ns, confidence = int(said["number"]), int(said["t_ns"]), float(said["confidence"])
    return LinkPose(number, t_ns, confidence, slots, said["translation"].copy(), said["rotations"].copy())


def unpack_json(body: bytes) -> dict[str, Any]:
    """Raises LinkError for what is no JSON object."""
    try:
        values = json.loads(body)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise LinkError("What came over the link is no message of Mocamba's.") from error
    if not isinstance(values, dict):
        raise LinkError("What came over the link is no message of Mocamba's.")
    return values


class Unpacker:
    """Whole messages from a stream; never holds more than one of `longest` bytes."""

    def __init__(self, longest: int = LONGEST) -> None:
        self.longest = longest
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Kind and body of each message that `data` completes. Raises LinkError for what cannot be one."""
        self._rest += data
        while len(self._rest) >= HEAD.size:
            length, kind = HEAD.unpack_from(self._rest)
            if kind not in (JSON, POSE) or length > self.longest:
                raise LinkError("What came over the link is no message of Mocamba's.")
            if len(self._rest) < HEAD.size + length:
                return
            body = bytes(self._rest[HEAD.size : HEAD.size + length])
            del self._rest[: HEAD.size + length]
            yield kind, body


@dataclass(frozen=True)
class Endpoint:
    """Where the link listens on this computer, and what opens it."""

    port: int
    token: str
    pid: int

    @classmethod
    def new(cls, port: int) -> "Endpoint":
        """With a token that nobody can guess."""
        return cls(port, secrets.token_hex(32), os.getpid())


def endpoint_path() -> Path:
    """The file of the session that was started last, in a folder that is the user's alone.

    The environment variable MOCAMBA_LINK names another one.
    """
    if given := os.environ.get("MOCAMBA_LINK"):
        return Path(given)
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "Mocamba" / "link.json"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "Mocamba" / "link.json"
    return Path(os.environ.get("XDG_RUNTIME_DIR") or home / ".cache") / "mocamba" / "link.json"


def write_endpoint(endpoint: Endpoint, path: Path) -> None:
    """Readable by this user alone, from the first byte on. Raises BadInputError where it cannot be written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"version": VERSION, "port": endpoint.port, "token": endpoint.token, "pid": endpoint.pid}, file)
        part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(
            f"{path} cannot be written ({reason}), so Blender cannot find this session. "
            f"Name another file in MOCAMBA_LINK, for both."
        ) from error


def read_endpoint(path: Path) -> Endpoint:
    """Raises LinkError where no session wrote one."""
    try:
        values = json.loads(path.read_text("utf-8"))
        if values["version"] != VERSION:
            theirs = int(values["version"])
            older, remedy = ("older", "Update or repair it") if theirs < VERSION else ("newer", "Update the add-on")
            raise LinkError(f"The running engine is {older} than this add-on (link {theirs}, not {VERSION}). {remedy}.")
        return Endpoint(int(values["port"]), str(values["token"]), int(values["pid"]))
    except FileNotFoundError as error:
        raise LinkError("No session is running. Start one: mocamba capture") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LinkError(f"{path} cannot be read. Start the session anew: mocamba capture") from error


def remove_endpoint(endpoint: Endpoint, path: Path) -> None:
    """Unless a later session has written its own."""
    try:
        if read_endpoint(path) == endpoint:
            path.unlink()
    except (LinkError, OSError):
        return
