"""A small picture of a take: its newest solve, a third of the way through, seen from the front."""

from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage, QPainter

from ..capture.take import open_take
from ..rig.errors import BadInputError
from ..rig.quaternion import heading
from .orbit import Orbit
from .painted_canvas import paint_scene
from .scene import Look, Scene
from .skinned import skinned_body

LOOK = Look((46, 50, 57), (84, 90, 100), (214, 170, 140), ((100, 170, 255), (255, 140, 90)))


def thumbnail(take: Path, side: int) -> QImage | None:
    """`side` pixels square; None for a take whose solve cannot be read. From any thread."""
    try:
        motion = open_take(take).load_solved()
    except BadInputError:
        return None
    frame = len(motion) // 3
    body = skinned_body(round(motion.skeleton.height, 2))
    place = motion.translation[frame]
    facing = float(np.degrees(heading(motion.rotations[frame, 0].astype(float))))
    orbit = Orbit(yaw=facing + 20, pitch=8, distance=2.6, target=(float(place[0]), 0.88, float(place[2])))
    nothing = np.zeros((0, 3), np.float32)
    scene = Scene(body, body.bones(motion.rotations[frame], place), orbit, (nothing, nothing), LOOK)
    image = QImage(side, side, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    paint_scene(painter, scene, side, side, side)
    painter.end()
    return image
