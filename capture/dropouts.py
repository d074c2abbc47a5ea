"""What is done about a sensor that falls silent, slot by slot.

Its last orientation is held for a moment; then the network, told that the slot is empty, predicts the limb; once the
sensor is back, its signal is faded in from where the network had the bone. Nothing snaps to a default pose.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ..rig.imu import SLOT_JOINTS, SLOTS
from ..rig.kinematics import local_to_global
from ..rig.quaternion import angle_between, conjugate, multiply, normalise, slerp

FRESH = 0.1  # seconds between samples that are no drop-out
HOLD = 0.4  # seconds that a silent sensor's last orientation stands for it
FADE = 0.5  # seconds over which a sensor that came back takes over, and a limb given up is let go
CALM = 15.0  # rad/s: no joint turns faster while the pelvis, against which all are measured, is a guess
HELD_CONFIDENCE = 0.5  # of a slot as it is given up; 1 as its last sample came, 0 once predicted

# joints that a silent slot leaves to the network; all are relative to the pelvis
_LIMBS: tuple[tuple[int, ...], ...] = (
    (13, 16, 18, 20, 22),
    (14, 17, 19, 21, 23),
    (1, 4, 7, 10),
    (2, 5, 8, 11),
    (12, 15),
    tuple(range(24)),
)
_IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_PELVIS = SLOTS.index("pelvis")

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


def changes(before: Sequence[Slot], now: Sequence[Slot]) -> Iterator[str]:
    """What the user should know of it, as sentences."""
    for name, was, known in zip(SLOTS, before, now, strict=True):
        words = name.replace("_", " ")
        if known is Slot.PREDICTED and was is not Slot.PREDICTED:
            yield f"The {words} sensor is silent. Its limb is predicted until it is back."
        elif known is Slot.FADING and was is Slot.PREDICTED:
            yield f"The {words} sensor is back."


class DropOuts:
    """One performer's six slots."""

    def __init__(self) -> None:
        count = len(SLOTS)
        self._states = [Slot.EMPTY] * count
        self._back_ns = [0] * count
        self._from: Array = np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))
        self._bones: Array | None = None  # world rotations (6, 4) in the newest pose
        self._pose: NDArray[np.float64] | None = None
        self._leaving: set[int] = set()  # joints whose next pose is another one's answer
        self._left = np.tile(_IDENTITY, (24, 1))  # where they were when they were left
        self._turns = self._left.copy()  # from there to what the network says, as of the last frame
        self._left_ns = np.full(24, -1e18)
        self._last_ns: int | None = None
        self._guessing = False  # the pelvis is, or the pose has not yet caught up since

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
                self._leaving |= set(_LIMBS[k]) if k == _PELVIS else set()
            elif state is not Slot.FADING or t_ns - self._back_ns[k] > FADE * 1e9:
                self._states[k] = Slot.MEASURED
        elif state is not Slot.EMPTY and state is not Slot.PREDICTED:
            self._states[k] = Slot.HELD
            if age > HOLD:
                self._states[k] = Slot.PREDICTED
                self._leaving |= set(_LIMBS[k]) if k != _PELVIS else set()

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
        """The pose `(24, 4)`; a limb that was given up goes over to what the network says of it in `FADE` seconds."""
        pose = rotations.astype(np.float64)
        if self._leaving and self._pose is not None:
            joints = sorted(self._leaving)
            self._left[joints], self._left_ns[joints], self._turns[joints] = self._pose[joints], t_ns, _IDENTITY
        self._leaving = set()
        share = np.clip((t_ns - self._left_ns) / (FADE * 1e9), 0.0, 1.0)
        if (share < 1).any():
            turns = multiply(conjugate(self._left), pose)
            # not the shorter way, which may change sides meanwhile, but the way of the frame before
            self._turns = turns * np.where(np.sum(turns * self._turns, axis=1) < 0, -1.0, 1.0)[:, None]
            pose = normalise(multiply(self._left, _part_of(self._turns, share * share * (3 - 2 * share))))
        pose = self._calmed(t_ns, pose)
        self._pose = pose
        self._bones = local_to_global(pose)[list(SLOT_JOINTS)].astype(np.float32)
        return pose.astype(np.float32)

    def _calmed(self, t_ns: int, pose: NDArray[np.float64]) -> NDArray[np.float64]:
        """While the pelvis is a guess the signals contradict each other, and networks answer that with wild turns."""
        unsure = self._states[_PELVIS] in (Slot.PREDICTED, Slot.FADING)
        self._guessing |= unsure
        before, last_ns, self._last_ns = self._pose, self._last_ns, t_ns
        if not self._guessing or before is None or last_ns is None:
            return pose
        most = CALM * (t_ns - last_ns) / 1e9
        turned = angle_between(before, pose)
        self._guessing = unsure or bool((turned > most).any())
        return normalise(slerp(before, pose, np.minimum(1.0, most / np.maximum(turned, 1e-9))))

    def forget_pose(self) -> None:
        """The next poses are another network's: go over to them from the last one."""
        self._leaving = set(range(24)) if self._pose is not None else set()


def _part_of(turns: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """A `share (N,)` of each turn `(N, 4)`, of up to a full one."""
    sine = np.linalg.norm(turns[:, 1:], axis=1)
    half = share * np.arctan2(sine, turns[:, 0])
    axis = turns[:, 1:] / np.maximum(sine, 1e-12)[:, None]
    return np.concatenate([np.cos(half)[:, None], np.sin(half)[:, None] * axis], axis=1)
