"""What a network that reads a camera costs a session, stage by stage.

    python benchmarks/live_fusion.py [--seconds 30] [--device cuda] [--camera FOLDER] [--sensors-late MS] [--out FOLDER]

A session of simulated sensors and a camera that shows the simulated performer, or of the camera alone; joints are
those of the same performer, found after --detector-ms of work, as MediaPipe does. First the processor time of a
picture, which a busy computer does not change; then real processes and real times, with the load of the computer
beside. --camera is a folder of pictures, where OpenCV reads no streams; --sensors-late holds what sensors say back for
so long, as a radio does. Prints pictures answered a second, over all of --seconds, which begin when the camera's delay
is known; that delay (`lag`); and milliseconds of each stage. Writes live_fusion.json, or with --device
live_fusion_DEVICE.json.
"""

import argparse
import json
import os
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from mocamba.capture import run as session_run
from mocamba.capture.camera_poses import AT_WORK
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.sources import Sensors
from mocamba.capture.status import SessionStatus, State
from mocamba.devices.keypoints import detectors
from mocamba.devices.keypoints.keypoints import Keypoints
from mocamba.devices.reading import Reading
from mocamba.devices.simulated.performer import perform
from mocamba.inference.detector import MEDIAPIPE_LIKE
from mocamba.inference.device_choice import Wish
from mocamba.inference.film_solver import load_lifter
from mocamba.inference.lift_track import LiftStream
from mocamba.inference.live_film import LiveFilm
from mocamba.inference.live_fusion import LiveFusion
from mocamba.inference.views import View
from mocamba.inference.virtual_film import Tripod, VirtualFilm, film_motion
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.rig.imu import WORN, ImuSequence
from mocamba.rig.motion import Motion
from mocamba.rig.skeleton import SMPL24
from mocamba.tests.live_cameras import Virtual
from rich.console import Console
from rich.table import Table

START = 120.0  # seconds
PATHS = {
    "sensors alone": {"imu": ("simulated",), "network": "hiposer-s"},
    "sensors and camera": {"imu": ("simulated",), "network": "vimcan-t-causal", "height": 1.75},
    "camera alone": {"imu": ("none",), "network": "posemamba-s-causal", "height": 1.75},
}


class Known(Virtual):
    """Works for as long as a real detector."""

    name = "known"
    seconds = 0.02
    session: Session | None = None

    @property
    def sensors(self) -> Any:
        """The simulated ones, where there are any."""
        run = None if self.session is None else self.session._current
        return None if run is None else run._sensors

    def detect(self, picture: Any, t_ns: int) -> Keypoints | None:
        """See `Virtual`."""
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            np.linalg.svd(np.eye(40))
        return super().detect(picture, t_ns)


class LateSensors(Sensors):
    """What they say arrives `late_ns` later."""

    late_ns = 0

    def __init__(self, *what: Any, **options: Any) -> None:
        super().__init__(*what, **options)
        self._held: deque[Reading] = deque()

    def read_unread(self) -> Sequence[Reading]:
        """See `Sensors`."""
        self._held.extend(replace(one, host_ns=one.host_ns + self.late_ns) for one in super().read_unread())
        now, come = time.monotonic_ns(), []
        while self._held and self._held[0].host_ns <= now:
            come.append(self._held.popleft())
        return come


def run(options: dict[str, Any], device: Wish, camera: str, seconds: float) -> tuple[SessionStatus, float]:
    """The status after `seconds` at work, and how many pictures a second were answered meanwhile."""
    with tempfile.TemporaryDirectory() as folder, patch.object(session_run, "Sensors", LateSensors):
        session = Session(
            SessionOptions(camera=camera, detector="known", folder=Path(folder), link=None, device=device, **options)
        )
        Known.session, Known.began = session, 0
        session.start()
        try:
            if session.wait_for(State.LIVE, State.FAILED, timeout=START).state is not State.LIVE:
                raise SystemExit(session.status.message)
            end = time.monotonic() + START
            while (seen := session.status.camera_pose) is not None and seen.says != AT_WORK:
                if time.monotonic() > end:
                    fault = "" if session.status.camera is None else session.status.camera.fault
                    raise SystemExit(f"The camera is of no use: {seen.says}. {fault}")
                time.sleep(0.1)
            before = session.status
            time.sleep(seconds)
            after = session.status
            return after, (_answered(after) - _answered(before)) / (after.seconds - before.seconds)
        finally:
            session.stop()


def _answered(status: SessionStatus) -> int:
    return 0 if status.camera_pose is None else status.camera_pose.worker.answered


def costs(device: Wish) -> dict[str, float]:
    """Milliseconds of processor time a picture, of what each path does with its joints."""
    motion = perform(SMPL24)
    film, imu = film_motion(motion, Tripod(4.0, 40), MEDIAPIPE_LIKE, every=2), simulate_imu(motion, WORN, 1)
    found: dict[str, float] = {}
    solvers = {"vimcan-t-causal": LiveFusion, "posemamba-s-causal": LiveFilm}
    for name, kind in solvers.items():
        loaded = load_lifter(name, device.value if device is not Wish.AUTO else "cpu")
        solver, stream = kind(loaded, motion.skeleton), LiftStream(loaded.network)
        views = [_view(film, motion, imu, number) for number in range(300)]
        for view in views[:200]:
            solver.push(view)
        began = time.process_time()
        for view in views[200:260]:
            solver.push(view)
        found[f"{name}, all"] = 1000 * (time.process_time() - began) / 60
        began = time.process_time()
        for view in views[200:260]:
            stream.push(view.rays.astype(np.float64))
        found[f"{name}, network"] = 1000 * (time.process_time() - began) / 60
        solver.close()
    return found


def _view(film: VirtualFilm, motion: Motion, imu: ImuSequence, number: int) -> View:
    frame = 2 * number
    return View(
        number,
        int(film.t_ns[number]),
        0,
        film.rays[number].astype(np.float32),
        film.confidence[number].astype(np.float32),
        True,
        imu.orientation[frame],
        imu.present[frame],
        motion.rotations[frame],
        motion.translation[frame],
    )


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--detector-ms", type=float, default=20)
    parser.add_argument("--device", type=Wish, choices=list(Wish), default=Wish.AUTO, help="of all networks")
    parser.add_argument("--camera", default="simulated", metavar="FOLDER")
    parser.add_argument("--sensors-late", type=float, default=0, metavar="MS")
    parser.add_argument("--out", type=Path, default=Path("docs/networks"))
    arguments = parser.parse_args()
    detectors.DETECTORS["known"] = Known
    Known.seconds = arguments.detector_ms / 1000
    LateSensors.late_ns = round(arguments.sensors_late * 1e6)
    torch.set_num_threads(1)
    console = Console(width=120)
    rows: dict[str, Any] = {"processor ms": costs(arguments.device)}
    for name, milliseconds in rows["processor ms"].items():
        console.print(f"{name}: {milliseconds:.1f} ms of processor time a picture")
    for name, options in PATHS.items():
        status, rate = run(options, arguments.device, arguments.camera, arguments.seconds)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        seen = status.camera_pose
        figures = [*status.latency, *(status.camera.latency if status.camera else ())]
        figures += [replace(one, stage=f"{one.stage}, seen") for one in (seen.latency if seen else ())]
        table = Table(f"{name}: stage", "median, ms", "99 %", "longest")
        for one in figures:
            table.add_row(one.stage, f"{one.p50:.1f}", f"{one.p99:.1f}", f"{one.longest:.1f}")
        console.print(table)
        lag = None if seen is None else seen.lag_ms
        told = "" if lag is None else f", lag {lag:+.0f} ms"
        console.print(
            f"{status.frames} poses, {status.dropped} dropped; {rate:.1f} pictures a second{told}; load {load:.1f}"
        )
        stages = {one.stage: [one.p50, one.p99, one.longest] for one in figures}
        row = {"rate": rate, "lag ms": lag, "frames": status.frames, "dropped": status.dropped, "load": load}
        rows[name] = {**row, "ms": stages}
    of = "" if arguments.device is Wish.AUTO else f"_{arguments.device}"
    (arguments.out / f"live_fusion{of}.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
