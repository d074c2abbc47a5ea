"""`mocamba import`."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ...rig.errors import BadInputError
from ...rig.imu import CLEAN, SLOTS, WORN
from ..calibration import Calibration, HeadingSource, Pose
from ..importing import ImportOptions, import_source
from ..take import Take
from .console import ForceFlag, JsonFlag, as_argument, progress_bar, report

HELP = """Make a take of a recording.

SRC is a folder of x-IMU3 or Xsens DOT logs, one DOT file, an Xsens MVNX file, or a BVH or AMASS .npz motion (whose
sensors are then simulated). The recording should begin with a second or two of the calibration pose.

Examples:

  mocamba import recordings/walk walk.take

  mocamba import dot/ squat.take --slot D422CD001=left_shin --height 1.82

  mocamba import dance.bvh dance.take --worn
"""

SlotOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=SLOT",
        help="Where the sensor NAME (or the only one with NAME in its name) is worn: left_forearm, right_forearm, "
        "left_shin, right_shin, head, pelvis; thighs and feet help calibration. Repeat for more.",
    ),
]


def import_command(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="File or folder to read.")],
    take: Annotated[Path, typer.Argument(metavar="NAME.take", help="The take to make.")],
    slot: SlotOption = None,
    height: Annotated[float | None, typer.Option(help="The performer's height in metres.")] = None,
    performer: Annotated[str, typer.Option(help="The performer's name.")] = "performer",
    heading: Annotated[
        HeadingSource,
        typer.Option(
            help="How to tell which way the performer faced: from the legs' motion, from sensors worn with z "
            "backward, or after a heading reset."
        ),
    ] = HeadingSource.AUTO,
    pose: Annotated[Pose, typer.Option(help="The calibration pose.")] = Pose.T_POSE,
    worn: Annotated[
        bool, typer.Option("--worn", help="Simulate worn, noisy sensors for BVH and AMASS motion.")
    ] = False,
    force: ForceFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    errors = WORN if worn else CLEAN
    options = ImportOptions(parse_slots(slot or []), performer, height, heading, pose, errors, force=force)
    with progress_bar(as_json) as progress:
        made = import_source(source, take, options, progress)
    report(summary(made), _lines(made), as_json)


def parse_slots(given: list[str]) -> dict[str, str]:
    """`NAME=slot` strings to a mapping."""
    slots = {}
    for item in given:
        name, equals, slot = item.rpartition("=")
        if not (name and equals and slot):
            raise BadInputError(f"--slot {item}: write NAME=SLOT, for example --slot D422CD001=left_shin.")
        slots[name] = slot.strip()
    return slots


def summary(take: Take) -> dict[str, object]:
    """What was imported, in plain values."""
    imu, warnings = take.imu()
    sensors = [
        {
            "name": sensor.sensor,
            "slot": sensor.slot,
            "heading_degrees": round(float(np.degrees(sensor.heading)), 1),
            "quality": round(sensor.quality, 2),
            "reason": sensor.reason,
        }
        for sensor in _calibration(take).sensors
    ]
    return {
        "take": str(take.path),
        "device": take.manifest.device,
        "performer": take.manifest.performer,
        "height": take.manifest.height,
        "frames": len(imu),
        "seconds": round((imu.t_ns[-1] - imu.t_ns[0]) / 1e9, 3) if len(imu) else 0.0,
        "present": {s: round(float(p), 4) for s, p in zip(SLOTS, imu.present.mean(axis=0), strict=True) if p > 0},
        "sensors": sensors,
        "warnings": [*take.manifest.warnings, *warnings],
    }


def _calibration(take: Take) -> Calibration:
    if take.manifest.calibration is None:
        raise BadInputError(f"{take.path} was never calibrated. Import the recording again.")
    return take.manifest.calibration


def _lines(take: Take) -> list[str]:
    values = summary(take)
    lines = [f"{values['take']}: {values['seconds']} s of {values['device']}, {values['frames']} frames"]
    sensors = _calibration(take).sensors
    # mostly all have one reason: said once, it can be read
    shared = {sensor.reason for sensor in sensors} if len(sensors) > 1 else set()
    own = "" if len(shared) == 1 else "  ({})"
    lines += [f"  {sensor.slot:<14} {sensor.sensor}{own.format(sensor.reason)}" for sensor in sensors]
    lines += [f"Calibrated: {shared.pop()}"] if len(shared) == 1 else []
    return [*lines, f"Next: mocamba solve {as_argument(take.path)}"]
