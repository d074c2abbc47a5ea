"""What bad clients of the link cost a recording: one that stops reading, a thousand connections, garbage.

    python benchmarks/link_abuse.py [--seconds 30]

A session of simulated sensors records all the while. A good client counts the poses it gets in each stretch; at the end
every sensor's own stamps in the take have to be even.
"""

import argparse
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from mocamba.capture.link_client import LinkClient
from mocamba.capture.link_protocol import HEAD, JSON, Endpoint, pack_json, read_endpoint
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.session_process import SessionProcess
from mocamba.capture.status import State
from mocamba.capture.take import open_take
from rich.console import Console
from rich.table import Table

WITHIN = 120.0  # seconds to go live
CONNECTIONS = 1000
GAP = 1.5  # periods between two samples, over which one is missing


@contextmanager
def recording(folder: Path) -> Iterator[SessionProcess]:
    """A session that records `folder/abused.take`, with a link."""
    session = SessionProcess(SessionOptions(folder=folder, link=folder / "link.json"))
    session.start()
    try:
        deadline = time.monotonic() + WITHIN
        while session.status.state is not State.LIVE:
            if session.status.state is State.FAILED or time.monotonic() > deadline:
                raise SystemExit(session.status.message)
            time.sleep(0.05)
        session.record("abused").result(10)
        yield session
        session.stop_recording().result(10)
    finally:
        session.stop()


def poses_a_second(client: LinkClient, seconds: float) -> float:
    """What a good client gets."""
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        count += len(client.take_poses(0.05))
    return count / seconds


def stopped_reading(stack: ExitStack, endpoint: Endpoint) -> None:
    """A client with the token that never reads again."""
    stack.enter_context(LinkClient(endpoint))


def crowd(stack: ExitStack, endpoint: Endpoint) -> None:
    """Connections that say nothing."""
    for _ in range(CONNECTIONS):
        stack.enter_context(socket.create_connection(("127.0.0.1", endpoint.port), 5))


def liars(stack: ExitStack, endpoint: Endpoint) -> None:
    """Wrong tokens, garbage, and with the right token a message of 4 GB."""
    hello = pack_json({"mocamba": 1, "token": endpoint.token})
    lies = [pack_json({"mocamba": 1, "token": "wrong"}), os.urandom(4096), hello + HEAD.pack(0xFFFFFFFF, JSON)]
    for k in range(100):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", endpoint.port), 5))
        one.sendall(lies[k % len(lies)])


def missing(take: Path) -> tuple[int, int]:
    """Samples that are there and that are not, by the sensors' own stamps."""
    there = gone = 0
    for log in open_take(take).logs()[0]:
        steps = np.diff(log.t_device)
        period = np.median(steps)
        there += len(log.t_device)
        gone += int(np.round(steps[steps > GAP * period] / period - 1).sum())
    return there, gone


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each stretch")
    arguments = parser.parse_args()
    table = Table("clients", "poses a second of a good one", "answered", "dropped", "refused in all")
    stretches = {"a good one": (), "stops reading": (stopped_reading,), "1,000 silent": (crowd,), "liars": (liars,)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with recording(folder) as session, LinkClient(read_endpoint(folder / "link.json")) as good:
            for label, openers in stretches.items():
                before = session.status
                with ExitStack() as stack:
                    for opener in openers:
                        opener(stack, read_endpoint(folder / "link.json"))
                    rate = poses_a_second(good, arguments.seconds)
                after = session.status
                refused = 0 if after.link is None else after.link.refused
                counts = (after.frames - before.frames, after.dropped - before.dropped, refused)
                table.add_row(label, f"{rate:.1f}", *map(str, counts))
        there, gone = missing(folder / "abused.take")
    Console().print(table)
    Console().print(f"samples in the take {there:,}, missing {gone}")


if __name__ == "__main__":
    main()
