"""What a detector would say of a motion that one virtual camera films, for tests and evaluation."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..rig.h36m import h36m_positions
from ..rig.motion import Motion
from ..rig.quaternion import Array
from .cameras import look_at
from .detector import PERFECT, DetectorErrors, detect
from .random_source import RandomSource


@dataclass(frozen=True)
class Tripod:
    """A camera `distance` metres from the middle of the motion and `height` metres up, `bearing` degrees from +Z. It
    looks `aside` degrees past the middle and is turned by `roll` degrees about its line of sight."""

    distance: float = 4.0
    bearing: float = 30.0
    height: float = 1.4
    aside: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, eq=False)
class VirtualFilm:
    """`t_ns (N,)`; `rays (N, 17, 2)`, NaN where hidden, and `confidence (N, 17)` as detected; the truth: `joints
    (N, 17, 3)` in the camera's frame, whose axes in the world are the rows of `turn (3, 3)`, at `place (3,)`."""

    t_ns: NDArray[np.int64]
    rays: Array
    confidence: Array
    joints: Array
    turn: Array
    place: Array


def film_motion(
    motion: Motion,
    tripod: Tripod | None = None,
    errors: DetectorErrors = PERFECT,
    *,
    hidden: float = 0.0,
    every: int = 1,
    seed: int = 0,
) -> VirtualFilm:
    """Every `every`th frame of a 60 Hz motion. Joints are hidden in stretches, `hidden` of the time, and said to be."""
    random = RandomSource(torch.Generator().manual_seed(seed))
    world = h36m_positions(motion).astype(np.float64)
    turn, place = set_up(world, tripod or Tripod())
    joints = (world - place) @ turn.T
    rays = joints[..., :2] / joints[..., 2:]
    metre = torch.from_numpy(1 / joints[None, :, 0, 2]).float()
    seen = detect(torch.from_numpy(rays[None]).float(), metre, errors, random)[0].double().numpy()
    gone = _hidden(len(motion), hidden, random)
    seen[gone] = np.nan
    rows = slice(None, None, every)
    sure = np.where(gone, 0.0, 0.95)
    return VirtualFilm(motion.t_ns[rows], seen[rows], sure[rows], joints[rows], turn, place)


def set_up(world: Array, tripod: Tripod) -> tuple[Array, Array]:
    """Rotation `(3, 3)` from the world to the camera and its place `(3,)`, for joints `world (T, 17, 3)`."""
    middle = world[:, 0].mean(axis=0)
    bearing, aside = np.radians(tripod.bearing), np.radians(tripod.aside)
    away = tripod.distance * np.array([np.sin(bearing), 0.0, np.cos(bearing)])
    place = np.array([middle[0], 0.0, middle[2]]) + away + [0, tripod.height, 0]
    sight = middle - place
    c, s = np.cos(aside), np.sin(aside)
    sight = np.array([c * sight[0] + s * sight[2], sight[1], c * sight[2] - s * sight[0]])
    roll = torch.deg2rad(torch.tensor([tripod.roll], dtype=torch.float64))
    turn = look_at(torch.from_numpy(place[None]), torch.from_numpy((place + sight)[None]), roll)
    return turn[0].numpy(), place


def _hidden(frames: int, share: float, random: RandomSource) -> NDArray[np.bool_]:
    """`(T, 17)` True in stretches of half a second or so, about `share` of the time for each joint."""
    if share <= 0:
        return np.zeros((frames, 17), bool)
    wave = random.smooth(1, frames, 17, 1.0)[0].numpy()
    return np.asarray(wave > np.quantile(wave, 1 - share, axis=0))
