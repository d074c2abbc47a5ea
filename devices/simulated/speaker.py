"""Simulated sensors as their firmware: what they say of a moment, and what they do when told."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ..reading import Quaternion, Vector
from .wearer import State


@dataclass(frozen=True, slots=True)
class Said:
    """Bytes that leave together; `source` is the characteristic over Bluetooth. `sample` False: no measurement."""

    data: bytes
    source: str = ""
    sample: bool = True


class Speaker(Protocol):
    """One simulated sensor's firmware, whatever carries its bytes."""

    @property
    def rate(self) -> float:
        """Samples a second as set up now."""

    @property
    def baud(self) -> int | None:
        """The speed of its serial port; None where any will do."""

    def say(self, state: State, stamp_ns: int) -> Sequence[Said]:
        """What it sends of a moment, which is `stamp_ns` by its own clock; nothing while it is not streaming."""

    def hear(self, data: bytes, target: str) -> Sequence[Said]:
        """What it answers."""

    def switch_on(self) -> None:
        """As it comes out of a loss of power: settings that were not saved are gone."""


@dataclass(frozen=True)
class Gatt:
    """A Bluetooth sensor as others see it: its name, its services, its maker's company id."""

    name: str
    services: tuple["GattService", ...]
    maker: int | None = None


@dataclass(frozen=True)
class GattService:
    """A service and its characteristics."""

    uuid: str
    characteristics: tuple["GattCharacteristic", ...]


@dataclass(frozen=True)
class GattCharacteristic:
    """`flags` as BlueZ names them: read, write, write-without-response, notify."""

    uuid: str
    flags: tuple[str, ...]
    value: bytes = b""


@dataclass(frozen=True)
class Unplugging:
    """The sensor on `slot` is gone `at` seconds after the start, for `seconds`; None for good."""

    slot: str
    at: float
    seconds: float | None = None


@dataclass(frozen=True)
class Imperfections:
    """What real sensors do. Standard deviations unless they say otherwise.

    `orientation_noise` degrees, `acceleration_noise` m/s², `rate_noise` rad/s; `drift` of heading in degrees a minute;
    `loss` share of samples that never leave; `garble` share of those sent with one byte wrong; `clock_ppm` how far
    clocks run off, each sensor's its own; `disturbance` µT of a magnet nearby.
    """

    orientation_noise: float = 0.0
    acceleration_noise: float = 0.0
    rate_noise: float = 0.0
    drift: float = 0.0
    loss: float = 0.0
    garble: float = 0.0
    clock_ppm: float = 0.0
    disturbance: float = 0.0
    unplug: tuple[Unplugging, ...] = ()


class Flaws:
    """`Imperfections` of one sensor over time; the same `seed` gives the same."""

    def __init__(self, what: Imperfections, seed: int) -> None:
        self.what = what
        self._random = random.Random(seed)
        self.clock_rate = 1 + self._random.gauss(0, 1) * what.clock_ppm * 1e-6
        self._drift = math.radians(self._random.choice((-1, 1)) * what.drift) / 60  # radians a second

    def spoil(self, state: State, seconds: float) -> State:
        """What the sensor says instead, `seconds` after it was switched on."""
        what = self.what
        if self._drift or what.orientation_noise:
            state = self._turned(state, self._drift * seconds)
        if what.acceleration_noise:
            off = self._noise(what.acceleration_noise)
            raw, sensor, world = (_sum(v, off) for v in (state.raw, state.free_sensor, state.free_world))
            state = replace(state, raw=raw, free_sensor=sensor, free_world=world)
        if what.rate_noise:
            state = replace(state, rate=_sum(state.rate, self._noise(what.rate_noise)))
        if what.disturbance:
            state = replace(state, magnetic=_sum(state.magnetic, (what.disturbance, 0.0, 0.0)))
        return state

    def loses(self) -> bool:
        """Whether this sample is lost."""
        return self._random.random() < self.what.loss

    def garbled(self, data: bytes) -> bytes:
        """`data`, perhaps with one byte changed or gone."""
        if not data or self._random.random() >= self.what.garble:
            return data
        at = self._random.randrange(len(data))
        wrong = bytes([self._random.randrange(256)]) if self._random.random() < 0.5 else b""
        return data[:at] + wrong + data[at + 1 :]

    def _turned(self, state: State, yaw: float) -> State:
        tilt = self._noise(math.radians(self.what.orientation_noise) / 2)
        q = _multiply(_multiply((math.cos(yaw / 2), 0, 0, math.sin(yaw / 2)), state.orientation), (1.0, *tilt))
        norm = math.sqrt(sum(value * value for value in q))
        x, y, z = state.free_world
        c, s = math.cos(yaw), math.sin(yaw)
        w, i, j, k = (value / norm for value in q)
        return replace(state, orientation=(w, i, j, k), free_world=(c * x - s * y, s * x + c * y, z))

    def _noise(self, deviation: float) -> Vector:
        gauss = self._random.gauss
        return gauss(0, deviation), gauss(0, deviation), gauss(0, deviation)


def _sum(a: Vector, b: Vector) -> Vector:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    w1, x1, y1, z1 = a
    w2, x2, y2, z2 = b
    return (
        w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
        w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
        w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
        w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
    )
