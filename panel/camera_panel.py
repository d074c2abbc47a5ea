"""The session's camera beside the performer: hidden where it has none."""

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ..capture.live_camera import CameraPicture
from ..capture.status import SessionStatus, State
from .camera_view import CameraView
from .live import RUNNING

EVERY = 33  # milliseconds


class CameraPanel(QWidget):
    """Looks thirty times a second at what `newest` gives."""

    def __init__(self, newest: Callable[[], CameraPicture | None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = CameraView()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._newest = newest
        self._fault = ""
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self._look)
        self.hide()

    def show_status(self, status: SessionStatus) -> None:
        """It is there as long as the session has a camera."""
        camera = status.camera
        self._fault = "" if camera is None else camera.fault
        there = camera is not None and status.state in RUNNING and status.state is not State.STOPPING
        if there != self._timer.isActive():
            self.setVisible(there)
            (self._timer.start if there else self._timer.stop)()

    def end(self) -> None:
        """Look no more."""
        self._timer.stop()

    def _look(self) -> None:
        self.view.show_picture(self._newest(), self._fault or self.tr("Opening the camera…"))
