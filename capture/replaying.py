"""A take as a device, to try a session on what was recorded before."""

from pathlib import Path

from ..devices.replay import Replay
from .take import open_take


def replay_take(path: Path, speed: float = 1.0, *, stepped: bool = False) -> tuple[Replay, tuple[str, ...]]:
    """The take's sensors, not connected yet, and warnings where its raw file breaks off."""
    logs, warnings = open_take(path).logs()
    return Replay(path.name, logs, speed, stepped=stepped), warnings
