"""The wizard's page for a camera alone: it tells bones, floor and which way is up from a performer who stands."""

from PySide6.QtWidgets import QLabel, QWidget

from ..capture.status import SessionStatus, State
from .page import Page
from .words import camera_words


class StandPage(Page):
    """Goes on by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self.title = self.tr("Stand")
        self.help.setText(
            self.tr(
                "Stand upright for two seconds, arms hanging, the whole body in the picture. The camera stands still "
                "from now on: if you move it, stop and connect again."
            )
        )
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.layout_.addWidget(self.words)
        self.layout_.addStretch(1)
        self._state = State.IDLE

    @property
    def ready(self) -> bool:
        """Once poses come."""
        return self._state in (State.LIVE, State.RECORDING)

    def show_status(self, status: SessionStatus) -> None:
        """See `Page`."""
        before, self._state = self._state, status.state
        self.words.setText("" if status.camera_pose is None else camera_words(status.camera_pose.says))
        if before is not self._state:
            self.changed.emit()
