"""Detectors that need no network, for cameras that are real but for what they show; and a way to wait for them."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from mocamba.devices.keypoints.keypoints import Keypoints
from mocamba.devices.simulated.performer import perform
from mocamba.inference.virtual_film import Tripod, set_up
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.lens import lens_of_field
from mocamba.rig.motion import Motion
from mocamba.rig.skeleton import SMPL24

from .test_keypoints import standing

SIZE = (640, 480)
LENS_OF_IT = lens_of_field(*SIZE, 66.0)
FILM_RATE = 25  # Hz that a film says it has; when its pictures were taken is in the take


class StandIn:
    """One person, found anew in each picture."""

    def detect(self, picture: np.ndarray, t_ns: int) -> Keypoints | None:
        raise NotImplementedError

    def people(self, picture: np.ndarray, t_ns: int) -> list[Keypoints]:
        found = self.detect(picture, t_ns)
        return [] if found is None else [found]

    def follow(self, person: Keypoints) -> None:
        pass

    def close(self) -> None:
        pass


class Bright(StandIn):
    """Finds whoever is drawn brightly: a T-pose in the box of the bright pixels."""

    name = "bright"
    takes = 0.0  # seconds a picture

    def detect(self, picture: np.ndarray, t_ns: int) -> Keypoints | None:
        time.sleep(self.takes)
        rows, columns = np.nonzero(picture.min(axis=-1) > 180)
        if len(rows) < 20:
            return None
        low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()])
        shape = standing()
        points = low + (shape - shape.min(axis=0)) / np.ptp(shape, axis=0) * (high - low)
        size = picture.shape[1], picture.shape[0]
        return Keypoints(points.astype(np.float32), np.full(17, 0.9, np.float32), t_ns, *size)


class Virtual(StandIn):
    """Knows the simulated performer's joints, whatever the picture shows."""

    name = "virtual"
    rate = 120
    hidden = False
    sensors: Any = None
    began = 0  # when the performance did
    film_ns: np.ndarray | None = None  # when each picture of a film was taken

    def __init__(self) -> None:
        self._joints = h36m_positions(self.performed()).astype(np.float64)
        self._turn, self._place = set_up(self._joints, Tripod(4.5, 25))
        type(self).began = type(self).began or time.monotonic_ns()

    @classmethod
    def performed(cls) -> Motion:
        """What the joints are of."""
        return perform(SMPL24.scaled_to(1.75), float(cls.rate))

    def detect(self, picture: np.ndarray, t_ns: int) -> Keypoints | None:
        if type(self).hidden:
            return None
        if self.film_ns is not None:
            # a film may have one picture more than there are times
            t_ns = int(self.film_ns[min(round(t_ns * FILM_RATE / 1e9), len(self.film_ns) - 1)])
        pixels = LENS_OF_IT.project((self._joints[self.live_frame(t_ns)] - self._place) @ self._turn.T)
        return Keypoints(pixels.astype(np.float32), np.full(17, 0.9, np.float32), t_ns, *SIZE)

    def live_frame(self, t_ns: int) -> int:
        """Of the performance, when a picture was taken."""
        return round(self.rate * self._seconds(t_ns)) % len(self._joints)

    def _seconds(self, t_ns: int) -> float:
        """As the sensors have it, or since the beginning."""
        if self.sensors is None or self.sensors.cast is None:
            return max(0.0, (t_ns - self.began) / 1e9)
        stage = self.sensors.cast.stage
        actor = next(actor for actor in stage.actors if actor.slot == "pelvis")
        index = actor.index - (actor.due_ns - t_ns) / 1e9 * actor.speaker.rate
        one = stage._wearer.round("pelvis", actor.speaker.rate)
        if index >= len(one.states):
            index = one.begin + (index - one.begin) % (len(one.states) - one.begin)
        return max(0.0, float(index)) / actor.speaker.rate


def wait_for(what: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
