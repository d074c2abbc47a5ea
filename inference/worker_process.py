"""The worker's side: a process that holds a network, answers one frame at a time, and ends with whoever started it."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from multiprocessing.connection import Connection
from typing import Any, Protocol, Self

import numpy as np

from ..rig.errors import MocambaError
from .device_choice import Wish, find_accelerators
from .exchange import END, FAULT, FRAME_READY, POSE_READY, SWAP, TOLD, Exchange

BEHIND = 5  # steps of priority that a camera's network is behind the sensors'
WARM_UP = 30  # frames, after which no call is a first one


class Reads(StrEnum):
    """What a live network is given."""

    SENSORS = "sensors"
    CAMERA = "camera"
    BOTH = "both"


@dataclass(frozen=True)
class Task:
    """A network by name or path, the `wish` for a device, the performer's `height` in metres."""

    network: str
    wish: Wish
    height: float
    reads: Reads = Reads.SENSORS


class Solver(Protocol):
    """A network and what it remembers of one performer."""

    def answer(self, question: Any, answer: Any) -> None:
        """From one record of shared memory to another."""

    def in_place_of(self, other: Any) -> Self:
        """Go on from where the performer of `other` stands."""

    def close(self) -> None:
        """Let go of what it holds."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A warmed-up solver and what is told of it."""

    solver: Solver
    told: dict[str, Any]


def run_worker(link: Connection, exchange: Exchange, task: Task) -> None:
    """Entry of the process."""
    # Ctrl-C goes to all programs of a terminal; this one ends when the session says so
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if task.reads is not Reads.SENSORS and hasattr(os, "nice"):
        os.nice(BEHIND)  # sensors come sixty times a second and cannot wait, a picture can
    try:
        loaded = load(task)
        link.send_bytes(TOLD + json.dumps(loaded.told).encode())
        _Loop(link, exchange, task, loaded).run()
    except MocambaError as error:
        link.send_bytes(FAULT + json.dumps({"error": str(error), "fatal": True}).encode())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the session is gone, and so is the use of this process


def load(task: Task) -> Loaded:
    """Read, place and warm up. Raises MocambaError."""
    import torch

    torch.set_num_threads(1)  # a frame is too small to share
    # torch comes with both
    if task.reads is Reads.SENSORS:
        from .sensor_solver import load_solver
    else:
        from .camera_solver import load_solver
    made = load_solver(task)
    took = _warm_up(made.warm())
    choice = made.choice
    told: dict[str, Any] = {"network": task.network, "name": made.name, "weights": made.digest, "device": choice.device}
    told |= {"reason": choice.reason, "gpus": find_accelerators().names(), "warm_ms": round(1000 * took, 3)}
    return Loaded(made.new(), told)


def _warm_up(step: Callable[[], Any]) -> float:
    """Median seconds of a frame once warm."""
    times = []
    for _ in range(WARM_UP):
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return float(np.median(times[WARM_UP // 2 :]))


class _Loop:
    """Frames are answered by the network at hand while another one is being loaded."""

    def __init__(self, link: Connection, exchange: Exchange, task: Task, loaded: Loaded) -> None:
        self._link = link
        self._task = task
        self._solver = loaded.solver
        self._question, self._pose = exchange.question()[0], exchange.answer()[0]
        self._sending = threading.Lock()
        self._next: Loaded | None = None
        self._loader: threading.Thread | None = None

    def run(self) -> None:
        """Until told to end."""
        while True:
            message = self._link.recv_bytes()
            if message[:1] == FRAME_READY:
                self._answer()
            elif message[:1] == SWAP:
                self._start_loading(**json.loads(message[1:]))
            elif message[:1] == END:
                self._solver.close()
                return

    def _answer(self) -> None:
        if self._next is not None:
            loaded, self._next = self._next, None
            self._solver = loaded.solver.in_place_of(self._solver)
            self._send(TOLD, loaded.told)
        self._solver.answer(self._question, self._pose)
        self._send(POSE_READY)

    def _start_loading(self, network: str, wish: str) -> None:
        if self._loader is not None and self._loader.is_alive():
            self._send(FAULT, {"error": "Another network is being loaded; wait for it.", "fatal": False})
            return
        task = replace(self._task, network=network, wish=Wish(wish))
        self._loader = threading.Thread(target=self._load, args=(task,), name=f"loading {network}", daemon=True)
        self._loader.start()

    def _load(self, task: Task) -> None:
        try:
            self._next = load(task)
        except MocambaError as error:
            self._send(FAULT, {"error": f"{error} The network before goes on.", "fatal": False})

    def _send(self, kind: bytes, values: dict[str, Any] | None = None) -> None:
        with self._sending:
            self._link.send_bytes(kind + (b"" if values is None else json.dumps(values).encode()))
