"""How a session's calibration comes about."""

from enum import StrEnum


class Start(StrEnum):
    """Simulated sensors know theirs, unless the sequence is asked for; then their performer goes through it."""

    AUTO = "auto"  # known for simulated sensors, else the sequence
    SEQUENCE = "sequence"  # prompts, and checks by movements
    QUICK = "quick"  # a T-pose, then a few steps; nothing is checked
    KEPT = "kept"  # the performer's own of today, and a moment facing forward
