"""Motion sensors on a link: the one `Device` of every sensor family."""

import time
from collections.abc import Callable, Sequence

from .device import PATIENT, Device, Retry
from .driver import Driver, Heard, Note
from .errors import BadDataError, ConnectError, DeviceError, LinkLostError, Reason
from .health import HealthMonitor, SensorHealth
from .link import Link
from .plausible import bad_values, clean
from .reading import Reading, as_reading

LONGEST_TURN = 200_000_000  # ns of listening, where the thread was not kept from running
START = ""  # stands for all sensors until the first is heard
SILENCE = 3.0  # seconds without a word after which a device counts as lost
LOOK = "Look whether it is switched on, charged and in range."
MOST = 64  # sources and sensors of one device: whatever else the network sends is none of ours
WARN_EVERY = 10.0  # seconds between two faults of a sensor whose values cannot be

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
        if silence is None:
            self.speaks_within = None
        self._heard_ns: dict[str, int] = {}
        self._unread_bytes = self._listened_ns = 0
        self._listened_at = now_ns()
        self._warned_ns: dict[str, int] = {}
        self._sources: set[str] = set()
        self._sensors: set[str] = set()
        self._crowded = False
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
        self._driver = driver = self._make_driver(self._note)
        driver.start(self._link)
        self._heard_ns, self._unread_bytes = ({} if self._silence is None else {START: self._listened_ns}), 0
        self._health.set_rate(driver.rate)

    def _read(self) -> Sequence[Reading]:
        driver = self._driver
        if driver is None:  # closed meanwhile
            return ()
        readings = []
        for chunk in self._link.read():
            self._unread_bytes += len(chunk.data)
            if self._admits(chunk.source, self._sources):
                readings += [self._reading(heard, chunk.host_ns) for heard in driver.feed(chunk)]
        now = now_ns()
        readings += [self._reading(heard, now) for heard in driver.tick(self._link, now)]
        readings = [reading for reading in readings if self._admits(reading.sensor, self._sensors)]
        self._health.add(readings)
        self._note_silent(readings, now)
        return readings

    def _admits(self, name: str, known: set[str]) -> bool:
        """Whether `name` is among the first so many: memory has an end, what a network sends has none."""
        if name in known:
            return True
        if len(known) >= MOST:
            if not self._crowded:
                self._crowded = True
                self._note(
                    BadDataError(
                        self.name,
                        Reason.IDENTITY,
                        f"more than {MOST} senders or sensors are heard; the first {MOST} are read.",
                        "Give sensors ids that do not change, and use a port that nothing else sends to.",
                    )
                )
            return False
        known.add(name)
        return True

    def _reading(self, heard: Heard, host_ns: int) -> Reading:
        sensor = f"{self.name}/{heard.part}" if heard.part else self.name
        sample, wrong = clean(heard.sample)
        if wrong and host_ns - self._warned_ns.get(sensor, 0) > WARN_EVERY * 1e9:
            self._warned_ns[sensor] = host_ns
            self._note(bad_values(sensor, wrong))
        return as_reading(sample, sensor, host_ns, heard.lost)

    def _note_silent(self, readings: Sequence[Reading], now: int) -> None:
        """Note each sensor that fell silent, once; the whole device counts as lost when all of it is silent.

        Only time spent listening counts: after the computer slept, everything would seem to have been silent.
        """
        self._listened_ns += min(now - self._listened_at, LONGEST_TURN)
        self._listened_at = now
        now = self._listened_ns
        for reading in readings:
            if reading.is_motion:
                self._heard_ns.pop(START, None)
                self._heard_ns[reading.sensor] = now
                self._unread_bytes = 0
        limit = now - round((self._silence or SILENCE) * 1e9)
        silent = [sensor for sensor, heard_ns in self._heard_ns.items() if heard_ns < limit]
        if self._silence is not None and len(silent) == len(self._heard_ns):
            why = self._why_silent()
            raise LinkLostError(self.name, why.reason, why.detail, why.remedy)
        for sensor in silent:
            del self._heard_ns[sensor]  # until it is heard again
            self._note(LinkLostError(sensor, Reason.SILENT, "it has stopped sending; the others go on.", LOOK))

    def _why_silent(self) -> DeviceError:
        if self._unread_bytes:
            complaint = self._driver.complaint if self._driver else ""
            return ConnectError(
                self.name,
                Reason.GARBLED,
                f"it sends bytes that make no sense ({self._unread_bytes} so far). {complaint}".strip(),
                "Set the right speed (baud) and the right kind of sensor; `mocamba devices` tries to tell them.",
            )
        return ConnectError(
            self.name,
            Reason.SILENT,
            "it sends nothing.",
            LOOK,
        )

    def _shut(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.stop(self._link)
        self._link.close()


def now_ns() -> int:
    """The host's clock of `Reading.host_ns`."""
    return time.monotonic_ns()
