"""What a session asks of the performer, as it tells it over the link."""

from collections.abc import Mapping
from typing import Any


def asked(status: Mapping[str, Any]) -> str:
    """A sentence: of the calibration, or of a camera alone; else the last message."""
    prompt = (status.get("calibration") or {}).get("prompt")
    says = str((status.get("camera_pose") or {}).get("says", ""))
    if status.get("state") == "calibrating" and says and not prompt:
        return f"{says[:1].upper()}{says[1:]}."
    return str(prompt or status.get("message", ""))


def camera_alone(status: Mapping[str, Any]) -> bool:
    """Whether no sensor is worn: then nothing is calibrated."""
    return bool(status.get("camera_pose")) and not status.get("worker")
