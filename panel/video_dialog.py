"""A video for a take of sensors: which file, and when it began."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")
translate = QCoreApplication.translate
LONGEST = 86_400.0  # seconds that a take can be asked for


@dataclass(frozen=True)
class AddedVideo:
    """`start`: second of the take at which the video in `file` begins; None has it found."""

    file: Path
    start: float | None = None


class VideoDialog(QDialog):
    """Asks for `AddedVideo`, with `usual` filled in; says so where the take has a video that this one replaces."""

    def __init__(self, take: str, usual: AddedVideo | None, *, replaces: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Add a video to {0}").format(take))
        self.file = QLineEdit(str(usual.file) if usual else "")
        self.file.setMinimumWidth(280)
        browse = QPushButton(self.tr("&Browse…"))
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.file, 1)
        row.addWidget(browse)
        self.known = QCheckBox(self.tr("I &know when it begins:"))
        self.start = QDoubleSpinBox()
        self.start.setRange(-LONGEST, LONGEST)
        self.start.setDecimals(1)
        self.start.setSuffix(self.tr(" s of the take"))
        self.start.setToolTip(self.tr("To about half a second; less than 0 where the video begins before the take."))
        self.start.setEnabled(False)
        self.known.toggled.connect(self.start.setEnabled)
        if usual is not None and usual.start is not None:
            self.known.setChecked(True)
            self.start.setValue(usual.start)
        for field, words in ((self.file, self.tr("Video")), (self.start, self.tr("Begins at"))):
            field.setAccessibleName(words)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.file.textChanged.connect(self._enable)
        form = QFormLayout(self)
        form.addRow(_wrapped(self._about(replaces)))
        form.addRow(self.tr("Video"), row)
        form.addRow(self.known, self.start)
        form.addRow(self.buttons)
        self._enable()

    def _about(self, replaces: bool) -> str:
        about = self.tr(
            "A video of the same performance, by any camera that stood still. Sensors and video are solved together; "
            "when it began is found by the movement."
        )
        instead = self.tr("It takes the place of the video that the take has.")
        return f"{about} {instead}" if replaces else about

    @property
    def wish(self) -> AddedVideo:
        """As filled in."""
        return AddedVideo(Path(self.file.text()), self.start.value() if self.known.isChecked() else None)

    def _browse(self) -> None:
        if video := ask_video(self, self.file.text() or str(Path.home())):
            self.file.setText(video)

    def _enable(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(Path(self.file.text()).is_file())


def ask_video(parent: QWidget, place: str) -> str:
    """The file that the user chooses, "" for none."""
    kinds = " ".join(f"*{suffix}" for suffix in VIDEOS)
    words = (translate("VideoDialog", "A video of one person"), translate("VideoDialog", "Videos ({0})"))
    return QFileDialog.getOpenFileName(parent, words[0], place, words[1].format(kinds))[0]


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
