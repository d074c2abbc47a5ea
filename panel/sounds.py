"""Sounds that are heard across the room: sines by QtMultimedia, the system's own beep where that is not to be had."""

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject
from PySide6.QtWidgets import QApplication

from .prompting import Cue

RATE, LOUD = 44100, 0.4
FADE = 0.02  # seconds


def sine(cue: Cue) -> bytes:
    """16-bit mono samples at `RATE`, faded in and out."""
    hertz, seconds = cue.value
    t = np.arange(int(RATE * seconds)) / RATE
    envelope = np.clip(np.minimum(t, seconds - t) / FADE, 0, 1)
    return bytes((LOUD * 32767 * envelope * np.sin(2 * np.pi * hertz * t)).astype(np.int16).tobytes())


class Sounds(QObject):
    """`on` switches them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.on = True
        self.played: list[Cue] = []  # the newest few
        self._buffer = QBuffer(self)
        self._sink = self._make_sink()

    def _make_sink(self) -> object:
        try:
            from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices
        except ImportError:  # Linux without libpulse
            return None
        if QMediaDevices.defaultAudioOutput().isNull():
            return None
        form = QAudioFormat()
        form.setSampleRate(RATE)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        return QAudioSink(form, self)

    def play(self, cue: Cue) -> None:
        """Start it, and return."""
        if not self.on:
            return
        self.played = [*self.played[-31:], cue]
        if self._sink is None:
            QApplication.beep()
            return
        self._sink.stop()  # type: ignore[attr-defined]
        self._buffer.close()
        self._buffer.setData(QByteArray(sine(cue)))
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self._sink.start(self._buffer)  # type: ignore[attr-defined]
