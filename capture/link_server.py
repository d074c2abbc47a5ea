"""The session's end of the link: one thread, loopback alone, nobody waited for.

A client that does not read misses poses; one that does not say the token, says what is no message, or does not take
its answers is closed. None of that reaches the session, which leaves poses and status here and goes on.
"""

import errno
import hmac
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..rig.errors import MocambaError
from .link_protocol import (
    JSON,
    LONGEST,
    LONGEST_FIRST,
    VERSION,
    Endpoint,
    Json,
    LinkError,
    LinkPose,
    Unpacker,
    pack_json,
    pack_pose,
    remove_endpoint,
    unpack_json,
    write_endpoint,
)

MOST_CLIENTS = 8
MOST_STRANGERS = 32  # connections that have not said the token yet
TOKEN_WITHIN = 2.0  # seconds
BUFFER = 1 << 16  # bytes that the system holds for a client
UNSENT = 1 << 18  # bytes of answers and status that a client may leave unread
MOST_ASKED = 16  # commands of one client that wait for their answers
JOIN = 5.0  # seconds

Ask = Callable[[str, Json], "Future[Json]"]


@dataclass(eq=False)
class _Client:
    socket: socket.socket
    since: float
    known: bool = False
    unpacker: Unpacker = field(default_factory=lambda: Unpacker(LONGEST_FIRST))
    out: bytearray = field(default_factory=bytearray)
    waiting: dict[int, "Future[Json]"] = field(default_factory=dict)
    skipped: int = 0


@dataclass(frozen=True)
class LinkStatus:
    """`skipped` poses that clients had no time for; `refused` connections."""

    port: int
    clients: int
    skipped: int
    refused: int


class LinkServer:
    """Listens from the start. `ask` is called with each command and gives a future of its answer."""

    def __init__(self, ask: Ask, path: Path) -> None:
        self._ask = ask
        self._path = path
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self.endpoint = Endpoint.new(self._listener.getsockname()[1])
        self._bell, self._ringer = socket.socketpair()
        self._ringer.setblocking(False)
        self._bell.setblocking(False)
        self._clients: dict[socket.socket, _Client] = {}
        self._news: deque[LinkPose | Json] = deque(maxlen=64)
        self._welcome: Json = {}
        self._stop = False
        self._refused = self._skipped = 0
        self.fault: str | None = None
        try:
            write_endpoint(self.endpoint, path)
        except BaseException:
            self._close_sockets()
            raise
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    @property
    def status(self) -> LinkStatus:
        """As of now."""
        known = sum(client.known for client in list(self._clients.values()))
        return LinkStatus(self.endpoint.port, known, self._skipped, self._refused)

    def send_pose(self, pose: LinkPose) -> None:
        """To all who keep up."""
        self._news.append(pose)
        self._ring()

    def send_status(self, status: Json) -> None:
        """To all, and first to those who come later."""
        self._welcome = status
        self._news.append(status)
        self._ring()

    def close(self) -> None:
        """Say goodbye to all. A second call does nothing."""
        if self._stop:
            return
        self._stop = True
        self._ring()
        self._thread.join(JOIN)
        remove_endpoint(self.endpoint, self._path)
        self._close_sockets()

    def _close_sockets(self) -> None:
        for one in (self._listener, self._bell, self._ringer, *self._clients):
            one.close()
        self._clients.clear()

    def _ring(self) -> None:
        # a full pipe has rung already
        with suppress(BlockingIOError, OSError):
            self._ringer.send(b"\0")

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            self._selector = selector
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            while not self._stop:
                try:
                    self._turn()
                except Exception as error:  # the boundary of the thread: the session shows it and records on
                    self.fault = f"The link failed ({type(error).__name__}: {error}). Recording goes on."
                    time.sleep(0.1)

    def _turn(self) -> None:
        for key, events in self._selector.select(0.25):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._bell:
                with suppress(BlockingIOError):
                    self._bell.recv(4096)
            elif client := self._clients.get(key.fileobj):  # type: ignore[call-overload]
                self._serve(client, events)
        while self._news:
            self._spread(self._news.popleft())
        for client in list(self._clients.values()):
            self._give_answers(client)
            if not client.known and time.monotonic() - client.since > TOKEN_WITHIN:
                self._refuse(client)

    def _accept(self) -> None:
        for _ in range(64):
            try:
                theirs, _address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    time.sleep(0.05)  # no number is left for another connection: let some end
                return
            theirs.setblocking(False)
            if sum(not client.known for client in self._clients.values()) >= MOST_STRANGERS:
                self._refused += 1
                theirs.close()
                continue
            with suppress(OSError):
                theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            self._clients[theirs] = _Client(theirs, time.monotonic())
            self._selector.register(theirs, selectors.EVENT_READ)

    def _serve(self, client: _Client, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._flush(client)
            if events & selectors.EVENT_READ:
                data = client.socket.recv(1 << 14)
                if not data:
                    raise LinkError("it left")
                for kind, body in client.unpacker.feed(data):
                    self._hear(client, kind, body)
        except BlockingIOError:
            return
        except (OSError, LinkError):
            self._refuse(client)

    def _hear(self, client: _Client, kind: int, body: bytes) -> None:
        values = unpack_json(body) if kind == JSON else {}
        if not client.known:
            token = values.get("token")
            right = isinstance(token, str) and hmac.compare_digest(token.encode(), self.endpoint.token.encode())
            if not right or values.get("mocamba") != VERSION or self.status.clients >= MOST_CLIENTS:
                raise LinkError("wrong token")
            client.known, client.unpacker.longest = True, LONGEST
            self._tell(client, {"welcome": VERSION, **self._welcome})
        elif len(client.waiting) >= MOST_ASKED:
            raise LinkError("too many commands")
        elif not isinstance(number := values.get("id"), int):
            raise LinkError("a command without a number")
        else:
            client.waiting[number] = self._ask(str(values.get("do", "")), values)

    def _give_answers(self, client: _Client) -> None:
        for number, future in list(client.waiting.items()):
            if future.done():
                del client.waiting[number]
                try:
                    answer = {"answer": number, "ok": True, **future.result()}
                except MocambaError as error:
                    answer = {"answer": number, "ok": False, "error": str(error)}
                except Exception as error:  # the session failed; it says so itself
                    answer = {"answer": number, "ok": False, "error": f"{type(error).__name__}: {error}"}
                self._tell(client, answer)

    def _spread(self, news: "LinkPose | Json") -> None:
        message = pack_pose(news) if isinstance(news, LinkPose) else pack_json(news)
        for client in [client for client in self._clients.values() if client.known]:
            if client.out and isinstance(news, LinkPose):
                client.skipped += 1
                self._skipped += 1
            else:
                self._send(client, message)

    def _tell(self, client: _Client, values: Json) -> None:
        self._send(client, pack_json(values))

    def _send(self, client: _Client, message: bytes) -> None:
        if len(client.out) > UNSENT:
            self._refuse(client)
            return
        client.out += message
        try:
            self._flush(client)
        except OSError:
            self._refuse(client)

    def _flush(self, client: _Client) -> None:
        with suppress(BlockingIOError):
            del client.out[: client.socket.send(client.out)]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.out else 0)
        self._selector.modify(client.socket, wanted)

    def _refuse(self, client: _Client) -> None:
        if self._clients.pop(client.socket, None) is not None:
            self._refused += not client.known
            self._selector.unregister(client.socket)
            client.socket.close()
