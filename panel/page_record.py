"""The wizard's last page: what is worth knowing while takes are recorded."""

from PySide6.QtWidgets import QLabel, QWidget

from ..capture.status import SessionStatus
from .page import Page


class RecordPage(Page):
    """The recording itself is below, where it can be reached at any time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self.title = self.tr("Record")
        self.help.setText(
            self.tr("Begin each take in the T-pose. Space starts and stops; takes appear below when they are whole.")
        )
        self.figures = QLabel()
        self.figures.setWordWrap(True)
        self.layout_.addWidget(self.figures)
        self.layout_.addStretch(1)

    def show_status(self, status: SessionStatus) -> None:
        """See `Page`."""
        text = self.tr("{0} poses, {1} dropped. Confidence {2} %.").format(
            status.frames, status.dropped, round(100 * status.confidence)
        )
        if status.link is not None:
            text += "\n" + self.tr("Blender and others connected: {0}.").format(status.link.clients)
        if self.figures.text() != text:
            self.figures.setText(text)
