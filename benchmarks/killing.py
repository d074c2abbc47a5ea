"""Kill -9 the capture process, its worker and a client of its link at random moments of recordings, and open the takes.

    python benchmarks/killing.py                200 kills
    python benchmarks/killing.py --kills 12

In every round a session of simulated sensors records; at random moments of it the client and the worker are killed, in
any order, and last the session. Then the take has to open, to end less than a second before the kill, and to hold
everything before that: every sensor's own stamps are even.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mocamba.capture.link_client import LinkClient
from mocamba.capture.link_protocol import LinkError
from mocamba.capture.take import open_take
from mocamba.rig.errors import MocambaError
from rich.console import Console

START = 120.0  # seconds that a session may take to record
LONGEST = 3.0  # seconds of recording
GAP = 1.5  # periods between two samples, over which one is missing
_CLIENT = "import time; from mocamba.capture.link_client import LinkClient; c = LinkClient()\nwhile True: c.poll(1.0)"


@dataclass
class Tally:
    """What the rounds came to."""

    kills: int = 0
    opened: int = 0
    refused: int = 0
    missing: int = 0
    longest: float = 0.0


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    console, tally, chance = Console(), Tally(), random.Random(arguments.seed)
    number = 0
    while tally.kills < arguments.kills:
        with tempfile.TemporaryDirectory() as name:
            one_round(Path(name), chance, tally)
        number += 1
        console.print(
            f"{number} takes, {tally.kills} kills: {tally.opened} opened, {tally.refused} refused, "
            f"{tally.missing} samples missing, at most {tally.longest:.2f} s lost"
        )


def one_round(folder: Path, chance: random.Random, tally: Tally) -> None:
    """One take and the kills in it."""
    environment = os.environ | {"MOCAMBA_LINK": str(folder / "link.json")}
    command = [sys.executable, "-m", "mocamba", "capture", "--imu", "simulated", "--record", "take"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    capture = subprocess.Popen([*command, "--folder", str(folder), "--json"], **quiet)
    raw = folder / "take.take" / "raw.mcap"
    wait_for(raw)
    worker = worker_of(folder / "link.json")
    client = subprocess.Popen([sys.executable, "-c", _CLIENT], **quiet)
    moments = sorted(chance.uniform(0, LONGEST) for _ in range(3))
    victims = [client.pid, worker]
    chance.shuffle(victims)
    begin = time.monotonic()
    for moment, pid in zip(moments, [*victims, capture.pid], strict=True):
        time.sleep(max(0.0, begin + moment - time.monotonic()))
        killed_ns = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        tally.kills += 1
    capture.wait()
    client.wait()
    check(folder / "take.take", killed_ns, killed_ns / 1e9 - begin, tally)


def check(path: Path, killed_ns: int, seconds: float, tally: Tally) -> None:
    """Open the take; one of less than a second may hold nothing yet."""
    try:
        logs, _ = open_take(path).logs()
    except MocambaError as error:
        tally.refused += 1
        if seconds > 1:
            raise SystemExit(f"{path} of {seconds:.1f} s: {error}") from error
        return
    tally.opened += 1
    for log in logs:
        tally.longest = max(tally.longest, (killed_ns - int(log.t_ns[-1])) / 1e9)
        steps = np.diff(log.t_device)
        tally.missing += int((steps > GAP * np.median(steps)).sum())


def wait_for(path: Path) -> None:
    """Until it is there and holds something."""
    end = time.monotonic() + START
    while not path.exists() or path.stat().st_size < 2000:
        if time.monotonic() > end:
            raise SystemExit(f"{path} did not come in {START:.0f} s")
        time.sleep(0.02)


def worker_of(link: Path) -> int:
    """Its process id, as the session tells it."""
    with LinkClient(path=link) as client:
        worker = client.ask("status", timeout=20)["status"]["worker"]
        if not worker or not worker["pid"]:
            raise LinkError("The session has no worker.")
        return int(worker["pid"])


if __name__ == "__main__":
    main()
