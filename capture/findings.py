"""What a check of conventions says."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Aspect(Enum):
    """What is looked at."""

    NORM = "norm of quaternions"
    RATE = "sample rate"
    GRAVITY = "gravity"
    UNITS = "units"
    AXES = "order and axes"
    PLACES = "where sensors are worn"


class Verdict(Enum):
    """What it looks like."""

    RIGHT = "looks right"
    WRONG = "looks wrong"
    UNKNOWN = "cannot be told"


@dataclass(frozen=True)
class Finding:
    """`detail` says what was seen, `rule` what would put it right; both empty where it looks right."""

    aspect: Aspect
    verdict: Verdict
    detail: str = ""
    rule: str = ""

    def warning(self) -> str:
        """For the user."""
        return f"{self.detail} {self.rule}"


def warnings_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """What looks wrong, for the user."""
    return tuple(finding.warning() for finding in findings if finding.verdict is Verdict.WRONG)
