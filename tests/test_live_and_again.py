"""A take that is recorded, calibrated and solved live, and solved again from raw.mcap: the same poses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from mocamba.capture.calibrating.run import CalibrationRun
from mocamba.capture.calibrating.step import Plan, Step
from mocamba.capture.calibration import apply_calibration
from mocamba.capture.clock import resample
from mocamba.capture.manifest import Manifest
from mocamba.capture.solving import Mode, solve_take
from mocamba.capture.take import TakeWriter, on_common_axis, open_take
from mocamba.devices.log import SensorLog
from mocamba.inference.solver import LiveSolver
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24

from .drills import NOISY, feed, worn
from .performers import network


def _until(log: SensorLog, seconds: float) -> SensorLog:
    keep = log.t_ns < seconds * 1e9
    rows = {name: getattr(log, name)[keep] for name in ("t_ns", "t_device", "orientation", "acceleration")}
    return replace(log, **rows)


def test_solved_live_and_again_from_raw(tmp_path: Path) -> None:
    drill = worn(1, NOISY)
    logs = tuple(_until(log, 18.0) for log in drill.logs)
    run = feed(CalibrationRun(drill.slots, Plan(checks=False)), logs)
    assert run.step is Step.DONE
    calibration = run.result().calibration
    with TakeWriter(tmp_path / "a.take", Manifest("p", 1.75, "simulated")) as writer:
        writer.add_logs(logs)
        writer.set_calibration(calibration)

    # live: frame by frame, each resampled from the samples about it, never from a file
    _, t_ns = on_common_axis(logs)
    solver, poses = LiveSolver(network().network, SMPL24.scaled_to(1.75)), []
    for first in range(0, len(t_ns), 6):
        block = t_ns[first : first + 6]
        imu = apply_calibration(calibration, [resample(log, block) for log in logs], block)
        poses += [solver.push(*frame) for frame in zip(imu.orientation, imu.acceleration, imu.present, strict=True)]
    rotations = np.concatenate([pose.rotations for pose in poses])
    places = np.concatenate([pose.translation for pose in poses])

    take = open_take(tmp_path / "a.take")
    motion, path, warnings = solve_take(take, "hiposer-d", Mode.LIVE, lambda share, doing: None)
    assert path.exists()
    assert not warnings
    assert len(motion) == len(rotations)
    assert angle_between(rotations.astype(np.float64), motion.rotations.astype(np.float64)).max() < 1e-4
    assert np.abs(places - motion.translation).max() < 1e-4
    assert motion.contact is not None
    assert motion.contact.shape == (len(motion), 2)
