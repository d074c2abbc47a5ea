"""A client of the link: commands, what the session tells, and the newest pose.

Standard library and NumPy alone, no thread: Blender's add-on calls `poll` from a timer. docs/link.md describes the
protocol.
"""

import select
import socket
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .link_protocol import JSON, Endpoint, LinkError, LinkPose, Unpacker, endpoint_path, pack_json, read_endpoint
from .link_protocol import VERSION as LINK_VERSION
from .link_protocol import unpack_json as _unpack_json
from .link_protocol import unpack_pose as _unpack_pose

KEPT = 256  # poses and messages that wait for whoever polls
ONCE = 1 << 20  # bytes that one poll takes at most


class LinkClient:
    """Connected when made. Raises LinkError where no session runs or the token is wrong."""

    def __init__(self, endpoint: Endpoint | None = None, path: Path | None = None, timeout: float = 2.0) -> None:
        endpoint = endpoint or read_endpoint(path or endpoint_path())
        try:
            self._socket = socket.create_connection(("127.0.0.1", endpoint.port), timeout)
        except OSError as error:
            raise LinkError("The session has ended. Start one: mocamba capture") from error
        self._unpacker = Unpacker()
        self._poses: deque[LinkPose] = deque(maxlen=KEPT)
        self._told: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._answers: dict[int, dict[str, Any]] = {}
        self._asked = 0
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._send({"mocamba": LINK_VERSION, "token": endpoint.token})
            self.welcome = self._wait_for_welcome(timeout)
        except BaseException:
            self.close()
            raise

    def poll(self, timeout: float = 0.0) -> LinkPose | None:
        """Take in what came, after waiting up to `timeout` seconds for it; the newest pose, if any came.

        Raises LinkError where the link broke.
        """
        self._take_in(timeout)
        newest = self._poses[-1] if self._poses else None
        self._poses.clear()
        return newest

    def take_poses(self, timeout: float = 0.0) -> list[LinkPose]:
        """Every pose since the last call, oldest first, after waiting up to `timeout` seconds for something to come."""
        self._take_in(timeout)
        poses = list(self._poses)
        self._poses.clear()
        return poses

    def take_told(self) -> list[dict[str, Any]]:
        """What the session told since the last call: its status, oldest first. Does not read: `poll` does."""
        told = list(self._told)
        self._told.clear()
        return told

    def ask(self, what: str, timeout: float = 5.0, **values: Any) -> dict[str, Any]:
        """A command and its answer. Raises LinkError with the session's own sentence where it was refused."""
        self._asked += 1
        number = self._asked
        self._send({"id": number, "do": what, **values})
        deadline = time.monotonic() + timeout
        while number not in self._answers:
            if (left := deadline - time.monotonic()) <= 0:
                raise LinkError(f"The session did not answer '{what}' within {timeout:.0f} s.")
            self._take_in(left)
        answer = self._answers.pop(number)
        if not answer.get("ok"):
            raise LinkError(str(answer.get("error", "The session refused.")))
        return answer

    def close(self) -> None:
        """A second call does nothing."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, values: dict[str, Any]) -> None:
        try:
            self._socket.sendall(pack_json(values))
        except OSError as error:
            raise LinkError("The session has ended.") from error

    def _wait_for_welcome(self, timeout: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while not self._told:
            if (left := deadline - time.monotonic()) <= 0:
                raise LinkError("The session does not answer. Is it another program's port?")
            self._take_in(left)
        return self._told.popleft()

    def _take_in(self, timeout: float) -> None:
        taken = 0
        while taken < ONCE:
            try:
                if not select.select([self._socket], [], [], timeout)[0]:
                    return
                data = self._socket.recv(1 << 16)
            except (OSError, ValueError) as error:
                raise LinkError("The session has ended.") from error
            if not data:
                raise LinkError("The session closed the link: it has ended, or the token is not its own.")
            taken, timeout = taken + len(data), 0.0
            for kind, body in self._unpacker.feed(data):
                if kind == JSON:
                    self._hear(_unpack_json(body))
                else:
                    self._poses.append(_unpack_pose(body))

    def _hear(self, values: dict[str, Any]) -> None:
        if "answer" in values:
            self._answers[int(values["answer"])] = values
        else:
            self._told.append(values)
