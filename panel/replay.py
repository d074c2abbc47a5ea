"""Plays a solved take in the 3D view, at its own speed."""

import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from ..rig.motion import Motion

EVERY = 16  # milliseconds


class ReplayBar(QWidget):
    """Hidden until `play`; `pose` gives rotations and translation, `closed` the view back to the session."""

    pose = Signal(object, object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._motion: Motion | None = None
        self._began = 0.0  # when frame 0 was, or would have been, shown
        self.frame = 0
        self.name = QLabel()
        self.pause_button = QPushButton(self.tr("&Pause"))
        self.pause_button.clicked.connect(self.pause)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Moment of the take"))
        self.slider.sliderMoved.connect(self.seek)
        self.slider.actionTriggered.connect(lambda _: self.seek(self.slider.sliderPosition()))
        self.time = QLabel()
        self.close_button = QPushButton(self.tr("Back to &live"))
        self.close_button.clicked.connect(self.end)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.name, self.pause_button, self.slider, self.time, self.close_button):
            layout.addWidget(part, 1 if part is self.slider else 0)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self._tick)
        self.hide()

    @property
    def playing(self) -> bool:
        """Whether a take is shown, paused or not."""
        return self._motion is not None

    def play(self, take: Path, motion: Motion) -> None:
        """From the beginning, again and again."""
        self._motion = motion
        self.name.setText(take.stem)
        self.slider.setRange(0, len(motion) - 1)
        self.show()
        self._run(0)

    def pause(self) -> None:
        """Or go on."""
        if self._timer.isActive():
            self._timer.stop()
            self.pause_button.setText(self.tr("&Play"))
        else:
            self._run(self.frame)

    def seek(self, frame: int) -> None:
        """To a frame."""
        if self._timer.isActive():
            self._run(frame)
        else:
            self._show(frame)

    def end(self) -> None:
        """Show the session again."""
        self._timer.stop()
        self._motion = None
        self.hide()
        self.closed.emit()

    def _run(self, frame: int) -> None:
        if self._motion is None:
            return
        t_ns = self._motion.t_ns
        self._began = time.monotonic() - float(t_ns[frame] - t_ns[0]) / 1e9
        self.pause_button.setText(self.tr("&Pause"))
        self._timer.start()
        self._show(frame)

    def _tick(self) -> None:
        assert self._motion is not None
        t_ns = self._motion.t_ns
        passed = (time.monotonic() - self._began) * 1e9
        if passed > t_ns[-1] - t_ns[0]:
            self._run(0)
            return
        self._show(int(np.searchsorted(t_ns, t_ns[0] + passed, side="right")) - 1)

    def _show(self, frame: int) -> None:
        assert self._motion is not None
        motion, self.frame = self._motion, frame
        self.slider.setValue(frame)
        self.time.setText(f"{(motion.t_ns[frame] - motion.t_ns[0]) / 1e9:.1f} / {motion.duration:.1f} s")
        self.pose.emit(motion.rotations[frame], motion.translation[frame])
