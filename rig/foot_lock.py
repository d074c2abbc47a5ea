"""Feet that stand where they stand: legs bent so that a standing foot neither slides nor sinks."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .contacts import FEET, spans
from .kinematics import global_to_local, joint_positions, local_to_global
from .motion import Motion
from .quaternion import Array, between_vectors, from_rotation_vector, multiply, to_rotation_vector
from .smooth import gaussian

BLEND = 0.15  # seconds in which a foot comes to where it will stand, and leaves it
STRAIGHT = 0.999  # share of the leg's length that is used at most
SETTLE = 0.05  # seconds of smoothing of what lifts the body out of the floor
Limb = tuple[int, int, int]
LEGS: tuple[Limb, ...] = ((1, 4, 7), (2, 5, 8))  # hip, knee, ankle
FORWARD: Array = np.array([0.0, 0.0, 1e-4])  # short: it says only where to bend what is straight


def stand_on_floor(motion: Motion, stands: NDArray[np.bool_]) -> Motion:
    """Up or down as a whole so that standing feet are on y = 0, and out of it where a foot is in it."""
    toes = motion.joint_positions()[:, FEET, 1].astype(np.float64)
    sole = motion.skeleton.sole_depth
    usual = np.median(toes[stands]) if stands.any() else toes.min()
    sunk = np.clip(usual - toes.min(axis=1), 0, None)
    width = max(1, round(SETTLE * motion.rate))
    # the widest need nearby, smoothed: never less than what is needed, and no jolt
    padded = np.concatenate([np.zeros(3 * width), sunk, np.zeros(3 * width)])
    widest = np.lib.stride_tricks.sliding_window_view(padded, 6 * width + 1).max(axis=1)
    lift = np.maximum(gaussian(widest, width), sunk) + sole - usual
    place = motion.translation.astype(np.float64)
    place[:, 1] += lift
    return replace(motion, translation=place.astype(np.float32))


def lock_feet(motion: Motion, stands: NDArray[np.bool_]) -> Motion:
    """Each foot held where it stands on the whole, by its knee and hip; it keeps its own turn."""
    toes = motion.joint_positions()[:, FEET].astype(np.float64)
    return moved_limbs(motion, LEGS, holding(toes, stands, motion.rate))


def moved_limbs(
    motion: Motion, limbs: Sequence[Limb], shifts: Array, out: Array = FORWARD, most: float = np.pi
) -> Motion:
    """The last joint of each of K limbs (root, middle, last) moved by `shifts (T, K, 3)`, metres, as far as it reaches
    and turns of no bone by more than `most` radians take it.

    The middle joint stays in its plane; a straight limb bends towards `out (3,)`. What hangs on the last joint keeps
    its turn.
    """
    world = local_to_global(motion.rotations.astype(np.float64))
    positions = joint_positions(world, motion.translation.astype(np.float64), motion.skeleton)
    world = bend_limbs(world, positions, limbs, shifts, out, most)
    return replace(motion, rotations=global_to_local(world).astype(np.float32))


def bend_limbs(
    world: Array, positions: Array, limbs: Sequence[Limb], shifts: Array, out: Array = FORWARD, most: float = np.pi
) -> Array:
    """As `moved_limbs`: `world (T, 24, 4)` rotations of joints at `positions (T, 24, 3)`."""
    roots, middles, lasts = (list(joints) for joints in zip(*limbs, strict=True))
    bent = _bent(positions[:, roots], positions[:, middles], positions[:, lasts], shifts, out)
    upper, lower = (_limited(turn, most) for turn in bent)
    turned = world.copy()
    turned[:, roots] = multiply(upper, world[:, roots])
    turned[:, middles] = multiply(lower, world[:, middles])
    return turned


def _limited(turn: Array, most: float) -> Array:
    vector = to_rotation_vector(turn)
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    return from_rotation_vector(vector * np.minimum(1, most / np.maximum(angle, 1e-9)))


def holding(places: Array, stands: NDArray[np.bool_], rate: float) -> Array:
    """How feet at `places (T, 2, 3)` are moved to stay where they stand: fading in and out around it."""
    blend = round(BLEND * rate)
    return np.stack([_shift(places[:, foot], stands[:, foot], blend) for foot in range(2)], axis=1)


def _shift(toe: Array, stands: NDArray[np.bool_], blend: int) -> Array:
    """How the foot is moved `(T, 3)`: to its place while it stands, fading in and out around."""
    shift, weight = np.zeros_like(toe), np.zeros(len(toe))
    frames = np.arange(len(toe))
    for start, end in spans(stands):
        place = np.median(toe[start:end], axis=0)
        away = np.maximum(np.maximum(start - frames, frames - (end - 1)), 0) / (blend + 1)
        share = np.where(away < 1, 0.5 + 0.5 * np.cos(np.pi * np.clip(away, 0, 1)), 0.0)
        # before and after, as much as at the nearest standing frame
        nearest = np.clip(frames, start, end - 1)
        shift += share[:, None] * (place - toe[nearest])
        weight += share
    return np.asarray(shift / np.maximum(weight, 1.0)[:, None])


def _bent(hip: Array, knee: Array, ankle: Array, shift: Array, front: Array) -> tuple[Array, Array]:
    """World turns `(T, K, 4)` of thigh and shin that move the ankle by `shift`, the knee staying in its plane."""
    target = ankle + shift
    thigh, shin = (np.linalg.norm(b - a, axis=-1, keepdims=True) for a, b in ((hip, knee), (knee, ankle)))
    line = target - hip
    reach = np.clip(
        np.linalg.norm(line, axis=-1, keepdims=True), np.abs(thigh - shin) + 1e-4, (thigh + shin) * STRAIGHT
    )
    along = line / np.maximum(np.linalg.norm(line, axis=-1, keepdims=True), 1e-9)
    # towards where the knee points already; to the front where the leg is straight
    out = knee - hip - np.sum((knee - hip) * along, axis=-1, keepdims=True) * along
    out = out + front - np.sum(front * along, axis=-1, keepdims=True) * along
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    cosine = np.clip((thigh**2 + reach**2 - shin**2) / (2 * thigh * reach), -1, 1)
    bend = hip + thigh * (cosine * along + np.sqrt(1 - cosine**2) * out)
    foot = hip + reach * along
    still = np.linalg.norm(shift, axis=-1) < 1e-7
    turns = [between_vectors(knee - hip, bend - hip), between_vectors(ankle - knee, foot - bend)]
    thigh_turn, shin_turn = (np.where(still[..., None], np.array([1.0, 0, 0, 0]), turn) for turn in turns)
    return thigh_turn, shin_turn
