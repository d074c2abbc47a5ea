"""The camera's picture beside the performer, with the joints that were found in it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ..capture.live_camera import CameraPicture
from ..rig.h36m import JOINTS, PARENTS

LEFT, RIGHT, MIDDLE = QColor("#ff8c28"), QColor("#3296ff"), QColor("#78dc78")
EDGE = QColor(20, 20, 20)
THICK, SHARE = 4.0, 1 / 45  # of limbs: screen pixels at most, and of the performer's size
LABEL = 28  # screen pixels high


class CameraView(QWidget):
    """Shows what it is given, and else what `message` says."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(200, 150)
        self.setAccessibleName(self.tr("Camera"))
        self.message = ""
        self._picture: CameraPicture | None = None

    def show_picture(self, picture: CameraPicture | None, message: str = "") -> None:
        """A picture with its joints; `message` where there is none."""
        if picture is self._picture and message == self.message:
            return
        self._picture, self.message = picture, message
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#101214"))
        if self._picture is None:
            painter.setPen(QColor("#c3c7cc"))
            room = QRectF(self.rect()).adjusted(12, 12, -12, -12)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self.message)
            return
        image, keypoints = self._picture.image, self._picture.keypoints
        height, width = image.shape[:2]
        scale = min(self.width() / width, self.height() / height)
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.translate((self.width() - width * scale) / 2, (self.height() - height * scale) / 2)
        painter.scale(scale, scale)
        shown = QImage(image.data, width, height, image.strides[0], QImage.Format.Format_BGR888)
        painter.drawImage(QPointF(0, 0), shown)
        if keypoints is not None:
            _paint_joints(painter, keypoints.points, keypoints.seen, min(THICK / scale, SHARE * keypoints.size))
        painter.restore()
        if keypoints is None:
            self._paint_label(painter, self.tr("Performer not seen"), (self.height() + height * scale) / 2)

    def _paint_label(self, painter: QPainter, text: str, bottom: float) -> None:
        strip = QRectF(0, bottom - LABEL, self.width(), LABEL)
        painter.fillRect(strip, QColor(20, 20, 20, 190))
        painter.setPen(QColor("#ffc850"))
        painter.drawText(strip, int(Qt.AlignmentFlag.AlignCenter), text)


def _paint_joints(painter: QPainter, points: NDArray[np.float32], seen: NDArray[np.bool_], thick: float) -> None:
    """Limbs by side, with a dark edge; what was not seen is not there."""
    places = [QPointF(x, y) for x, y in points.tolist()]
    limbs = [(child, parent) for child, parent in enumerate(PARENTS) if parent >= 0 and seen[child] and seen[parent]]
    for edge in (True, False):
        for child, parent in limbs:
            colour, width = (EDGE, 1.6 * thick) if edge else (_colour(child), thick)
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(places[child], places[parent])
    painter.setPen(Qt.PenStyle.NoPen)
    for joint, place in enumerate(places):
        if seen[joint]:
            painter.setBrush(_colour(joint))
            painter.drawEllipse(place, thick, thick)


def _colour(joint: int) -> QColor:
    return {"left": LEFT, "right": RIGHT}.get(JOINTS[joint].partition("_")[0], MIDDLE)
