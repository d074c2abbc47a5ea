"""A network that was read for live use."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .device_choice import Choice

if TYPE_CHECKING:
    from .worker_process import Solver


@dataclass(frozen=True, eq=False)
class LiveNetwork:
    """`name` of its card, `digest` of its weights, where it runs; `new` makes a solver that knows nothing yet,
    `warm` one whose every call is a frame of nobody in particular."""

    name: str
    digest: str
    choice: Choice
    new: "Callable[[], Solver]"
    warm: Callable[[], Callable[[], object]]
