"""The session's side of a network in a process of its own: one question under way at most, restarted once if it dies.
Nothing here loads torch."""

import json
import multiprocessing
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar

import numpy as np

from ..rig.errors import BadInputError, MocambaError
from .device_choice import Wish
from .exchange import END, FAULT, FRAME_READY, POSE_READY, SWAP, TOLD, Exchange
from .worker_process import Task, run_worker

RESTARTS = 1
START_WITHIN = 120.0  # seconds to load torch from a cold disk
ANSWER_WITHIN = 5.0  # seconds after which a frame will never be answered
END_WITHIN = 2.0  # seconds
Said = TypeVar("Said")


class WorkerState(StrEnum):
    """`STARTING` until warm; `DEAD` after it died more often than it is restarted."""

    STARTING = "starting"
    READY = "ready"
    DEAD = "dead"
    CLOSED = "closed"


@dataclass(frozen=True)
class WorkerStatus:
    """`device` and `reason` as in `Choice`; `gpus`: what else it could run on, by PyTorch's names of devices; `warm_ms`
    of one frame, measured at the start; counts of frames."""

    state: WorkerState
    pid: int | None
    network: str
    name: str = ""
    weights: str = ""
    device: str = ""
    reason: str = ""
    gpus: Mapping[str, str] = field(default_factory=dict)
    warm_ms: float = 0.0
    answered: int = 0
    dropped: int = 0
    restarts: int = 0
    last_fault: str = ""


class Child(ABC, Generic[Said]):
    """Used by one thread. `start`, then ask and `poll`; `close` frees all it held, the GPU too. `name` is of its
    process, `layout` what goes to it and what comes back."""

    def __init__(self, name: str, layout: tuple[np.dtype[np.void], np.dtype[np.void]], task: Task) -> None:
        self._name, self._layout = name, layout
        self._context = multiprocessing.get_context("spawn")
        self._task = task
        self._status = WorkerStatus(WorkerState.CLOSED, None, task.network)
        self._process: SpawnProcess | None = None
        self._link: Connection | None = None
        self._since = 0.0  # when the frame under way, or the start, began
        self._busy = False
        self._faults: list[str] = []

    @abstractmethod
    def _said(self, record: Any) -> Said:
        """An answer, copied from shared memory."""

    @property
    def status(self) -> WorkerStatus:
        """As of the last `poll`."""
        return self._status

    @property
    def ready(self) -> bool:
        """Whether questions are answered."""
        return self._status.state is WorkerState.READY

    @property
    def busy(self) -> bool:
        """Whether a question is under way."""
        return self._busy

    def start(self) -> None:
        """Begin to load; `poll` tells when it is ready."""
        if self._process is not None:
            return
        exchange = Exchange.new(self._context, *self._layout)
        self._question, self._answer = exchange.question()[0], exchange.answer()[0]
        self._link, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=run_worker, args=(theirs, exchange, self._task), name=f"mocamba {self._name}", daemon=True
        )
        try:
            with _one_thread():
                self._process.start()
        except OSError as error:
            self._process = None
            self._link.close()
            raise MocambaError(
                f"The {self._name} could not be started ({error.strerror}). Free some memory."
            ) from error
        finally:
            theirs.close()
        self._since, self._busy = time.monotonic(), False
        self._status = replace(self._status, state=WorkerState.STARTING, pid=self._process.pid)

    def _ask(self, write: Callable[[Any], None]) -> bool:
        """`write` a question. False, and counted, while the one before is not answered.

        Nothing is ever queued: a pose of what is past is of no use to anybody who watches.
        """
        if not self.ready or self._busy:
            self._status = replace(self._status, dropped=self._status.dropped + 1)
            return False
        write(self._question)
        if not self._send(FRAME_READY):
            return False
        self._busy, self._since = True, time.monotonic()
        return True

    def wait(self, timeout: float) -> None:
        """Sleep up to `timeout` seconds, less where the worker says something."""
        if self._link is None:
            time.sleep(timeout)
        else:
            wait([self._link], timeout)

    def poll(self) -> Said | None:
        """What the worker said since the last call: the answer, if there is one. Restarts it where it died."""
        said = None
        try:
            while self._link is not None and self._link.poll():
                message = self._link.recv_bytes()
                said = self._hear(message[:1], message[1:]) or said
        except (EOFError, OSError):
            self._bury("it ended")
        else:
            self._watch()
        return said

    def take_faults(self) -> Sequence[str]:
        """Sentences on what went wrong since the last call."""
        faults, self._faults = self._faults, []
        return faults

    def swap(self, network: str, wish: Wish | None = None) -> None:
        """Change to another network or device, while the one at hand goes on; a dead worker is started with it."""
        if self._status.state is WorkerState.DEAD:
            self._task = replace(self._task, network=network, wish=wish or self._task.wish)
            self._status = WorkerStatus(WorkerState.CLOSED, None, network)
            self.start()
        elif not self.ready:
            raise BadInputError("The worker is still starting. Change the network when it is ready.")
        else:
            self._task = replace(self._task, wish=wish or self._task.wish)
            self._send(SWAP + json.dumps({"network": network, "wish": self._task.wish}).encode())

    def close(self) -> None:
        """End the process, by force where it does not end when told. A second call does nothing."""
        self._send(END)
        self._let_go(END_WITHIN)
        self._status = replace(self._status, state=WorkerState.CLOSED, pid=None)

    def _send(self, message: bytes) -> bool:
        try:
            if self._link is not None:
                self._link.send_bytes(message)
                return True
        except OSError:
            pass  # it died; `poll` finds that out
        return False

    def _hear(self, kind: bytes, rest: bytes) -> Said | None:
        if kind == POSE_READY:
            self._busy = False
            self._status = replace(self._status, answered=self._status.answered + 1)
            return self._said(self._answer)
        values: dict[str, Any] = json.loads(rest)
        if kind == TOLD:
            self._status = replace(self._status, state=WorkerState.READY, **values)
            self._task = replace(self._task, network=self._status.network)
        elif kind == FAULT:
            self._fault(values["error"])
            if values["fatal"]:
                self._let_go(END_WITHIN)
                self._status = replace(self._status, state=WorkerState.DEAD, pid=None)
        return None

    def _watch(self) -> None:
        """A worker that is alive and answers nothing is as good as dead."""
        passed = time.monotonic() - self._since
        if self._status.state is WorkerState.STARTING and passed > START_WITHIN:
            self._bury(f"it was not ready after {START_WITHIN:.0f} s")
        elif self._busy and passed > ANSWER_WITHIN:
            self._bury(f"it did not answer for {ANSWER_WITHIN:.0f} s")

    def _bury(self, why: str) -> None:
        code = self._let_go(0.2)
        what = f"The {self._name} stopped: {why}" + (f" (code {code})." if code is not None else ".")
        if self._status.restarts < RESTARTS:
            self._status = replace(self._status, restarts=self._status.restarts + 1)
            self._fault(f"{what} It is started again; recording goes on.")
            self.start()
        else:
            self._status = replace(self._status, state=WorkerState.DEAD, pid=None)
            self._fault(f"{what} It is not started again. Recording goes on; choose a network to start it anew.")

    def _fault(self, sentence: str) -> None:
        self._faults.append(sentence)
        self._status = replace(self._status, last_fault=sentence)

    def _let_go(self, patience: float) -> int | None:
        """Exit code, where the process had ended or did within `patience` seconds."""
        process, self._process = self._process, None
        link, self._link = self._link, None
        self._busy = False
        if link is not None:
            link.close()
        if process is None:
            return None
        process.join(patience)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        process.close()
        return code


@contextmanager
def _one_thread() -> Iterator[None]:
    """For processes started meanwhile, unless the user has said otherwise: a frame is too small for NumPy's BLAS to
    share, and its second thread would spin while it waits. It is read when NumPy is loaded."""
    if (name := "OPENBLAS_NUM_THREADS") in os.environ:
        yield
        return
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
