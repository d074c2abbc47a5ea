"""What a sensor said, in one set of units whatever the family.

Worlds have Z up here, as every family's own; `log.z_up_to_y_up` turns them into ours further on. Vectors are x, y, z.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from typing import TypeVar

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


class Acceleration(Enum):
    """What an acceleration holds and the frame it is in."""

    RAW = "specific force in the sensor's frame: at rest 9.8 m/s² upward"
    FREE_SENSOR = "gravity removed, in the sensor's frame"
    FREE_WORLD = "gravity removed, in the world of `orientation`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One moment of one sensor; None where the device says nothing. Every number is finite.

    `stamp_ns`: the device's own clock, unwrapped, from any origin. `orientation`: unit, w, x, y, z, sensor to a world
    with Z up. `acceleration`: m/s², and what it is stands in `acceleration_kind`. `rate`: angular velocity in the
    sensor's frame, rad/s. `magnetic`: in the sensor's frame, µT (of devices that know only its ratio to the earth's
    field, that times 50). `battery`: share of a full one, 0 to 1.
    """

    stamp_ns: int | None = None
    orientation: Quaternion | None = None
    acceleration: Vector | None = None
    acceleration_kind: Acceleration | None = None
    rate: Vector | None = None
    magnetic: Vector | None = None
    battery: float | None = None

    @property
    def is_motion(self) -> bool:
        """Whether it says how the sensor is held or moves; a battery report does not."""
        return self.orientation is not None or self.acceleration is not None or self.rate is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Sample):
    """A sample as it reached this computer.

    `sensor` is unlike any other sensor's and survives a reconnect: family and address. `host_ns` is
    `time.monotonic_ns()` when its last byte arrived; a device's reading order is its sampling order. `lost` samples
    of this sensor are missing right before it; None where the device neither counts nor stamps them.
    """

    sensor: str
    host_ns: int
    lost: int | None = None


_SAMPLE = tuple(field.name for field in fields(Sample))


def as_reading(sample: Sample, sensor: str, host_ns: int, lost: int | None = None) -> Reading:
    """`sample`, received from `sensor`."""
    return Reading(sensor=sensor, host_ns=host_ns, lost=lost, **{name: getattr(sample, name) for name in _SAMPLE})


def merge(earlier: Sample, later: Sample) -> Sample:
    """One sample of two parts of the same moment; what both say is the later one's."""
    values = {name: getattr(later, name) for name in _SAMPLE}
    return Sample(**{name: getattr(earlier, name) if value is None else value for name, value in values.items()})


Packet = TypeVar("Packet")
# Every family's `parse`: bytes to the packets that are whole, and the rest to be put before the bytes to come. Pure:
# any split of a stream gives the same packets. The rest never grows beyond the family's longest packet.
Parse = Callable[[bytes], tuple[list[Packet], bytes]]
