"""How often the moment at which a video began is found among worn sensors, from the movement alone.

    python benchmarks/lag.py DATA [--people test] [--seconds 6 3] [--count 40] [--outside 0.3] [--told 0.5]

DATA holds the motion shards. A take is some clips of one person, in the order of the data (so that exercises repeat
themselves) or, every other one, in any order, joined to about --take seconds. It is worn as six sensors that drift and
slip (`rig.imu.WORN`), solved by HiPoser, and a stretch of it filmed at 30 pictures a second from some side by a
detector as wrong as MediaPipe, --hidden of the joints unseen. The film begins anywhere within ten hours; --outside of
it is before the sensors began, or after they ended. With --told its moment is told, wrong by up to so many seconds.
Right is what is within 0.1 s. Prints a row a length, with the processor time of a search.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mocamba.inference.detector import MEDIAPIPE_LIKE
from mocamba.inference.shards import Clip
from mocamba.inference.solver import solve
from mocamba.inference.training.split import read_clips, split_clips
from mocamba.inference.virtual_film import Tripod, VirtualFilm, film_motion
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.errors import BadInputError
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.imu import WORN, ImuSequence
from mocamba.rig.lifted.lag import SeveralMomentsError, camera_lag
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import Array, about_y, multiply, rotate, slerp
from rich.console import Console
from rich.progress import track
from rich.table import Table

PEOPLE = ("training", "validation", "test")
BETWEEN = 30  # frames from the end of a clip to the beginning of the next
RIGHT = 0.1  # seconds
EDGE = 0.7  # seconds of the take before and after the stretch that is filmed, at least


@dataclass(frozen=True, eq=False)
class Scene:
    """A take's sensors and the joints `felt (T, 17, 3)` in them; the film of a stretch of it, whose clock is `late`
    nanoseconds ahead."""

    name: str
    imu: ImuSequence
    felt: Array
    film: VirtualFilm
    late: int


def joined(clips: list[Clip], seconds: float) -> Motion:
    """One after the other, each going on where and as the one before ended."""
    rotations = clips[0].motion.rotations.astype(np.float64)
    place = clips[0].motion.translation.astype(np.float64)
    for clip in clips[1:]:
        if len(place) >= 60 * seconds:
            break
        own = clip.motion.rotations.astype(np.float64)
        turn = about_y(np.array(_heading(rotations[-1, 0]) - _heading(own[0, 0])))
        own[:, 0] = multiply(turn, own[:, 0])
        path = rotate(turn, clip.motion.translation.astype(np.float64))
        path += (place[-1] - path[0]) * [1, 0, 1]
        share = (1 - np.cos(np.pi * np.arange(1, BETWEEN) / BETWEEN)) / 2
        between = slerp(rotations[-1][None], own[0][None], share[:, None])
        way = place[-1] + share[:, None] * (path[0] - place[-1])
        rotations, place = np.concatenate([rotations, between, own]), np.concatenate([place, way, path])
    return evenly_timed(rotations, place, clips[0].motion.skeleton)


def _heading(pelvis: Array) -> float:
    ahead = rotate(pelvis, np.array([0.0, 0.0, 1.0]))
    return float(np.arctan2(ahead[0], ahead[2]))


def scenes(clips: list[Clip], seconds: float, take: float, count: int, hidden: float) -> Iterator[Scene]:
    """`count` of them, the people in turn."""
    people = sorted({clip.subject for clip in clips})
    for number in range(count):
        random = np.random.default_rng(number)
        own = [clip for clip in clips if clip.subject == people[number % len(people)]]
        first = int(random.integers(len(own)))
        order = np.roll(np.arange(len(own)), -first)
        if number // len(people) % 2:
            random.shuffle(order)
        own = [own[k] for k in order]
        motion = joined(own, max(take, seconds + 2 * EDGE))
        rows = round(60 * seconds)
        spare = len(motion) - rows - 2 * round(60 * EDGE)
        if spare >= 0:
            begin = round(60 * EDGE) + int(random.integers(spare + 1))
            yield scene(own[0].subject, motion, range(begin, begin + rows), hidden, number)


def scene(name: str, motion: Motion, filmed: range, hidden: float, number: int) -> Scene:
    """`filmed` frames of `motion`, seen and felt."""
    random = np.random.default_rng(1000 + number)
    imu = simulate_imu(motion, WORN, number)
    felt = h36m_positions(solve(imu, network="hiposer-s", mode="offline", skeleton=motion.skeleton)).astype(np.float64)
    shown = slice(filmed.start, filmed.stop)
    part = replace(
        motion,
        rotations=motion.rotations[shown],
        translation=motion.translation[shown],
        t_ns=motion.t_ns[shown],
        confidence=motion.confidence[shown],
    )
    tripod = Tripod(bearing=float(random.uniform(0, 360)))
    film = film_motion(part, tripod, MEDIAPIPE_LIKE, hidden=hidden, every=2, seed=number)
    late = int(random.integers(-18_000_000_000_000, 18_000_000_000_000))
    return Scene(name, imu, felt - felt[:, :1], replace(film, t_ns=film.t_ns + late), late)


def shortened(one: Scene, outside: float, first: bool) -> Scene:
    """With sensors that begin, or end, while the film goes on: `outside` of it is not theirs."""
    if not outside:
        return one
    edge = round((outside if first else 1 - outside) * (len(one.film.t_ns) - 1))
    at = int(np.searchsorted(one.imu.t_ns, one.film.t_ns[edge] - one.late))
    rows = slice(at, None) if first else slice(None, at)
    return replace(one, imu=one.imu.part(rows), felt=one.felt[rows])


def error(one: Scene, about: int | None) -> float | None:
    """Seconds by which the lag that is found, `about` in ns where it is told, is off; None where it is refused."""
    film = one.film
    try:
        lag = camera_lag(one.felt, one.imu.t_ns, film.t_ns, film.rays, film.confidence, about=about, imu=one.imu)
    except SeveralMomentsError as several:
        if about is None:
            return None
        lag = min(several.lags, key=lambda lag: abs(lag - about))  # as `capture/video_start.py` does
    except BadInputError:
        return None
    return (lag + one.late) / 1e9


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--people", choices=PEOPLE, default="test")
    parser.add_argument("--seconds", type=float, nargs="+", default=[6.0, 3.0], help="that are filmed")
    parser.add_argument("--take", type=float, default=25.0, help="seconds of sensors")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--outside", type=float, default=0.0, help="share of the film")
    parser.add_argument("--told", type=float, help="seconds by which a moment that is told may be wrong")
    parser.add_argument("--hidden", type=float, default=0.0, help="share of the joints")
    arguments = parser.parse_args()
    clips = split_clips(read_clips(arguments.data))[PEOPLE.index(arguments.people)]
    table = Table("film", "takes", f"within {RIGHT:g} s", "off", "refused", "median, ms", "of processor time, s")
    for seconds in arguments.seconds:
        errors, took = [], 0.0
        every = scenes(clips, seconds, arguments.take, arguments.count, arguments.hidden)
        for number, one in enumerate(track(every, f"{seconds:g} s", arguments.count)):
            wrong = None if arguments.told is None else arguments.told * np.random.default_rng(number).uniform(-1, 1)
            began = time.process_time()
            about = None if wrong is None else round(1e9 * wrong) - one.late
            errors.append(error(shortened(one, arguments.outside, number % 2 == 0), about))
            took += time.process_time() - began
        told = np.abs([e for e in errors if e is not None])
        right = told[told < RIGHT]
        counts = (len(errors), len(right), len(told) - len(right), len(errors) - len(told))
        median = f"{1000 * np.median(right):.0f}" if len(right) else ""
        table.add_row(f"{seconds:g} s", *map(str, counts), median, f"{took / max(len(errors), 1):.2f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
