"""The 3D view where there is no GPU."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from .scene import Colour, Scene
from .splats import draw_body

ROWS = 900  # pixels of height that the body is drawn at, at most
SPARSE = 3  # poses from one point of a painted trail to the next


class PaintedCanvas(QWidget):
    """Draws the newest `scene`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._scene: Scene | None = None

    def show_scene(self, scene: Scene) -> None:
        """From now on."""
        self._scene = scene
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._scene is None:
            return
        painter = QPainter(self)
        paint_scene(painter, self._scene, self.width(), self.height(), ROWS)
        painter.end()


def paint_scene(painter: QPainter, scene: Scene, width: int, height: int, rows: int) -> None:
    """In device-independent pixels; the body itself `rows` pixels high at most."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.fillRect(0, 0, width, height, QColor(*scene.look.background))
    _paint_floor(painter, scene, width, height)
    for trail, colour in zip(scene.trails, scene.look.trails, strict=True):
        _paint_trail(painter, trail[::-SPARSE][::-1], colour, scene, width, height)
    rows = min(rows, height)
    columns = max(1, rows * width // max(1, height))
    if rows < 24 or columns < 24:
        return
    body = draw_body(scene, columns, rows)
    high, wide = body.pixels.shape[:2]
    image = QImage(body.pixels.data, wide, high, QImage.Format.Format_ARGB32_Premultiplied)
    scale = height / rows
    painter.drawImage(QRectF(body.left * scale, body.top * scale, wide * scale, high * scale), image)


def _paint_floor(painter: QPainter, scene: Scene, width: int, height: int) -> None:
    pixels, depth = scene.orbit.pixels(scene.grid(), width, height)
    painter.setPen(QPen(QColor(*scene.look.floor), 1))
    # a line that runs behind the eye has no end in the picture
    seen = depth.reshape(-1, 2).min(axis=1) > 0.2
    painter.drawLines([QLineF(*ends) for ends in pixels.reshape(-1, 4)[seen].tolist()])


def _paint_trail(
    painter: QPainter, trail: NDArray[np.float32], colour: Colour, scene: Scene, width: int, height: int
) -> None:
    if len(trail) < 2:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pixels, depth = scene.orbit.pixels(trail, width, height)
    points = [QPointF(x, y) for (x, y), far in zip(pixels.tolist(), depth.tolist(), strict=True) if far > 0.2]
    parts = 4
    for part in range(parts):
        ink = QColor(*colour)
        ink.setAlphaF((part + 1) / parts)
        painter.setPen(QPen(ink, 2))
        here = points[part * len(points) // parts : (part + 1) * len(points) // parts + 1]
        painter.drawPolyline(QPolygonF(here))
