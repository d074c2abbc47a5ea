"""What is to be read from three metres away, and heard, at a moment of a session."""

import math
from dataclasses import dataclass
from enum import Enum

from ..capture.status import SessionStatus, State
from .words import camera_words, prompt_words

QUIET_STEPS = ("", "waiting", "listening", "done")


class Cue(Enum):
    """Sounds: hertz and seconds."""

    TICK = (660.0, 0.08)
    STEP = (880.0, 0.18)
    DONE = (1320.0, 0.4)
    TROUBLE = (220.0, 0.4)


@dataclass(frozen=True)
class Prompt:
    """`count` is shown as large as can be; `share` of the step, 0 to 1."""

    text: str = ""
    count: str = ""
    trouble: str = ""
    share: float = 0.0


def prompt_of(status: SessionStatus) -> Prompt:
    """Nothing, where nobody is asked for anything."""
    view, seen = status.calibration, status.camera_pose
    if status.state is State.CALIBRATING and view is None and seen is not None:
        return Prompt(camera_words(seen.says))
    if status.state is not State.CALIBRATING or view is None or view.step in QUIET_STEPS:
        return Prompt()
    left = view.hold * (1 - view.progress)
    count = str(math.ceil(left)) if view.hold and 0 < view.progress < 1 else ""
    return Prompt(prompt_words(view.prompt), count, prompt_words(view.trouble), view.progress)


def cue(before: SessionStatus, now: SessionStatus) -> Cue | None:
    """What is heard as one status follows on another."""
    was, view = before.calibration, now.calibration
    if before.state is State.CALIBRATING and now.state is State.LIVE:
        return Cue.DONE
    if State.FAILED in (now.state,) and before.state is not State.FAILED:
        return Cue.TROUBLE
    if (before.state is State.RECORDING) != (now.state is State.RECORDING):
        return Cue.DONE if now.state is State.RECORDING else Cue.STEP
    if view is None or now.state is not State.CALIBRATING or view.step in QUIET_STEPS:
        return None
    if was is None or was.step != view.step:
        return Cue.TROUBLE if view.step == "failed" else Cue.STEP
    if view.trouble and view.trouble != was.trouble:
        return Cue.TROUBLE
    return Cue.TICK if prompt_of(now).count not in ("", prompt_of(before).count) else None
