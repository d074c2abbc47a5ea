"""The performer in 3D: drag to orbit, wheel or plus and minus to go nearer, arrow keys to turn, Home to start over."""

import os
from collections import deque

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QOffscreenSurface, QOpenGLContext, QWheelEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ..rig.quaternion import Array
from .gl_canvas import VERSION, GlCanvas, surface_format
from .orbit import Orbit
from .painted_canvas import PaintedCanvas
from .scene import Look, Scene
from .skinned import skinned_body

CHOICE = "MOCAMBA_PANEL_3D"  # environment: gl or painted, where the choice is not to be ours
SLOW_DRIVERS = ("llvmpipe", "softpipe", "swiftshader", "basic render", "software")
RENDERER = 0x1F01
TRAIL = 180  # poses, three seconds
FEET = (10, 11)  # joints
FOLLOW = 0.08  # share of the way to the performer that the eye goes at each pose
STEP_KEYS = {
    Qt.Key.Key_Left: (-10.0, 0.0),
    Qt.Key.Key_Right: (10.0, 0.0),
    Qt.Key.Key_Up: (0.0, 5.0),
    Qt.Key.Key_Down: (0.0, -5.0),
}


def gpu_name() -> str:
    """What OpenGL draws with; "" where it has nothing that fits, or only the CPU in disguise.

    Measured on such a one (llvmpipe, two busy cores): 18 to 36 frames a second, where painting gives 60.
    """
    surface, context = QOffscreenSurface(), QOpenGLContext()
    surface.setFormat(surface_format(0))
    surface.create()
    context.setFormat(surface_format(0))
    if not context.create() or not context.makeCurrent(surface):
        return ""
    try:
        fits = context.format().version() >= VERSION
        name = context.functions().glGetString(RENDERER) or ""
        slow = any(driver in str(name).lower() for driver in SLOW_DRIVERS)
        return str(name) if fits and not slow else ""
    finally:
        context.doneCurrent()


def make_canvas(parent: QWidget) -> GlCanvas | PaintedCanvas:
    """By the GPU where there is one."""
    wish = os.environ.get(CHOICE, "")
    if wish == "gl" or (wish != "painted" and gpu_name()):
        return GlCanvas(parent)
    return PaintedCanvas(parent)


class BodyView(QWidget):
    """Shows the newest pose it was given, at once."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = make_canvas(self)
        self.canvas.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 240)
        self.setAccessibleName(self.tr("Performer in 3D"))
        self.setAccessibleDescription(self.tr("Arrow keys turn the view, plus and minus go nearer, Home starts over."))
        self._look, self._orbit = look, Orbit()
        self._trails: tuple[deque[Array], deque[Array]] = (deque(maxlen=TRAIL), deque(maxlen=TRAIL))
        self._mouse = QPointF()
        self.shown = 0  # poses
        self.set_height(None)

    def set_height(self, height: float | None) -> None:
        """Of the performer, metres; a T-pose is shown until a pose comes."""
        self._body = skinned_body(None if height is None else round(height, 2))
        rest = np.tile(np.array([1, 0, 0, 0], np.float32), (24, 1))
        floor = np.array([0, -float(self._body.vertices[:, 1].min()), 0], np.float32)
        self._bones = self._body.bones(rest, floor)
        self.forget_trails()

    def forget_trails(self) -> None:
        """And begin new ones."""
        for trail in self._trails:
            trail.clear()
        self._redraw()

    def set_look(self, look: Look) -> None:
        """Other colours."""
        self._look = look
        self._redraw()

    def show_pose(self, rotations: Array, translation: Array) -> None:
        """`rotations (24, 4)` local, `translation (3,)` metres."""
        self._bones = bones = self._body.bones(rotations, translation)
        for trail, foot in zip(self._trails, FEET, strict=True):
            place = bones[foot, :, :3] @ self._body.rest[foot] + bones[foot, :, 3]
            trail.append(np.array([place[0], 0.005, place[2]], np.float32))
        x, y, z = self._orbit.target
        there = np.asarray(translation, float)
        self._orbit = self._orbit.aimed((x + FOLLOW * (there[0] - x), y, z + FOLLOW * (there[2] - z)))
        self.shown += 1
        self._redraw()

    def _redraw(self) -> None:
        left, right = (np.array(trail, np.float32).reshape(-1, 3) for trail in self._trails)
        self.canvas.show_scene(Scene(self._body, self._bones, self._orbit, (left, right), self._look))

    @property
    def orbit(self) -> Orbit:
        """Where it is looked at from."""
        return self._orbit

    def _look_from(self, orbit: Orbit) -> None:
        self._orbit = orbit
        self._redraw()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._mouse = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        moved = event.position() - self._mouse
        self._mouse = event.position()
        self._look_from(self._orbit.turned(-0.4 * moved.x(), 0.3 * moved.y()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._look_from(self._orbit.nearer(1.1 ** (event.angleDelta().y() / 120)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in STEP_KEYS:
            self._look_from(self._orbit.turned(*STEP_KEYS[key]))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._look_from(self._orbit.nearer(1.15))
        elif key == Qt.Key.Key_Minus:
            self._look_from(self._orbit.nearer(1 / 1.15))
        elif key == Qt.Key.Key_Home:
            self._look_from(Orbit().aimed(self._orbit.target))
        else:
            super().keyPressEvent(event)
