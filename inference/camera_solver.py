"""Networks that read a camera, in a process of their own."""

from functools import partial
from typing import Any, Self

from ..rig.errors import BadInputError
from ..rig.lifted.even import standing_figure
from ..rig.skeleton import SMPL24
from .device_choice import Choice, Wish, choose_for_lifter, find_accelerators
from .film_solver import load_lifter
from .lift_track import LiftStream
from .live_film import LiveFilm
from .live_fusion import LiveFusion
from .live_network import LiveNetwork
from .networks.vimcan import Vimcan
from .views import View
from .worker_process import Reads, Task

ON_CPU = Choice("cpu", "a picture is some milliseconds of work for one core")
DISTANCE = 4.0  # metres of the figure that warms a network up


class CameraSolver:
    """`LiveFusion` or `LiveFilm` on records; see `worker_process.Solver`."""

    def __init__(self, solver: LiveFusion | LiveFilm) -> None:
        self.solver = solver

    def answer(self, question: Any, answer: Any) -> None:
        """A `VIEW` to a `SIGHT`."""
        self.solver.push(View.read(question)).write(answer)

    def in_place_of(self, other: Self) -> Self:
        """See `LiveFusion`."""
        self.solver.take_over(other.solver)
        return self

    def close(self) -> None:
        """Wait for its thread."""
        self.solver.close()


def load_solver(task: Task) -> LiveNetwork:
    """Raises MocambaError for a network that reads no camera, or whole recordings, or a device that there is not."""
    choice = ON_CPU if task.wish is Wish.AUTO else choose_for_lifter(task.wish, find_accelerators())
    loaded = load_lifter(task.network, choice.device)
    if loaded.network.look_ahead != 0:
        raise BadInputError(
            f"{task.network} reads whole recordings and cannot run live. Choose vimcan-t-causal or posemamba-s-causal."
        )
    if task.reads is Reads.BOTH and not isinstance(loaded.network, Vimcan):
        raise BadInputError(
            f"{task.network} reads a camera alone. Capture without sensors (--imu none), or choose vimcan-t-causal."
        )
    skeleton = SMPL24.scaled_to(task.height)
    kind: type[LiveFusion | LiveFilm] = LiveFusion if task.reads is Reads.BOTH else LiveFilm
    figure = standing_figure() / DISTANCE
    return LiveNetwork(
        loaded.card.name,
        loaded.digest,
        choice,
        lambda: CameraSolver(kind(loaded, skeleton)),
        lambda: partial(LiftStream(loaded.network).push, figure),
    )
