"""What a session shows of itself: frozen snapshots for any face, a terminal's, Qt's or Blender's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ..devices.device import State as DeviceState
from ..devices.health import SensorHealth
from ..devices.roster import DeviceStatus
from ..inference.worker import WorkerState, WorkerStatus
from ..rig.errors import BadInputError
from .camera_poses import CameraPoseStatus
from .dropouts import Slot
from .latency import StageFigures
from .link_server import LinkStatus
from .live_camera import CameraStatus
from .live_pose import LivePose
from .recorder import RecordingStatus
from .starting import CalibrationView

# a face imports from here all that a status is made of
__all__ = [
    "FOLLOWS",
    "DeviceState",
    "DeviceStatus",
    "LivePose",
    "SensorHealth",
    "SessionStatus",
    "SlotStatus",
    "State",
    "WorkerState",
    "WorkerStatus",
    "check_step",
]


class State(StrEnum):
    """Where a session is; docs/capture.md says what each means and what follows on it."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CALIBRATING = "calibrating"
    LIVE = "live"
    RECORDING = "recording"
    STOPPING = "stopping"
    FAILED = "failed"


FOLLOWS: dict[State, frozenset[State]] = {
    State.IDLE: frozenset({State.CONNECTING}),
    State.CONNECTING: frozenset({State.CALIBRATING, State.STOPPING, State.FAILED}),
    State.CALIBRATING: frozenset({State.LIVE, State.STOPPING, State.FAILED}),
    State.LIVE: frozenset({State.RECORDING, State.CALIBRATING, State.STOPPING, State.FAILED}),
    State.RECORDING: frozenset({State.LIVE, State.STOPPING, State.FAILED}),
    State.STOPPING: frozenset({State.IDLE, State.FAILED}),
    State.FAILED: frozenset({State.CONNECTING}),
}


def check_step(before: State, after: State) -> None:
    """Raise BadInputError for a step that `FOLLOWS` does not have."""
    if after not in FOLLOWS[before]:
        raise BadInputError(f"The session is {before}; it cannot be {after} next.")


@dataclass(frozen=True)
class SlotStatus:
    """A place on the body, its sensor ("" where none is worn), how it is known, `age` s of its newest sample."""

    slot: str
    sensor: str
    known: Slot
    age: float


@dataclass(frozen=True)
class SessionStatus:
    """`message`: the last thing worth saying; `notes`: those before it, newest last. `seconds` in this state.

    `places`: where sensors are said to be worn, by name. `share`: how far a calibration's step is, 0 to 1;
    `calibration`: all about it, and what it found when it is over. `frames` answered; `dropped` ones that came while
    the network was busy or away; `skipped` ones that were never made, because the computer slept.
    """

    state: State = State.IDLE
    message: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    share: float = 0.0
    calibration: CalibrationView | None = None
    devices: tuple[DeviceStatus, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    slots: tuple[SlotStatus, ...] = ()
    confidence: float = 0.0
    frames: int = 0
    dropped: int = 0
    skipped: int = 0
    latency: tuple[StageFigures, ...] = ()
    worker: WorkerStatus | None = None
    recording: RecordingStatus | None = None
    camera: CameraStatus | None = None
    camera_pose: CameraPoseStatus | None = None
    folder: Path = field(default_factory=Path)
    free_bytes: int = 0
    link: LinkStatus | None = None
    vmc_unsent: int = 0
