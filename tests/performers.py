"""Simulated performers for tests of the pose networks."""

from dataclasses import replace
from functools import cache

import numpy as np
from mocamba.devices.simulated.performer import perform
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.inference.weights_file import LoadedNetwork, load_network
from mocamba.rig.imu import ImuSequence
from mocamba.rig.motion import Motion, evenly_timed
from mocamba.rig.quaternion import about_y, multiply, rotate, slerp
from mocamba.rig.skeleton import MIRROR, SMPL24
from mocamba.rig.smooth import gaussian


@cache
def performance() -> Motion:
    """The half minute of motion written as code."""
    return perform(SMPL24)


@cache
def clean_sensors() -> ImuSequence:
    """Six perfect sensors on it."""
    return simulate_imu(performance())


@cache
def network(name: str = "hiposer-d") -> LoadedNetwork:
    """A shipped network."""
    return load_network(name)


def cut(imu: ImuSequence, begin: int, end: int) -> ImuSequence:
    return imu.part(slice(begin, end))


def cut_motion(motion: Motion, begin: int, end: int) -> Motion:
    return motion.part(slice(begin, end))


def turned(imu: ImuSequence, angle: float) -> ImuSequence:
    """The same recording in a room turned about the vertical."""
    turn = about_y(np.float32(angle)).astype(np.float32)
    orientation = multiply(np.broadcast_to(turn, imu.orientation.shape), imu.orientation)
    return replace(imu, orientation=orientation, acceleration=rotate(turn, imu.acceleration))


def mirrored(motion: Motion) -> Motion:
    """Left and right exchanged, joint by joint."""
    rotations = motion.rotations[:, list(MIRROR)] * np.array([1, 1, -1, -1], np.float32)
    return replace(motion, rotations=rotations, translation=motion.translation * np.array([-1, 1, 1], np.float32))


@cache
def again_and_again() -> Motion:
    """A wave of three seconds, eight times."""
    once = cut_motion(performance(), 1325, 1512)
    share = gaussian((np.arange(len(once)) > len(once) - 15).astype(float)[:, None], 4)
    rotations = slerp(once.rotations.astype(np.float64), once.rotations[:1].astype(np.float64), share)
    place = np.tile(once.translation[:1], (len(once) * 8, 1)).astype(np.float64)
    return evenly_timed(np.tile(rotations, (8, 1, 1)), place, once.skeleton)
