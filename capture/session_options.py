"""What a session is to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..devices.keypoints.detectors import DEFAULT_DETECTOR
from ..inference.device_choice import Wish
from ..rig.lens import ASSUMED_FIELD, Lens, lens_of_field, read_lens
from .calibrating.start import Start
from .calibration import Calibration, HeadingSource, Pose
from .equipment import Equipment
from .link_protocol import endpoint_path
from .solving import DEFAULT_NETWORK
from .sources import SIMULATED, FamilyOptions
from .starting import Wanted

__all__ = ["SessionOptions", "Wish"]

NO_SENSORS = "none"


@dataclass(frozen=True)
class SessionOptions:
    """`imu` as `Sensors` takes it, or `none`; `slots` NAME=slot; `families`: options other than the usual ones;
    `calibration` of before, None to find one as `start` says. `camera` as `LiveCamera` takes it, None for none; the
    `detector` of joints in its pictures; its `lens`: degrees of view along the longer side, a file of `mocamba camera`,
    or None to assume one.

    `hold`: connect, and calibrate when asked to; `checks`: whether the sequence has check movements;
    `calibrate_seconds` of the quick way; `kept_in`: folder of kept calibrations, None for one beside the takes;
    `drift`, `smooth` and `feet` switch on the running correction of headings, the One Euro filter and the hold of
    standing feet; `link`: where the link's file is written, None for no link; `vmc` HOST:PORT.
    """

    imu: tuple[str, ...] = (SIMULATED,)
    camera: str | None = None
    detector: str = DEFAULT_DETECTOR
    lens: float | Path | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, FamilyOptions] = field(default_factory=dict)
    network: str = DEFAULT_NETWORK
    device: Wish = Wish.AUTO
    folder: Path = field(default_factory=lambda: Path("takes"))
    performer: str = "performer"
    height: float = 1.70
    heading: HeadingSource = HeadingSource.AUTO
    pose: Pose = Pose.T_POSE
    start: Start = Start.AUTO
    checks: bool = True
    hold: bool = False
    calibration: Calibration | None = None
    calibrate_seconds: float = 8.0
    kept_in: Path | None = None
    drift: bool = False
    smooth: bool = False
    feet: bool = False
    link: Path | None = field(default_factory=endpoint_path)
    vmc: str | None = None

    @property
    def worn(self) -> bool:
        """Whether there are sensors."""
        return self.imu != (NO_SENSORS,)

    @property
    def equipment(self) -> Equipment:
        """What the performer is captured with."""
        if not self.worn:
            return Equipment.CAMERA
        return Equipment.SENSORS if self.camera is None else Equipment.BOTH

    def lens_of(self, width: int, height: int) -> Lens:
        """The camera's, for pictures of that size. Raises MocambaError where it fits none."""
        if isinstance(self.lens, Path):
            return read_lens(self.lens).of_size(width, height)
        if self.lens is not None:
            return lens_of_field(width, height, self.lens)
        return lens_of_field(width, height, ASSUMED_FIELD, f"assumed, {ASSUMED_FIELD:g}°")

    @property
    def calibrations(self) -> Path:
        """Where the performers' calibrations are kept."""
        return self.kept_in or self.folder / "calibrations"

    def wanted(self) -> Wanted:
        """What is said here about the calibration."""
        return Wanted(
            self.start,
            self.slots,
            self.performer,
            self.calibrations,
            self.heading,
            self.pose,
            self.calibrate_seconds,
            self.checks,
            self.calibration,
        )
