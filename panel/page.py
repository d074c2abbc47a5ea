"""One page of the wizard."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ..capture.status import SessionStatus


class Page(QWidget):
    """`title` in the list of steps; `changed` where `ready` may have."""

    changed = Signal()

    def __init__(self, title: str, help_text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.layout_ = QVBoxLayout(self)
        self.layout_.setContentsMargins(0, 0, 0, 0)
        self.help = QLabel(help_text)
        self.help.setWordWrap(True)
        self.layout_.addWidget(self.help)

    @property
    def ready(self) -> bool:
        """Whether one can go on."""
        return True

    def show_status(self, status: SessionStatus) -> None:
        """The newest, several times a second."""
