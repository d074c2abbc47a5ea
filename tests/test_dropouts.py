"""Drop-outs on HiPoser itself: held, predicted, faded in, and nothing snaps."""

import numpy as np
import pytest
from mocamba.capture.dropouts import FADE, FRESH, HOLD, DropOuts, Slot
from mocamba.devices.simulated.performer import perform
from mocamba.inference.solver import LiveSolver
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.inference.weights_file import load_network
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24

STEP = 1 / 60
LEFT_FOREARM, PELVIS = 0, 5
GONE, BACK = 6.0, 9.0  # seconds


def run(silent: int | None) -> tuple[np.ndarray, list[tuple[Slot, ...]], np.ndarray]:
    """Rotations `(T, 24, 4)`, slot states and confidence of a performance in which one sensor is away for a while."""
    imu = simulate_imu(perform(SMPL24))
    solver, dropouts = LiveSolver(load_network("hiposer-s").network), DropOuts()
    rotations, states, confidence = [], [], []
    last = np.zeros(6)
    for t in range(round(10.2 / STEP)):
        q, a, seconds = imu.orientation[t].copy(), imu.acceleration[t].copy(), t * STEP
        age = np.zeros(6)
        if silent is not None:
            last[silent] = last[silent] if GONE <= seconds < BACK else seconds
            age[silent] = seconds - last[silent]
            q[silent] = imu.orientation[round(last[silent] / STEP), silent]
        sensed = dropouts.sense(round(seconds * 1e9), q, a, age)
        solved = solver.push(sensed.orientation, sensed.acceleration, sensed.present)
        rotations.append(dropouts.soften(round(seconds * 1e9), solved.rotations[0]))
        states.append(sensed.slots)
        confidence.append(sensed.confidence)
    return np.array(rotations), states, np.array(confidence)


@pytest.fixture(scope="module")
def undisturbed() -> np.ndarray:
    return run(None)[0]


def test_a_limb_is_held_predicted_and_faded_in_without_a_snap(undisturbed: np.ndarray) -> None:
    rotations, states, confidence = run(LEFT_FOREARM)
    known = [state[LEFT_FOREARM] for state in states]

    def at(seconds: float) -> int:
        return round(seconds / STEP)

    assert known[at(GONE) - 1] is Slot.MEASURED
    assert known[at(GONE + (FRESH + HOLD) / 2)] is Slot.HELD
    assert known[at(GONE + HOLD) + 2] is known[at(BACK) - 1] is Slot.PREDICTED
    assert known[at(BACK) + 2] is Slot.FADING
    assert known[at(BACK + FADE) + 3] is Slot.MEASURED
    assert all(state[1:] == (Slot.MEASURED,) * 5 for state in states)

    assert confidence[at(GONE) - 1] == 1
    assert confidence[at(8)] == pytest.approx(5 / 6)
    assert 5 / 6 <= confidence[at(BACK + FADE / 2)] < 1
    assert confidence[-1] == 1
    assert (np.diff(confidence[at(GONE) : at(GONE + HOLD)]) <= 1e-9).all()

    # the arm turns no faster than arms do, where it would have snapped
    speed = angle_between(rotations[1:], rotations[:-1]).max(axis=1) / STEP
    usual = (angle_between(undisturbed[1:], undisturbed[:-1]).max(axis=1) / STEP).max()
    assert speed[at(GONE) :].max() < max(1.5 * usual, 8.0)
    # and once it is back, the pose is the one that it would have been
    late = angle_between(rotations[-20:], undisturbed[-20:])
    assert np.degrees(late).mean() < 3


def test_without_the_fading_it_would_snap(monkeypatch: pytest.MonkeyPatch) -> None:
    gentle = run(LEFT_FOREARM)[0]
    # the same network, told at once
    monkeypatch.setattr("mocamba.capture.dropouts.FADE", 1e-6)
    abrupt = run(LEFT_FOREARM)[0]
    begin = round(GONE / STEP)
    jump = [angle_between(r[begin + 1 :], r[begin:-1]).max() for r in (gentle, abrupt)]
    assert jump[1] > 1.5 * jump[0]


def test_the_pelvis_stays_where_it_was(undisturbed: np.ndarray) -> None:
    rotations, states, confidence = run(PELVIS)
    assert states[round(8 / STEP)][PELVIS] is Slot.PREDICTED
    assert confidence[round(8 / STEP)] == pytest.approx(5 / 6)
    speed = angle_between(rotations[1:], rotations[:-1]).max(axis=1) / STEP
    # gone for three seconds with a turn in them, and half a second to make up for it
    assert speed[round(GONE / STEP) :].max() < 20


def test_a_slot_without_a_sensor_stays_empty() -> None:
    dropouts = DropOuts()
    age = np.array([0, 0, 0, 0, np.inf, 0.0])
    for t in range(100):
        sensed = dropouts.sense(t * 16_666_667, np.tile([1, 0, 0, 0], (6, 1)).astype("f4"), np.zeros((6, 3), "f4"), age)
    assert sensed.slots[4] is Slot.EMPTY
    assert sensed.present.tolist() == [True, True, True, True, False, True]
    assert sensed.confidence == pytest.approx(5 / 6)
