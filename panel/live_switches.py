"""What is done to live poses, switched on and off."""

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from .preferences import Preferences


class LiveSwitches(QWidget):
    """Takes stay as the sensors said them, whatever is on."""

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self.smooth = QCheckBox(self.tr("S&mooth"))
        self.smooth.setToolTip(self.tr("Live poses tremble less. Takes stay as they are."))
        self.feet = QCheckBox(self.tr("Hold f&eet"))
        self.feet.setToolTip(self.tr("Live, standing feet do not slide. Takes stay as they are."))
        self.drift = QCheckBox(self.tr("Mend &drift"))
        self.drift.setToolTip(self.tr("For sensors whose heading turns away in the course of minutes."))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for box, on in (
            (self.smooth, preferences.smooth),
            (self.feet, preferences.feet),
            (self.drift, preferences.drift),
        ):
            box.setChecked(on)
            layout.addWidget(box)
        layout.addStretch(1)

    def keep(self) -> None:
        """In the preferences."""
        kept = self._preferences
        kept.smooth, kept.feet, kept.drift = self.smooth.isChecked(), self.feet.isChecked(), self.drift.isChecked()
