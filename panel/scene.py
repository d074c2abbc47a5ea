"""What the 3D view shows, whichever way it is drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .orbit import Orbit
from .skinned import SkinnedBody

Array = NDArray[np.float32]
Colour = tuple[int, int, int]

REACH, STEP = 3.0, 0.5  # metres: how far the floor's grid goes from the target, and between its lines


@dataclass(frozen=True)
class Look:
    """Colours, 0 to 255."""

    background: Colour
    floor: Colour
    skin: Colour
    trails: tuple[Colour, Colour]  # left foot, right foot


@dataclass(frozen=True, eq=False)
class Scene:
    """`bones (24, 3, 4)` of `body`; `trails`: where each foot was, world, oldest first, `(N, 3)`."""

    body: SkinnedBody
    bones: Array
    orbit: Orbit
    trails: tuple[Array, Array]
    look: Look

    def light(self) -> Array:
        """Where most of it comes from: over the shoulder of whoever looks. World `(3,)`, unit."""
        view = self.orbit.view()[:3, :3]
        to_light = view.T @ np.array([0.35, 0.55, 0.75], np.float32)
        unit: Array = to_light / np.linalg.norm(to_light)
        return unit

    def grid(self) -> Array:
        """Ends of the floor's lines, world `(2N, 3)`; they stay where they are when the target moves."""
        middle = np.round(np.array(self.orbit.target)[[0, 2]] / STEP) * STEP
        ticks = np.arange(-REACH, REACH + STEP / 2, STEP)
        lines = []
        for tick in ticks:
            lines += [(tick, -REACH), (tick, REACH), (-REACH, tick), (REACH, tick)]
        flat = np.array(lines) + middle
        grid: Array = np.stack([flat[:, 0], np.zeros(len(flat)), flat[:, 1]], axis=1).astype(np.float32)
        return grid
