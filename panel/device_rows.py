"""What the list of devices says: one row a sensor, in words and in how well it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QCoreApplication

from ..capture.dropouts import Slot
from ..capture.sources import slots_of
from ..capture.status import DeviceState, DeviceStatus, SensorHealth, SessionStatus, SlotStatus
from ..rig.errors import BadInputError
from .words import KNOWN_WORDS, word

LATE, GONE = 0.1, 0.4  # seconds without a sample: worth a look, silent
LOSSY, VERY_LOSSY = 0.02, 0.1  # share lost
LOW = 0.15  # of a battery
SLOW = 0.9  # of the rate that was set
SHAKEN, CLEARLY = 2.0, 2.0  # m/s² of a sensor that is shaken, and how many times more than of any other


class Level(IntEnum):
    """How well something is."""

    GOOD = 0
    WARN = 1
    BAD = 2
    OFF = 3


@dataclass(frozen=True)
class Row:
    """`sensor` "" for a device that has none to show; `cells` are rate, age, loss, battery and magnetic field."""

    address: str
    device: str
    sensor: str
    slot: str
    state: str
    level: Level
    cells: tuple[str, ...] = ("", "", "", "", "")
    shaking: float = 0.0

    @property
    def title(self) -> str:
        """What it is called; a sensor's name begins with its device's, which is told beside it."""
        return self.sensor.removeprefix(self.device).lstrip(" /") or self.sensor or self.device


translate = QCoreApplication.translate


def places(status: SessionStatus) -> dict[str, str]:
    """Where each sensor that was heard is worn: as said, or as its name says. Two on one place: as said alone."""
    names = [sensor.sensor for device in status.devices for sensor in device.sensors]
    given = {name: slot for name, slot in status.places.items() if name in names}
    try:
        return slots_of(names, given)
    except BadInputError:
        return given


def rows(status: SessionStatus) -> Iterator[Row]:
    """Of every device, those that failed too."""
    worn = places(status)
    known = {slot.sensor: slot for slot in status.slots if slot.sensor}
    for device in status.devices:
        if not device.sensors:
            yield _empty(device)
        for sensor in device.sensors:
            yield _row(device, sensor, worn.get(sensor.sensor, ""), known.get(sensor.sensor))


def _empty(device: DeviceStatus) -> Row:
    if device.state is DeviceState.FAILED:
        reason = device.fault.reason.value if device.fault is not None else ""
        return Row(
            device.address, device.name, "", "", translate("DeviceRows", "failed: {0}").format(reason), Level.BAD
        )
    return Row(device.address, device.name, "", "", translate("DeviceRows", "waiting for sensors"), Level.OFF)


def _row(device: DeviceStatus, sensor: SensorHealth, slot: str, known: SlotStatus | None) -> Row:
    state, level = _judge(device, sensor, slot, known)
    rate = f"{sensor.rate:.0f}" if sensor.nominal is None else f"{sensor.rate:.0f} / {sensor.nominal:.0f}"
    age = "–" if sensor.age > 3600 else f"{1000 * sensor.age:.0f} ms" if sensor.age < 1 else f"{sensor.age:.1f} s"
    loss = "–" if sensor.loss is None else f"{100 * sensor.loss:.1f} %"
    battery = "–" if sensor.battery is None else f"{100 * sensor.battery:.0f} %"
    field = (
        "–"
        if sensor.field is None
        else translate("DeviceRows", "disturbed")
        if sensor.disturbed
        else translate("DeviceRows", "good")
    )
    cells = (rate, age, loss, battery, field)
    return Row(device.address, device.name, sensor.sensor, slot, state, level, cells, sensor.shaking)


def _judge(device: DeviceStatus, sensor: SensorHealth, slot: str, known: SlotStatus | None) -> tuple[str, Level]:
    """The worst that is to be said."""
    if device.state is DeviceState.RECONNECTING:
        return translate("DeviceRows", "lost, trying again"), Level.BAD
    if sensor.age > GONE:
        return translate("DeviceRows", "silent"), Level.BAD
    if known is not None and known.known in (Slot.PREDICTED, Slot.HELD, Slot.FADING):
        return word(KNOWN_WORDS[known.known]), Level.WARN
    loss, battery = sensor.loss or 0.0, 1.0 if sensor.battery is None else sensor.battery
    faults = (
        (loss > VERY_LOSSY, translate("DeviceRows", "loses much"), Level.BAD),
        (battery < LOW, translate("DeviceRows", "battery low"), Level.WARN),
        (sensor.disturbed, translate("DeviceRows", "magnet near"), Level.WARN),
        (sensor.age > LATE, translate("DeviceRows", "late"), Level.WARN),
        (loss > LOSSY, translate("DeviceRows", "loses some"), Level.WARN),
        (sensor.rate < SLOW * (sensor.nominal or 0.0), translate("DeviceRows", "slow"), Level.WARN),
        (not slot, translate("DeviceRows", "not worn"), Level.OFF),
    )
    good = (translate("DeviceRows", "good"), Level.GOOD)
    return next(((words, level) for wrong, words, level in faults if wrong), good)


def shaken(status: SessionStatus) -> str:
    """The one sensor that is being shaken; "" where none is, or more than one."""
    moved = sorted(((s.shaking, s.sensor) for d in status.devices for s in d.sensors if s.age < GONE), reverse=True)
    if not moved or moved[0][0] < SHAKEN or (len(moved) > 1 and moved[0][0] < CLEARLY * moved[1][0]):
        return ""
    return moved[0][1]
