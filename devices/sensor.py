"""Motion sensors on a link: the one `Device` of every sensor family."""

import time
from collections.abc import Callable, Sequence

from .device import PATIENT, Device, Retry
from .driver import Driver, Note
from .errors import DeviceError, LinkLostError, Reason
from .health import HealthMonitor, SensorHealth
from .link import Link
from .reading import Reading, as_reading

SILENCE = 3.0  # seconds without a word after which a device counts as lost

MakeDriver = Callable[[Note], Driver]


class SensorDevice(Device[Reading]):
    """`make_driver` makes the family's driver for each connection; it gets where to put what is wrong but ends nothing.

    `silence`: seconds without any reading after which the link counts as lost; None for a server that waits for its
    sensors to come.
    """

    def __init__(
        self,
        name: str,
        link: Link,
        make_driver: MakeDriver,
        *,
        retry: Retry = PATIENT,
        silence: float | None = SILENCE,
    ) -> None:
        super().__init__(name, retry=retry)
        self._link = link
        self._make_driver = make_driver
        self._driver: Driver | None = None
        self._silence = silence
        self._heard_ns = 0
        self._health = HealthMonitor()

    @property
    def health(self) -> tuple[SensorHealth, ...]:
        """How each sensor of the device is doing, as of now."""
        return self._health.report()

    def reset_heading(self) -> None:
        """Make the present heading of every sensor the new zero. Raises DeviceError where that is not possible."""
        if self._driver is None:
            raise DeviceError(self.name, Reason.CLOSED, "it is not connected.", "Connect it first.")
        self._driver.reset_heading(self._link)

    def _open(self) -> None:
        self._link.open()
        driver = self._make_driver(self._note)
        driver.start(self._link)
        self._driver, self._heard_ns = driver, now_ns()
        self._health.set_rate(driver.rate)

    def _read(self) -> Sequence[Reading]:
        assert self._driver is not None
        readings = []
        for chunk in self._link.read():
            for heard in self._driver.feed(chunk):
                name = f"{self.name}/{heard.part}" if heard.part else self.name
                readings.append(as_reading(heard.sample, name, chunk.host_ns, heard.lost))
        now = now_ns()
        self._driver.tick(self._link, now)
        self._check_silence(now, heard=bool(readings))
        self._health.add(readings)
        return readings

    def _check_silence(self, now: int, *, heard: bool) -> None:
        if heard:
            self._heard_ns = now
        elif self._silence is not None and now - self._heard_ns > self._silence * 1e9:
            raise LinkLostError(
                self.name,
                Reason.SILENT,
                f"it has said nothing for {self._silence:.0f} s.",
                "Look whether it is switched on, charged and in range.",
            )

    def _shut(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.stop(self._link)
        self._link.close()


def now_ns() -> int:
    """The host's clock of `Reading.host_ns`."""
    return time.monotonic_ns()
