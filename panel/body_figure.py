"""A figure to drop sensors on: what is worn where, and how well it is."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from ..rig.imu import SLOTS
from ..rig.quaternion import from_axis_angle, multiply
from .device_rows import Level
from .orbit import Orbit
from .scene import Look, Scene
from .skinned import skinned_body
from .splats import draw_body
from .theme import Colours
from .words import slot_words

MIME = "application/x-mocamba-sensor"
# where a sensor sits: along a bone from its joint to the next one
_BONES = {
    "left_forearm": (18, 20, 0.6),
    "right_forearm": (19, 21, 0.6),
    "left_shin": (4, 7, 0.5),
    "right_shin": (5, 8, 0.5),
    "head": (15, 15, 0.0),
    "pelvis": (0, 0, 0.0),
}
_ABOVE = {"head": 0.09}  # metres
ROWS = 460  # pixels of height that the figure is drawn at
EDGE = Orbit(yaw=0.0, pitch=0.0, distance=2.45, target=(0.0, 0.0, 0.0))


@cache
def _figure(skin: tuple[int, int, int]) -> tuple[QImage, dict[str, tuple[float, float]]]:
    """The picture, arms half lowered, and where each place is in it, as shares of its height from its middle."""
    body = skinned_body()
    rotations = np.tile(np.array([1, 0, 0, 0], np.float32), (24, 1))
    for shoulder, side in ((16, -1), (17, 1)):
        lowered = from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(side * 0.9))
        rotations[shoulder] = multiply(lowered, rotations[shoulder])
    bones = body.bones(rotations, np.array([0, 0.12, 0], np.float32))
    nothing: NDArray[np.float32] = np.zeros((0, 3), np.float32)
    look = Look((0, 0, 0), (0, 0, 0), skin, ((0, 0, 0), (0, 0, 0)))
    columns = ROWS * 3 // 4
    image = QImage(columns, ROWS, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    patch = draw_body(Scene(body, bones, EDGE, (nothing, nothing), look), columns, ROWS)
    high, wide = patch.pixels.shape[:2]
    painter = QPainter(image)
    drawn = QImage(patch.pixels.data, wide, high, QImage.Format.Format_ARGB32_Premultiplied)
    painter.drawImage(patch.left, patch.top, drawn)
    painter.end()
    joints = np.einsum("jab,jb->ja", bones[:, :, :3], body.rest) + bones[:, :, 3]
    found = {}
    for slot, (near, far, share) in _BONES.items():
        place = joints[near] + share * (joints[far] - joints[near]) + [0, _ABOVE.get(slot, 0.0), 0]
        x, y = EDGE.pixels(place[None].astype(np.float32), ROWS, ROWS)[0][0].tolist()
        found[slot] = (x / ROWS - 0.5, y / ROWS - 0.5)
    return image, found


class BodyFigure(QWidget):
    """Seen from the front: the performer's left is on the right. `dropped` gives a sensor and its new place."""

    dropped = Signal(str, str)
    chosen = Signal(str)

    def __init__(self, colours: Colours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._levels: Mapping[str, Level] = {}
        self._over = ""
        self.setAcceptDrops(True)
        self.setMinimumSize(200, 210)
        self.setAccessibleName(self.tr("Where sensors are worn"))

    def sizeHint(self) -> QSize:
        return QSize(280, 300)

    def set_colours(self, colours: Colours) -> None:
        """Of another theme."""
        self._colours = colours
        self.update()

    def show_levels(self, levels: Mapping[str, Level]) -> None:
        """How the sensor of each place is; places without one are left out."""
        if levels == self._levels:
            return
        self._levels = dict(levels)
        empty = ", ".join(slot_words(slot) for slot in SLOTS if slot not in levels)
        worn = ", ".join(slot_words(slot) for slot in SLOTS if slot in levels)
        self.setAccessibleDescription(self.tr("Worn: {0}. Empty: {1}.").format(worn or "–", empty or "–"))
        self.update()

    def place(self, slot: str) -> QPointF:
        """Where it is in the widget."""
        x, y = _figure(self._colours.look.skin)[1][slot]
        side = self._side()
        return QPointF(self.width() / 2 + x * side, self.height() / 2 + y * side)

    def slot_at(self, point: QPointF) -> str:
        """The nearest place within reach; "" where there is none."""
        distances = {slot: (self.place(slot) - point).manhattanLength() for slot in _BONES}
        nearest = min(distances, key=lambda slot: distances[slot])
        return nearest if distances[nearest] < 0.2 * self._side() else ""

    def _side(self) -> float:
        return min(float(self.height()), self.width() * 4 / 3)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        image, _ = _figure(self._colours.look.skin)
        side = self._side()
        width = side * image.width() / image.height()
        painter.drawImage(QRectF((self.width() - width) / 2, (self.height() - side) / 2, width, side), image)
        for slot in _BONES:
            self._paint_place(painter, slot)

    def _paint_place(self, painter: QPainter, slot: str) -> None:
        colours, level = self._colours, self._levels.get(slot)
        shade = colours.off if level is None else (colours.good, colours.warn, colours.bad, colours.off)[level]
        radius = 11.0 if slot == self._over else 8.0
        place = self.place(slot)
        painter.setPen(QPen(QColor(shade), 2.5))
        painter.setBrush(Qt.BrushStyle.NoBrush if level is None else QColor(shade))
        painter.drawEllipse(place, radius, radius)
        painter.setPen(self.palette().windowText().color())
        words = slot_words(slot)
        wide = self.fontMetrics().horizontalAdvance(words)
        x = place.x() + 14 if place.x() >= self.width() / 2 - 1 else place.x() - 14 - wide
        inside = min(max(2.0, x), self.width() - wide - 2.0)
        # where there is no room beside its mark, a word stands above it
        painter.drawText(QPointF(inside, place.y() + 4 if inside == x else place.y() - 14), words)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if slot := self.slot_at(event.position()):
            self.chosen.emit(slot)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._over = self.slot_at(event.position())
        self.update()
        if self._over:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        slot, self._over = self.slot_at(event.position()), ""
        self.update()
        if slot:
            self.dropped.emit(bytes(event.mimeData().data(MIME).data()).decode(), slot)
            event.acceptProposedAction()
