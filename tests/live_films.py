"""A simulated performer before a virtual camera, fed picture by picture as a session does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from mocamba.inference.detector import MEDIAPIPE_LIKE
from mocamba.inference.solver import solve_frames
from mocamba.inference.views import Sight, View
from mocamba.inference.virtual_film import Tripod, VirtualFilm, film_motion
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.imu import WORN, ImuSequence
from mocamba.rig.lifted.correction import PoseCorrection
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import make_continuous

from .performers import cut_motion, network, performance

EVERY = 4  # frames of sensors from picture to picture: 15 a second
LATE = 7  # frames until a picture's pose is known


@dataclass(frozen=True, eq=False)
class Worn:
    """What sensors on a performer who did `truth` said, and HiPoser of them, live."""

    truth: Motion
    imu: ImuSequence
    felt: Motion
    film: VirtualFilm


@cache
def worn(begin: int = 300, end: int = 1000, errors: bool = True) -> Worn:
    """Frames of the simulated performance."""
    truth = cut_motion(performance(), begin, end)
    truth = replace(truth, t_ns=truth.t_ns - truth.t_ns[0])
    imu = simulate_imu(truth, WORN, 3)
    solved = solve_frames(network("hiposer-s").network, imu, skeleton=truth.skeleton)
    felt = replace(truth, rotations=make_continuous(solved.rotations), translation=solved.translation)
    detector = MEDIAPIPE_LIKE if errors else replace(MEDIAPIPE_LIKE, noise=0, wander=0, habit=0, lost=0, swapped=0)
    return Worn(truth, imu, felt, film_motion(truth, Tripod(4.0, 40), detector, every=EVERY, seed=2))


def view(worn: Worn, number: int, *, hidden: bool = False, sensors: bool = True, lag_ns: int = 0) -> View:
    """Picture `number` of the film. The camera's clock is `lag_ns` late."""
    film, frame = worn.film, number * EVERY
    return View(
        number,
        int(film.t_ns[number]) + lag_ns,
        0,
        np.where(hidden, np.nan, film.rays[number]).astype(np.float32),
        np.where(hidden, 0.0, film.confidence[number]).astype(np.float32),
        sensors,
        worn.imu.orientation[frame],
        worn.imu.present[frame],
        worn.felt.rotations[frame],
        worn.felt.translation[frame],
    )


def corrected(worn: Worn, push: Callable[[View], Sight], hidden: range = range(0)) -> tuple[Motion, list[Sight]]:
    """HiPoser's motion with what the camera adds, pictures `LATE` frames late; in frames `hidden` nobody is seen."""
    correction = PoseCorrection(worn.truth.skeleton)
    rotations, place = worn.felt.rotations.copy(), worn.felt.translation.copy()
    sights: list[Sight] = []
    for t in range(len(worn.felt)):
        if t >= LATE and (t - LATE) % EVERY == 0:
            shown = view(worn, (t - LATE) // EVERY, hidden=(t - LATE) in hidden)
            sight = push(shown)
            sights.append(sight)
            if sight.found:
                moved = sight.translation - shown.translation
                now = int(worn.felt.t_ns[t])
                correction.learn(now, shown.rotations, sight.rotations, shown.present, moved, sight.heading)
        rotations[t], place[t] = correction.apply(int(worn.felt.t_ns[t]), rotations[t], place[t])
    return replace(worn.felt, rotations=make_continuous(rotations), translation=place), sights
