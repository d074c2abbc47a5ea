"""What was found out about a sensor, in words its wearer can act on."""

from dataclasses import dataclass
from enum import StrEnum

from .step import Step


class Verdict(StrEnum):
    """`WARN` can be used as it is; `BAD` spoils the motion of that bone."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """About `sensor`, said to be worn on `slot`, in `step`: `reason` says what happened and what to do.

    `worn_on`: the slot it rather seems to be worn on, where the movement tells.
    """

    sensor: str
    slot: str
    step: Step
    verdict: Verdict
    reason: str
    worn_on: str | None = None


def bad(sensor: str, slot: str, step: Step, reason: str, worn_on: str | None = None) -> Finding:
    """Spoils the motion."""
    return Finding(sensor, slot, step, Verdict.BAD, reason, worn_on)


def warn(sensor: str, slot: str, step: Step, reason: str) -> Finding:
    """Worth a look."""
    return Finding(sensor, slot, step, Verdict.WARN, reason)


def in_words(slot: str) -> str:
    """As people say it: "left forearm"."""
    return slot.replace("_", " ")
