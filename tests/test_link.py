"""The link over real sockets: what it carries, and what strangers cannot do to it."""

import json
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.capture import link_protocol, link_server
from mocamba.capture.link_client import LinkClient
from mocamba.capture.link_protocol import (
    Endpoint,
    LinkError,
    LinkPose,
    Unpacker,
    pack_json,
    pack_pose,
    read_endpoint,
    unpack_pose,
)
from mocamba.capture.link_server import LinkServer
from mocamba.rig.errors import BadInputError

pytestmark = pytest.mark.usefixtures("nothing_left")


def a_pose(number: int = 1) -> LinkPose:
    random = np.random.default_rng(number)
    turns = random.standard_normal((24, 4)).astype(np.float32)
    return LinkPose(number, 10**15 + number, 0.75, (0, 1, 2, 3, 4, 0), np.array([1, 2, 3], np.float32), turns)


def answer(what: str, values: Mapping[str, Any]) -> "Future[Mapping[str, Any]]":
    future: Future[Mapping[str, Any]] = Future()
    if what == "record":
        future.set_result({"take": f"{values['name']}.take"})
    else:
        future.set_exception(BadInputError(f"There is no command '{what}'."))
    return future


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LinkServer]:
    server = LinkServer(answer, tmp_path / "link" / "link.json")
    server.send_status({"status": {"state": "live"}})
    yield server
    server.close()
    assert server.fault is None
    assert not (tmp_path / "link" / "link.json").exists()


def wait_until(done: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def connect(server: LinkServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.endpoint.port), 5)


def is_closed(connection: socket.socket, seconds: float = 5.0) -> bool:
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def still_works(server: LinkServer) -> None:
    with LinkClient(server.endpoint, timeout=10) as client:
        wait_until(lambda: server.status.clients >= 1)
        server.send_pose(a_pose(99))
        found: list[LinkPose] = []

        def came() -> bool:
            found.extend(client.take_poses())
            return any(pose.number == 99 for pose in found)

        wait_until(came)


def test_poses_status_commands_and_refusals(server: LinkServer, tmp_path: Path) -> None:
    with LinkClient(path=tmp_path / "link" / "link.json") as client:
        assert client.welcome == {"welcome": 1, "status": {"state": "live"}}
        sent = a_pose()
        wait_until(lambda: server.status.clients == 1)
        server.send_pose(sent)
        got: list[LinkPose] = []

        def came() -> bool:
            pose = client.poll()
            got.extend([pose] if pose is not None else [])
            return bool(got)

        wait_until(came)
        assert (got[0].number, got[0].t_ns, got[0].slots) == (sent.number, sent.t_ns, sent.slots)
        np.testing.assert_array_equal(got[0].rotations, sent.rotations)
        assert client.ask("record", name="größe")["take"] == "größe.take"
        with pytest.raises(LinkError, match="no command 'fly'"):
            client.ask("fly")
        server.send_status({"status": {"state": "recording"}})
        told: list[dict[str, Any]] = []

        def heard() -> bool:
            client.poll()
            told.extend(client.take_told())
            return bool(told)

        wait_until(heard)
        assert told[-1]["status"]["state"] == "recording"
    wait_until(lambda: server.status.clients == 0)


def test_the_layout_of_a_pose_is_what_the_page_says() -> None:
    message = pack_pose(a_pose(7))
    assert len(message) == 5 + 424
    assert message[:5] == struct.pack("<IB", 424, ord("P"))
    number, t_ns, confidence = struct.unpack_from("<qqf", message, 5)
    assert (number, t_ns, confidence) == (7, 10**15 + 7, 0.75)
    assert message[25:33] == bytes([0, 1, 2, 3, 4, 0, 0, 0])
    assert struct.unpack_from("<3f", message, 33) == (1, 2, 3)
    np.testing.assert_array_equal(np.frombuffer(message, "<f4", 96, 45).reshape(24, 4), a_pose(7).rotations)
    np.testing.assert_array_equal(unpack_pose(message[5:]).rotations, a_pose(7).rotations)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the folder private, not the file")
def test_only_the_user_can_read_the_token(server: LinkServer, tmp_path: Path) -> None:
    path = tmp_path / "link" / "link.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_endpoint(path) == server.endpoint
    assert len(server.endpoint.token) == 64


def test_a_wrong_token_closes_the_connection(server: LinkServer) -> None:
    with pytest.raises(LinkError, match="token"):
        LinkClient(Endpoint(server.endpoint.port, "0" * 64, os.getpid()))
    for first in ({"mocamba": 1}, {"mocamba": 1, "token": 5}, {"mocamba": 2, "token": server.endpoint.token}, {}):
        with connect(server) as stranger:
            stranger.sendall(pack_json(first))
            assert is_closed(stranger)
    still_works(server)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<IB", 0xFFFFFFFF, ord("J")) + b"{",
        struct.pack("<IB", 4096, ord("J")),
        os.urandom(4096),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        struct.pack("<IB", 5, ord("J")) + b"nojsn",
        struct.pack("<IB", 1000, ord("J")) + b"[" * 1000,
        struct.pack("<IB", 4, ord("P")) + b"pose",
    ],
    ids=["4 GB", "long first", "garbage", "HTTP", "no JSON", "deep", "pose"],
)
def test_what_is_no_message_closes_the_connection(server: LinkServer, data: bytes) -> None:
    with connect(server) as stranger:
        stranger.sendall(data)
        assert is_closed(stranger)
    still_works(server)


def test_who_says_nothing_is_closed(server: LinkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_server, "TOKEN_WITHIN", 0.2)
    with connect(server) as stranger:
        stranger.sendall(b"\x10")  # and no more
        assert is_closed(stranger)


def test_a_4_gb_prefix_after_the_token_costs_only_that_client(server: LinkServer) -> None:
    with LinkClient(server.endpoint) as client:
        client._socket.sendall(struct.pack("<IB", 0xFFFFFFFF, ord("J")))
        wait_until(lambda: server.status.clients == 0)
    still_works(server)


@pytest.mark.parametrize("command", [{"do": "record"}, {"id": [1], "do": "record"}, {"id": "x"}, {}])
def test_a_command_without_a_number_costs_only_that_client(server: LinkServer, command: dict[str, Any]) -> None:
    with LinkClient(server.endpoint) as client:
        client._socket.sendall(pack_json(command))
        wait_until(lambda: server.status.clients == 0)
    still_works(server)


def test_a_thousand_connections(server: LinkServer) -> None:
    with LinkClient(server.endpoint) as before:
        strangers = []
        for _ in range(1000):
            try:
                strangers.append(socket.create_connection(("127.0.0.1", server.endpoint.port), 5))
            except OSError:
                break  # this process has no number left for another one: the server's share of them is held too
            if len(strangers) >= 200:
                strangers.pop(0).close()
        assert server._thread.is_alive()
        assert len(server._clients) <= link_server.MOST_STRANGERS + link_server.MOST_CLIENTS
        begin = time.monotonic()
        assert before.ask("record", name="x")["take"] == "x.take"
        assert time.monotonic() - begin < 2
        for stranger in strangers:
            stranger.close()
    wait_until(lambda: len(server._clients) == 0)
    still_works(server)


def test_a_client_that_stops_reading_misses_poses_and_holds_up_nobody(server: LinkServer) -> None:
    with LinkClient(server.endpoint) as lazy, LinkClient(server.endpoint) as keen:
        wait_until(lambda: server.status.clients == 2)
        got, longest = 0, 0.0
        for number in range(3000):
            begin = time.perf_counter()
            server.send_pose(a_pose(number % 50))
            longest = max(longest, time.perf_counter() - begin)
            got += len(keen.take_poses())
            if number % 20 == 0:
                time.sleep(0.001)
        assert longest < 0.5
        wait_until(lambda: bool(server.status.skipped))
        assert got > 0
        held = [client for client in server._clients.values() if client.out]
        assert all(len(client.out) <= link_server.UNSENT + 1000 for client in held)
        # and it is no worse off for it: what comes now comes
        wait_until(lambda: not lazy.take_poses())


def test_a_client_that_takes_no_answers_is_closed(server: LinkServer) -> None:
    with connect(server) as greedy:
        greedy.sendall(pack_json({"mocamba": 1, "token": server.endpoint.token}))
        wait_until(lambda: server.status.clients == 1)
        questions = b"".join(pack_json({"id": k, "do": "record", "name": "x" * 1000}) for k in range(20000))
        with pytest.raises(OSError, match=r"reset|[Pp]ipe|abort"):
            greedy.sendall(questions)
    still_works(server)


def test_a_later_sessions_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "link.json"
    first = LinkServer(answer, path)
    second = LinkServer(answer, path)
    first.close()
    assert read_endpoint(path) == second.endpoint
    second.close()
    assert not path.exists()
    with pytest.raises(LinkError, match="No session is running"):
        LinkClient(path=path)


def test_a_file_of_a_dead_session_is_told(tmp_path: Path) -> None:
    path = tmp_path / "link.json"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    path.write_text(json.dumps({"version": 1, "port": port, "token": "t", "pid": 1}))
    with pytest.raises(LinkError, match="has ended"):
        LinkClient(path=path)
    path.write_text("{")
    with pytest.raises(LinkError, match="cannot be read"):
        LinkClient(path=path)


def test_a_place_that_cannot_be_written_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="MOCAMBA_LINK"):
        LinkServer(answer, tmp_path / "file" / "link.json")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.binary(max_size=50), max_size=20))
def test_any_bytes_end_in_messages_or_a_link_error(pieces: list[bytes]) -> None:
    unpacker = Unpacker(100)
    try:
        for piece in pieces:
            for kind, body in unpacker.feed(piece):
                assert kind in (link_protocol.JSON, link_protocol.POSE)
                assert len(body) <= 100
    except LinkError:
        pass


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_any_split_of_a_stream_gives_the_same_messages(cuts: list[int]) -> None:
    stream = pack_json({"a": 1}) + pack_pose(a_pose()) + pack_json({"b": "ü"})
    unpacker, found, at = Unpacker(), [], 0
    for cut in [*cuts, len(stream)]:
        found += list(unpacker.feed(stream[at : at + cut]))
        at += cut
    assert [kind for kind, _ in found] == [link_protocol.JSON, link_protocol.POSE, link_protocol.JSON]
