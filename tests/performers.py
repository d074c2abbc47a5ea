"""Simulated performers for tests of the pose networks."""

from dataclasses import replace
from functools import cache

import numpy as np
from mocamba.devices.simulated.performer import perform
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.inference.weights_file import LoadedNetwork, load_network
from mocamba.rig.imu import ImuSequence
from mocamba.rig.motion import Motion
from mocamba.rig.quaternion import about_y, multiply, rotate
from mocamba.rig.skeleton import MIRROR, SMPL24


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
