"""What a camera costs a live session: latency of the sensors' poses without and with it, and the camera's own by stage.

    python benchmarks/live_camera.py VIDEO [--seconds 30] [--size 640x480] [--rate 30]

Six simulated sensors and HiPoser on the CPU; the video is shown by an IP camera in the same process, there and back
again, while a take is recorded: its server works too, which no webcam needs.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.status import SessionStatus, State
from mocamba.capture.take import open_take
from mocamba.capture.take_camera import film_of, live_track
from mocamba.devices.camera.simulate import SimulatedCamera
from mocamba.devices.keypoints.video import VideoFile
from rich.console import Console
from rich.table import Table

START = 90.0  # seconds


class Shown(SimulatedCamera):
    """Gives the pictures of a video, there and back again."""

    def __init__(self, path: Path, size: tuple[int, int], rate: float) -> None:
        super().__init__(rate, size, port=0)
        with VideoFile(path) as video:
            frames = [cv2.resize(frame.image, size) for frame in itertools.islice(video, 150)]
        shown = [bytes(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]) for frame in frames]
        self._shown = [*shown, *shown[-2:0:-1]]

    def picture(self, seconds: float) -> bytes:
        """See `SimulatedCamera`."""
        return self._shown[int(seconds * self.rate) % len(self._shown)]


def runs(arguments: argparse.Namespace, size: tuple[int, int]) -> Iterator[tuple[str, SessionStatus, float, str]]:
    """A name, the status at the end, seconds of processor a second, and what the take holds; without and with."""
    for name in ("sensors alone", "with a camera"):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            address = None
            if name != "sensors alone":
                address = stack.enter_context(Shown(arguments.video, size, arguments.rate)).address
            session = Session(SessionOptions(camera=address, folder=folder, link=folder / "link.json"))
            session.start()
            stack.callback(session.stop)
            if session.wait_for(State.LIVE, State.FAILED, timeout=START).state is not State.LIVE:
                raise SystemExit(session.status.message)
            time.sleep(8)  # networks are loaded
            session.record("measured").result(START)
            used, began = time.process_time(), time.monotonic()
            time.sleep(arguments.seconds)
            used = (time.process_time() - used) / (time.monotonic() - began)
            status = session.status
            session.stop_recording().result(START)
            held = ""
            if address is not None:
                take = open_take(folder / "measured.take")
                film, times = film_of(take)
                held = (
                    f"{len(times)} pictures filmed ({film.stat().st_size / len(times) / 1000:.0f} kB each), joints in "
                    f"{len(live_track(take))}"
                )
            yield name, status, used, held


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--rate", type=float, default=30)
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    console = Console(width=120)
    for name, status, used, held in runs(arguments, (width, height)):
        table = Table(name, "median, ms", "99 %", "longest")
        for one in (*status.latency, *(status.camera.latency if status.camera else ())):
            table.add_row(one.stage, f"{one.p50:.1f}", f"{one.p99:.1f}", f"{one.longest:.1f}")
        console.print(table)
        console.print(
            f"{status.frames} poses, {status.dropped} dropped; {used:.2f} s of processor a second, in this process."
        )
        if status.camera is not None:
            camera = status.camera
            console.print(
                f"{camera.rate:.1f} pictures a second, {camera.looked} looked at, {camera.skipped} skipped. {held}."
            )


if __name__ == "__main__":
    main()
