"""A simulated performer before a virtual camera, fed picture by picture as a session does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from mocamba.inference.detector import MEDIAPIPE_LIKE, DetectorErrors
from mocamba.inference.solver import solve_frames
from mocamba.inference.views import Sight, View
from mocamba.inference.virtual_film import Tripod, VirtualFilm, film_motion
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.imu import WORN, ImuSequence
from mocamba.rig.lifted.correction import PoseCorrection
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import make_continuous

from .performers import cut_motion, network, performance

EVERY = 4  # frames of sensors from picture to picture, unless said otherwise: 15 a second
LATE = 7  # frames until a picture's pose is known


@dataclass(frozen=True, eq=False)
class Worn:
    """What sensors on a performer who did `truth` said, and HiPoser of them, live; a picture `every` so many frames."""

    truth: Motion
    imu: ImuSequence
    felt: Motion
    film: VirtualFilm
    every: int = EVERY


@cache
def worn(begin: int = 300, end: int = 1000, errors: bool = True) -> Worn:
    """Frames of the simulated performance."""
    detector = MEDIAPIPE_LIKE if errors else replace(MEDIAPIPE_LIKE, noise=0, wander=0, habit=0, lost=0, swapped=0)
    return worn_by(cut_motion(performance(), begin, end), detector)


def worn_by(motion: Motion, detector: DetectorErrors = MEDIAPIPE_LIKE, bearing: float = 40, seed: int = 2) -> Worn:
    """Six sensors that drift and slip on whoever does `motion`, four metres before a camera."""
    truth = replace(motion, t_ns=motion.t_ns - motion.t_ns[0], contact=None)
    imu = simulate_imu(truth, WORN, seed + 1)
    solved = solve_frames(network("hiposer-s").network, imu, skeleton=truth.skeleton)
    felt = replace(truth, rotations=make_continuous(solved.rotations), translation=solved.translation)
    return Worn(truth, imu, felt, film_motion(truth, Tripod(4.0, bearing), detector, every=EVERY, seed=seed))


def at_rate(worn: Worn, every: int, bearing: float = 40, seed: int = 2) -> Worn:
    """The same with another camera's rate: 60 Hz by `every`."""
    film = film_motion(worn.truth, Tripod(4.0, bearing), MEDIAPIPE_LIKE, every=every, seed=seed)
    return replace(worn, film=film, every=every)


def view(worn: Worn, number: int, *, hidden: bool = False, sensors: bool = True, lag_ns: int = 0) -> View:
    """Picture `number` of the film. The camera's clock is `lag_ns` late."""
    film, frame = worn.film, number * worn.every
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
        if t >= LATE and (t - LATE) % worn.every == 0:
            shown = view(worn, (t - LATE) // worn.every, hidden=(t - LATE) in hidden)
            sight = push(shown)
            sights.append(sight)
            if sight.found:
                moved = sight.translation - shown.translation
                now = int(worn.felt.t_ns[t])
                correction.learn(now, shown.rotations, sight.rotations, shown.present, moved, sight.heading)
        rotations[t], place[t] = correction.apply(int(worn.felt.t_ns[t]), rotations[t], place[t])
    return replace(worn.felt, rotations=make_continuous(rotations), translation=place), sights


def joint_errors(motion: Motion, truth: Motion) -> np.ndarray:
    """Millimetres, `(T,)`, both pelvises at zero."""
    mine, real = (h36m_positions(one).astype(np.float64) for one in (motion, truth))
    return 1000 * np.linalg.norm((mine - mine[:, :1]) - (real - real[:, :1]), axis=-1).mean(axis=1)


def path_errors(motion: Motion, truth: Motion, start: int) -> np.ndarray:
    """Millimetres on the floor, `(T,)`, from the same place in frame `start` on."""
    off = (motion.translation - motion.translation[start]) - (truth.translation - truth.translation[start])
    return 1000 * np.linalg.norm(off[start:, [0, 2]], axis=-1)


def levelled_error(mine: np.ndarray, truth: np.ndarray) -> float:
    """MPJPE, mm, with the heading that fits best: a camera alone chooses its own."""
    a, b = mine - mine[:, :1], truth - truth[:, :1]
    angles = np.radians(np.arange(0, 360, 2))
    turns = (np.array([[np.cos(q), 0, -np.sin(q)], [0, 1, 0], [np.sin(q), 0, np.cos(q)]]) for q in angles)
    return min(1000 * float(np.linalg.norm(a @ turn - b, axis=-1).mean()) for turn in turns)
