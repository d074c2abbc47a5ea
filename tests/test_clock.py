"""Logs on one time axis."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mocamba.capture.clock import common_axis, resample
from mocamba.devices.log import SensorLog
from mocamba.rig.errors import BadInputError
from mocamba.rig.quaternion import angle_between, from_axis_angle

STEP = 16_666_667


def turning(t_ns: np.ndarray, name: str = "pelvis", rate: float | None = 60) -> SensorLog:
    """Turns at 1 rad/s about y while its acceleration grows by 1 m/s² a second."""
    seconds = t_ns / 1e9
    orientation = from_axis_angle(np.array([0.0, 1.0, 0.0]), seconds)
    acceleration = np.stack([seconds, 0 * seconds, -seconds], axis=-1)
    return SensorLog(name, "pelvis", t_ns, t_ns, orientation, acceleration, rate)


@given(rate=st.floats(20, 400), jitter=st.floats(0, 0.3), seed=st.integers(0, 999))
def test_any_rate_becomes_60_hz(rate: float, jitter: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    steps = (1 + jitter * random.uniform(-1, 1, int(3 * rate))) * 1e9 / rate
    log = turning(np.cumsum(steps).astype(np.int64), rate=rate)
    t_ns = common_axis((log,))
    even = resample(log, t_ns)
    assert even.present.all()
    assert np.abs(np.diff(t_ns) - 1e9 / 60).max() <= 1
    truth = turning(np.clip(t_ns, log.t_ns[0], log.t_ns[-1]))
    assert angle_between(even.orientation, truth.orientation).max() < 1e-6
    np.testing.assert_allclose(even.acceleration, truth.acceleration, atol=1e-9)


@pytest.mark.parametrize(("missing", "filled"), [(1, True), (3, True), (4, False), (30, False)])
def test_three_missing_samples_are_filled_and_more_are_not(missing: int, filled: bool) -> None:
    t_ns = np.delete(np.arange(200) * STEP, slice(50, 50 + missing))
    even = resample(turning(t_ns), np.arange(200) * STEP)
    assert even.present[50 : 50 + missing].all() == filled
    assert even.present[:50].all()
    assert even.present[50 + missing :].all()
    if filled:
        np.testing.assert_allclose(even.acceleration[:, 0], np.arange(200) * STEP / 1e9, atol=1e-9)
    else:
        assert not even.present[50 : 50 + missing].any()


def test_a_log_that_ends_early_is_absent_after_its_end() -> None:
    long, short = turning(np.arange(300) * STEP), turning(np.arange(100) * STEP, "shin")
    t_ns = common_axis((long, short))
    assert len(t_ns) == 300
    present = resample(short, t_ns).present
    assert present[:100].all()
    assert not present[101:].any()
    assert resample(long, t_ns).present.all()


def test_half_the_rate_is_not_a_gap() -> None:
    even = resample(turning(np.arange(100) * 2 * STEP, rate=60), np.arange(200) * STEP)
    assert even.present[:198].all()


def test_clocks_that_have_nothing_in_common_are_refused_by_name() -> None:
    one, two = turning(np.arange(100) * STEP, "one"), turning(10**13 + np.arange(100) * STEP, "two")
    with pytest.raises(BadInputError, match=r"'one'.*'two'"):
        common_axis((one, two))
    with pytest.raises(BadInputError, match="do not share"):
        common_axis((one, replace(two, t_ns=two.t_ns - 10**13 + 200 * STEP)))


def test_stamps_of_a_long_running_clock_keep_their_nanoseconds() -> None:
    start = 1_760_000_000_123_456_789
    t_ns = common_axis((turning(start + np.arange(60) * STEP),))
    assert t_ns[0] == start
    assert t_ns[3] == start + 50_000_000
