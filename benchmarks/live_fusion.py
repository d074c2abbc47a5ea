"""What a network that reads a camera costs a session, stage by stage.

    python benchmarks/live_fusion.py [--seconds 30] [--out docs/networks]

A session of simulated sensors and a camera that shows the simulated performer, or of the camera alone; joints are
those of the same performer, found as late as --detector-ms says, which is what MediaPipe takes. Real processes, real
times; the load of the computer is printed beside. Prints rates and milliseconds of each stage; writes live_fusion.json.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.status import SessionStatus, State
from mocamba.devices.keypoints import detectors
from mocamba.devices.keypoints.keypoints import Keypoints
from mocamba.devices.simulated.performer import perform
from mocamba.inference.virtual_film import Tripod, set_up
from mocamba.rig.h36m import h36m_positions
from mocamba.rig.lens import lens_of_field
from mocamba.rig.skeleton import SMPL24
from rich.console import Console
from rich.table import Table

LENS = lens_of_field(640, 480, 66.0)
START = 180.0  # seconds
PATHS = {
    "sensors alone": {"imu": ("simulated",), "network": "hiposer-s"},
    "sensors and camera": {"imu": ("simulated",), "network": "vimcan-t-causal"},
    "camera alone": {"imu": ("none",), "network": "posemamba-s-causal"},
}


class Known:
    """A detector that knows the joints, and works for as long as a real one."""

    name = "known"
    seconds = 0.02

    def __init__(self) -> None:
        joints = h36m_positions(perform(SMPL24)).astype(np.float64)
        turn, place = set_up(joints, Tripod(4.5, 25))
        self._pixels = LENS.project((joints - place) @ turn.T).astype(np.float32)
        self._began = time.monotonic_ns()

    def detect(self, picture: Any, t_ns: int) -> Keypoints:
        """The performer at the time of the picture."""
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            np.linalg.svd(np.eye(40))
        frame = max(0, round((t_ns - self._began) * 60 / 1e9)) % len(self._pixels)
        return Keypoints(self._pixels[frame], np.full(17, 0.9, np.float32), t_ns, 640, 480)

    def people(self, picture: Any, t_ns: int) -> list[Keypoints]:
        """One."""
        return [self.detect(picture, t_ns)]

    def follow(self, person: Keypoints) -> None:
        """Nobody else is there."""

    def close(self) -> None:
        """Holds nothing."""


def run(options: dict[str, Any], seconds: float) -> SessionStatus:
    """The status after `seconds` at work."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(
            SessionOptions(camera="simulated", detector="known", folder=Path(folder), link=None, **options)
        )
        session.start()
        try:
            if session.wait_for(State.LIVE, State.FAILED, timeout=START).state is not State.LIVE:
                raise SystemExit(session.status.message)
            end = time.monotonic() + START
            while (seen := session.status.camera_pose) is not None and not seen.rate and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(seconds)
            return session.status
        finally:
            session.stop()


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--detector-ms", type=float, default=20)
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    arguments = parser.parse_args()
    detectors.DETECTORS["known"] = Known
    Known.seconds = arguments.detector_ms / 1000
    console, rows = Console(width=120), {}
    for name, options in PATHS.items():
        status = run(options, arguments.seconds)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        seen = status.camera_pose
        figures = [*status.latency, *(status.camera.latency if status.camera else ()), *(seen.latency if seen else ())]
        table = Table(f"{name}: stage", "median, ms", "99 %", "longest")
        for one in figures:
            table.add_row(one.stage, f"{one.p50:.1f}", f"{one.p99:.1f}", f"{one.longest:.1f}")
        console.print(table)
        rate = 0.0 if seen is None else seen.rate
        console.print(f"{status.frames} poses, {status.dropped} dropped; {rate:.1f} pictures a second; load {load:.1f}")
        stages = {one.stage: [one.p50, one.p99, one.longest] for one in figures}
        rows[name] = {"rate": rate, "frames": status.frames, "dropped": status.dropped, "load": load, "ms": stages}
    (arguments.out / "live_fusion.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
