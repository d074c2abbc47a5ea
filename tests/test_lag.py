"""When a video began against worn sensors: performances with known lags, with and without claps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mocamba.devices.simulated.gestures import arm_rotations
from mocamba.inference.detector import MEDIAPIPE_LIKE, DetectorErrors
from mocamba.inference.virtual_film import Tripod, VirtualFilm, film_motion
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.errors import BadInputError
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.imu import WORN, ImuSequence
from mocamba.rig.lifted.even import EvenKeypoints, even_axis, even_keypoints
from mocamba.rig.lifted.knocks import find_knocks
from mocamba.rig.lifted.lag import camera_lag, tellingly
from mocamba.rig.lifted.likeness import RIDGE, likeness, upright
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import slerp
from mocamba.rig.resample import resample
from mocamba.rig.skeleton import joint
from mocamba.rig.smooth import gaussian

from .performers import again_and_again, cut_motion, performance

HOUR = 3_600_000_000_000
OPEN, SHUT = 50.0, 112.0  # degrees under the horizontal of arms that point forward: before a clap, and in it
CLOSING = 0.3  # seconds, faster and faster
SEARCH = (Phase.explicit, Phase.reuse, Phase.generate)  # a search takes seconds: shrinking one would take minutes
UNHIDDEN = replace(MEDIAPIPE_LIKE, lost=0, swapped=0)


def with_claps(motion: Motion, *times: float) -> Motion:
    """Hands that come forward, meet at each of the `times` at full speed, and go back to what they did."""
    rotations = motion.rotations.astype(np.float64)
    t = (motion.t_ns - motion.t_ns[0]) / 1e9
    for at in times:
        near = np.clip((t - at) / CLOSING + 1, 0, 1) ** 2 - np.clip((t - at - 0.12) / 0.4, 0, 1)
        drop = OPEN + (SHUT - OPEN) * near
        share = gaussian(((t > at - 0.7) & (t < at + 0.6)).astype(float)[:, None], 6)
        for side in ("left", "right"):
            zero = np.zeros(len(t))
            swing = np.full(len(t), np.radians(80.0))
            arm = {"drop": np.radians(drop), "swing": swing, "twist": zero, "elbow": zero, "collar": zero}
            for name, turn in arm_rotations(arm, side).items():
                k = joint(f"{side}_{name}")
                rotations[:, k] = slerp(rotations[:, k], turn, share[:, 0])
    return replace(motion, rotations=rotations.astype(np.float32))


def felt(motion: Motion, seed: int, off: float = 0.03) -> np.ndarray:
    """Joints from the pelvis as sensors tell them, wrong by `off` metres."""
    joints = h36m_positions(motion).astype(np.float64)
    wrong = gaussian(np.random.default_rng(seed).normal(size=joints.shape), 20) * off * np.sqrt(20 * 3.5)
    return joints - joints[:, :1] + wrong


def filmed(
    motion: Motion, rate: float, begin: float, end: float, seed: int, errors: DetectorErrors = MEDIAPIPE_LIKE
) -> VirtualFilm:
    """Seconds `begin` to `end` of it at `rate` pictures a second; the clock is the motion's."""
    film = film_motion(resample(motion, rate), Tripod(bearing=20.0 + seed % 50), errors, seed=seed)
    rows = slice(round(begin * rate), round(end * rate))
    return replace(film, t_ns=film.t_ns[rows], rays=film.rays[rows], confidence=film.confidence[rows])


def error(motion: Motion, film: VirtualFilm, late: int, seed: int = 0, imu: ImuSequence | None = None) -> float:
    """Seconds by which the lag found is off."""
    body = felt(motion, seed)
    lag = camera_lag(body, motion.t_ns, film.t_ns + late, film.rays, film.confidence, imu=imu)
    return (lag + late) / 1e9


@settings(max_examples=3, deadline=None, phases=SEARCH)
@given(
    late=st.integers(-9 * HOUR, 9 * HOUR),
    rate=st.sampled_from([25.0, 30.0, 60.0]),
    begin=st.floats(3, 18),
    seed=st.integers(0, 1000),
)
def test_the_lag_of_a_film_is_found(late: int, rate: float, begin: float, seed: int) -> None:
    film = filmed(performance(), rate, begin, begin + 8, seed)
    assert abs(error(performance(), film, late, seed)) < 0.05


def test_a_clap_is_felt_and_seen_at_one_time() -> None:
    random, seen = np.random.default_rng(5), []
    for number in range(30):
        rate, at, seed = (25.0, 30.0, 60.0)[number % 3], float(random.uniform(9, 11)), int(random.integers(1000))
        motion = with_claps(performance(), at)
        film, imu = filmed(motion, rate, 7, 13, seed, UNHIDDEN), simulate_imu(motion, WORN, seed)
        claps, _ = find_knocks(imu, film.t_ns, film.rays, film.confidence)
        assert (np.abs(claps.felt / 1e9 - at) < 0.01).any()
        seen.append(float(np.abs(claps.seen / 1e9 - at).min(initial=1.0)))
    assert np.median(seen) < 0.012
    assert np.quantile(seen, 0.9) < 0.03


@pytest.mark.parametrize(("rate", "at", "seed"), [(25.0, 9.3, 7), (30.0, 10.1, 8), (60.0, 10.8, 9)])
def test_with_a_clap_the_lag_is_found_under_a_frame(rate: float, at: float, seed: int) -> None:
    motion = with_claps(performance(), at)
    film, imu = filmed(motion, rate, 7, 13, seed), simulate_imu(motion, WORN, seed)
    assert abs(error(motion, film, -3 * HOUR, seed, imu)) < 1 / rate


@pytest.mark.parametrize("rate", [25.0, 60.0])
def test_a_jump_is_felt_and_seen_at_one_time(rate: float) -> None:
    motion = performance()
    t = (motion.t_ns - motion.t_ns[0]) / 1e9 - 10
    up = np.where((t > 0) & (t < 0.5), 0.5 * 9.81 * t * (0.5 - t), 0.0)
    motion = replace(motion, translation=(motion.translation + up[:, None] * [0, 1, 0]).astype(np.float32))
    film, imu = filmed(motion, rate, 8, 13, 1, UNHIDDEN), simulate_imu(motion, WORN, 1)
    _, landings = find_knocks(imu, film.t_ns, film.rays, film.confidence)
    assert (np.abs(landings.felt / 1e9 - 10.5) < 0.02).any()
    assert (np.abs(landings.seen / 1e9 - 10.5) < 0.04).any()


def test_a_performance_without_a_clap_has_none() -> None:
    film, imu = filmed(performance(), 30, 0, 29, 1), simulate_imu(performance(), WORN, 1)
    claps, landings = find_knocks(imu, film.t_ns, film.rays, film.confidence)
    assert not claps.lags(99)
    assert not landings.lags(99)


@pytest.mark.parametrize("rate", [25.0, 60.0])
def test_what_repeats_itself_is_refused_but_for_a_clap(rate: float) -> None:
    motion = again_and_again()
    film = filmed(motion, rate, 9.5, 15.5, 3)
    with pytest.raises(BadInputError, match="several moments"):
        error(motion, film, 5 * HOUR, imu=simulate_imu(motion, WORN, 1))
    for times in ((12.0,), (10.7, 13.9, 21.0)):
        clapped = with_claps(motion, *times)
        film = filmed(clapped, rate, 9.5, 15.5, 3)
        imu = simulate_imu(clapped, WORN, 1)
        assert abs(error(clapped, film, 5 * HOUR, imu=imu)) < 1 / rate


@pytest.mark.parametrize(("begin", "sensors"), [(3, (5, 29)), (8, (0, 12)), (19, (0, 23))])
def test_a_film_that_began_before_the_sensors_or_went_on_after_them_is_found(
    begin: float, sensors: tuple[int, int]
) -> None:
    """A third of it, 2 s of 6, has no sensors: that is as unlikely at every moment, and speaks for no other."""
    film, rows = filmed(performance(), 30, begin, begin + 6, begin), slice(60 * sensors[0], 60 * sensors[1])
    lag = camera_lag(
        felt(performance(), 1)[rows], performance().t_ns[rows], film.t_ns + HOUR, film.rays, film.confidence
    )
    assert abs(lag + HOUR) < 0.05e9


def test_joints_that_a_detector_mistakes_and_lasting_errors_do_not_hide_a_moment() -> None:
    """Two moments, one of which is 30 % worse in all joints: errors that both share leave that to be seen."""
    random = np.random.default_rng(1)
    here = random.normal(size=(90, 17, 2)) * 0.04
    there = 1.14 * random.normal(size=(90, 17, 2)) * 0.04
    shared = np.zeros((90, 17, 2))
    shared[random.uniform(size=(90, 17)) < 0.02] = 1.5
    shared[:, 3] += 0.08
    plain = [((off + shared) ** 2).sum() for off in (here, there)]
    assert plain[1] < 1.03 * plain[0]
    told = [tellingly(off + shared).mean() for off in (here, there)]
    assert told[1] > 1.1 * told[0]


def test_another_movement_is_refused() -> None:
    film = filmed(performance(), 30, 17, 22, 1)
    with pytest.raises(BadInputError):
        error(cut_motion(performance(), 1500, 1750), film, HOUR)


@pytest.mark.parametrize("count", [2, 40])
def test_a_film_of_a_moment_is_refused(count: int) -> None:
    film = filmed(performance(), 30, 8, 8 + count / 30, 1)
    with pytest.raises(BadInputError):
        error(performance(), film, HOUR)


def test_a_linear_map_explains_the_movement_at_its_lag_alone() -> None:
    film = filmed(performance(), 60, 15, 20, 1, UNHIDDEN)
    even = even_keypoints(film.t_ns, film.rays, film.confidence, even_axis(film.t_ns))
    body = felt(performance(), 1, off=0.0)
    like = likeness(body, even)
    best = int(np.argmax(like.evidence))
    assert like.frames[best] == pytest.approx(900, abs=2)
    assert like.explained[best] > 0.8
    assert like.seconds[best] == pytest.approx(5 * 0.95**2, rel=0.02)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31), lag=st.integers(-20, 60))
def test_transforms_give_what_plain_sums_do(seed: int, lag: int) -> None:
    random = np.random.default_rng(seed)
    body, rays = random.normal(size=(90, 17, 3)), random.normal(size=(50, 17, 2))
    sure = random.uniform(size=(50, 17)) * (random.uniform(size=(50, 17)) > 0.3)
    axis = np.round(np.arange(50) * (1e9 / 60)).astype(np.int64)
    like = likeness(body, EvenKeypoints(rays, sure, np.ones(50, bool), axis))
    felt, seen, weight = upright(body), upright(rays - rays[:, :1]), sure * sure[:, :1]
    t = np.arange(max(0, -lag), min(50, 90 - lag))
    moved, cross, square, count = 0.0, np.zeros((2, 3)), np.zeros((3, 3)), 0.0
    for k in range(1, 17):
        w = weight[t, k] + 1e-12
        b, x = (values - np.average(values, axis=0, weights=w) for values in (felt[t + lag, k], seen[t, k]))
        moved, count = moved + (w[:, None] * x * x).sum(), count + w.sum()
        cross, square = cross + (w[:, None] * x).T @ b, square + (w[:, None] * b).T @ b
    fit = np.trace(cross @ np.linalg.solve(square + RIDGE * count * np.eye(3), cross.T))
    at = int(np.flatnonzero(like.frames == lag)[0])
    assert like.explained[at] == pytest.approx(fit / (moved + RIDGE * count), abs=1e-6)
    assert like.moved[at] == pytest.approx(moved / count)
    assert like.seconds[at] == pytest.approx(count / 16 / 60)
