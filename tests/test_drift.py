"""The running correction of heading drift, on a performer who moves on and on."""

import numpy as np
from mocamba.capture.calibrating.drift import PELVIS, DriftCorrector, DriftOptions
from mocamba.rig.quaternion import about_y, angle_between, multiply, rotate

from .performers import clean_sensors

QUICK = DriftOptions(learn=60.0, over=60.0)


def drifting(degrees: float) -> tuple[DriftCorrector, np.ndarray]:
    """Five minutes of the performer; each sensor but the pelvis' has drifted by so much, to either side, at the end."""
    imu, corrector = clean_sensors(), DriftCorrector(QUICK)
    moving = imu.orientation[220:].astype(np.float64)
    present = np.ones(moving.shape[:2], bool)
    rounds = 300 * 60 // len(moving)
    turn = np.radians(degrees) * np.array([1, -1, 1, -1, 1, 0])
    for k in range(rounds):
        share = max(0.0, (k - 2) / (rounds - 4)) if k < rounds - 2 else 1.0
        corrector.learn(multiply(about_y(min(share, 1.0) * turn), moving), present)
    return corrector, turn


def test_drift_is_followed() -> None:
    corrector, turn = drifting(15.0)
    assert np.abs(np.degrees(corrector.turn - turn)).max() < 6
    assert corrector.turn[PELVIS] == 0


def test_nothing_is_made_up() -> None:
    corrector, _ = drifting(0.0)
    assert np.abs(np.degrees(corrector.turn)).max() < 1.0


def test_correction_takes_out_what_was_found() -> None:
    imu, corrector = clean_sensors(), DriftCorrector()
    corrector.turn = np.array([0.3, -0.2, 0.1, 0.0, 0.4, 0.0])
    q, a = imu.orientation[:50].astype(np.float64), imu.acceleration[:50].astype(np.float64)
    yaw = np.broadcast_to(about_y(corrector.turn), q.shape)
    fixed, felt = corrector.correct(multiply(yaw, q), rotate(yaw, a))
    assert angle_between(fixed, q).max() < 1e-6
    np.testing.assert_allclose(felt, a, atol=1e-9)


def test_silent_sensors_are_left_alone() -> None:
    imu, corrector = clean_sensors(), DriftCorrector(QUICK)
    present = np.ones((1200, 6), bool)
    present[:, 0] = False
    for _ in range(8):
        corrector.learn(imu.orientation[220:1420].astype(np.float64), present)
    assert corrector.turn[0] == 0
    nobody = DriftCorrector(QUICK)
    for _ in range(8):
        nobody.learn(imu.orientation[220:1420].astype(np.float64), np.zeros((1200, 6), bool))
    assert not nobody.turn.any()
