"""A camera that is none: the simulated performer as a stick figure, sent like an IP camera does (MJPEG over HTTP)."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...rig.skeleton import PARENTS, SMPL24
from ..errors import ConnectError, Reason
from ..simulated.performer import perform
from .source import load_cv2

PORT = 8089
PATH = "/video"
BOUNDARY = "picture"
DISTANCE, HEIGHT = 6.0, 1.0  # metres from where the performer starts, and above the floor
FIELD = 0.36  # half of what it sees up and down, metres at one metre's distance
HEAD = 0.11  # metres, radius
QUALITY = 80  # of JPEG


class SimulatedCamera:
    """Serves `address` to any number of viewers. `rate` Hz; `width`, `height` pixels; port 0 takes any free one.

    Each picture is of the moment it is sent: a viewer who is slow gets fewer, as from a real camera. `unplug` breaks
    all connections and refuses new ones, `stall` keeps them and sends nothing, until `plug_in`. While used as a
    context it serves.
    """

    def __init__(self, rate: float = 30, size: tuple[int, int] = (640, 480), port: int = PORT) -> None:
        load_cv2()
        self.rate, self._size = rate, size
        self.sent = 0
        self.unplugged = threading.Event()
        self.stalled = threading.Event()
        self.stopping = threading.Event()
        self._positions = perform(SMPL24, rate=30).joint_positions()
        self._began = time.monotonic()
        try:
            self._server = _Server(("127.0.0.1", port), _handler(self))
        except OSError as error:
            raise ConnectError(
                "simulated camera",
                Reason.IN_USE,
                f"port {port} cannot be served ({error.strerror}).",
                "Choose another one with --port.",
            ) from error
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="simulated camera", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()  # which waits for the viewers' threads
        self._thread.join()

    def unplug(self) -> None:
        """Viewers lose it."""
        self.unplugged.set()

    def stall(self) -> None:
        """Viewers wait for it."""
        self.stalled.set()

    def plug_in(self) -> None:
        """As before."""
        self.unplugged.clear()
        self.stalled.clear()

    def pictures(self) -> Iterator[bytes]:
        """JPEGs, each when it is due; ends when the camera is unplugged or stopped."""
        number, began = 0, time.monotonic()
        while not (self.stopping.is_set() or self.unplugged.is_set()):
            if self.stopping.wait(max(0.0, began + number / self.rate - time.monotonic())):
                return
            number = max(number + 1, int((time.monotonic() - began) * self.rate))
            if not self.stalled.is_set():
                yield self.picture(time.monotonic() - self._began)

    def picture(self, seconds: float) -> bytes:
        """A JPEG of the performer `seconds` after the beginning."""
        import cv2

        width, height = self._size
        image = np.full((height, width, 3), 40, np.uint8)
        positions = self._positions[int(seconds * 30) % len(self._positions)]
        points = project(positions, self._size)
        for child, parent in enumerate(PARENTS):
            if parent >= 0:
                cv2.line(image, points[parent], points[child], (230, 230, 230), 4, cv2.LINE_AA)
        head = round(HEAD * height / (2 * FIELD * (DISTANCE - positions[15, 2])))
        cv2.circle(image, points[15], head, (230, 230, 230), -1, cv2.LINE_AA)
        cv2.putText(image, f"{seconds:8.3f}", (10, height - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (90, 200, 90), 2)
        return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def project(positions: NDArray[Any], size: tuple[int, int]) -> list[tuple[int, int]]:
    """World positions `(J, 3)`, metres, Y up, in pixels of a camera that looks along -Z at the place of the walk."""
    width, height = size
    focal = height / (2 * FIELD)
    depth = np.maximum(DISTANCE - positions[:, 2], 0.5)
    # a performer who faces the camera has their left on the picture's right
    right = width / 2 + focal * positions[:, 0] / depth
    down = height / 2 - focal * (positions[:, 1] - HEIGHT) / depth
    return [(round(float(x)), round(float(y))) for x, y in zip(right, down, strict=True)]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them
    allow_reuse_address = True


def _handler(camera: SimulatedCamera) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != PATH or camera.unplugged.is_set():
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
            self.end_headers()
            with suppress(ConnectionError):  # the viewer left
                for picture in camera.pictures():
                    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    self.wfile.write(head.encode() + picture + b"\r\n")
                    camera.sent += 1

        def log_message(self, *args: Any) -> None:
            """Nothing: who asks is no news."""

    return Handler
