"""The session's side of a network that reads a camera: a process beside the worker's, so that no frame waits for it."""

from typing import Any

from .child import Child
from .views import SIGHT, VIEW, Sight, View
from .worker_process import Task


class CameraWorker(Child[Sight]):
    """See `Child`."""

    def __init__(self, task: Task) -> None:
        super().__init__("camera's worker", (VIEW, SIGHT), task)

    def submit(self, view: View) -> bool:
        """Hand over a picture. False, and counted, while the one before is not answered."""
        return self._ask(view.write)

    def _said(self, record: Any) -> Sight:
        return Sight.read(record)
