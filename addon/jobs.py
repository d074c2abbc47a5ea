"""Work that takes longer than a moment: in a thread, with progress and a way to stop it."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from ..rig.errors import CancelledError, MocambaError

log = logging.getLogger(__name__)

END_WITHIN = 5.0  # seconds


class Job:
    """`work` is called in a thread and given the job, to `report` to and to ask whether it was `cancelled`; what it
    returns goes to `then`, called by `deliver`. It must not touch bpy."""

    def __init__(self, name: str, work: Callable[["Job"], Any], then: Callable[[Any], None] = lambda _: None) -> None:
        self.name = name
        self.share, self.doing = 0.0, ""
        self.error = ""
        self._work, self._then = work, then
        self._cancel = threading.Event()
        self._result: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"mocamba {name}", daemon=True)
        self._thread.start()

    @property
    def cancelled(self) -> bool:
        """The work should end soon."""
        return self._cancel.is_set()

    @property
    def running(self) -> bool:
        """Not yet at its end."""
        return self._thread.is_alive()

    def report(self, share: float, doing: str) -> None:
        """How far it is, 0 to 1, and with what; from the job's thread. Raises CancelledError where it was stopped."""
        self.share, self.doing = share, doing
        if self.cancelled:
            raise CancelledError(f"{self.name} was cancelled.")

    def cancel(self) -> None:
        """Ask it to end."""
        self._cancel.set()

    def wait_cancelled(self, timeout: float) -> bool:
        """Whether it was asked to end, after waiting for that up to `timeout` seconds."""
        return self._cancel.wait(timeout)

    def wait(self, timeout: float | None = None) -> None:
        """Until it has ended."""
        self._thread.join(timeout)

    def deliver(self) -> None:
        """Hand its result on, once, if there is one."""
        if not self._result.empty():
            self._then(self._result.get())

    def _run(self) -> None:
        try:
            self._result.put(self._work(self))
            self.share = 1.0
        except MocambaError as error:
            self.error = str(error)
        except Exception as error:  # the boundary of the thread: the panel shows it, the log has the rest
            self.error = f"{self.name} failed ({type(error).__name__}: {error}). The log says more."
            log.exception("%s failed", self.name)
