"""The wizard's last page: what is worth knowing while takes are recorded."""

from PySide6.QtWidgets import QLabel, QWidget

from ..capture.equipment import Equipment
from ..capture.status import SessionStatus
from .page import Page
from .words import OF_CAMERA, note_words


class RecordPage(Page):
    """The recording itself is below, where it can be reached at any time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self.title = self.tr("Record")
        self.take_start(Equipment.SENSORS)
        self.figures = QLabel()
        self.figures.setWordWrap(True)
        self.layout_.addWidget(self.figures)
        self.layout_.addStretch(1)

    def take_start(self, equipment: Equipment) -> None:
        """How a take is begun."""
        self.help.setText(
            self.tr("Begin each take standing upright. Space starts and stops; takes appear below when they are whole.")
            if equipment is Equipment.CAMERA
            else self.tr(
                "Begin each take in the T-pose. Space starts and stops; takes appear below when they are whole."
            )
        )

    def show_status(self, status: SessionStatus) -> None:
        """See `Page`."""
        text = self.tr("{0} poses, {1} dropped. Confidence {2} %.").format(
            status.frames, status.dropped, round(100 * status.confidence)
        )
        if status.link is not None:
            text += "\n" + self.tr("Blender and others connected: {0}.").format(status.link.clients)
        if status.camera_pose is not None:
            text += "\n" + note_words(f"{OF_CAMERA}{status.camera_pose.says}.")
        if self.figures.text() != text:
            self.figures.setText(text)
