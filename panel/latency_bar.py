"""Where the time between a sensor's bytes and a pose goes: one bar, a colour for each stage."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ..capture.latency import StageFigures
from .words import STAGE_WORDS, word

SHADES = ("#4285f4", "#9334e6", "#e8710a", "#188038", "#c5221f")
LEAST = 20.0  # milliseconds that the bar is long for, so that a quick session looks quick


class LatencyBar(QWidget):
    """Medians over the last ten seconds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._stages: Sequence[StageFigures] = ()
        self.setAccessibleName(self.tr("Latency"))
        self.show_figures(())

    def show_figures(self, stages: Sequence[StageFigures]) -> None:
        """Of every stage and, last, of all together; none before the first pose."""
        self._stages = stages
        text = self.text()
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self.update()

    def text(self) -> str:
        """In words."""
        if not self._stages:
            return self.tr("Latency: no poses yet")
        parts = "  ".join(f"{word(STAGE_WORDS[one.stage])} {one.p50:.1f}" for one in self._stages[:-1])
        total = self._stages[-1]
        return self.tr("Latency {0} ms (99 of 100 under {1} ms):  {2}").format(
            f"{total.p50:.1f}", f"{total.p99:.1f}", parts
        )

    def sizeHint(self) -> QSize:
        return QSize(200, 2 * self.fontMetrics().height() + 6)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self.fontMetrics().height()
        painter.setPen(self.palette().windowText().color())
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QRectF(0, 0, self.width(), line), Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().alternateBase())
        painter.drawRect(QRectF(0, line + 2, self.width(), line - 4))
        if not self._stages:
            return
        left, scale = 0.0, self.width() / max(LEAST, self._stages[-1].p50)
        for one, shade in zip(self._stages[:-1], SHADES, strict=True):
            painter.setBrush(QColor(shade))
            painter.drawRect(QRectF(left, line + 2, one.p50 * scale, line - 4))
            left += one.p50 * scale
