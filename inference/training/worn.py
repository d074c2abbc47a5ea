"""Windows of motion with six worn sensors on them."""

from typing import NamedTuple

import torch
from torch import Tensor

from ...rig.imu import SLOT_JOINTS, SensorErrors
from ..random_source import RandomSource
from ..rotations import joint_positions, local_to_global
from ..virtual_sensors import Readings, central_acceleration, disturb, sensor_sites
from .windows import MARGIN, PAST, Windows

# The worst sensors a window is given.
FAR = SensorErrors(
    mounting=15.0,
    orientation_noise=0.2,
    heading_drift=4.0,
    acceleration_noise=0.4,
    acceleration_bias=0.2,
    soft_tissue=3.0,
    dropout=0.1,
    missing_slots=0.12,
)
HEAVIER = SensorErrors(
    mounting=25.0,
    orientation_noise=0.3,
    heading_drift=8.0,
    acceleration_noise=0.8,
    acceleration_bias=0.4,
    soft_tissue=5.0,
    dropout=0.2,
    missing_slots=0.12,
)


class WornWindows(NamedTuple):
    """`readings` of the T frames of the window; `global_rotations (B, L, 24, 3, 3)`, `positions (B, L, 24, 3)`."""

    readings: Readings
    global_rotations: Tensor
    positions: Tensor


def wear_sensors(windows: Windows, errors: SensorErrors, clean: float, random: RandomSource) -> WornWindows:
    """A share `clean` of the windows gets perfect sensors, the others errors of any size up to `errors`."""
    global_rotations = local_to_global(windows.rotations)
    positions = joint_positions(global_rotations, windows.offsets) + windows.translation[:, :, None]
    count, length = positions.shape[:2]
    inner = slice(PAST, length - MARGIN)
    shift = 0.04 * random.normal(count, 6, 3)  # no two people strap a sensor to the same place
    sites = sensor_sites(global_rotations, positions, windows.offsets, shift)
    reach = (1, 2, 4)[int(torch.randint(3, (1,), generator=random.generator, device=random.device))]
    readings = Readings(
        global_rotations[:, inner, list(SLOT_JOINTS)],
        central_acceleration(sites, reach)[:, inner],
        torch.ones(count, length - PAST - MARGIN, 6, dtype=torch.bool, device=positions.device),
    )
    level = random.uniform(count) * ~random.chance(count, clean)
    return WornWindows(disturb(readings, errors, level, random), global_rotations, positions)
