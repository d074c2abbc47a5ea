"""The wizard's fourth page: what the calibration found about each sensor, and what can be done about it."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTreeWidget, QTreeWidgetItem, QWidget

from ..capture.calibrating.finding import Verdict
from ..capture.status import SessionStatus, State
from .page import Page
from .theme import Colours
from .words import slot_words


class CheckPage(Page):
    """`redo` names sensors; `reset` is True for headings and mountings, False for the way forward alone."""

    redo = Signal(tuple)
    reset = Signal(bool)

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self.title = self.tr("Check")
        self.help.setText(
            self.tr("Move, and compare with the figure. A sensor that does not fit can be calibrated again by itself.")
        )
        self._colours = colours
        self.list = QTreeWidget()
        self.list.setHeaderLabels([self.tr("Worn on"), self.tr("Found"), self.tr("Why")])
        self.list.setRootIsDecorated(False)
        self.list.setWordWrap(True)
        self.list.setAccessibleName(self.tr("What the calibration found"))
        self.list.currentItemChanged.connect(lambda *_: self._enable())
        self.redo_button = QPushButton(self.tr("&Redo this one"))
        self.redo_button.clicked.connect(self._redo)
        self.yaw_button = QPushButton(self.tr("&Yaw reset"))
        self.yaw_button.setToolTip(self.tr("The way the performer faces now becomes forward. In any pose."))
        self.yaw_button.clicked.connect(lambda: self.reset.emit(False))
        self.full_button = QPushButton(self.tr("F&ull reset"))
        self.full_button.setToolTip(self.tr("Stand in the T-pose, facing forward: headings and straps anew."))
        self.full_button.clicked.connect(lambda: self.reset.emit(True))
        buttons = QHBoxLayout()
        for button in (self.redo_button, self.yaw_button, self.full_button):
            buttons.addWidget(button)
        self.layout_.addWidget(self.list)
        self.layout_.addLayout(buttons)
        self._shown: object = None
        self._state = State.IDLE
        self._enable()

    @property
    def ready(self) -> bool:
        """While poses go out."""
        return self._state in (State.LIVE, State.RECORDING)

    def show_status(self, status: SessionStatus) -> None:
        """See `Page`."""
        before, self._state = self._state, status.state
        view = status.calibration
        found = () if view is None else view.findings
        worn = {slot.sensor: slot.slot for slot in status.slots if slot.sensor}
        if (found, worn) != self._shown:
            self._shown = (found, worn)
            self._fill(found, worn)
        if before is not self._state:
            self.changed.emit()
        self._enable()

    def _fill(self, found: tuple, worn: dict[str, str]) -> None:  # type: ignore[type-arg]
        self.list.clear()
        for sensor, slot in worn.items():
            about = [one for one in found if one.sensor == sensor]
            worst = next((one for one in about if one.verdict is Verdict.BAD), about[0] if about else None)
            verdict = Verdict.OK if worst is None else worst.verdict
            words, shade = {
                Verdict.OK: (self.tr("good"), self._colours.good),
                Verdict.WARN: (self.tr("look at it"), self._colours.warn),
                Verdict.BAD: (self.tr("redo"), self._colours.bad),
            }[verdict]
            item = QTreeWidgetItem([slot_words(slot), words, "" if worst is None else worst.reason])
            item.setForeground(1, QBrush(QColor(shade)))
            item.setToolTip(2, item.text(2))
            item.setData(0, 0x0100, sensor)
            self.list.addTopLevelItem(item)

    def _redo(self) -> None:
        if (item := self.list.currentItem()) is not None:
            self.redo.emit((item.data(0, 0x0100),))

    def _enable(self) -> None:
        live = self._state is State.LIVE
        self.redo_button.setEnabled(live and self.list.currentItem() is not None)
        self.yaw_button.setEnabled(live)
        self.full_button.setEnabled(live)
