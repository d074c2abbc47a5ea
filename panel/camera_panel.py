"""The camera beside the performer: hidden until one is chosen."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ..capture.camera_watch import CameraWatch
from .camera_view import CameraView
from .jobs import Jobs

EVERY = 33  # milliseconds


class CameraPanel(QWidget):
    """Looks at the newest picture thirty times a second; `trouble` gives what is wrong, once."""

    trouble = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = CameraView()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.address = ""
        self._watch: CameraWatch | None = None
        self._told = ""
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self._look)
        self.hide()

    def watch(self, address: str, jobs: Jobs) -> None:
        """Another camera; "" for none. The one before is let go in the background."""
        if address == self.address and self._watch is not None:
            return
        if (before := self._watch) is not None:
            jobs.run("camera", lambda report: before.close(), lambda _: None, self.trouble.emit, shown=False)
        self.address, self._told = address, ""
        self._watch = CameraWatch(address) if address else None
        self.setVisible(self._watch is not None)
        if self._watch is not None:
            self._timer.start()
        else:
            self._timer.stop()

    def close_camera(self) -> None:
        """Let it go, and wait."""
        self._timer.stop()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def _look(self) -> None:
        assert self._watch is not None
        trouble = self._watch.trouble
        if trouble and trouble != self._told:
            self.trouble.emit(trouble)
        self._told = trouble
        self.view.show_picture(self._watch.newest(), None, trouble or self.tr("Opening the camera…"))
