"""The takes of the folder: thumbnails, replay, solving again, repair, export."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..capture.child_command import run_command
from ..capture.exporting import FORMATS
from ..capture.network_table import reads_camera
from ..capture.shelf import Shelf, TakeReport, list_takes
from ..capture.take import KEYPOINTS
from .jobs import Jobs, Report
from .thumbnail import thumbnail
from .video_dialog import AddedVideo, VideoDialog, ask_video

ICON = QSize(72, 72)
PATH = Qt.ItemDataRole.UserRole
BLEND = ".blend"


class TakesBox(QWidget):
    """`replay` gives a take's folder; `trouble` sentences, `made` what was done."""

    replay = Signal(object)
    trouble = Signal(str)
    made = Signal(str)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._folder = Path()
        self._reports: dict[Path, TakeReport] = {}
        self._pictures: dict[Path, tuple[float, QIcon]] = {}
        self._listing = self._stale = False
        self._video: AddedVideo | None = None
        self.network, self.performer_height = "", 1.70
        self.list = QListWidget()
        self.list.setIconSize(ICON)
        self.list.setWordWrap(True)
        self.list.setAccessibleName(self.tr("Takes"))
        self.list.itemActivated.connect(lambda _: self.replay_chosen())
        self.list.currentItemChanged.connect(lambda *_: self._enable())
        self.buttons = {
            "replay": QPushButton(self.tr("&Replay")),
            "solve": QPushButton(self.tr("&Solve again")),
            "export": QPushButton(self.tr("&Export…")),
            "video": QPushButton(self.tr("From a &video…")),
            "add": QPushButton(self.tr("A&dd a video…")),
            "repair": QPushButton(self.tr("Re&pair")),
            "open": QPushButton(self.tr("Open &folder")),
            "refresh": QPushButton(self.tr("Re&fresh")),
        }
        actions = (
            self.replay_chosen,
            self.solve,
            self.export,
            self.solve_video,
            self.ask_added,
            self.repair,
            self.open_folder,
            self.refresh,
        )
        self.polish = QComboBox()
        for words, arguments in (
            (self.tr("As solved"), ()),
            (self.tr("Feet"), ("--feet", "--floor")),
            (self.tr("Feet and smooth"), ("--feet", "--floor", "--smooth", "0.05")),
        ):
            self.polish.addItem(words, arguments)
        self.polish.setAccessibleName(self.tr("After solving"))
        self.polish.setToolTip(
            self.tr("Feet: on the floor, and standing ones do not slide. Smooth: tremor is taken away.")
        )
        grid = QGridLayout()
        for number, (button, action) in enumerate(zip(self.buttons.values(), actions, strict=True)):
            button.clicked.connect(lambda _=False, action=action: action())
            grid.addWidget(button, number // 3, number % 3)
        grid.addWidget(self.polish, 2, 2)
        layout = QVBoxLayout(self)
        layout.addWidget(self.list, 1)
        layout.addLayout(grid)
        self._enable()

    def set_folder(self, folder: Path) -> None:
        """Where the takes are."""
        self._folder = folder
        self.refresh()

    def refresh(self) -> None:
        """Look again, in the background."""
        if self._listing:
            self._stale = True  # what is being read now may be from before the change
            return
        self._listing = True
        folder = self._folder
        job = self._jobs.run(
            self.tr("Listing takes"), lambda report: _listed(folder), self._show, self.trouble.emit, shown=False
        )
        job.over.connect(self._listed)

    def _listed(self) -> None:
        again, self._listing, self._stale = self._stale, False, False
        if again:
            self.refresh()

    def _show(self, shelf: Shelf | None) -> None:
        chosen = self.chosen
        self.list.clear()
        self._reports = {take.path: take for take in shelf.takes} if shelf is not None else {}
        for take in reversed(self._reports.values()):
            item = QListWidgetItem(self._words(take))
            item.setData(PATH, str(take.path))
            item.setToolTip("\n".join([str(take.path), *take.faults, *take.warnings]))
            self.list.addItem(item)
            if take.path == chosen:
                self.list.setCurrentItem(item)
        self._draw_missing()
        self._enable()

    def _words(self, take: TakeReport) -> str:
        seconds = "?" if take.duration_s is None else f"{take.duration_s:.1f} s"
        solved = ", ".join(Path(one.file).stem for one in take.solves if not one.fault) or self.tr("not solved yet")
        if take.faults:
            solved = self.tr("damaged: choose Repair")
        return f"{take.path.stem}\n{seconds}, {take.performer or '?'}\n{solved}"

    def _draw_missing(self) -> None:
        """Thumbnails of solved takes, in the background; those that are known stay."""
        wanted = []
        for number in range(self.list.count()):
            path = Path(self.list.item(number).data(PATH))
            stamp = max((one.changed for one in self._reports[path].solves if not one.fault), default=0.0)
            known = self._pictures.get(path)
            if known is not None and known[0] == stamp:
                self.list.item(number).setIcon(known[1])
            elif stamp:
                wanted.append((path, stamp))
        if wanted:
            self._jobs.run(
                self.tr("Drawing thumbnails"),
                lambda report: _drawn(wanted, report),
                self._have_pictures,
                self.trouble.emit,
                shown=False,
            )

    def _have_pictures(self, drawn: Sequence[tuple[Path, float, QImage]]) -> None:
        for path, stamp, image in drawn:
            self._pictures[path] = (stamp, QIcon(QPixmap.fromImage(image)))
        for number in range(self.list.count()):
            known = self._pictures.get(Path(self.list.item(number).data(PATH)))
            if known is not None:
                self.list.item(number).setIcon(known[1])

    @property
    def chosen(self) -> Path | None:
        """The take that is selected."""
        item = self.list.currentItem()
        return None if item is None else Path(item.data(PATH))

    def _enable(self) -> None:
        take = None if self.chosen is None else self._reports.get(self.chosen)
        solved = take is not None and any(not one.fault for one in take.solves)
        self.buttons["replay"].setEnabled(solved)
        self.buttons["export"].setEnabled(solved)
        for field in (self.buttons["solve"], self.polish):
            field.setEnabled(take is not None and take.duration_s is not None)
        self.buttons["add"].setEnabled(take is not None and take.worn)
        self.buttons["repair"].setEnabled(take is not None and bool(take.faults))

    def replay_chosen(self) -> None:
        """In the 3D view."""
        if self.chosen is not None and self.buttons["replay"].isEnabled():
            self.replay.emit(self.chosen)

    def solve(self) -> None:
        """By the network that is chosen, looking ahead; where the take has no sensors for it, by the usual one."""
        if self.chosen is not None:
            take = self._reports.get(self.chosen)
            fits = bool(self.network) and (take is None or take.worn or reads_camera(self.network))
            network = ("--network", self.network) if fits else ()
            wanted = (*network, *self.polish.currentData())
            self._command(self.tr("Solving {0}").format(self.chosen.stem), "takes", "solve", str(self.chosen), *wanted)

    def repair(self) -> None:
        """What can be read of a damaged take is made whole; what was there is kept."""
        if self.chosen is not None:
            self._command(self.tr("Repairing {0}").format(self.chosen.stem), "takes", "repair", str(self.chosen))

    def export(self) -> None:
        """To a file that is asked for."""
        if self.chosen is None:
            return
        kinds = " ".join(f"*{suffix}" for suffix in (BLEND, *FORMATS))
        start = str(Path.home() / f"{self.chosen.stem}{BLEND}")
        out, _ = QFileDialog.getSaveFileName(
            self, self.tr("Export the take"), start, self.tr("Animations ({0})").format(kinds)
        )
        if out:
            self.export_to(Path(out))

    def export_to(self, out: Path) -> None:
        """The suffix says what; the file may be there already, as the user was asked."""
        if self.chosen is None:
            return
        take = str(self.chosen)
        way = ("bake", take, "--blend") if out.suffix.lower() == BLEND else ("takes", "export", take, "--out")
        self._command(self.tr("Exporting {0}").format(out.name), *way, str(out), "--force")

    def solve_video(self) -> None:
        """A take from a video that is asked for."""
        if video := ask_video(self, str(Path.home())):
            self.solve_from(Path(video))

    def solve_from(self, video: Path) -> None:
        """The take lies among the others and has the video's name."""
        out = self._folder / f"{video.stem}.take"
        wanted = ("--out", str(out), "--height", f"{self.performer_height:.2f}")
        self._command(self.tr("Solving {0}").format(video.name), "solve", str(video), *wanted)

    def ask_added(self) -> VideoDialog | None:
        """Which video the chosen take gets; as asked before, where that was refused."""
        if self.chosen is None:
            return None
        take = self.chosen
        dialog = VideoDialog(take.stem, self._video, replaces=(take / KEYPOINTS).exists(), parent=self)
        dialog.accepted.connect(lambda: self.add_video(take, dialog.wish))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def add_video(self, take: Path, video: AddedVideo) -> None:
        """Sensors and video are solved together; a video that is there is replaced, which the dialog says."""
        self._video = video
        start = () if video.start is None else ("--video-start", f"{video.start:.1f}")
        self._command(
            self.tr("Adding {0}").format(video.file.name),
            *("solve", str(take), "--video", str(video.file), *start),
            *(("--force",) if (take / KEYPOINTS).exists() else ()),
        )

    def open_folder(self) -> None:
        """In the system's own program."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.chosen or self._folder)))

    def _command(self, name: str, *arguments: str) -> None:
        def done(_: object) -> None:
            self.made.emit(self.tr("{0}: done.").format(name))
            self.refresh()

        self._jobs.run(name, lambda report: run_command(arguments, report), done, self.trouble.emit)


def _listed(folder: Path) -> Shelf | None:
    return list_takes(folder) if folder.is_dir() else None


def _drawn(wanted: Sequence[tuple[Path, float]], report: Report) -> list[tuple[Path, float, QImage]]:
    drawn = []
    for number, (path, stamp) in enumerate(wanted):
        report(number / len(wanted), path.stem)
        if (image := thumbnail(path, ICON.width() * 2)) is not None:
            drawn.append((path, stamp, image))
    return drawn
