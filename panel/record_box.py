"""Starts and stops takes, after a countdown."""

import re

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QGroupBox, QLabel, QLineEdit, QPushButton, QWidget

from ..capture.status import SessionStatus, State
from .preferences import Preferences

DELAYS = (0, 3, 5, 10)  # seconds
LITTLE = 2_000_000_000  # bytes of disk under which the free space is worth a warning


def next_name(name: str) -> str:
    """The name with its number one higher, or with a first one: walk, walk_002, walk_003."""
    if (numbered := re.fullmatch(r"(.*?)(\d+)", name)) is None:
        return f"{name}_002"
    stem, digits = numbered.groups()
    return f"{stem}{int(digits) + 1:0{len(digits)}d}"


class RecordBox(QGroupBox):
    """`record` gives a take's name when the countdown is over; `counted` each number on the way there, 0 at its end."""

    record = Signal(str)
    stop = Signal()
    counted = Signal(int)

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Record"))
        self._preferences = preferences
        self._status = SessionStatus()
        self._left = 0
        self.name = QLineEdit("take_001")
        self.delay = QComboBox()
        for seconds in DELAYS:
            self.delay.addItem(self.tr("after {0} s").format(seconds) if seconds else self.tr("at once"), seconds)
        self.delay.setCurrentIndex(max(0, self.delay.findData(preferences.delay)))
        self.delay.setAccessibleName(self.tr("Delay before the recording"))
        self.button = QPushButton()
        self.button.setMinimumHeight(38)
        self.button.clicked.connect(self.press)
        self.figures = QLabel()
        self.figures.setWordWrap(True)
        name_label = QLabel(self.tr("Na&me:"))
        name_label.setBuddy(self.name)
        layout = QGridLayout(self)
        layout.addWidget(name_label, 0, 0)
        layout.addWidget(self.name, 0, 1)
        layout.addWidget(self.delay, 0, 2)
        layout.addWidget(self.button, 1, 0, 1, 3)
        layout.addWidget(self.figures, 2, 0, 1, 3)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tick)
        self.show_status(self._status)

    @property
    def left(self) -> int:
        """Seconds until the recording starts; 0 where none is about to."""
        return self._left if self._timer.isActive() else 0

    def press(self) -> None:
        """Start the countdown, stop it, or stop the recording; whatever the button says."""
        if self._status.state is State.RECORDING:
            self.stop.emit()
        elif self._timer.isActive():
            self._end_countdown()
        elif self._status.state is State.LIVE:
            self._preferences.delay = self.delay.currentData()
            self._left = self._preferences.delay + 1
            self._timer.start()
            self._tick()

    def _tick(self) -> None:
        self._left -= 1
        if self._left > 0:
            self.counted.emit(self._left)
            self.show_status(self._status)
            return
        self._end_countdown()
        self.record.emit(self.name.text())

    def _end_countdown(self) -> None:
        self._timer.stop()
        self.counted.emit(0)
        self.show_status(self._status)

    def recorded(self) -> None:
        """A take was finished: the next one needs a name of its own."""
        self.name.setText(next_name(self.name.text()))

    def show_status(self, status: SessionStatus) -> None:
        """The newest."""
        self._status = status
        if status.state is not State.LIVE and self._timer.isActive():
            self._end_countdown()
            return
        recording, counting = status.state is State.RECORDING, self._timer.isActive()
        text = self.tr("■  Stop recording") if recording else self.tr("●  Record")
        text = self.tr("Cancel the countdown") if counting else text
        if self.button.text() != text:
            self.button.setText(text)
        self.button.setEnabled(recording or status.state is State.LIVE)
        self.button.setToolTip("" if self.button.isEnabled() else self.tr("Nothing is live yet."))
        self.name.setEnabled(not recording and not counting)
        self.figures.setText(self._words(status))

    def _words(self, status: SessionStatus) -> str:
        parts = []
        if (take := status.recording) is not None:
            parts.append(self.tr("{0}: {1} s, {2} samples").format(take.path.stem, f"{take.seconds:.1f}", take.samples))
            if take.lost:
                parts.append(self.tr("{0} lost to a slow disk").format(take.lost))
        if status.free_bytes:
            few = self.tr("only ") if status.free_bytes < LITTLE else ""
            parts.append(self.tr("{0}{1} GB free").format(few, f"{status.free_bytes / 1e9:.1f}"))
        return ", ".join(parts)
