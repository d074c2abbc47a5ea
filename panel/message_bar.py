"""The line at the bottom: how the session is, the last problem and what to do about it, and the way to the log."""

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from .theme import Colours

LONGEST = 5000  # lines of the log


class MessageBar(QWidget):
    """`say` for what goes well, `complain` for what does not; both are kept in the log."""

    log_wanted = Signal()

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self.state, self.message = QLabel(), QLabel()
        self.state.setAccessibleName(self.tr("State of the session"))
        self.message.setAccessibleName(self.tr("Last message"))
        self.message.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.message.setWordWrap(True)
        self.log_button = QPushButton(self.tr("&Log"))
        self.log_button.clicked.connect(self.log_wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 2)
        layout.addWidget(self.state)
        layout.addWidget(self.message, 1)
        layout.addWidget(self.log_button)
        self.lines: list[str] = []
        self._trouble = False

    def set_colours(self, colours: Colours) -> None:
        """Of another theme."""
        self._colours = colours
        self._tint()

    def show_state(self, text: str, colour: str) -> None:
        """In a word."""
        if self.state.text() == f"● {text}":
            return
        self.state.setText(f"● {text}")
        self.state.setStyleSheet(f"color: {colour}; font-weight: bold")

    def say(self, sentence: str) -> None:
        """What happened."""
        self._show(sentence, trouble=False)

    def complain(self, sentence: str) -> None:
        """What went wrong, and what to do."""
        self._show(sentence, trouble=True)

    def note(self, sentence: str) -> None:
        """To the log alone."""
        self.lines.append(f"{datetime.now():%H:%M:%S}  {sentence}")
        del self.lines[:-LONGEST]

    def _show(self, sentence: str, *, trouble: bool) -> None:
        if sentence != self.message.text():
            self.note(sentence)
        self.message.setText(sentence)
        self._trouble = trouble
        self._tint()

    def _tint(self) -> None:
        self.message.setStyleSheet(f"color: {self._colours.bad}" if self._trouble else "")


class LogWindow(QDialog):
    """All messages since the start, to be read and copied."""

    def __init__(self, lines: list[str], about: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Log"))
        self.resize(760, 420)
        self.text = QPlainTextEdit("\n".join([about, *lines]))
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("Log"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton(self.tr("&Copy all"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
