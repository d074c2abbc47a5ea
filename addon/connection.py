"""The link to the capture engine, read by a thread, so that no pose is missed while Blender draws or renders.

The thread touches the socket and queues, never bpy. Everything else here is called from Blender's main thread.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from ..capture.link_client import LinkClient
from ..capture.link_protocol import LinkError, LinkPose
from ..rig.skeleton import SMPL24, Skeleton

log = logging.getLogger(__name__)

KEPT = 60 * 3600  # poses that wait while Blender is busy: an hour
WAIT = 0.02  # seconds that the thread waits for something to read
AGAIN = 0.5  # seconds between two attempts to connect
END_WITHIN = 7.0  # seconds; a command waits for its answer for five
Answer = Mapping[str, Any]
Then = Callable[[Answer | None, str], None]


class Phase(StrEnum):
    """Where a connection is."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"


@dataclass(frozen=True)
class _Command:
    what: str
    values: Mapping[str, Any]
    then: Then


class Connection:
    """Connects for up to `patience` seconds, and again as long after the link broke; then it is `LOST`, and `message`
    says why. `path` is the link's file, None for the usual one."""

    def __init__(self, path: Path | None = None, patience: float = 10.0) -> None:
        self.phase = Phase.CONNECTING
        self.message = ""
        self.status: Mapping[str, Any] = {}
        self.skeleton: Skeleton = SMPL24
        self.heard = 0  # how often the session told its status
        self._path, self._patience = path, patience
        self._poses: deque[LinkPose] = deque(maxlen=KEPT)
        self._commands: queue.SimpleQueue[_Command] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[Then, Answer | None, str]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mocamba link", daemon=True)
        self._thread.start()

    @property
    def connected(self) -> bool:
        """Poses may come and commands be asked."""
        return self.phase is Phase.CONNECTED

    def take_poses(self) -> list[LinkPose]:
        """Every pose since the last call, oldest first."""
        poses = []
        while self._poses:
            poses.append(self._poses.popleft())
        return poses

    def ask(self, what: str, then: Then, **values: Any) -> None:
        """A command of docs/link.md; `deliver` calls `then` with the answer, or None and a sentence."""
        self._commands.put(_Command(what, values, then))

    def deliver(self) -> None:
        """Call back for every answer that came."""
        while not self._answers.empty():
            then, answer, error = self._answers.get()
            then(answer, error)

    def close(self) -> None:
        """End the thread; a second call does nothing."""
        self._stop.set()
        self._thread.join(END_WITHIN)

    def _run(self) -> None:
        since = time.monotonic()
        while not self._stop.is_set():
            try:
                with LinkClient(path=self._path) as client:
                    self._serve(client)
                    return
            except LinkError as error:
                self.message = str(error)
            if self.phase is Phase.CONNECTED:
                since = time.monotonic()
            self.phase = Phase.CONNECTING
            self._refuse_commands()
            if time.monotonic() - since > self._patience or self._stop.wait(AGAIN):
                break
        self.phase = Phase.LOST
        self._refuse_commands()
        log.info("link: %s", self.message)

    def _serve(self, client: LinkClient) -> None:
        """Until told to stop, or the link breaks (LinkError)."""
        self._hear(client.welcome)
        self.phase, self.message = Phase.CONNECTED, ""
        while not self._stop.is_set():
            self._poses.extend(client.take_poses(WAIT))
            for told in client.take_told():
                self._hear(told)
            while not self._commands.empty():
                self._carry_out(client, self._commands.get())

    def _carry_out(self, client: LinkClient, command: _Command) -> None:
        try:
            self._answers.put((command.then, client.ask(command.what, **command.values), ""))
        except LinkError as error:
            self._answers.put((command.then, None, str(error)))

    def _refuse_commands(self) -> None:
        while not self._commands.empty():
            self._answers.put((self._commands.get().then, None, self.message))

    def _hear(self, told: Mapping[str, Any]) -> None:
        self.status = told.get("status", {})
        if offsets := told.get("skeleton", {}).get("offsets"):
            told_now = performer_of(offsets)
            if not np.array_equal(told_now.offsets, self.skeleton.offsets):  # told anew with every status
                self.skeleton = told_now
        self.heard += 1


def performer_of(offsets: Any) -> Skeleton:
    """The skeleton that the link tells, `offsets` of 24 joints; head and toe ends by its size. Raises LinkError."""
    told = np.asarray(offsets, np.float32)
    if told.shape != SMPL24.offsets.shape or not np.isfinite(told).all():
        raise LinkError("The session's skeleton is not one of 24 joints. Update Mocamba or the add-on.")
    larger = float(np.linalg.norm(told[[4, 7]]) / np.linalg.norm(SMPL24.offsets[[4, 7]]))
    return Skeleton(told, SMPL24.ends * np.float32(larger))
