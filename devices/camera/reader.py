"""Reads pictures and keeps the newest: from cameras as they come, from files when they are due."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..device import NEVER, PATIENT, Device, Retry
from ..errors import ConnectError, DeviceError, LinkLostError, Reason
from .frame import Frame
from .options import PICTURES_RATE, CameraOptions
from .rate_watch import RateWatch
from .source import PICTURE_WITHIN, Kind, Source, open_source, parse_source

if TYPE_CHECKING:
    import cv2

WAIT = 0.1  # seconds, the longest that a read of a file waits
LATE = 250_000_000  # ns behind at which a file goes on from now instead of hurrying
WHOLE = 0.98  # share of the pictures a file tells of that it must have given; heads of files are not exact


@dataclass(frozen=True)
class CameraMode:
    """What a source gives, as read back from it. `rate` Hz, None where it does not say. `pictures` of a file."""

    width: int
    height: int
    rate: float | None
    pictures: int | None


class Camera(Device[Frame]):
    """`address`: a camera's number, an http or rtsp address, a video file, a folder of pictures or a `%03d` pattern.

    Whoever reads gets the newest frame; none waits in line behind it. A live camera that is lost is opened again; a
    file that came to its end raises DeviceError with Reason.ENDED.
    """

    speaks_within = 5.0  # webcams set their exposure first

    def __init__(self, address: str, options: CameraOptions | None = None, *, retry: Retry = PATIENT) -> None:
        self.source: Source = parse_source(address)
        super().__init__(self.source.name, capacity=1, retry=retry if self.source.live else NEVER)
        self.options = options or CameraOptions()
        self.mode: CameraMode | None = None
        self._capture: cv2.VideoCapture | None = None
        self._in_use = threading.Lock()  # releasing a capture in which another thread waits ends the process
        self._clock = _FileClock()
        self._watch = RateWatch(self.name, None)
        self._number = 0
        self._grabbed = False

    def _open(self) -> None:
        self._capture = capture = open_source(self.source, self.options)
        self.mode = mode = _read_back(capture, self.source, self.options)
        self._number, self._grabbed = 0, False
        self._clock = _FileClock()
        self._watch = RateWatch(self.name, (self.options.rate or mode.rate) if self.source.live else None)
        if fault := _difference(self.name, self.options, mode, self.source):
            self._note(fault)

    def _read(self) -> Sequence[Frame]:
        with self._in_use:
            if self._capture is None:
                return ()
            return self._read_live(self._capture) if self.source.live else self._read_file(self._capture)

    def _read_live(self, capture: "cv2.VideoCapture") -> Sequence[Frame]:
        asked_ns = time.monotonic_ns()
        came = capture.grab()
        now = time.monotonic_ns()
        if not came:
            raise self._lost(now - asked_ns)
        if fault := self._watch.add(now):
            self._note(fault)
        return self._frame(capture, now, _driver_stamp(capture))

    def _read_file(self, capture: "cv2.VideoCapture") -> Sequence[Frame]:
        if not self._grabbed and not capture.grab():
            raise self._ended()
        self._grabbed = True
        stamp_ns = self._stamp(capture)
        due_ns = self._clock.due(stamp_ns)
        wait = (due_ns - time.monotonic_ns()) / 1e9
        self._stop.wait(min(max(wait, 0.0), WAIT))
        if wait > WAIT or self._stop.is_set():
            return ()
        self._grabbed = False
        return self._frame(capture, due_ns, stamp_ns)

    def _stamp(self, capture: "cv2.VideoCapture") -> int:
        """Of the grabbed picture, from the first; videos whose pictures come at uneven times say so."""
        if self.source.kind is Kind.PICTURES:
            return round(self._number * 1e9 / (self.options.rate or PICTURES_RATE))
        import cv2

        return round(capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)

    def _frame(self, capture: "cv2.VideoCapture", host_ns: int, stamp_ns: int | None) -> Sequence[Frame]:
        whole, image = capture.retrieve()
        number, self._number = self._number, self._number + 1
        if not whole or image is None:
            self._note(DeviceError(self.name, Reason.GARBLED, f"picture {number} is damaged.", "It is left out."))
            return ()
        image = _three_colours(image)
        image.setflags(write=False)
        return [Frame(sensor=self.name, host_ns=host_ns, stamp_ns=stamp_ns, number=number, image=image)]

    def _lost(self, waited_ns: int) -> LinkLostError:
        if waited_ns > PICTURE_WITHIN * 500_000:  # half of what it was given: it hung, rather than being gone
            return LinkLostError(self.name, Reason.SILENT, "it has stopped giving pictures.", "Switch it off and on.")
        remedy = "Plug it in again." if self.source.kind is Kind.WEBCAM else "Look at the camera's app and its network."
        return LinkLostError(self.name, Reason.UNPLUGGED, "it is gone: no more pictures come.", remedy)

    def _ended(self) -> DeviceError:
        told = self.mode.pictures if self.mode else None
        if self._number == 0:
            return ConnectError(self.name, Reason.GARBLED, "no picture can be read from it.", "Convert it to MP4.")
        if told is not None and self._number < WHOLE * told:
            detail, remedy = f"it breaks off after {self._number} of {told} pictures.", "Copy or record it again."
        else:
            detail, remedy = f"its {self._number} pictures are over.", "Connect it again to begin anew."
        return DeviceError(self.name, Reason.ENDED, detail, remedy)

    def _why_silent(self) -> DeviceError:
        return ConnectError(
            self.name, Reason.SILENT, "it can be opened but gives no pictures.", "Plug it into another USB socket."
        )

    def _shut(self) -> None:
        # while the reader waits in the library it cannot be let go: the reader does it when the wait is over
        if not self._in_use.acquire(blocking=False):
            return
        try:
            capture, self._capture = self._capture, None
            if capture is not None:
                capture.release()
        finally:
            self._in_use.release()


class _FileClock:
    """When a file's pictures are due on the host's clock."""

    def __init__(self) -> None:
        self._zero_ns: int | None = None

    def due(self, stamp_ns: int) -> int:
        now = time.monotonic_ns()
        if self._zero_ns is None or now - self._zero_ns - stamp_ns > LATE:
            self._zero_ns = now - stamp_ns
        return self._zero_ns + stamp_ns


def _read_back(capture: "cv2.VideoCapture", source: Source, options: CameraOptions) -> CameraMode:
    import cv2

    width, height = (round(capture.get(name)) for name in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    rate: float | None = capture.get(cv2.CAP_PROP_FPS)
    if source.kind is Kind.PICTURES:
        rate = options.rate or PICTURES_RATE
    if source.kind is Kind.STREAM or not rate or not 0.1 < rate < 1000:
        rate = None  # of streams, OpenCV tells a guess
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return CameraMode(width, height, rate, round(count) if not source.live and 0 < count < 1e9 else None)


def _difference(name: str, options: CameraOptions, mode: CameraMode, source: Source) -> DeviceError | None:
    """What was asked for and is not given; whatever it gives is used."""
    asked = {"width": options.width, "height": options.height, "rate": options.rate}
    wrong = []
    for what, value in asked.items():
        got = getattr(mode, what)
        if value is not None and got is not None and abs(got - value) > 0.02 * value:
            wrong.append(f"a {what} of {value:g} was asked for, {got:g} is given")
    if not wrong:
        return None
    remedy = "Ask for what the camera can do." if source.kind is Kind.WEBCAM else "Set it at the source."
    return DeviceError(name, Reason.SETTING, f"{'; '.join(wrong)}.", remedy)


def _driver_stamp(capture: "cv2.VideoCapture") -> int | None:
    """When the driver says the picture was taken; only Video4Linux does, on the clock of `time.monotonic_ns`."""
    import cv2

    if capture.getBackendName() != "V4L2":
        return None
    milliseconds = capture.get(cv2.CAP_PROP_POS_MSEC)
    return round(milliseconds * 1e6) if milliseconds > 0 else None


def _three_colours(image: "cv2.typing.MatLike") -> NDArray[np.uint8]:
    """Grey pictures and those with transparency, as blue, green, red."""
    import cv2

    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif image.shape[2] == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    return np.asarray(image, np.uint8)
