"""The wizard's third page: the performer is led through the calibration."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QListWidget, QProgressBar, QPushButton, QRadioButton, QWidget

from ..capture.calibrating.start import Start
from ..capture.starting import CalibrationView
from ..capture.status import SessionStatus, State
from .page import Page
from .preferences import Preferences
from .words import STEP_WORDS, prompt_words, word

MARKS = ("✓", "▶", "·")


class CalibratePage(Page):
    """`calibrate` as the chosen `Start` says."""

    calibrate = Signal(object)
    use_kept = Signal()

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__("", "", parent)
        self.title = self.tr("Calibrate")
        self.help.setText(self.tr("The performer stands in front of the screen and follows what is written large."))
        self._preferences = preferences
        self._status = SessionStatus()
        self.ways = QButtonGroup(self)
        for number, (start, text) in enumerate(
            (
                (Start.SEQUENCE, self.tr("&Whole, with checks (one minute)")),
                (Start.QUICK, self.tr("&Quick: T-pose and steps, no checks")),
                (Start.KEPT, self.tr("&Kept from today: stand facing forward")),
            )
        ):
            way = QRadioButton(text)
            way.setChecked(start.value == preferences.way)
            self.ways.addButton(way, number)
            self.layout_.addWidget(way)
        if self.ways.checkedButton() is None:
            self.ways.button(0).setChecked(True)
        self._add_rest()

    def _add_rest(self) -> None:
        self.start_button = QPushButton(self.tr("&Start calibration"))
        self.start_button.clicked.connect(self._start)
        self.kept_button = QPushButton(self.tr("Use the kept one instead"))
        self.kept_button.clicked.connect(self.use_kept)
        self.steps = QListWidget()
        self.steps.setAccessibleName(self.tr("Steps of the calibration"))
        self.bar = QProgressBar()
        self.bar.setAccessibleName(self.tr("How far the step is"))
        self.words = QLabel()
        self.words.setWordWrap(True)
        for part in (self.start_button, self.kept_button, self.steps, self.bar, self.words):
            self.layout_.addWidget(part)
        self.show_status(self._status)

    def _start(self) -> None:
        chosen = list(Start)[1:][self.ways.checkedId()]
        self._preferences.way = chosen.value
        self.calibrate.emit(chosen)

    @property
    def ready(self) -> bool:
        """Once calibrated."""
        return self._status.state in (State.LIVE, State.RECORDING)

    def show_status(self, status: SessionStatus) -> None:
        """See `Page`."""
        before, self._status = self._status, status
        view = status.calibration
        under_way = status.state is State.CALIBRATING and view is not None and view.step not in ("waiting", "failed")
        self.start_button.setEnabled(status.state in (State.CALIBRATING, State.LIVE))
        self.start_button.setText(self.tr("&Start again") if under_way else self.tr("&Start calibration"))
        self.kept_button.setVisible(view is not None and bool(view.kept) and under_way)
        if view is not None:
            self._show_view(view)
        if before.state is not status.state:
            self.changed.emit()

    def _show_view(self, view: CalibrationView) -> None:
        steps = [step for step in view.steps if step in STEP_WORDS]
        at = steps.index(view.step) if view.step in steps else len(steps) if view.step == "done" else -1
        if self.steps.count() != len(steps):
            self.steps.clear()
            self.steps.addItems([""] * len(steps))
        for number, step in enumerate(steps):
            mark = MARKS[0] if number < at else MARKS[1] if number == at else MARKS[2]
            text = f"{mark}  {word(STEP_WORDS[step])}"
            if self.steps.item(number).text() != text:
                self.steps.item(number).setText(text)
        self.bar.setValue(round(100 * view.progress))
        moving = ", ".join(name for name, _ in view.moving)
        said = [prompt_words(view.trouble)] if view.trouble else []
        if view.trouble and view.attempts > 1:
            said.insert(0, self.tr("Attempt {0} of {1}.").format(view.attempt, view.attempts))
        if moving and view.hold:
            said.append(self.tr("Still moving: {0}.").format(moving))
        self.words.setText(" ".join(said))
