"""Device stamps on the host's clock, and sensors brought to 60 Hz while they are read."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.capture.clock import resample
from mocamba.capture.device_clock import DeviceClock, VirtualClock
from mocamba.capture.live_resampling import EvenFrame, LiveResampler
from mocamba.capture.run import TICK
from mocamba.devices.log import SensorLog
from mocamba.rig.quaternion import angle_between, from_axis_angle

SECOND = 1_000_000_000
NANOSECONDS = 5000  # by which stamps of one burst are kept apart


@dataclass(frozen=True)
class Arrivals:
    """When samples were truly taken, their device stamps, and when they arrived; ns."""

    true: np.ndarray
    stamps: np.ndarray
    arrivals: np.ndarray


def radio(rate: float, seconds: float, ppm: float, jitter: float, stalls: float, seed: int) -> Arrivals:
    """Samples that arrive late by `jitter` seconds (exponential); a share `stalls` of them are held up in bunches."""
    random = np.random.default_rng(seed)
    count = int(rate * seconds)
    ideal = np.arange(count) * SECOND / rate
    true = 10**13 + ideal * (1 + ppm * 1e-6)
    late = random.exponential(jitter, count)
    for start in np.flatnonzero(random.random(count) < stalls / 20):
        stall = random.uniform(0.02, 0.3)
        held = late[start : start + int(stall * rate)]
        held[:] = np.maximum(held, stall - np.arange(len(held)) / rate)
    arrivals = np.maximum.accumulate(true + late * SECOND).astype(np.int64)
    return Arrivals(true, (5 * SECOND + ideal).astype(np.int64), arrivals)


def placed(what: Arrivals) -> list[int]:
    """By a session, which takes what came since it looked last: each burst is heard before it is placed."""
    clock, mapped = DeviceClock(), list[int]()
    bursts = np.split(np.arange(len(what.arrivals)), np.flatnonzero(np.diff(what.arrivals) > TICK * SECOND) + 1)
    for burst in bursts:
        pairs = [(int(what.stamps[row]), int(what.arrivals[row])) for row in burst]
        for pair in pairs:
            clock.hear(*pair)
        mapped += [clock.host_time(*pair) for pair in pairs]
    return mapped


def error_ms(mapped: list[int], what: Arrivals) -> np.ndarray:
    host = np.array(mapped)
    assert (np.diff(host) > 0).all()
    assert (host <= what.arrivals + NANOSECONDS).all()
    return (host - what.true) / 1e6


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


@settings(max_examples=20, deadline=None)
@given(
    rate=st.sampled_from([50, 60, 100, 200]),
    ppm=st.floats(-100, 100),
    jitter=st.floats(0, 0.006),
    stalls=st.floats(0, 0.2),
    seed=st.integers(0, 99),
)
def test_stamped_samples_are_placed_within_a_millisecond(
    rate: int, ppm: float, jitter: float, stalls: float, seed: int
) -> None:
    what = radio(rate, 40, ppm, jitter, stalls, seed)
    assert rms(error_ms(placed(what), what)) < 1.0


def test_a_stream_may_begin_in_a_stall() -> None:
    what = radio(200, 40, 0, 0, 0.125, 29)
    assert (what.arrivals - what.true)[0] > 0.05 * SECOND
    assert np.abs(error_ms(placed(what), what)).max() < 1000 / 200  # the burst's last is late by less than a period


def test_drift_is_found() -> None:
    what = radio(100, 60, 80, 0.004, 0.05, 1)
    clock = DeviceClock()
    for stamp, arrival in zip(what.stamps, what.arrivals, strict=True):
        clock.host_time(int(stamp), int(arrival))
    assert clock.drift == pytest.approx(80e-6, abs=8e-6)


def test_the_line_is_that_of_the_plain_reference() -> None:
    """Where nothing is late for a whole second and there is much evidence: a least-squares line through the minima."""
    what = radio(100, 59.999, 50, 0.003, 0, 3)
    clock = DeviceClock(drift=1.0)
    for stamp, arrival in zip(what.stamps, what.arrivals, strict=True):
        clock.host_time(int(stamp), int(arrival))
    seconds = what.stamps // SECOND
    offset = what.arrivals - what.stamps
    lowest = [np.flatnonzero(seconds == s)[np.argmin(offset[seconds == s])] for s in np.unique(seconds)[:-1]]
    x, y = what.stamps[lowest] / SECOND, (offset[lowest] - offset[0]).astype(float)
    slope, height = np.polyfit(x, y, 1)
    for stamp in what.stamps[::500]:
        assert clock.offset(int(stamp)) - offset[0] == pytest.approx(height + slope * stamp / SECOND, abs=5e4)


@pytest.mark.parametrize("jump", [-3 * SECOND, 3 * SECOND, -(2**32) * 1000])
def test_a_clock_that_was_set_starts_anew(jump: int) -> None:
    first, second = radio(100, 10, 20, 0.002, 0, 1), radio(100, 20, 20, 0.002, 0, 2)
    clock = DeviceClock()
    for stamp, arrival in zip(first.stamps, first.arrivals, strict=True):
        clock.host_time(int(stamp), int(arrival))
    later = 12 * SECOND
    mapped = [
        clock.host_time(int(stamp) + later + jump, int(arrival) + later)
        for stamp, arrival in zip(second.stamps, second.arrivals, strict=True)
    ]
    error = (np.array(mapped) - second.true - later) / 1e6
    assert rms(error[200:]) < 1.0


def test_a_silence_does_not_disturb_a_clock_that_runs_on() -> None:
    what = radio(100, 60, 60, 0.002, 0, 1)
    kept = (what.stamps < 20 * SECOND) | (what.stamps > 45 * SECOND)
    clock = DeviceClock()
    mapped = [clock.host_time(int(s), int(a)) for s, a in zip(what.stamps[kept], what.arrivals[kept], strict=True)]
    assert rms(error_ms(mapped, Arrivals(what.true[kept], what.stamps[kept], what.arrivals[kept]))) < 1.0


@settings(max_examples=8, deadline=None)
@given(rate=st.sampled_from([50, 100]), share=st.floats(-0.01, 0.01), seed=st.integers(0, 99), told=st.booleans())
def test_a_virtual_clock_finds_the_period(rate: int, share: float, seed: int, told: bool) -> None:
    what = radio(rate, 30, share * 1e6, 0.2 / rate, 0.02, seed)
    clock = VirtualClock(rate if told else None)
    mapped = [clock.host_time(int(arrival)) for arrival in what.arrivals]
    assert rms(error_ms(mapped, what)[10 * rate :]) < 150 / rate  # well under a sample
    arrival_error = rms((what.arrivals - what.true)[10 * rate :] / 1e6)
    assert rms(error_ms(mapped, what)[10 * rate :]) < arrival_error


@pytest.mark.parametrize("missing", [1, 3, 8, 60, 400])
@pytest.mark.parametrize("told", [True, False])
def test_a_virtual_clock_goes_on_after_lost_samples(missing: int, told: bool) -> None:
    what = radio(100, 30, 500, 0.001, 0, 5)
    kept = np.delete(np.arange(len(what.true)), slice(1500, 1500 + missing))
    clock = VirtualClock(100)
    mapped = []
    for before, row in zip(np.append(-1, kept), kept, strict=False):
        lost = int(row - before - 1) if told else 0
        mapped.append(clock.host_time(int(what.arrivals[row]), lost))
    error = (np.array(mapped) - what.true[kept]) / 1e6
    assert rms(error[1750:]) < 2.5
    assert rms(error[500:1500]) < 0.5
    if told:
        assert np.abs(error[1500:1510]).max() < 6


def turning(t_ns: np.ndarray, name: str, rate: float = 60) -> SensorLog:
    seconds = (t_ns - 10**13) / SECOND
    orientation = from_axis_angle(np.array([0.0, 1.0, 0.0]), seconds)
    acceleration = np.stack([seconds, 0 * seconds, -seconds], axis=-1)
    return SensorLog(name, None, t_ns, t_ns, orientation, acceleration, rate)


def stream(logs: tuple[SensorLog, ...], resampler: LiveResampler, late_ns: int = 2_000_000) -> list[EvenFrame]:
    """Samples as they arrive, `late_ns` after they were taken, frames asked for every 2 ms."""
    rows = sorted((int(t), k, row) for k, log in enumerate(logs) for row, t in enumerate(log.t_ns))
    frames: list[EvenFrame] = []
    now = rows[0][0]
    for t, k, row in rows:
        while now < t + late_ns:
            now += 2_000_000
            frames += resampler.frames(now)
        log = logs[k]
        resampler.add(log.name, t, tuple(log.orientation[row]), tuple(log.acceleration[row]))
    return frames + resampler.frames(now + SECOND)


@settings(max_examples=15, deadline=None)
@given(rates=st.tuples(st.floats(30, 200), st.floats(30, 200)), jitter=st.floats(0, 0.3), seed=st.integers(0, 99))
def test_live_frames_are_those_of_the_recording(rates: tuple[float, float], jitter: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    logs = tuple(
        turning(
            10**13 + np.cumsum((1 + jitter * random.uniform(-1, 1, int(3 * rate))) * SECOND / rate).astype(np.int64),
            name,
            rate,
        )
        for name, rate in zip(("one", "two"), rates, strict=True)
    )
    frames = stream(logs, LiveResampler(["one", "two"], patience=1.0))
    t_ns = np.array([frame.t_ns for frame in frames])
    assert np.abs(np.diff(t_ns) - SECOND / 60).max() <= 1
    for index, log in enumerate(logs):
        even = resample(log, t_ns)
        inside = (t_ns > log.t_ns[20]) & (t_ns < log.t_ns[-1])
        turned = np.stack([frame.orientation[index] for frame in frames])
        moved = np.stack([frame.acceleration[index] for frame in frames])
        assert angle_between(turned, even.orientation)[inside].max() < 1e-6
        np.testing.assert_allclose(moved[inside], even.acceleration[inside], atol=1e-9)


@pytest.mark.parametrize(("missing", "filled"), [(1, True), (3, True), (6, False), (30, False)])
@pytest.mark.parametrize("patience", [0.02, 10.0])
def test_three_missing_samples_are_filled_live_and_more_are_not(missing: int, filled: bool, patience: float) -> None:
    t_ns = 10**13 + np.arange(300) * 16_666_667
    gap = np.delete(t_ns, slice(150, 150 + missing))
    frames = stream((turning(t_ns, "whole"), turning(gap, "gap")), LiveResampler(["whole", "gap"], patience=patience))
    present = np.array([frame.present for frame in frames])
    assert present[:, 0].all()
    assert present[20:149, 1].all()
    assert present[150 : 150 + missing, 1].all() == filled
    assert present[151 + missing : 295, 1].all()


def test_live_frames_wait_no_longer_than_allowed() -> None:
    resampler = LiveResampler(["one", "two"], patience=0.03)
    still, rest = (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    resampler.add("one", 0, still, rest)
    resampler.add("two", 0, still, rest)
    resampler.add("one", 20_000_000, still, rest)
    assert len(resampler.frames(1_000_000)) == 1
    assert resampler.frames(45_000_000) == []
    (frame,) = resampler.frames(48_000_000)
    assert frame.present.tolist() == [True, True]


def test_a_long_silence_makes_no_frames_and_a_sensor_that_never_spoke_is_absent() -> None:
    resampler = LiveResampler(["one", "never"], patience=0.0)
    for start in (0, 7200 * SECOND):
        for k in range(30):
            resampler.add("one", start + k * 16_666_667, (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
            resampler.add("stranger", start, (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    frames = resampler.frames(7300 * SECOND)
    assert len(frames) < 62
    assert np.array([frame.present for frame in frames])[:, 0].mean() > 0.9
    assert not np.array([frame.present for frame in frames])[:, 1].any()
