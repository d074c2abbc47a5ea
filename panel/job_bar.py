"""Progress of what is under way, and its Cancel."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from .jobs import Job, Jobs


class JobBar(QWidget):
    """Hidden while nothing is; shows the job that was started last."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self.words, self.bar = QLabel(), QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.cancel_button = QPushButton(self.tr("Ca&ncel"))
        self.cancel_button.clicked.connect(self._cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 0)
        for part in (self.words, self.bar, self.cancel_button):
            layout.addWidget(part, 1 if part is self.bar else 0)
        jobs.started.connect(self._follow)
        self.hide()

    def _follow(self, job: Job) -> None:
        self._job = job
        job.progress.connect(lambda share, doing: self._show(job, share, doing))
        job.over.connect(lambda: self._end(job))
        self._show(job, 0.0, "")
        self.cancel_button.setEnabled(True)
        self.show()

    def _show(self, job: Job, share: float, doing: str) -> None:
        if job is self._job:
            self.words.setText(f"{job.name}: {doing}" if doing else job.name)
            self.bar.setValue(round(1000 * share))

    def _end(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self.hide()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self.words.setText(self.tr("{0}: stopping").format(self._job.name))
            self.cancel_button.setEnabled(False)
