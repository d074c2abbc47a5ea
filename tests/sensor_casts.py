"""Simulated sensors for tests of the drivers, and what tests ask of readings."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from statistics import median

import pytest
from mocamba.devices import device as contract
from mocamba.devices.errors import DeviceError, Reason
from mocamba.devices.reading import Acceleration, Reading
from mocamba.devices.sensor import SensorDevice
from mocamba.devices.simulated.bluez import PretendBluez
from mocamba.devices.simulated.cast import Cast, Production
from mocamba.devices.simulated.stage import Actor
from mocamba.devices.simulated.wearer import State, Wearer

needs_pty = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
needs_bus = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("dbus-daemon") is None, reason="needs Linux and dbus-daemon"
)
QUICK = contract.Retry(attempts=20, first=0.02, longest=0.1)


@contextmanager
def pretend_bluez() -> Iterator[PretendBluez]:
    """A pretend BlueZ that bleak of this process talks to."""
    before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    with PretendBluez() as bluez:
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = bluez.bus.address
        try:
            yield bluez
        finally:
            if before is None:
                del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
            else:
                os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = before


def gather(device: SensorDevice, seconds: float) -> list[Reading]:
    """All of the next `seconds`, motion alone."""
    readings: list[Reading] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        readings += device.read_unread()
        time.sleep(0.01)
    return [reading for reading in readings if reading.is_motion]


def wait_for(what: object, seconds: float = 5.0) -> None:
    """Until the function `what` says yes; a failed test after `seconds`."""
    assert callable(what)
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def fault_of(device: SensorDevice, reason: Reason) -> DeviceError | None:
    """The newest fault for that reason."""
    return next((fault for fault in reversed(device.faults) if fault.reason is reason), None)


def states(cast: Cast, slot: str, rate: float) -> tuple[State, ...]:
    """All that the sensor on `slot` may truly have measured."""
    what: Production = cast.production
    return Wearer(what.motion, what.seed).round(slot, rate).states


def assert_true(readings: Sequence[Reading], truth: Sequence[State], orientation: float, vector: float) -> None:
    """Each reading is one of the true states: quaternions to within `orientation`, m/s² and rad/s to `vector`."""
    import numpy as np

    assert readings
    turns = np.array([state.orientation for state in truth])
    kinds = {
        Acceleration.RAW: "raw",
        Acceleration.FREE_SENSOR: "free_sensor",
        Acceleration.FREE_WORLD: "free_world",
    }
    for reading in readings:
        off = np.zeros(len(truth))
        if reading.orientation is not None:
            off += 10 * (1 - np.abs(turns @ np.array(reading.orientation))) / orientation
        if reading.acceleration is not None and reading.acceleration_kind is not None:
            true = np.array([getattr(state, kinds[reading.acceleration_kind]) for state in truth])
            off += np.abs(true - reading.acceleration).max(axis=1) / vector
        if reading.rate is not None:
            off += np.abs(np.array([state.rate for state in truth]) - reading.rate).max(axis=1) / vector
        assert off.min() < 3, reading


def actor(cast: Cast, slot: str) -> Actor:
    """The simulated sensor on `slot`."""
    return next(one for one in cast.stage.actors if one.slot == slot)


class Books:
    """The samples lost since it was made: by the simulation's books, and as the driver counted them."""

    def __init__(self, device: SensorDevice, sensor: Actor) -> None:
        self._device, self._sensor = device, sensor
        self._before = self._sums()

    def _sums(self) -> tuple[int, int, int]:
        gone = self._sensor.lost + self._sensor.blocked + self._sensor.skipped
        return gone, sum(health.lost for health in self._device.health), self._sensor.made

    def balance(self) -> float:
        """The share that was lost; a failed test where the books differ by more than what is under way."""
        gone, counted, made = (now - before for now, before in zip(self._sums(), self._before, strict=True))
        # while nothing is lost, nothing may be counted; else some are made that are not read yet
        assert abs(gone - counted) <= (max(8, gone / 4) if self._before[0] + gone else 0), (gone, counted)
        return gone / made


def step_ms(readings: Sequence[Reading]) -> float:
    """The usual step of the stamps."""
    stamps = [reading.stamp_ns for reading in readings if reading.stamp_ns is not None]
    return median(b - a for a, b in pairwise(stamps)) / 1e6


def ending(device: SensorDevice) -> DeviceError:
    """What ended the device, which comes after all that is unread."""
    wait_for(lambda: device.state is contract.State.FAILED, 10)
    with pytest.raises(DeviceError) as caught:
        read_on(device)
    return caught.value


def read_on(device: SensorDevice) -> None:
    while True:
        device.read_next(1.0)
