"""What a session is to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..inference.device_choice import Wish
from .calibration import Calibration, HeadingSource, Pose
from .link_protocol import endpoint_path
from .solving import DEFAULT_NETWORK
from .sources import SIMULATED


@dataclass(frozen=True)
class SessionOptions:
    """`imu` as `Sensors` takes it; `slots` NAME=slot; `calibration` of before, None to find one in the first
    `calibrate_seconds`; `link` where the link's file is written, None for no link; `vmc` HOST:PORT."""

    imu: tuple[str, ...] = (SIMULATED,)
    slots: Mapping[str, str] = field(default_factory=dict)
    network: str = DEFAULT_NETWORK
    device: Wish = Wish.AUTO
    folder: Path = field(default_factory=lambda: Path("takes"))
    performer: str = "performer"
    height: float = 1.70
    heading: HeadingSource = HeadingSource.AUTO
    pose: Pose = Pose.T_POSE
    calibration: Calibration | None = None
    calibrate_seconds: float = 8.0
    link: Path | None = field(default_factory=endpoint_path)
    vmc: str | None = None
