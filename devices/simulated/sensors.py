"""Simulated sensors on a moving skeleton: what six real ones would have said, with their errors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...rig.imu import SLOT_JOINTS, SLOTS, SensorErrors
from ...rig.kinematics import joint_positions, local_to_global
from ...rig.motion import Motion
from ...rig.quaternion import Array, about_y, angle_between, from_rotation_vector, multiply, normalise, rotate
from ...rig.skeleton import Skeleton
from ..log import SensorLog, SensorLogs
from .curves import ease, smooth

SETTLE = 2.0  # seconds in which a strap slips after calibration
BURST = 6.0  # frames, mean length of a drop-out
WOBBLE_CUTOFF = 3.0  # Hz, of the flesh under the sensor


def site_offsets(skeleton: Skeleton) -> NDArray[np.float64]:
    """Where sensors are worn `(6, 3)`, metres in the frame of the joint of each slot.

    Forearm 80 % of the way to the wrist, shin half-way down, head half-way to its top, pelvis 6 cm above and 10 cm
    behind its joint (for a height of 1.7 m): the small of the back.
    """
    offsets, scale = skeleton.offsets.astype(np.float64), skeleton.height / 1.7
    return np.stack(
        [
            0.8 * offsets[20],
            0.8 * offsets[21],
            0.5 * offsets[7],
            0.5 * offsets[8],
            0.5 * skeleton.ends[0],
            np.array([0.0, 0.06, -0.10]) * scale,
        ]
    )


def site_acceleration(positions: Array, rate: float) -> Array:
    """Second differences of positions `(T, ..., 3)` (m), in m/s²; the first and last frame repeat their neighbours."""
    inner = (positions[2:] - 2 * positions[1:-1] + positions[:-2]) * rate**2
    return np.concatenate([inner[:1], inner, inner[-1:]]) if len(inner) else np.zeros_like(positions)


def simulate(
    motion: Motion,
    errors: SensorErrors,
    seed: int,
    *,
    aligned: bool = False,
    still_until: float = 0.0,
    slots: Sequence[str] = SLOTS,
) -> SensorLogs:
    """A log for each of `slots`; the same seed gives the same logs.

    Sensors are worn in any attitude and share a world of any heading, until `aligned`: then they report bone to world
    itself, errors aside. A mounting error is a strap that slips in the two seconds after `still_until` (seconds), when
    calibration is done; with `aligned` it is there from the start.
    """
    random = np.random.default_rng(seed)
    world = local_to_global(motion.rotations.astype(np.float64))
    positions = joint_positions(world, motion.translation.astype(np.float64), motion.skeleton)
    sites = site_offsets(motion.skeleton)
    heading = 0.0 if aligned else random.uniform(-np.pi, np.pi)
    logs = []
    for slot in SLOTS:
        index, stream = SLOTS.index(slot), random.spawn(1)[0]
        bone = world[:, SLOT_JOINTS[index]]
        site = positions[:, SLOT_JOINTS[index]] + rotate(bone, sites[index])
        worn = _attitude(stream) if not aligned else np.array([1.0, 0.0, 0.0, 0.0])
        log = _sense(motion, slot, bone, site, worn, heading, errors, stream, None if aligned else still_until)
        gone = slot != "pelvis" and stream.random() < errors.missing_slots
        if slot in slots and not gone:
            logs.append(log)
    return tuple(logs)


def _attitude(random: np.random.Generator) -> Array:
    """A rotation, all equally likely."""
    return normalise(random.standard_normal(4))


def _sense(
    motion: Motion,
    slot: str,
    bone: Array,
    site: Array,
    worn: Array,
    heading: float,
    errors: SensorErrors,
    random: np.random.Generator,
    still_until: float | None,
) -> SensorLog:
    seconds = (motion.t_ns - motion.t_ns[0]) / 1e9
    shift = _strap(seconds, errors, random, still_until)
    flesh = from_rotation_vector(_wobble(bone, motion.rate, errors, random))
    noise = from_rotation_vector(np.radians(errors.orientation_noise) * random.standard_normal((len(motion), 3)))
    yaw = about_y(heading + _drift(seconds, errors, random))
    orientation = multiply(multiply(yaw, multiply(multiply(bone, shift), flesh)), multiply(noise, worn))
    free = site_acceleration(site, motion.rate)
    bias = errors.acceleration_bias * random.standard_normal(3)
    free = rotate(yaw, free) + bias + errors.acceleration_noise * random.standard_normal(free.shape)
    kept = ~_lost(len(motion), errors.dropout, random)
    t_ns = motion.t_ns[kept]
    return SensorLog(f"simulated {slot}", slot, t_ns, t_ns, orientation[kept], free[kept], motion.rate)


def _strap(
    seconds: NDArray[np.float64], errors: SensorErrors, random: np.random.Generator, still_until: float | None
) -> Array:
    """How far the sensor has turned on the bone since calibration `(T, 4)`."""
    axis = random.standard_normal(3)
    angle = np.radians(errors.mounting) * random.uniform()
    share = np.ones_like(seconds) if still_until is None else ease((seconds - still_until) / SETTLE)
    return from_rotation_vector(share[:, None] * angle * axis / np.linalg.norm(axis))


def _wobble(bone: Array, rate: float, errors: SensorErrors, random: np.random.Generator) -> Array:
    """Rotation vectors `(T, 3)`, radians, whose spectrum ends below 5 Hz; flesh on a resting bone rests."""
    slow = smooth(random.standard_normal((len(bone), 3)), rate / (2 * np.pi * WOBBLE_CUTOFF))
    spread = slow.std(axis=0) if len(bone) > 1 else np.ones(3)
    speed = angle_between(bone[1:], bone[:-1]) * rate if len(bone) > 1 else np.zeros(0)
    stirred = np.clip(smooth(np.append(speed, speed[-1:] if len(speed) else 0.0), 0.15 * rate), 0, 1)
    return np.asarray(np.radians(errors.soft_tissue) * stirred[:, None] * slow / np.where(spread > 0, spread, 1))


def _drift(seconds: NDArray[np.float64], errors: SensorErrors, random: np.random.Generator) -> NDArray[np.float64]:
    steps = random.standard_normal(len(seconds)) * np.sqrt(np.diff(seconds, prepend=seconds[:1]) / 60)
    return np.asarray(np.radians(errors.heading_drift) * np.cumsum(steps))


def _lost(count: int, share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """Frames lost in bursts of random length; the first and the last one arrive."""
    lost = np.zeros(count, bool)
    for start in np.flatnonzero(random.random(count) < share / BURST):
        lost[start : start + random.geometric(1 / BURST)] = True
    lost[[0, -1]] = False
    return lost
