"""The worker's side: a process that holds a network, answers one frame at a time, and ends with whoever started it."""

import json
import signal
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from ..rig.errors import MocambaError
from .device_choice import Choice, Wish, choose_device, find_accelerators
from .exchange import END, FAULT, FRAME_READY, POSE_READY, SWAP, TOLD, Exchange

WARM_UP = 30  # frames, after which no call is a first one


@dataclass(frozen=True)
class Task:
    """A network by name or path, the `wish` for a device, the performer's `height` in metres."""

    network: str
    wish: Wish
    height: float


@dataclass(frozen=True, eq=False)
class Loaded:
    """A warmed-up solver and what is told of it."""

    solver: Any  # LiveSolver, which comes with torch
    network: Any
    told: dict[str, Any]


def run_worker(link: Connection, exchange: Exchange, task: Task) -> None:
    """Entry of the process."""
    # Ctrl-C goes to all programs of a terminal; this one ends when the session says so
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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

    from ..rig.skeleton import SMPL24
    from .solver import LiveSolver
    from .weights_file import load_network

    torch.set_num_threads(1)  # a frame is too small to share
    loaded = load_network(task.network)
    here = find_accelerators()
    choice = choose_device(task.wish, type(loaded.network).__name__, here)
    skeleton = SMPL24.scaled_to(task.height)
    took = _warm_up(LiveSolver(loaded.network, skeleton, choice.device))
    return Loaded(
        LiveSolver(loaded.network, skeleton, choice.device),
        loaded.network,
        _told(task.network, loaded.card.name, loaded.digest, choice, took) | {"gpus": here.names()},
    )


def _told(asked: str, name: str, digest: str, choice: Choice, took: float) -> dict[str, Any]:
    told = {"network": asked, "name": name, "weights": digest, "device": choice.device, "reason": choice.reason}
    return told | {"warm_ms": round(1000 * took, 3)}


def _warm_up(solver: Any) -> float:
    """Median seconds of a frame once warm."""
    orientation = np.tile(np.array([1, 0, 0, 0], np.float32), (6, 1))
    times = []
    for _ in range(WARM_UP):
        begin = time.perf_counter()
        solver.push(orientation, np.zeros((6, 3), np.float32), np.ones(6, bool))
        times.append(time.perf_counter() - begin)
    return float(np.median(times[WARM_UP // 2 :]))


class _Loop:
    """Frames are answered by the network at hand while another one is being loaded."""

    def __init__(self, link: Connection, exchange: Exchange, task: Task, loaded: Loaded) -> None:
        self._link = link
        self._task = task
        self._solver = loaded.solver
        self._frame, self._pose = exchange.frame(), exchange.pose()
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
                return

    def _answer(self) -> None:
        if self._next is not None:
            loaded, self._next = self._next, None
            self._solver = loaded.solver.in_place_of(self._solver)
            self._send(TOLD, loaded.told)
        frame, pose = self._frame[0], self._pose[0]
        begin = time.perf_counter_ns()
        solved = self._solver.push(frame["orientation"], frame["acceleration"], frame["present"])
        pose["rotations"], pose["translation"] = solved.rotations[0], solved.translation[0]
        pose["confidence"], pose["number"] = solved.confidence[0], frame["number"]
        pose["took_ns"] = time.perf_counter_ns() - begin
        self._send(POSE_READY)

    def _start_loading(self, network: str, wish: str) -> None:
        if self._loader is not None and self._loader.is_alive():
            self._send(FAULT, {"error": "Another network is being loaded; wait for it.", "fatal": False})
            return
        task = Task(network, Wish(wish), self._task.height)
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
