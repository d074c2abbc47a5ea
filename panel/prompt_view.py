"""What the performer has to do, over the 3D view, to be read from three metres away."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

INK, SHADE = QColor("#ffffff"), QColor(16, 18, 22, 205)
TROUBLE, BAR = QColor("#ffb4ab"), QColor("#8ab4f8")
LINES = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap


class PromptView(QWidget):
    """Hidden where there is nothing to say. `count` is a number as large as the view, or ""."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.text = self.count = self.trouble = ""
        self.share = 0.0
        self.hide()

    def say(self, text: str, count: str = "", trouble: str = "", share: float = 0.0) -> None:
        """Nothing, where all are empty."""
        if (text, count, trouble, share) == (self.text, self.count, self.trouble, self.share):
            return
        self.text, self.count, self.trouble, self.share = text, count, trouble, share
        self.setAccessibleName(" ".join(part for part in (text, count, trouble) if part))
        self.setVisible(bool(text or count or trouble))
        self.raise_()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width, height = self.width(), self.height()
        painter.fillRect(self.rect(), SHADE)
        top = 0.0
        if self.count:
            self._write(painter, QRectF(0, 0, width, 0.6 * height), self.count, INK, 0.58 * height)
            top = 0.6
        room = QRectF(
            0.04 * width, (top + 0.02) * height, 0.92 * width, ((0.78 if self.trouble else 0.94) - top) * height
        )
        self._write(painter, room, self.text, INK, 0.17 * height)
        if self.trouble:
            under = QRectF(0.04 * width, 0.8 * height, 0.92 * width, 0.15 * height)
            self._write(painter, under, self.trouble, TROUBLE, 0.07 * height)
        painter.fillRect(QRectF(0, 0.97 * height, width * self.share, 0.03 * height), BAR)

    def _write(self, painter: QPainter, room: QRectF, text: str, ink: QColor, size: float) -> None:
        """As large as fits, `size` pixels at most."""
        font = QFont(self.font())
        font.setBold(True)
        while size > 9:
            font.setPixelSize(int(size))
            needed = QFontMetricsF(font).boundingRect(room, int(LINES), text)
            if needed.width() <= room.width() and needed.height() <= room.height():
                break
            size *= 0.92
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(room, int(LINES), text)
