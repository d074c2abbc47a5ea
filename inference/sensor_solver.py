"""HiPoser in the worker's process."""

import time
from functools import partial
from typing import Any, Self

import numpy as np

from ..rig.skeleton import SMPL24
from .device_choice import choose_device, find_accelerators
from .exchange import FRAME, POSE
from .live_network import LiveNetwork
from .solver import LiveSolver
from .weights_file import load_network
from .worker_process import Task


class SensorSolver:
    """`LiveSolver` on records; see `worker_process.Solver`."""

    def __init__(self, solver: LiveSolver) -> None:
        self.solver = solver

    def answer(self, question: Any, answer: Any) -> None:
        """A `FRAME` to a `POSE`."""
        begin = time.perf_counter_ns()
        solved = self.solver.push(question["orientation"], question["acceleration"], question["present"])
        answer["rotations"], answer["translation"] = solved.rotations[0], solved.translation[0]
        answer["confidence"], answer["number"] = solved.confidence[0], question["number"]
        answer["contact"] = solved.contact[0]
        answer["took_ns"] = time.perf_counter_ns() - begin

    def in_place_of(self, other: Self) -> Self:
        """See `LiveSolver`."""
        self.solver = self.solver.in_place_of(other.solver)
        return self

    def close(self) -> None:
        """Holds nothing but memory."""


def load_solver(task: Task) -> LiveNetwork:
    """Raises MocambaError for a network that reads no sensors, or a device that there is not."""
    loaded = load_network(task.network)
    choice = choose_device(task.wish, type(loaded.network).__name__, find_accelerators())
    skeleton = SMPL24.scaled_to(task.height)

    def new() -> SensorSolver:
        return SensorSolver(LiveSolver(loaded.network, skeleton, choice.device))

    return LiveNetwork(loaded.card.name, loaded.digest, choice, new, lambda: partial(new().answer, *_standing()))


def _standing() -> tuple[Any, Any]:
    """A frame of who stands, and room for its answer."""
    frame = np.zeros(1, FRAME)[0]
    frame["orientation"][:, 0] = 1
    frame["present"] = True
    return frame, np.zeros(1, POSE)[0]
