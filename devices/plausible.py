"""Values that no worn sensor measures: they are left out, and that is said."""

import math
from dataclasses import replace

from .errors import BadDataError, Reason
from .reading import Quaternion, Sample, Vector

NORM = (0.9, 1.1)  # of a quaternion that was rounded on its way
HARDEST = 1e4  # m/s²
FASTEST = 1e3  # rad/s
STRONGEST = 1e4  # µT


def clean(sample: Sample) -> tuple[Sample, tuple[str, ...]]:
    """`sample` without what cannot be, its quaternion normalised, and what is wrong with the rest."""
    wrong = []
    orientation = sample.orientation
    if orientation is not None:
        orientation = _unit(orientation)
        if orientation is None:
            wrong.append(f"an orientation that is no rotation ({_numbers(sample.orientation)})")
    acceleration, rate, magnetic = sample.acceleration, sample.rate, sample.magnetic
    if not _possible(acceleration, HARDEST):
        wrong.append(f"an impossible acceleration ({_numbers(acceleration)})")
        acceleration = None
    if not _possible(rate, FASTEST):
        wrong.append(f"an impossible rate of turn ({_numbers(rate)})")
        rate = None
    if not _possible(magnetic, STRONGEST):
        wrong.append(f"an impossible magnetic field ({_numbers(magnetic)})")
        magnetic = None
    if not wrong and orientation is sample.orientation:
        return sample, ()
    cleaned = replace(sample, orientation=orientation, acceleration=acceleration, rate=rate, magnetic=magnetic)
    return cleaned, tuple(wrong)


def _possible(vector: Vector | None, limit: float) -> bool:
    # NaN fails every comparison
    return vector is None or all(-limit <= value <= limit for value in vector)


def _unit(q: Quaternion) -> Quaternion | None:
    w, x, y, z = q
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    if not NORM[0] <= norm <= NORM[1]:  # NaN is not within
        return None
    return (w / norm, x / norm, y / norm, z / norm)


def _numbers(values: tuple[float, ...] | None) -> str:
    return ", ".join(f"{value:.4g}" for value in values or ())


def bad_values(sensor: str, wrong: tuple[str, ...]) -> BadDataError:
    """What a user is told."""
    return BadDataError(
        sensor,
        Reason.BAD_VALUES,
        f"it sends {' and '.join(wrong)}; that is left out.",
        "If it goes on, switch the sensor off and on again, and lay it still for a few seconds.",
    )
