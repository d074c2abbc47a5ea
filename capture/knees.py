"""Knees as a check: they bend one way only, so a thigh and a shin sensor that were exchanged give themselves away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..rig.quaternion import Array
from .clock import Resampled
from .heading import pitch, turn_since

HYPEREXTENDED = np.radians(30.0)  # no knee goes back this far


@dataclass(frozen=True)
class Exchange:
    """The sensors said to be on thigh and shin of one side, which bend its knee `backwards` degrees."""

    side: str
    thigh: str
    shin: str
    backwards: float

    @property
    def names(self) -> tuple[str, str]:
        """Both sensors."""
        return self.thigh, self.shin

    def slot_of_other(self, name: str) -> str:
        """Where `name` is really worn."""
        return f"{self.side}_{'shin' if name == self.thigh else 'thigh'}"

    def warning(self, put_right: bool) -> str:
        """For the user."""
        found = f"With '{self.thigh}' on the {self.side} thigh and '{self.shin}' on the shin the knee bends "
        found += f"{self.backwards:.0f}° backwards: they were exchanged. "
        if put_right:
            return found + "They are used the other way round; --slot says it otherwise."
        return found + "They are used as --slot says."


def knee_flexion(
    thigh: Resampled, shin: Resampled, references: Mapping[str, Array], heading: tuple[float, float]
) -> NDArray[np.float64]:
    """Radians where both are measured; positive as knees bend."""
    measured = thigh.present & shin.present
    angles = [
        pitch(turn_since(sensor.orientation[measured], references[sensor.log.name], yaw))
        for sensor, yaw in zip((thigh, shin), heading, strict=True)
    ]
    return angles[1] - angles[0]


def find_exchanged(
    sensors: Sequence[Resampled], references: Mapping[str, Array], headings: Mapping[str, float]
) -> list[Exchange]:
    """Sides whose knee bends far backwards and hardly forwards."""
    worn = {sensor.log.slot: sensor for sensor in sensors}
    found = []
    for side in ("left", "right"):
        thigh, shin = worn.get(f"{side}_thigh"), worn.get(f"{side}_shin")
        if thigh is None or shin is None:
            continue
        flexion = knee_flexion(thigh, shin, references, (headings[thigh.log.name], headings[shin.log.name]))
        if not len(flexion):
            continue
        low, high = np.percentile(flexion, [1, 99])
        if low < -HYPEREXTENDED and high < -low / 2:
            found.append(Exchange(side, thigh.log.name, shin.log.name, float(np.degrees(-low))))
    return found
