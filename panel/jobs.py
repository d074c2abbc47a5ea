"""Work that takes longer than a moment: in a thread, with progress, and a way to cancel it."""

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from ..rig.errors import CancelledError, MocambaError

Report = Callable[[float, str], None]
END_WITHIN = 10.0  # seconds


class Job(QObject):
    """`work` runs in a thread and is given `report`, which raises CancelledError once the job was cancelled.

    One of `done` and `failed` arrives on Qt's thread, then `over`; after `cancel`, only `over`.
    """

    progress = Signal(float, str)
    done = Signal(object)
    failed = Signal(str)
    over = Signal()
    _ended = Signal(object, str)

    def __init__(self, name: str, work: Callable[[Report], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._work = work
        self._cancelled = threading.Event()
        self._ended.connect(self._deliver)
        self._thread = threading.Thread(target=self._run, name=f"mocamba {name}", daemon=True)

    def start(self) -> None:
        """Begin; connect signals before."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask it to end."""
        self._cancelled.set()

    def wait(self) -> None:
        """Until its thread has ended, for a bounded time."""
        self._thread.join(END_WITHIN)

    def _report(self, share: float, doing: str) -> None:
        if self._cancelled.is_set():
            raise CancelledError(f"{self.name} was cancelled.")
        self.progress.emit(share, doing)

    def _run(self) -> None:
        result, fault = None, ""
        try:
            result = self._work(self._report)
        except CancelledError:
            pass
        except MocambaError as error:
            fault = str(error)
        except Exception as error:  # the boundary of the thread: the window shows it
            fault = f"{self.name}: {type(error).__name__}: {error}"
        self._ended.emit(result, fault)

    @Slot(object, str)
    def _deliver(self, result: Any, fault: str) -> None:
        self._thread.join()
        if fault:
            self.failed.emit(fault)
        elif not self._cancelled.is_set():
            self.done.emit(result)
        self.over.emit()


class Jobs(QObject):
    """Those under way; the window waits for them when it closes."""

    started = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.running: list[Job] = []

    def run(
        self,
        name: str,
        work: Callable[[Report], Any],
        then: Callable[[Any], None],
        trouble: Callable[[str], None],
        *,
        shown: bool = True,
    ) -> Job:
        """Start it; `shown` jobs are told of by `started`, for whoever shows progress."""
        job = Job(name, work, self)
        job.done.connect(then)
        job.failed.connect(trouble)
        job.over.connect(lambda: self._forget(job))
        self.running.append(job)
        if shown:
            self.started.emit(job)
        job.start()
        return job

    def _forget(self, job: Job) -> None:
        self.running.remove(job)
        job.deleteLater()

    def close(self) -> None:
        """Cancel all, and wait."""
        for job in self.running:
            job.cancel()
        for job in self.running:
            job.wait()
