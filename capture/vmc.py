"""Virtual Motion Capture out: OSC over UDP to VTuber programs, Unity, Unreal (protocol.vmc.info, version 3.1).

Unity's frame: left-handed, Y up, the avatar faces +Z. From ours, a position is (-x, y, z), a rotation x, y, z, w is
(x, -y, -z, w). Bones are local, under the names of Unity's HumanBodyBones; the rest pose is the T-pose.
"""

import socket
import struct
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..rig.errors import BadInputError
from ..rig.skeleton import JOINTS, Skeleton

PORT = 39539  # where receivers listen
BUNDLE = 1500  # bytes that a bundle may have

BONES: dict[str, str] = {
    "pelvis": "Hips",
    "left_hip": "LeftUpperLeg",
    "right_hip": "RightUpperLeg",
    "spine1": "Spine",
    "left_knee": "LeftLowerLeg",
    "right_knee": "RightLowerLeg",
    "spine2": "Chest",
    "left_ankle": "LeftFoot",
    "right_ankle": "RightFoot",
    "spine3": "UpperChest",
    "left_foot": "LeftToes",
    "right_foot": "RightToes",
    "neck": "Neck",
    "left_collar": "LeftShoulder",
    "right_collar": "RightShoulder",
    "head": "Head",
    "left_shoulder": "LeftUpperArm",
    "right_shoulder": "RightUpperArm",
    "left_elbow": "LeftLowerArm",
    "right_elbow": "RightLowerArm",
    "left_wrist": "LeftHand",
    "right_wrist": "RightHand",
}  # Unity's hands have no bone beyond the wrist but fingers
CALIBRATED = 3

Array = NDArray[np.float32]

if TYPE_CHECKING:
    from pythonosc.osc_message import OscMessage


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `HOST` or `:PORT`."""
    host, _, port = text.rpartition(":") if ":" in text else (text, "", str(PORT))
    if not text or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadInputError(f"'{text}' is no HOST:PORT. Write, for instance, 127.0.0.1:{PORT}.")
    return host or "127.0.0.1", int(port)


def to_unity(rotations: Array, translation: Array, skeleton: Skeleton) -> tuple[Array, Array]:
    """Local rotations x, y, z, w `(24, 4)` and local positions `(24, 3)` of a pose `(24, 4)`, `(3,)`."""
    places = skeleton.offsets.astype(np.float32).copy()
    places[0] = translation
    return rotations[:, [1, 2, 3, 0]] * np.array([1, -1, -1, 1], np.float32), places * np.array([-1, 1, 1], np.float32)


class VmcSender:
    """Sends every pose to one address. What cannot be sent is counted in `unsent`; nothing waits."""

    def __init__(self, address: str, skeleton: Skeleton) -> None:
        self.host, self.port = parse_address(address)
        self._skeleton = skeleton
        self.unsent = 0
        self._template = Template()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            # looked up once: a slow name server must not hold up poses
            self._target = socket.getaddrinfo(self.host, self.port, socket.AF_INET, socket.SOCK_DGRAM)[0][4]
        except (OSError, UnicodeError) as error:
            self._socket.close()
            raise BadInputError(f"'{self.host}' is no computer that can be found. Check --vmc {address}.") from error

    def send(self, seconds: float, rotations: Array, translation: Array) -> None:
        """One pose `(24, 4)`, `(3,)`, `seconds` after the start."""
        for bundle in self._template.fill(seconds, *to_unity(rotations, translation, self._skeleton)):
            try:
                self._socket.sendto(bundle, self._target)
            except OSError:
                self.unsent += 1

    def close(self) -> None:
        """A second call does nothing."""
        self._socket.close()


class Template:
    """A frame's datagrams, built once; only the numbers in them change, and their places do not."""

    def __init__(self) -> None:
        empty = np.zeros((len(JOINTS), 4), np.float32)
        self._datagrams = [bytearray(datagram) for datagram in bundles(0.0, empty, empty[:, :3])]
        # type tags end in front of a bone's name, so that "Chest" is not found in "UpperChest"
        self._bones = [(*self._find(b"\0" + _padded(name)), JOINTS.index(joint)) for joint, name in BONES.items()]
        self._time = self._find(_padded("/VMC/Ext/T") + _padded(",f"))

    def _find(self, what: bytes) -> tuple[bytearray, int]:
        """The datagram that holds `what`, and the place after it."""
        return next((datagram, at + len(what)) for datagram in self._datagrams if (at := datagram.find(what)) >= 0)

    def fill(self, seconds: float, rotations: Array, places: Array) -> list[bytearray]:
        """The same as `bundles`, in a fiftieth of the time."""
        datagram, at = self._time
        struct.pack_into(">f", datagram, at, seconds)
        values = np.concatenate([places, rotations], axis=1).tolist()
        for datagram, at, joint in self._bones:
            struct.pack_into(">7f", datagram, at, *values[joint])
        return self._datagrams


def _padded(text: str) -> bytes:
    """As OSC writes strings: zeros to the next four bytes, one at least."""
    return text.encode() + b"\0" * (4 - len(text) % 4)


def bundles(seconds: float, rotations: Array, places: Array) -> list[bytes]:
    """A frame as datagrams of `BUNDLE` bytes at most, from what `to_unity` gives."""
    from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder

    messages = [
        _message("/VMC/Ext/OK", 1, CALIBRATED, 0, 1),
        _message("/VMC/Ext/T", seconds),
        _message("/VMC/Ext/Root/Pos", "root", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    ]
    for index, joint in enumerate(JOINTS):
        if name := BONES.get(joint):
            values = [*places[index].tolist(), *rotations[index].tolist()]
            messages.append(_message("/VMC/Ext/Bone/Pos", name, *values))
    datagrams, builder, size = [], OscBundleBuilder(IMMEDIATELY), 16
    for message in messages:
        if size + 4 + len(message.dgram) > BUNDLE:
            datagrams.append(builder.build().dgram)
            builder, size = OscBundleBuilder(IMMEDIATELY), 16
        builder.add_content(message)
        size += 4 + len(message.dgram)
    return [*datagrams, builder.build().dgram]


def _message(address: str, *values: str | float | int) -> "OscMessage":
    from pythonosc.osc_message_builder import OscMessageBuilder

    builder = OscMessageBuilder(address)
    for value in values:
        kind = {str: OscMessageBuilder.ARG_TYPE_STRING, int: OscMessageBuilder.ARG_TYPE_INT}
        builder.add_arg(value, kind.get(type(value), OscMessageBuilder.ARG_TYPE_FLOAT))
    return builder.build()
