"""What ties a sensor's turning to its acceleration: the lever it swings on.

A sensor on a limb moves on a lever from the joint above. With rotation R(t), lever r in the sensor's frame and the
body's acceleration c, the sensor's is a = c + R'' r: linear in r, whatever R'' is. Fitted to a few seconds, r tells
which way the limb hangs from its joint and how long it is, and how much of the acceleration it explains tells whether
orientation and acceleration are of one world. None of this needs gravity, a pose, or a heading.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..rig.motion import SOLVE_RATE
from ..rig.quaternion import Array
from ..rig.rotation import quaternion_to_matrix
from .clock import Resampled

REACH = 6  # frames to either side of a second difference: above the noise of orientations, under a limb's swing
LIVELIER = 0.85  # share of moments that are less lively than those that strength is taken from
RIDGE = 1e-4  # share of the squared turning that levers are held to zero with, where the motion tells nothing of them

Turn = Callable[[Array], Array]
Force = Callable[[Resampled], Array]


@dataclass(frozen=True, eq=False)
class Swing:
    """One sensor's `turning (N, 3, 3)`, R'' in 1/s², and `acceleration (N, 3)` smoothed alike; `known (N,)`."""

    turning: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    known: NDArray[np.bool_]

    @property
    def ratio(self) -> float:
        """Metres: acceleration over turning, which for limbs is a fraction of their length."""
        return self.force / self.speed if self.speed else 0.0

    @property
    def speed(self) -> float:
        """How hard it turns, 1/s²."""
        return _strength(self.turning[self.known])

    @property
    def force(self) -> float:
        """How hard it accelerates, m/s²."""
        return _strength(self.acceleration[self.known])


@dataclass(frozen=True, eq=False)
class Lever:
    """`arm (3,)` in metres and the sensor's frame; `explained` share of the acceleration, 0 to 1."""

    arm: NDArray[np.float64]
    explained: float

    @property
    def length(self) -> float:
        """Metres."""
        return float(np.linalg.norm(self.arm))


def _strength(values: NDArray[np.float64]) -> float:
    """Of the livelier moments; single glitches count for nothing."""
    sizes = np.linalg.norm(values.reshape(len(values), -1), axis=1)
    return float(np.quantile(sizes, LIVELIER)) if len(sizes) else 0.0


def swing(sensor: Resampled, turn: Turn | None = None, force: Force | None = None, reach: int = REACH) -> Swing:
    """`turn` changes orientations first, `force` gives other accelerations; `reach` in frames."""
    orientation = turn(sensor.orientation) if turn else sensor.orientation
    acceleration = force(sensor) if force else sensor.acceleration
    matrices = quaternion_to_matrix(orientation)
    turning = (matrices[2 * reach :] - 2 * matrices[reach:-reach] + matrices[: -2 * reach]) / (reach / SOLVE_RATE) ** 2
    # the second difference of positions is the acceleration under a triangle as wide
    ramp = np.arange(1, reach + 1)
    weights = np.concatenate([ramp, ramp[-2::-1]]) / reach**2
    smoothed = [np.convolve(column, weights, mode="valid")[1:-1] for column in acceleration.T]
    known = np.convolve(sensor.present, np.ones(2 * reach + 1), mode="valid") > 2 * reach
    return Swing(turning, np.stack(smoothed, axis=-1), known)


def fit_lever(limb: Swing, trunk: Swing | None) -> Lever:
    """The limb's lever; with a `trunk`, on which the joint sits on a lever of its own."""
    columns, force, known = [limb.turning], limb.acceleration, limb.known
    if trunk is not None:
        columns, force, known = [*columns, trunk.turning], force - trunk.acceleration, known & trunk.known
    turning = np.concatenate(columns, axis=2)[known].reshape(-1, 3 * len(columns))
    wanted = force[known].reshape(-1)
    square = turning.T @ turning
    total = float(wanted @ wanted)
    if not total or not square.any():
        return Lever(np.zeros(3), 0.0)
    arms = np.linalg.solve(square + RIDGE * np.trace(square) * np.eye(len(square)), turning.T @ wanted)
    rest = wanted - turning @ arms
    return Lever(arms[:3], max(0.0, 1 - float(rest @ rest) / total))


def explained_by_levers(swings: Mapping[str, Swing], trunk: str | None) -> dict[str, float]:
    """Of every sensor but the trunk's, the share of its acceleration that a lever explains.

    Joints of arms and thighs go with the trunk; the ankle of a standing leg stays where it is.
    """
    base = swings.get(trunk) if trunk else None
    return {
        name: max(fit_lever(one, base).explained, fit_lever(one, None).explained)
        for name, one in swings.items()
        if name != trunk
    }


def swings_of(
    sensors: Sequence[Resampled], turn: Turn | None = None, force: Force | None = None, reach: int = REACH
) -> dict[str, Swing]:
    """By name of the sensor."""
    return {sensor.log.name: swing(sensor, turn, force, reach) for sensor in sensors}
