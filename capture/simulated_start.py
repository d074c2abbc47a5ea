"""The calibration of the simulated performer, who needs to stand for it no more than a performer of yesterday."""

from collections.abc import Mapping
from dataclasses import replace

from ..devices.simulated.performer import perform
from ..devices.simulated.sensors import simulate
from ..rig.imu import CLEAN
from ..rig.skeleton import SMPL24
from .calibration import Calibration, calibrate
from .take import on_common_axis

HEIGHT, SEED = 1.75, 1  # as the simulated sensors' performer has them


def simulated_calibration(sensors: Mapping[str, str]) -> Calibration:
    """Found in the whole performance, squats and all, for sensors by name and slot."""
    logs = simulate(perform(SMPL24.scaled_to(HEIGHT)), CLEAN, SEED)
    worn, t_ns = on_common_axis(logs)
    found = calibrate(worn, t_ns)
    names = {slot: name for name, slot in sensors.items()}
    worn_now = (replace(one, sensor=names[one.slot]) for one in found.sensors if one.slot in names)
    return replace(found, sensors=tuple(worn_now))
