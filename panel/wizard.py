"""From sensors or a camera in the box to a recording, one step after another, and back."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ..capture.equipment import Equipment
from ..capture.status import SessionStatus, State
from .page import Page

CONNECT, PLACE, CALIBRATE, CHECK, STAND, RECORD = range(6)
WITH_SENSORS, CAMERA_ALONE = (CONNECT, PLACE, CALIBRATE, CHECK, RECORD), (CONNECT, STAND, RECORD)


class Wizard(QWidget):
    """Goes on by itself where the session does; `moved` tells the page. `pages` are all that there are."""

    moved = Signal(int)

    def __init__(self, pages: Sequence[Page], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages = pages
        self._steps: tuple[int, ...] = WITH_SENSORS
        self._state = State.IDLE
        self.steps = QLabel()
        self.steps.setAccessibleName(self.tr("Steps"))
        self.stack = QStackedWidget()
        self.back_button = QPushButton(self.tr("&Back"))
        self.next_button = QPushButton(self.tr("&Next"))
        self.back_button.clicked.connect(lambda: self._move(-1))
        self.next_button.clicked.connect(lambda: self._move(1))
        for page in pages:
            self.stack.addWidget(page)
            page.changed.connect(self._enable)
        buttons = QHBoxLayout()
        buttons.addWidget(self.back_button)
        buttons.addStretch(1)
        buttons.addWidget(self.next_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.steps)
        layout.addWidget(self.stack, 1)
        layout.addLayout(buttons)
        self.go(CONNECT)

    @property
    def page(self) -> int:
        """That is shown."""
        return self.stack.currentIndex()

    def go(self, page: int) -> None:
        """To another one of the steps."""
        if page not in self._steps:
            return
        self.stack.setCurrentIndex(page)
        titles = [
            f"<b>{number} {self._pages[step].title}</b>" if step == page else f"{number} {self._pages[step].title}"
            for number, step in enumerate(self._steps, 1)
        ]
        self.steps.setText("  ›  ".join(titles))
        self._enable()
        self.moved.emit(page)

    def _move(self, by: int) -> None:
        at = self._steps.index(self.page) + by
        if 0 <= at < len(self._steps):
            self.go(self._steps[at])

    def take_steps(self, equipment: Equipment) -> None:
        """Only those that it needs."""
        self._steps = CAMERA_ALONE if equipment is Equipment.CAMERA else WITH_SENSORS
        self.go(self.page if self.page in self._steps else CONNECT)

    def show_status(self, status: SessionStatus) -> None:
        """To all pages; and on, where the session went on."""
        before, self._state = self._state, status.state
        for page in self._pages:
            page.show_status(status)
        if before is not self._state:
            self._follow(before, status)

    def _follow(self, before: State, status: SessionStatus) -> None:
        waiting = status.calibration is not None and status.calibration.step == "waiting"
        match status.state:
            case State.CALIBRATING:
                self.go(STAND if STAND in self._steps else PLACE if waiting else CALIBRATE)
            case State.LIVE if before is not State.RECORDING:
                self.go(RECORD if status.calibration is None else CHECK)
            case State.IDLE | State.FAILED:
                self.go(CONNECT)

    def _enable(self) -> None:
        self.back_button.setEnabled(self.page != self._steps[0])
        last = self.page == self._steps[-1]
        self.next_button.setVisible(not last)
        self.next_button.setEnabled(not last and self._pages[self.page].ready)
