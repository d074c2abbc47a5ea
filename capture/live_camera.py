"""The camera of a session: its pictures, the performer's joints in them, and the film of a take.

Two threads. One opens the camera, keeps it, and films; it hands each picture on, the newest in place of one that still
waits. The other finds the joints: MediaPipe leaves Python alone while it looks, so that a thread holds the sensors up
no more than a process would. Whatever happens to the camera is told in `status` and ends nothing else.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..devices.camera.reader import Camera
from ..devices.camera.simulate import SimulatedCamera
from ..devices.camera.view_watch import ViewMove, ViewWatch
from ..devices.device import State
from ..devices.errors import DeviceError, NoDataError, Reason
from ..devices.keypoints.detectors import load_detector, open_detector
from ..devices.keypoints.follow import Follower
from ..devices.keypoints.keypoints import Keypoints
from ..devices.keypoints.sides import SideKeeper
from ..rig.errors import BadInputError, MocambaError
from .camera_records import CameraBatch, CameraInfo, Filmed
from .film import Film
from .latency import StageFigures

SIMULATED = "simulated"
KEEP = 2.0  # seconds that a picture is shown for; an older one would be taken for a live one
WAIT = 0.2  # seconds, the longest between two looks at whether to end
AGAIN = 5.0  # seconds until a camera that could not be opened is tried again
ATTEMPTS = 120  # ten minutes of it
END_WITHIN = 20.0  # seconds; opening a camera cannot be hurried
WINDOW = 300  # pictures that figures are taken over
UNREAD = 600  # pictures whose joints and film numbers wait for the session


@dataclass(frozen=True, eq=False)
class CameraPicture:
    """The newest picture in which the joints were looked for. `image (H, W, 3)` uint8, blue, green, red, nobody writes
    into it; `keypoints` None where the performer was not seen; `t_ns` when it was taken, on `time.monotonic_ns()`."""

    image: NDArray[np.uint8]
    number: int
    t_ns: int
    keypoints: Keypoints | None

    @property
    def age(self) -> float:
        """Seconds since it was taken."""
        return (time.monotonic_ns() - self.t_ns) / 1e9


@dataclass(frozen=True)
class CameraStatus:
    """`state` of the camera; `rate` Hz at which pictures come; `seen` whether the performer is; `looked` pictures in
    which the joints were looked for, `skipped` ones that a newer one replaced; `latency` from the picture's arrival;
    `filmed` pictures of this take; `fault` the last thing that went wrong, "" where all is well."""

    name: str
    detector: str
    state: State
    width: int
    height: int
    rate: float
    seen: bool
    looked: int
    skipped: int
    latency: tuple[StageFigures, ...]
    filmed: int
    fault: str


class LiveCamera:
    """`address` as docs/cameras.md says, or `simulated`. Begins with `start`; raises BadInputError for a detector that
    there is not."""

    def __init__(self, address: str, detector: str) -> None:
        load_detector(detector)
        self.address, self.detector = address, detector
        self._parts = ExitStack()
        self._camera: Camera | None = None
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._waiting: CameraPicture | None = None  # for the detector
        self._shown: CameraPicture | None = None
        self._found: deque[Keypoints] = deque(maxlen=UNREAD)
        self._filmed: deque[Filmed] = deque(maxlen=UNREAD)
        self._film: Film | None = None
        self._film_lock = threading.Lock()
        self._times: deque[tuple[int, int]] = deque(maxlen=WINDOW)
        self._arrivals: deque[int] = deque(maxlen=WINDOW)
        self._looked = self._skipped = 0
        self._moves: tuple[ViewMove, ...] = ()
        self._fault = self._film_fault = self._detector_fault = ""
        self._threads = [
            threading.Thread(target=self._guarded, args=(what,), name=f"{name} {address}", daemon=True)
            for name, what in (("camera", self._watch), ("keypoints of", self._look))
        ]

    def start(self) -> None:
        """Returns at once; opening a camera takes seconds."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Let everything go."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(END_WITHIN)
        self.stop_film()
        self._parts.close()

    @property
    def picture(self) -> CameraPicture | None:
        """For faces and networks, from any thread; None where there is no fresh one."""
        view = self._shown
        return view if view is not None and view.age < KEEP else None

    @property
    def moves(self) -> tuple[ViewMove, ...]:
        """When it did not stand still, on the pictures' times."""
        return self._moves

    @property
    def info(self) -> CameraInfo | None:
        """Of the camera as it is now; None before its first picture."""
        view = self._waiting or self._shown
        if view is None or self._camera is None:
            return None
        return CameraInfo(self._camera.name, view.image.shape[1], view.image.shape[0], self.detector)

    def take_unread(self) -> CameraBatch | None:
        """What was found and filmed since the last call; None where that is nothing."""
        info = self.info
        found = [self._found.popleft() for _ in range(len(self._found))]
        filmed = [self._filmed.popleft() for _ in range(len(self._filmed))]
        return CameraBatch(info, found, filmed) if info is not None and (found or filmed) else None

    def start_film(self, path: Path) -> None:
        """Every picture from now on goes to `path`; where it cannot be written, `status` says so."""
        self.stop_film()
        self.take_unread()
        with self._film_lock:
            self._film_fault = ""
            try:
                self._film = Film(path)
            except BadInputError as error:
                self._film_fault = f"There is no film of this take. {error}"

    def stop_film(self) -> None:
        """Finish it; without one, nothing is done."""
        with self._film_lock:
            film, self._film = self._film, None
            if film is not None:
                film.close()

    @property
    def status(self) -> CameraStatus:
        """As of now."""
        camera, info, view, film = self._camera, self.info, self.picture, self._film
        return CameraStatus(
            self.address if camera is None else camera.name,
            self.detector,
            State.CLOSED if camera is None else camera.state,
            info.width if info else 0,
            info.height if info else 0,
            self._rate(),
            view is not None and view.keypoints is not None,
            self._looked,
            self._skipped,
            self._latency(),
            film.count if film else 0,
            self._detector_fault or self._film_fault or self._trouble(),
        )

    def _trouble(self) -> str:
        faults = () if self._camera is None else self._camera.faults
        return self._fault or (str(faults[-1]) if faults else "")

    def _rate(self) -> float:
        now = time.monotonic_ns()
        recent = [arrival for arrival in list(self._arrivals) if now - arrival < KEEP * 1e9]
        return (len(recent) - 1) * 1e9 / (recent[-1] - recent[0]) if len(recent) > 2 else 0.0

    def _latency(self) -> tuple[StageFigures, ...]:
        times = np.array(list(self._times)).reshape(-1, 2) / 1e6
        if not len(times):
            return ()
        rows = {"waiting": times[:, 0], "keypoints": times[:, 1], "camera": times.sum(axis=1)}
        return tuple(StageFigures(name, *map(float, np.percentile(row, [50, 99, 100]))) for name, row in rows.items())

    def _guarded(self, what: Callable[[], None]) -> None:
        """The boundary of both threads: what ends one is told, and the session goes on."""
        try:
            what()
        except MocambaError as error:
            self._detector_fault = str(error)
        except Exception as error:
            self._detector_fault = f"The camera's part of the session failed ({type(error).__name__}: {error})."

    # the camera's thread

    def _watch(self) -> None:
        address = self.address
        if address == SIMULATED:
            address = self._parts.enter_context(SimulatedCamera(port=0)).address
        for _ in range(ATTEMPTS):
            camera = Camera(address)
            try:
                with camera:
                    self._camera, self._fault = camera, ""
                    self._read(camera)
                return
            except DeviceError as error:
                self._fault = str(error)
                if error.reason in (Reason.ENDED, Reason.LIBRARY) or not camera.source.live:
                    return
            if self._stop.wait(AGAIN):
                return

    def _read(self, camera: Camera) -> None:
        while not self._stop.is_set():
            try:
                frame = camera.read_next(WAIT)[-1]
            except NoDataError:
                continue
            self._arrivals.append(frame.host_ns)
            self._shoot(frame.image, frame.host_ns)
            with self._changed:
                self._skipped += self._waiting is not None
                self._waiting = CameraPicture(frame.image, frame.number, frame.host_ns, None)
                self._changed.notify_all()

    def _shoot(self, image: NDArray[np.uint8], t_ns: int) -> None:
        with self._film_lock:
            if self._film is None:
                return
            try:
                self._filmed.append(Filmed(self._film.add(image), t_ns))
            except BadInputError as error:
                self._film_fault = f"The film has ended; the sensors' recording goes on. {error}"
                self._film.close()
                self._film = None

    # the detector's thread

    def _look(self) -> None:
        detector = open_detector(self.detector)
        follower, sides, watch = Follower(detector), SideKeeper(), ViewWatch()
        try:
            while (picture := self._next_picture()) is not None:
                began_ns = time.monotonic_ns()
                found = follower.follow(picture.image, picture.t_ns)
                if found is not None:
                    found = sides.keep(found)
                    self._found.append(found)
                watch.look(picture.image, picture.t_ns, found)
                self._moves = watch.moves
                self._times.append((began_ns - picture.t_ns, time.monotonic_ns() - began_ns))
                self._shown = CameraPicture(picture.image, picture.number, picture.t_ns, found)
                self._looked += 1
        finally:
            detector.close()

    def _next_picture(self) -> CameraPicture | None:
        """The newest; None when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._stop.is_set())
            picture, self._waiting = self._waiting, None
            return None if self._stop.is_set() else picture
