"""How the metrics are written."""

from collections.abc import Sequence

from .markdown import NOTHING, number

# Unit and digits
METRICS = {
    "SIP": ("°", 2),
    "Ang": ("°", 2),
    "Pos": ("cm", 2),
    "MPJPE": ("mm", 1),
    "PA_MPJPE": ("mm", 1),
    "MPVPE": ("mm", 1),
    "Accel": ("mm", 1),
}


def named(metric: str) -> str:
    """As the field writes it, with its unit."""
    return f"{metric.replace('_', '-')} {METRICS[metric][0]}"


def written(values: Sequence[float] | None, metrics: Sequence[str]) -> str:
    """Several of them in one cell."""
    if values is None:
        return NOTHING
    return " / ".join(number(value, METRICS[metric][1]) for value, metric in zip(values, metrics, strict=True))
