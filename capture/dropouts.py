"""What is done about a sensor that falls silent, slot by slot.

Its last orientation is held for a moment; then the network, told that the slot is empty, predicts the limb; once the
sensor is back, its signal is faded in from where the network had the bone. Nothing snaps to a default pose.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ..rig.imu import SLOT_JOINTS, SLOTS
from ..rig.kinematics import local_to_global
from ..rig.quaternion import conjugate, multiply, normalise, slerp

FRESH = 0.1  # seconds between samples that are no drop-out
HOLD = 0.4  # seconds that a silent sensor's last orientation stands for it
FADE = 0.5  # seconds over which a sensor that came back takes over, and a limb given up is let go
HELD_CONFIDENCE = 0.5  # of a slot as it is given up; 1 as its last sample came, 0 once predicted

Array = NDArray[np.float32]


class Slot(IntEnum):
    """How a slot is known. Numbers go over the link."""

    MEASURED = 0
    HELD = 1
    PREDICTED = 2
    FADING = 3
    EMPTY = 4  # no sensor is worn there


@dataclass(frozen=True, eq=False)
class Sensed:
    """One frame for the network, `confidence` of the pose it will give, and how each slot is known."""

    orientation: Array
    acceleration: Array
    present: NDArray[np.bool_]
    confidence: float
    slots: tuple[Slot, ...]


class DropOuts:
    """One performer's six slots."""

    def __init__(self) -> None:
        count = len(SLOTS)
        self._states = [Slot.EMPTY] * count
        self._back_ns = [0] * count
        self._from: Array = np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))
        self._bones: Array | None = None  # world rotations (6, 4) in the newest pose
        self._pose: NDArray[np.float64] | None = None
        self._rest: NDArray[np.float64] | None = None  # what is left of a jump, (24, 4)
        self._given_up_ns = 0
        self._jumps = False

    def sense(self, t_ns: int, orientation: Array, acceleration: Array, age: NDArray[np.float64]) -> Sensed:
        """`age (6,)`: seconds since each slot's newest sample, infinite where none ever came."""
        orientation, acceleration = orientation.copy(), acceleration.copy()
        weights = np.zeros(len(SLOTS))
        for k in range(len(SLOTS)):
            self._step(k, t_ns, float(age[k]))
            weights[k] = self._weigh(k, t_ns, float(age[k]), orientation, acceleration)
        states = tuple(self._states)
        present = np.array([state in (Slot.MEASURED, Slot.HELD, Slot.FADING) for state in states])
        return Sensed(orientation, acceleration, present, float(weights.mean()), states)

    def _step(self, k: int, t_ns: int, age: float) -> None:
        state = self._states[k]
        if age <= FRESH:
            if state is Slot.PREDICTED and self._bones is not None:
                self._states[k], self._back_ns[k], self._from[k] = Slot.FADING, t_ns, self._bones[k]
            elif state is not Slot.FADING or t_ns - self._back_ns[k] > FADE * 1e9:
                self._states[k] = Slot.MEASURED
        elif state is not Slot.EMPTY and state is not Slot.PREDICTED:
            self._states[k] = Slot.HELD
            if age > HOLD:
                self._states[k] = Slot.PREDICTED
                self._jumps = True

    def _weigh(self, k: int, t_ns: int, age: float, orientation: Array, acceleration: Array) -> float:
        """Confidence in the slot; its signal is changed in place where it is not taken as it is."""
        state = self._states[k]
        if state is Slot.HELD:
            acceleration[k] = 0  # a limb that is taken to stand still is not accelerated
            return 1 - (1 - HELD_CONFIDENCE) * min(1.0, (age - FRESH) / (HOLD - FRESH))
        if state is Slot.FADING:
            share = min(1.0, (t_ns - self._back_ns[k]) / (FADE * 1e9))
            orientation[k] = slerp(self._from[k], orientation[k], np.array(share))
            acceleration[k] *= share
            return share
        return 1.0 if state is Slot.MEASURED else 0.0

    def soften(self, t_ns: int, rotations: Array) -> Array:
        """The pose `(24, 4)` without the jump from holding a limb to predicting it, which fades away instead."""
        pose = rotations.astype(np.float64)
        if self._jumps and self._pose is not None:
            # what stood before, seen from what the network says now
            self._rest, self._given_up_ns, self._jumps = multiply(conjugate(pose), self._pose), t_ns, False
        if self._rest is not None:
            left = 1 - (t_ns - self._given_up_ns) / (FADE * 1e9)
            if left <= 0:
                self._rest = None
            else:
                left = left * left * (3 - 2 * left)
                identity = np.array([1.0, 0.0, 0.0, 0.0])
                pose = normalise(multiply(pose, slerp(identity, self._rest, np.array(left))))
        self._pose = pose
        self._bones = local_to_global(pose)[list(SLOT_JOINTS)].astype(np.float32)
        return pose.astype(np.float32)

    def forget_pose(self) -> None:
        """The next pose is another solver's: fade to it from the last one."""
        self._jumps = self._pose is not None
