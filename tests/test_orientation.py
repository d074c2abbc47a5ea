"""Readings of every kind in one convention; fused orientation against what simulated sensors truly did."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from mocamba.devices.errors import ConnectError, Reason
from mocamba.devices.orientation import LiveOrientation, Posture, free_acceleration, fuse_recording
from mocamba.devices.reading import Acceleration, Reading
from mocamba.devices.simulated.wearer import State, Wearer
from mocamba.rig.quaternion import angle_between, conjugate, multiply, normalise, rotate

RATE = 100.0
SLOTS = ("left_shin", "right_forearm", "head")


@pytest.fixture(scope="module")
def wearer() -> Wearer:
    return Wearer("walk", seed=3)


def states(wearer: Wearer, slot: str) -> tuple[State, ...]:
    """First the T-pose, then walking."""
    return wearer.round(slot, RATE).states


def column(values: tuple[State, ...], name: str) -> np.ndarray:
    return np.array([getattr(state, name) for state in values])


def angles(found: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees: of inclination, and of heading, between fused and true orientations."""
    off = multiply(found, conjugate(true))
    up = np.array([0.0, 0.0, 1.0])
    inclination = np.degrees(np.arccos(np.clip(rotate(off, up)[..., 2], -1, 1)))
    heading = np.degrees(2 * np.arctan2(off[..., 3], off[..., 0]))
    return inclination, (heading + 180) % 360 - 180


def reading(state: State, **parts: object) -> Reading:
    given = {"acceleration": state.raw, "acceleration_kind": Acceleration.RAW, "rate": state.rate} | parts
    return Reading(sensor="s", host_ns=0, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("slot", SLOTS)
def test_every_kind_of_acceleration_becomes_the_same(wearer: Wearer, slot: str) -> None:
    for state in states(wearer, slot)[::50]:
        kinds = {
            Acceleration.RAW: state.raw,
            Acceleration.FREE_SENSOR: state.free_sensor,
            Acceleration.FREE_WORLD: state.free_world,
        }
        postures = []
        for kind, acceleration in kinds.items():
            live = LiveOrientation("s", RATE)
            parts = {"acceleration": acceleration, "acceleration_kind": kind}
            posture = live.add(reading(state, orientation=state.orientation, **parts))
            assert posture is not None
            postures.append(posture)
        x, y, z = state.free_world
        for posture in postures:
            np.testing.assert_allclose(posture.acceleration, (x, z, -y), atol=1e-5)
            assert angle_between(posture.orientation, postures[0].orientation) < 1e-7
            # what points up in the sensor's world points along our Y
            up = rotate(conjugate(np.array(state.orientation)), np.array([0.0, 0.0, 1.0]))
            np.testing.assert_allclose(rotate(posture.orientation, up), (0, 1, 0), atol=1e-5)


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("magnetic", [False, True])
def test_live_fusion_follows_the_truth(wearer: Wearer, slot: str, magnetic: bool) -> None:
    random = np.random.default_rng(1)
    true = states(wearer, slot)
    live = LiveOrientation("s", RATE, magnetic=magnetic, fuse=True)
    bias = np.radians([0.3, -0.2, 0.25])
    found: list[Posture] = []
    for state in true:
        noisy = reading(
            state,
            acceleration=tuple(np.array(state.raw) + random.normal(0, 0.02, 3)),
            rate=tuple(np.array(state.rate) + bias + random.normal(0, 0.002, 3)),
            magnetic=state.magnetic if magnetic else None,
            orientation=state.orientation,
        )
        posture = live.add(noisy)
        assert posture is not None
        found.append(posture)
    turned = np.array([posture.orientation for posture in found])
    truth = np.array([LiveOrientation("s", RATE).add(reading(s, orientation=s.orientation)).orientation for s in true])  # type: ignore[union-attr]
    to_z_up = np.array([np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0])
    inclination, heading = angles(multiply(to_z_up, turned), multiply(to_z_up, truth))
    settled = slice(150, None)
    assert np.sqrt(np.mean(inclination[settled] ** 2)) < 2.0
    heading = heading if magnetic else heading - heading[150]
    assert np.abs(heading[settled]).max() < 6.0
    free = np.array([posture.acceleration for posture in found])
    true_free = column(true, "free_world")[:, [0, 2, 1]] * (1, 1, -1)
    # heading is another without magnetometer; the vertical is not
    assert np.sqrt(np.mean((free - true_free)[settled, 1] ** 2)) < 0.6


def test_rest_is_noticed(wearer: Wearer) -> None:
    still = states(Wearer("still"), "pelvis")[0]
    moving = states(wearer, "left_shin")[400:800]
    live = LiveOrientation("s", RATE)
    resting = [live.add(reading(still)) for _ in range(300)]
    assert resting[-1] is not None
    assert resting[-1].resting
    after = [live.add(reading(state)) for state in moving]
    assert after[-1] is not None
    assert not after[-1].resting


def test_lost_samples_are_bridged(wearer: Wearer) -> None:
    true = states(wearer, "left_shin")
    off = []
    for tell in (True, False):
        live = LiveOrientation("s", RATE)
        for index, state in enumerate(true):
            if 600 <= index < 900 and index % 3:
                continue
            lost = 2 if tell and 600 < index <= 900 and index % 3 == 0 else 0
            posture = live.add(reading(state, lost=lost))
        assert posture is not None
        own = LiveOrientation("s", RATE).add(reading(true[-1], orientation=true[-1].orientation))
        assert own is not None
        off.append(posture.orientation)
    whole = LiveOrientation("s", RATE)
    for state in true:
        exact = whole.add(reading(state))
    assert exact is not None
    told, untold = (np.degrees(angle_between(exact.orientation, one)) for one in off)
    assert told < untold
    assert told < 12


@pytest.mark.parametrize("slot", SLOTS)
def test_offline_fusion_is_right_from_the_first_sample(wearer: Wearer, slot: str) -> None:
    true = states(wearer, slot)
    rate, raw, field = (column(true, name) for name in ("rate", "raw", "magnetic"))
    truth = column(true, "orientation")
    found, resting = fuse_recording(rate + np.radians(0.3), raw, RATE)
    inclination, heading = angles(found, truth)
    assert np.sqrt(np.mean(inclination**2)) < 1.5
    assert np.abs(heading - heading.mean()).max() < 5
    assert resting[160:200].mean() > 0.9  # it takes a second and a half to be sure
    assert not resting[400:].any()
    inclination, heading = angles(fuse_recording(rate, raw, RATE, field)[0], truth)
    assert np.sqrt(np.mean(heading**2)) < 2


def test_what_says_too_little_is_no_posture(wearer: Wearer) -> None:
    state = states(wearer, "head")[0]
    live = LiveOrientation("s", RATE)
    assert live.add(Reading(sensor="s", host_ns=0, battery=0.5)) is None
    assert live.add(reading(state, rate=None)) is None
    assert live.add(reading(state, acceleration_kind=Acceleration.FREE_SENSOR)) is None
    assert live.add(replace(reading(state, orientation=state.orientation), acceleration=None)) is None


def test_without_the_library_it_says_what_to_install(wearer: Wearer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vqf", None)
    with pytest.raises(ConnectError, match=r"pip install 'mocamba\[devices\]'") as caught:
        LiveOrientation("left shin", RATE).add(reading(states(wearer, "head")[0]))
    assert (caught.value.device, caught.value.reason) == ("left shin", Reason.LIBRARY)


def test_arrays_of_any_precision() -> None:
    random = np.random.default_rng(0)
    for kind in (np.float32, np.float64):
        turns = normalise(random.normal(size=(50, 4))).astype(kind)
        free = random.normal(size=(50, 3)).astype(kind)
        raw = rotate(conjugate(turns), free + np.array([0, 0, 9.80665], kind))
        found = free_acceleration(turns, raw, Acceleration.RAW)
        assert found.dtype == kind
        np.testing.assert_allclose(found, free, atol=1e-4 if kind is np.float32 else 1e-12)
