"""The wizard's second page: which sensor is worn where."""

from PySide6.QtWidgets import QLabel, QWidget

from ..capture.status import SessionStatus
from ..rig.imu import SLOTS
from .device_rows import places
from .page import Page
from .words import slot_words


class PlacePage(Page):
    """One can go on once the pelvis has a sensor: all others are relative to it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self.title = self.tr("Place")
        self.help.setText(
            self.tr(
                "Put the sensors on: forearms near the wrist, shins above the ankle, back of the head, back of the "
                "pelvis. Drag each from the list onto the figure, or choose it and its place. Which is which? Tick "
                "“Shake to identify” and shake one."
            )
        )
        self.missing = QLabel()
        self.missing.setWordWrap(True)
        self.layout_.addWidget(self.missing)
        self.layout_.addStretch(1)
        self._worn: frozenset[str] | None = None

    @property
    def ready(self) -> bool:
        """See the class."""
        return self._worn is not None and "pelvis" in self._worn

    def show_status(self, status: SessionStatus) -> None:
        """See `Page`."""
        worn = frozenset(places(status).values())
        if worn == self._worn:
            return
        self._worn = worn
        missing = [slot_words(slot) for slot in SLOTS if slot not in worn]
        if not missing:
            self.missing.setText(self.tr("All six places have a sensor."))
        elif "pelvis" not in worn:
            self.missing.setText(self.tr("The pelvis needs a sensor. Empty: {0}.").format(", ".join(missing)))
        else:
            self.missing.setText(self.tr("Empty, and predicted: {0}.").format(", ".join(missing)))
        self.changed.emit()
