"""Six simulated sensors of a family at their top rate, in a process of their own, read by the real drivers.

    python benchmarks/devices.py                          ten seconds of every family
    python benchmarks/devices.py --only ximu3 --seconds 600

Printed are samples made, received and missing between the first and the last received one, the shares of one core that
reader and simulator took, how late samples arrive after they were taken, and, for sensors with a clock, how far the
host times that `capture.device_clock` maps their stamps to, live, are from the simulator's own clock.
"""

import argparse
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from mocamba.capture.device_clock import DeviceClock
from mocamba.devices.csv_lines import reader as csv
from mocamba.devices.csv_lines.options import CsvOptions
from mocamba.devices.dot import reader as dot
from mocamba.devices.radio import Radio
from mocamba.devices.sensor import SensorDevice
from mocamba.devices.slimevr import reader as slimevr
from mocamba.devices.witmotion import reader as witmotion
from mocamba.devices.witmotion.options import WitMotionOptions
from mocamba.devices.ximu3 import reader as ximu3
from mocamba.devices.ximu3.options import XImu3Options

Open = Callable[[Radio, str], SensorDevice]


@dataclass(frozen=True)
class Case:
    """A family on a transport; `rate` its top rate there; `shared`: one device for all sensors."""

    family: str
    transport: str
    rate: float
    open: Open
    shared: bool = False


CASES = (
    Case("csv", "serial", 200, lambda _, port: csv.open_serial(port, CsvOptions(baud=460800))),
    Case("csv", "udp", 200, lambda _, port: csv.open_udp(), shared=True),
    Case("witmotion", "serial", 200, lambda _, port: witmotion.open_serial(port, WitMotionOptions(rate=200))),
    Case("witmotion", "ble", 200, lambda radio, at: witmotion.open_ble(radio, at, WitMotionOptions(rate=200))),
    Case("dot", "ble", 60, dot.open_ble),
    Case("slimevr", "udp", 200, lambda _, port: slimevr.open_udp(), shared=True),
    Case("ximu3", "serial", 400, lambda _, port: ximu3.open_serial(port, XImu3Options(rate=400))),
    Case("ximu3", "udp", 400, lambda _, port: ximu3.open_udp(options=XImu3Options(rate=400)), shared=True),
)


@dataclass
class Received:
    """Of one sensor, after it was set up."""

    count: int = 0
    lost: int | None = None  # by the protocol's own count
    stamps: list[int] = field(default_factory=list)
    hosts: list[int] = field(default_factory=list)


@contextlib.contextmanager
def simulation(case: Case, clock_ppm: float) -> Iterator[tuple[dict[str, Any], Callable[[], dict[str, Any]]]]:
    """`mocamba simulate` as a child: what it says at the start, and how to end it and get its counts."""
    command = [sys.executable, "-m", "mocamba", "simulate", "--json", "--family", case.family]
    command += ["--transport", case.transport, "--rate", str(case.rate), "--clock", str(clock_ppm)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None

    def end() -> dict[str, Any]:
        child.send_signal(signal.SIGTERM)
        assert child.stdout is not None
        counts: dict[str, Any] = json.loads(child.stdout.readline())
        return counts

    try:
        yield json.loads(child.stdout.readline()), end
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def run(case: Case, seconds: float, settle: float) -> dict[str, Any]:
    """One case; see the module."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with simulation(case, 30.0) as (said, end):
        os.environ.update(said["environment"])
        addresses = [sensor["address"] for sensor in said["sensors"]]
        with Radio() as radio, contextlib.ExitStack() as stack:
            devices = [case.open(radio, address) for address in (addresses[:1] if case.shared else addresses)]
            for device in devices:
                stack.enter_context(device)
            read(devices, settle)
            cpu, wall = time.process_time(), time.monotonic()
            received = read(devices, seconds)
            cpu, wall = time.process_time() - cpu, time.monotonic() - wall
            faults = [str(fault) for device in devices for fault in device.faults]
            overrun = sum(device.overrun for device in devices)
            counts = end()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    simulator = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "family": case.family,
        "transport": case.transport,
        "rate": case.rate,
        "seconds": round(wall, 1),
        "made, set-up included": sum(sensor["made"] for sensor in counts["sensors"]),
        "not taken by the system, set-up included": sum(sensor["blocked"] for sensor in counts["sensors"]),
        "not made in time, set-up included": sum(sensor["skipped"] for sensor in counts["sensors"]),
        "received": sum(one.count for one in received.values()),
        "missing inside": missing(received, case.rate),
        "overrun": overrun,
        "reader CPU": round(cpu / wall, 3),
        "simulator CPU": round(simulator / (wall + settle), 3),
        **times(received, said, case),
        "faults": faults,
    }


def read(devices: list[SensorDevice], seconds: float) -> dict[str, Received]:
    """All that comes within `seconds`, sensor by sensor."""
    received: dict[str, Received] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)
        for device in devices:
            for reading in device.read_unread():
                if not reading.is_motion:
                    continue
                one = received.setdefault(reading.sensor, Received())
                one.count += 1
                if reading.lost is not None:
                    one.lost = (one.lost or 0) + reading.lost
                one.hosts.append(reading.host_ns)
                if reading.stamp_ns is not None:
                    one.stamps.append(reading.stamp_ns)
    return received


def missing(received: dict[str, Received], rate: float) -> int:
    """Samples that are not there between a sensor's first and last: by stamps, else by what the protocol counts.

    WitMotion over Bluetooth has neither: there, what is missing from the nominal rate, arrival being good to a sample.
    """
    total = 0
    for one in received.values():
        if len(one.stamps) == one.count:
            steps = [b - a for a, b in pairwise(one.stamps)]
            total += sum(round(step * rate / 1e9) - 1 for step in steps)
        elif one.lost is not None:
            total += one.lost
        elif one.count > 1:
            total += max(0, round((one.hosts[-1] - one.hosts[0]) * rate / 1e9) + 1 - one.count)
    return total


def times(received: dict[str, Received], said: dict[str, Any], case: Case) -> dict[str, Any]:
    """Arrival after the true time, and the mapped stamps' error, milliseconds; of sensors with stamps."""
    if case.family == "slimevr" or (case.family, case.transport) == ("witmotion", "ble"):
        gaps = np.concatenate([np.diff(one.hosts) for one in received.values()]) / 1e6
        return {"arrival step ms, median and p99": [round(float(np.quantile(gaps, q)), 3) for q in (0.5, 0.99)]}
    late, errors = [], []
    for name, one in received.items():
        clock = said["sensors"][number_of(name, said)]["clock"]
        stamps, hosts = np.array(one.stamps, np.float64), np.array(one.hosts, np.float64)
        offset = CLOCK_ZERO.get(case.family, 0)
        true = clock["started_ns"] + (stamps - offset) / clock["rate"]
        late.append(hosts - true)
        errors.append(mapped(stamps, hosts) - true)
    lateness, error = np.concatenate(late) / 1e6, np.concatenate(errors) / 1e6
    return {
        "arrival after the truth ms, median, p99 and worst": [
            round(float(np.quantile(lateness, q)), 3) for q in (0.5, 0.99, 1.0)
        ],
        "host-time error ms, rms": round(float(np.sqrt(np.mean(error**2))), 3),
        "host-time error ms, rms without its mean": round(float(error.std()), 3),
    }


# what the simulated module's clock shows where its true time is 0
CLOCK_ZERO = {"witmotion": 9497 * 86_400_000_000_000}


def number_of(name: str, said: dict[str, Any]) -> int:
    """Which of the simulated sensors a reading is of."""
    for number, sensor in enumerate(said["sensors"]):
        if sensor["slot"] in name or name.endswith((sensor["address"], f"{number + 1:08d}")):
            return number
    raise ValueError(name)


def mapped(stamps: np.ndarray[Any, Any], hosts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Stamps on the host's clock, sample by sample as a session maps them."""
    clock = DeviceClock()
    return np.array([clock.host_time(int(stamp), int(host)) for stamp, host in zip(stamps, hosts, strict=True)])


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--settle", type=float, default=4.0, help="seconds after connecting that do not count")
    parser.add_argument("--only", action="append", help="a family, or family:transport; repeat for more")
    arguments = parser.parse_args()
    for case in CASES:
        if arguments.only and not {case.family, f"{case.family}:{case.transport}"} & set(arguments.only):
            continue
        print(json.dumps(run(case, arguments.seconds, arguments.settle)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
