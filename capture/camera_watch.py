"""A camera beside a session, for a face to show: opened in a thread of its own, the newest picture always at hand."""

import threading
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..devices.camera.reader import Camera
from ..devices.errors import DeviceError, StaleDataError

KEEP = 2.0  # seconds that a picture is shown for; an older one would be taken for a live one
END_WITHIN = 20.0  # seconds; opening a camera cannot be hurried


@dataclass(frozen=True, eq=False)
class Picture:
    """`image (H, W, 3)` uint8, blue, green, red, nobody writes into it; `age` seconds since it was taken."""

    image: NDArray[np.uint8]
    number: int
    age: float


class CameraWatch:
    """Begins at once. `address` as docs/cameras.md says."""

    def __init__(self, address: str) -> None:
        self._trouble = ""
        self._camera: Camera | None = None
        self._opener = threading.Thread(target=self._open, args=(address,), name=f"opening {address}", daemon=True)
        self._opener.start()

    @property
    def trouble(self) -> str:
        """The last thing that went wrong, as a sentence; "" where nothing did."""
        faults = () if self._camera is None else self._camera.faults
        return self._trouble or (str(faults[-1]) if faults else "")

    def newest(self) -> Picture | None:
        """At once; None where there is none that is fresh."""
        if self._camera is None:
            return None
        try:
            self._camera.read_unread()  # says why, where it has ended
            frame = self._camera.read_latest(KEEP)
        except StaleDataError:
            return None
        except DeviceError as error:
            self._trouble = str(error)
            return None
        return Picture(frame.image, frame.number, (time.monotonic_ns() - frame.host_ns) / 1e9)

    def close(self) -> None:
        """Let it go; may take as long as opening does."""
        self._opener.join(END_WITHIN)
        if self._camera is not None:
            self._camera.close()

    def _open(self, address: str) -> None:
        try:
            camera = Camera(address)
            camera.connect()
        except DeviceError as error:
            self._trouble = str(error)
            return
        self._camera = camera
