"""A whole session for as long as you like: latency by stage, memory, and what it leaves behind.

    python benchmarks/session.py                  three minutes
    python benchmarks/session.py --minutes 30

Six simulated sensors (text lines over UDP, 60 Hz) run in a process of their own, as real ones would; the session reads
them with the real driver, records, solves with a CPU worker and serves a client of the link, in a third process. The
stage `link` ends when that client has the pose.
"""

import argparse
import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from mocamba.capture.latency import STAGES
from mocamba.capture.link_client import LinkClient
from mocamba.capture.link_protocol import LinkError
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.simulated_start import simulated_calibration
from mocamba.capture.status import LivePose, SessionStatus, State
from mocamba.capture.take import open_take
from mocamba.inference.device_choice import Wish
from mocamba.rig.imu import SLOTS
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

WARM_UP = 300  # frames, five seconds
LOOKS = 6  # at the memory


class Times:
    """Nanoseconds of every frame by stage, in memory that is there from the beginning."""

    def __init__(self, seconds: float) -> None:
        # filled, not zeros, which systems hand out when they are first written to
        self.all = np.full((round(60 * seconds) + 600, len(STAGES)), 0, np.int64)
        self.answered, self.taken = np.full((2, len(self.all)), 0, np.int64)
        self.memory = multiprocessing.get_context("spawn").RawArray("q", len(self.all))  # when the client had it

    def figures(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Milliseconds `(N, stages)` of the frames that the client got, and how old each `(N,)` was then."""
        got = np.frombuffer(self.memory, np.int64)
        rows = np.flatnonzero((got > 0) & (self.answered > 0))
        rows = rows[rows > WARM_UP]
        self.all[rows, -1] = got[rows] - self.answered[rows]
        return self.all[rows] / 1e6, (got - self.taken)[rows] / 1e6

    def pose(self, pose: LivePose) -> None:
        """Noted by number of the frame."""
        times = pose.times
        if pose.number < len(self.all):
            self.all[pose.number] = times.read, times.clock, times.fusion, times.network, 0
            self.answered[pose.number], self.taken[pose.number] = pose.answered_ns, pose.t_ns

    def status(self, status: SessionStatus) -> None:
        """Nothing of it is needed."""

    def close(self) -> None:
        """Nothing is held."""


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--network", default="hiposer-d")
    parser.add_argument("--rate", type=float, default=60.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), arguments.minutes * 60, arguments.network, arguments.rate)


def measure(folder: Path, seconds: float, network: str, rate: float) -> None:
    """Run it and print."""
    console = Console()
    port = free_port()
    command = [sys.executable, "-m", "mocamba", "simulate", "--family", "csv", "--transport", "udp", "--json"]
    sensors = subprocess.Popen([*command, "--rate", str(rate), "--port", str(port)], stdout=subprocess.DEVNULL)
    slots = {f"csv udp:{port}/{slot}": slot for slot in SLOTS}
    options = SessionOptions(
        imu=(f"csv:udp:{port}",),
        network=network,
        device=Wish.CPU,
        folder=folder,
        calibration=simulated_calibration(slots),
        link=folder / "link.json",
    )
    times = Times(seconds)
    session = Session(options, [times])
    client = None
    try:
        session.start()
        status = session.wait_for(State.LIVE, State.FAILED, timeout=120)
        assert status.state is State.LIVE, status.message
        context = multiprocessing.get_context("spawn")
        client = context.Process(target=watch, args=(options.link, times.memory), daemon=True)
        client.start()
        session.record("benchmark").result(10)
        time.sleep(10)
        begin, held = time.monotonic(), [memory(session)]
        load: list[float] = []
        while time.monotonic() - begin < seconds:
            time.sleep(5)
            load.append(os.getloadavg()[0])
            if time.monotonic() - begin > seconds * len(held) / LOOKS:
                held.append(memory(session))
        last = session.status
        swapped = swap(session, "hiposer-s" if network != "hiposer-s" else "hiposer-d")
    finally:
        session.stop()
        sensors.terminate()
        sensors.wait()
        if client is not None:
            client.join(5)
    report(console, times, last)
    console.print(f"Another network was in use {swapped:.2f} s after it was asked for")
    for name, sizes in zip(("session", "worker"), zip(*held, strict=True), strict=True):
        console.print(f"Memory of the {name}, MB, in equal times: {', '.join(f'{size:.1f}' for size in sizes)}")
    logs, warnings = open_take(folder / "benchmark.take").logs()
    console.print(f"Take: {sum(map(len, logs))} samples of {len(logs)} sensors, warnings: {len(warnings)}")
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    console.print(
        f"Left behind: threads {threads}, processes {children()}; load {np.mean(load):.1f} on "
        f"{os.cpu_count()} cores, CPU time of the session {resource.getrusage(0).ru_utime:.0f} s"
    )


def report(console: Console, times: Times, last: SessionStatus) -> None:
    """The table of stages."""
    figures, age = times.figures()
    table = Table("stage", "p50 ms", "p99 ms", "max ms")
    for name, column in [*zip(STAGES, figures.T, strict=True), ("sum", figures.sum(axis=1))]:
        table.add_row(name, *(f"{value:.2f}" for value in np.percentile(column, [50, 99, 100])))
    table.add_row("age of the pose", *(f"{value:.2f}" for value in np.percentile(age, [50, 99, 100])))
    console.print(table)
    console.print(
        f"{last.frames} poses, {last.dropped} dropped, {last.skipped} skipped; client missed "
        f"{last.link.skipped if last.link else 0}"
    )


def swap(session: Session, network: str) -> float:
    """Seconds until another network answers; the status tells it up to a quarter of a second late."""
    begin = time.monotonic()
    session.swap_network(network).result(10)
    while (worker := session.status.worker) is None or worker.network != network:
        if time.monotonic() - begin > 60:
            return float("nan")
        time.sleep(0.01)
    return time.monotonic() - begin


def watch(path: Path, memory: Any) -> None:
    """A client that waits for poses and notes when it had each."""
    got = np.frombuffer(memory, np.int64)
    with LinkClient(path=path) as client:
        while True:
            try:
                pose = client.poll(0.5)
            except LinkError:
                return
            if pose is not None and pose.number < len(got):
                got[pose.number] = time.monotonic_ns()


def memory(session: Session) -> tuple[float, float]:
    """Megabytes that this process and the worker hold."""
    worker = session.status.worker
    return tuple(resident(pid) for pid in (os.getpid(), worker.pid if worker else None))  # type: ignore[return-value]


def resident(pid: int | None) -> float:
    """Megabytes of a process; NaN where the system does not tell."""
    path = Path(f"/proc/{pid}/statm")
    return int(path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if path.exists() else float("nan")


def children() -> list[str]:
    """What still runs that this process started; Python's own tracker of shared memory, which ends with it, aside."""
    task = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    commands = [Path(f"/proc/{pid}/cmdline") for pid in task.read_text().split()] if task.exists() else []
    lines = [path.read_text().replace("\0", " ").strip() for path in commands if path.exists()]
    return [line for line in lines if "resource_tracker" not in line]


def free_port() -> int:
    """For datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
