"""The camera's picture beside the performer, with the joints that were found in it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ..capture.camera_watch import Picture
from ..rig.h36m import PARENTS

CLEAR = 0.3  # confidence from which a joint is drawn
BONE, JOINT = QColor("#4dd0e1"), QColor("#ffeb3b")


class CameraView(QWidget):
    """Shows what it is given, and else what `message` says."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(200, 150)
        self.setAccessibleName(self.tr("Camera"))
        self.message = ""
        self._picture: Picture | None = None
        self._keypoints: NDArray[np.float32] | None = None

    def show_picture(
        self, picture: Picture | None, keypoints: NDArray[np.float32] | None = None, message: str = ""
    ) -> None:
        """`keypoints (17, 2 or 3)`: pixels of the picture, H36M's joints, and confidence where there is a third."""
        same = picture is not None and self._picture is not None and picture.number == self._picture.number
        if same and keypoints is self._keypoints and message == self.message:
            return
        self._picture, self._keypoints, self.message = picture, keypoints, message
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#101214"))
        if self._picture is None:
            painter.setPen(QColor("#c3c7cc"))
            room = QRectF(self.rect()).adjusted(12, 12, -12, -12)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self.message)
            return
        image = self._picture.image
        height, width = image.shape[:2]
        scale = min(self.width() / width, self.height() / height)
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        painter.translate((self.width() - width * scale) / 2, (self.height() - height * scale) / 2)
        painter.scale(scale, scale)
        shown = QImage(image.data, width, height, image.strides[0], QImage.Format.Format_BGR888)
        painter.drawImage(QPointF(0, 0), shown)
        if self._keypoints is not None:
            self._paint_joints(painter, self._keypoints, 1 / scale)

    @staticmethod
    def _paint_joints(painter: QPainter, keypoints: NDArray[np.float32], pixel: float) -> None:
        seen = keypoints[:, 2] > CLEAR if keypoints.shape[1] > 2 else np.isfinite(keypoints[:, 0])
        places = [QPointF(x, y) for x, y in keypoints[:, :2].tolist()]
        painter.setPen(QPen(BONE, 3 * pixel))
        for joint, parent in enumerate(PARENTS):
            if parent >= 0 and seen[joint] and seen[parent]:
                painter.drawLine(places[joint], places[parent])
        painter.setPen(QPen(JOINT, 2 * pixel))
        for joint, place in enumerate(places):
            if seen[joint]:
                painter.drawEllipse(place, 3 * pixel, 3 * pixel)
