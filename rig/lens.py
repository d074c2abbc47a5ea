"""What a camera makes of directions: a pinhole with OpenCV's five distortion numbers."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BadInputError, FileFormatError
from .quaternion import Array
from .whole_file import whole_file

VERSION = 1
ASSUMED_FIELD = 66.0  # degrees along the longer side: between a webcam and a phone's main camera
NARROWEST, WIDEST = 5.0, 150.0  # degrees
ROUNDS = 20  # of undistorting; a wide webcam's corners need about ten


@dataclass(frozen=True)
class Lens:
    """Of pictures `width` x `height` pixels: `focal` and `centre` x and y, pixels; `distortion` k1, k2, p1, p2, k3;
    `source` says how it is known. A camera looks along +Z, with x to the right and y down."""

    width: int
    height: int
    focal: tuple[float, float]
    centre: tuple[float, float]
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)
    source: str = ""

    def rays(self, points: Array) -> Array:
        """Directions `(..., 2)`, x and y at z = 1, of pixels `(..., 2)`; the inverse of `project`."""
        seen = (points.astype(np.float64) - self.centre) / self.focal
        if not any(self.distortion):
            return np.asarray(seen)
        ideal: Array = seen
        for _ in range(ROUNDS):
            factor, shift = self._distorted(ideal)
            ideal = (seen - shift) / factor
        return np.asarray(ideal)

    def project(self, points: Array) -> Array:
        """Pixels `(..., 2)` of points `(..., 3)` in the camera's frame, in front of it."""
        ideal: Array = points[..., :2].astype(np.float64) / points[..., 2:]
        factor, shift = self._distorted(ideal)
        return np.asarray((ideal * factor + shift) * self.focal + self.centre)

    def _distorted(self, ideal: Array) -> tuple[Array, Array]:
        """Radial factor `(..., 1)` and tangential shift `(..., 2)` (Brown 1966, as OpenCV has them)."""
        k1, k2, p1, p2, k3 = self.distortion
        x, y = ideal[..., 0], ideal[..., 1]
        r2 = x * x + y * y
        factor = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        shift = np.stack([2 * p1 * x * y + p2 * (r2 + 2 * x * x), p1 * (r2 + 2 * y * y) + 2 * p2 * x * y], axis=-1)
        return np.asarray(factor[..., None]), shift

    @property
    def field(self) -> float:
        """Angle of view along the longer side, degrees, without distortion."""
        side, focal = max((self.width, self.focal[0]), (self.height, self.focal[1]))
        return float(np.degrees(2 * np.arctan(side / (2 * focal))))

    def of_size(self, width: int, height: int) -> "Lens":
        """The same lens for pictures of another size. Raises BadInputError where their shape differs."""
        factor = width / self.width
        if abs(height - self.height * factor) > 0.01 * height:
            raise BadInputError(
                f"The camera file is of pictures {self.width} x {self.height}, these are {width} x {height}: another "
                f"shape, so another part of the lens. Calibrate with pictures of the same shape, held the same way."
            )
        focal, centre = ((values[0] * factor, values[1] * factor) for values in (self.focal, self.centre))
        return replace(self, width=width, height=height, focal=focal, centre=centre)

    def write(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        with whole_file(path) as part:
            part.write_text(json.dumps({"mocamba_lens": VERSION, **asdict(self)}, indent=2) + "\n", encoding="utf-8")


def lens_of_field(width: int, height: int, degrees: float, source: str = "") -> Lens:
    """An ideal lens that sees `degrees` along the picture's longer side. Raises BadInputError for angles of no lens."""
    if not NARROWEST <= degrees <= WIDEST:
        raise BadInputError(
            f"A field of view of {degrees:g}°? It is the angle along the picture's longer side, {NARROWEST:g} to "
            f"{WIDEST:g}; phones and webcams have 55 to 80."
        )
    focal = max(width, height) / (2 * float(np.tan(np.radians(degrees) / 2)))
    return Lens(width, height, (focal, focal), (width / 2, height / 2), source=source or f"field of view {degrees:g}°")


def read_lens(path: Path) -> Lens:
    """What `write` wrote. Raises FileFormatError."""
    remedy = "Make one with: mocamba camera PICTURES"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["mocamba_lens"] != VERSION:
            raise ValueError("another version")
        numbers: dict[str, Any] = {key: tuple(map(float, values[key])) for key in ("focal", "centre", "distortion")}
        lens = Lens(int(values["width"]), int(values["height"]), **numbers, source=str(values["source"]))
        if [len(value) for value in numbers.values()] != [2, 2, 5]:
            raise ValueError("another number of numbers")
        if min(*lens.focal, lens.width, lens.height) <= 0:
            raise ValueError("sizes that no camera has")
        if not np.isfinite([*lens.focal, *lens.centre, *lens.distortion]).all():
            raise ValueError("numbers that are not finite")
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).", remedy) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(path, f"does not describe a camera ({error}).", remedy) from error
    return lens
