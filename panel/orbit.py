"""Where the performer is looked at from."""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

NEAR, FAR = 0.1, 60.0  # metres
HALF_HEIGHT = np.tan(np.radians(22.5))  # of the picture, at one metre
NEAREST, FARTHEST = 0.7, 12.0  # metres from the target
STEEPEST = 85.0  # degrees above or below


@dataclass(frozen=True)
class Orbit:
    """`yaw` and `pitch` in degrees about `target` (world, Y up), `distance` in metres; yaw 0 sees the face of a
    performer who faces +Z."""

    yaw: float = 25.0
    pitch: float = 8.0
    distance: float = 3.6
    target: tuple[float, float, float] = (0.0, 0.9, 0.0)

    def turned(self, yaw: float, pitch: float) -> Self:
        """By degrees, to the right and up."""
        return replace(self, yaw=(self.yaw + yaw) % 360, pitch=float(np.clip(self.pitch + pitch, -5.0, STEEPEST)))

    def nearer(self, times: float) -> Self:
        """`times` over 1 goes nearer."""
        return replace(self, distance=float(np.clip(self.distance / times, NEAREST, FARTHEST)))

    def aimed(self, target: tuple[float, float, float]) -> Self:
        """At another place."""
        return replace(self, target=target)

    @property
    def eye(self) -> Array:
        """World `(3,)`."""
        place: Array = (np.array(self.target) + self.distance * self._axes()[2]).astype(np.float32)
        return place

    def _axes(self) -> NDArray[np.float64]:
        """Right, up and back of the eye in the world, as rows."""
        yaw, pitch = math.radians(self.yaw), math.radians(self.pitch)
        sy, cy, sp, cp = math.sin(yaw), math.cos(yaw), math.sin(pitch), math.cos(pitch)
        return np.array([[cy, 0.0, -sy], [-sy * sp, cp, -cy * sp], [sy * cp, sp, cy * cp]])

    def view(self) -> Array:
        """World to eye `(4, 4)`: x right, y up, looking along -z."""
        turn, matrix = self._axes(), np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = turn, -turn @ np.array(self.target) - [0.0, 0.0, self.distance]
        return matrix.astype(np.float32)

    def projection(self, aspect: float) -> Array:
        """Eye to clip space `(4, 4)`, as OpenGL has it; `aspect` is width by height."""
        matrix = np.zeros((4, 4))
        matrix[0, 0], matrix[1, 1] = 1 / (HALF_HEIGHT * aspect), 1 / HALF_HEIGHT
        matrix[2, 2], matrix[2, 3] = -(FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)
        matrix[3, 2] = -1
        return matrix.astype(np.float32)

    def pixels(self, points: Array, width: int, height: int) -> tuple[Array, Array]:
        """Pixel x, y `(N, 2)`, y downward, and depth `(N,)` in metres of world `points (N, 3)`."""
        matrix = self.view()
        eye = points @ matrix[:3, :3].T + matrix[:3, 3]
        depth = -eye[:, 2]
        scale = height / (2 * HALF_HEIGHT) / np.maximum(depth, NEAR)
        xy = np.stack([width / 2 + eye[:, 0] * scale, height / 2 - eye[:, 1] * scale], axis=1)
        return xy, depth
