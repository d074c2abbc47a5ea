"""VMC as a receiver hears it: python-osc on a real socket, and the published coordinate rules."""

import socket
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.capture.vmc import BONES, Template, VmcSender, bundles, parse_address, to_unity
from mocamba.rig.errors import BadInputError
from mocamba.rig.kinematics import forward_kinematics
from mocamba.rig.quaternion import from_rotation_vector, multiply, rotate
from mocamba.rig.skeleton import JOINTS, PARENTS, SMPL24
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

pytestmark = pytest.mark.usefixtures("nothing_left")
# the human bones of Unity that a VRM must have
REQUIRED = {
    *("Hips", "Spine", "Head", "LeftUpperArm", "RightUpperArm", "LeftLowerArm", "RightLowerArm", "LeftHand"),
    *("RightHand", "LeftUpperLeg", "RightUpperLeg", "LeftLowerLeg", "RightLowerLeg", "LeftFoot", "RightFoot"),
}


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        yield receiver


def messages(datagram: bytes) -> list[OscMessage]:
    return [message for message in OscBundle(datagram) if isinstance(message, OscMessage)]


def a_pose(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    turns = from_rotation_vector(random.uniform(-1, 1, (24, 3))).astype(np.float32)
    return turns, random.uniform(-2, 2, 3).astype(np.float32)


def test_a_receiver_gets_every_bone_once_within_the_size_of_a_packet(receiver: socket.socket) -> None:
    sender = VmcSender(f"127.0.0.1:{receiver.getsockname()[1]}", SMPL24)
    rotations, translation = a_pose()
    sender.send(1.5, rotations, translation)
    sender.close()
    heard: list[OscMessage] = []
    while sum(message.address == "/VMC/Ext/Bone/Pos" for message in heard) < len(BONES):
        datagram = receiver.recv(4096)
        assert len(datagram) <= 1500
        heard += messages(datagram)
    assert [message.address for message in heard[:3]] == ["/VMC/Ext/OK", "/VMC/Ext/T", "/VMC/Ext/Root/Pos"]
    assert heard[0].params == [1, 3, 0, 1]
    assert heard[1].params == [1.5]
    assert heard[2].params == ["root", 0, 0, 0, 0, 0, 0, 1]
    bones = {message.params[0]: message.params[1:] for message in heard[3:]}
    assert len(bones) == len(heard) - 3 == 22
    assert set(bones) >= REQUIRED
    x, y, z = translation
    w, i, j, k = rotations[0]
    np.testing.assert_allclose(bones["Hips"], [-x, y, z, i, -j, -k, w], rtol=1e-6)
    w, i, j, k = rotations[JOINTS.index("left_shoulder")]
    assert bones["LeftUpperArm"][3:] == pytest.approx([i, -j, -k, w])
    # Unity's left of an avatar that faces +Z is -X
    assert bones["LeftUpperArm"][0] < 0
    assert sender.unsent == 0


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000))
def test_the_template_is_what_python_osc_builds(seed: int) -> None:
    rotations, translation = a_pose(seed)
    unity = to_unity(rotations, translation, SMPL24)
    assert [bytes(one) for one in Template().fill(seed / 60, *unity)] == bundles(seed / 60, *unity)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000))
def test_forward_kinematics_in_unitys_frame_is_ours_mirrored(seed: int) -> None:
    rotations, translation = a_pose(seed)
    turns, places = to_unity(rotations, translation, SMPL24)
    # the same rule of composition holds in a left-handed frame
    wxyz = turns[:, [3, 0, 1, 2]].astype(np.float64)
    world, where = [wxyz[0]], [places[0].astype(np.float64)]
    for joint in range(1, 24):
        parent = PARENTS[joint]
        where.append(where[parent] + rotate(world[parent], places[joint].astype(np.float64)))
        world.append(multiply(world[parent], wxyz[joint]))
    ours = forward_kinematics(rotations[None], translation[None], SMPL24)[0]
    np.testing.assert_allclose(np.array(where), ours * [-1, 1, 1], atol=1e-5)


def test_nobody_listening_costs_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sender = VmcSender(f"127.0.0.1:{port}", SMPL24)
    for _ in range(50):
        sender.send(0.0, *a_pose())
    sender.close()


@pytest.mark.parametrize("text", ["", "host:", "host:x", "host:0", "host:65536", "a:b:c"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        VmcSender(text, SMPL24).close()


def test_addresses() -> None:
    assert parse_address("127.0.0.1") == ("127.0.0.1", 39539)
    assert parse_address(":1234") == ("127.0.0.1", 1234)
