"""Bluetooth sensors by the real bleak on a pretend BlueZ."""

import os
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from mocamba.devices.ble_link import BleLink
from mocamba.devices.csv_lines import reader as csv
from mocamba.devices.device import State
from mocamba.devices.discovery import find_ble
from mocamba.devices.dot import reader as dot
from mocamba.devices.dot.options import DotOptions
from mocamba.devices.dot.simulate import SimulatedDot, gatt
from mocamba.devices.dot.sync import synchronise
from mocamba.devices.errors import ConnectError, DeviceError, LinkLostError, Reason
from mocamba.devices.radio import Radio
from mocamba.devices.simulated.bluez import PretendBluez
from mocamba.devices.simulated.cast import Cast, Production
from mocamba.devices.simulated.speaker import Imperfections
from mocamba.devices.simulated.stage import Stage
from mocamba.devices.simulated.wearer import Wearer
from mocamba.devices.witmotion import reader as witmotion
from mocamba.devices.witmotion.options import WitMotionOptions
from mocamba.devices.witmotion.simulate import GATT, SimulatedBle

from .sensor_casts import (
    QUICK,
    Books,
    assert_true,
    ending,
    fault_of,
    gather,
    needs_bus,
    pretend_bluez,
    states,
    step_ms,
    wait_for,
)

pytestmark = [needs_bus, pytest.mark.usefixtures("nothing_left_but_a_bus", "hurried")]


@pytest.fixture
def air() -> Iterator[tuple[PretendBluez, Radio]]:
    with pretend_bluez() as bluez, Radio() as radio:
        yield bluez, radio


Air = tuple[PretendBluez, Radio]


def one(family: str, **more: object) -> Production:
    return Production(family, "ble", slots=("left_shin",), **more)  # type: ignore[arg-type]


def test_scan_tells_the_families(air: Air) -> None:
    bluez, radio = air
    with Cast(Production("dot", "ble", slots=("head", "pelvis")), bluez), Cast(one("witmotion"), bluez):
        found = find_ble(radio, 0.5)
        assert [(thing.family, thing.address) for thing in found] == [
            ("dot", "D4:22:CD:00:00:01"),
            ("dot", "D4:22:CD:00:00:02"),
            ("witmotion", "D8:AA:00:00:00:01"),
        ]
        assert all(thing.usable for thing in found)


def test_dot_measures_and_tells_the_truth(air: Air) -> None:
    bluez, radio = air
    with Cast(one("dot"), bluez) as cast:
        with dot.open_ble(radio, cast.addresses[0]) as device:
            gather(device, 0.1)
            books = Books(device, cast.stage.actors[0])
            readings = gather(device, 0.6)
            books.balance()
            assert device.health[0].battery == 0.87
        assert step_ms(readings) == pytest.approx(16.667, abs=0.001)
        assert_true(readings[::5], states(cast, "left_shin", 60), 1e-6, 1e-3)
        # it was told to stop
        wait_for(lambda: cast.stage.actors[0].speaker._mode == 0)  # type: ignore[attr-defined]


def test_dot_clock_wraps_after_71_minutes(air: Air) -> None:
    bluez, radio = air
    address = "D4:22:CD:00:00:09"
    speaker = SimulatedDot(wraps_after=0.5)
    stage = Stage(Wearer("still"), [("head", speaker, bluez.add(address, gatt(address)))], Imperfections())
    with stage, dot.open_ble(radio, address) as device:
        readings = gather(device, 1.0)
    stamps = [reading.stamp_ns for reading in readings if reading.stamp_ns is not None]
    assert stamps[0] < (1 << 32) * 1000 < stamps[-1]
    assert all(b - a < 1e9 for a, b in pairwise(stamps))


def test_dot_heading_reset_can_be_repeated(air: Air) -> None:
    bluez, radio = air
    with Cast(one("dot", motion="still"), bluez) as cast, dot.open_ble(radio, cast.addresses[0]) as device:
        for _ in range(2):
            device.reset_heading()
            time.sleep(0.1)
            device.read_unread()
            w, x, y, z = device.read_newest(1.0).orientation or (0, 0, 0, 0)
            assert 2 * (w * z + x * y) == pytest.approx(0, abs=1e-3)


def test_dot_answers_under_the_address_of_another(air: Air) -> None:
    bluez, radio = air
    channel = bluez.add("D4:22:CD:00:00:01", gatt("D4:22:CD:00:00:77"))
    stage = Stage(Wearer("still"), [("head", SimulatedDot(), channel)], Imperfections())
    with stage, dot.open_ble(radio, channel.address) as device:
        fault = fault_of(device, Reason.IDENTITY)
        assert fault is not None
        assert "D4:22:CD:00:00:77 answers" in str(fault)
        assert gather(device, 0.1)


def test_dot_rate_it_does_not_have(air: Air) -> None:
    bluez, radio = air
    with Cast(one("dot"), bluez) as cast, pytest.raises(ConnectError, match="no rate of 50 Hz") as caught:
        dot.open_ble(radio, cast.addresses[0], DotOptions(rate=50)).connect()
    assert caught.value.reason is Reason.SETTING


def test_dot_synchronise_by_the_specification(air: Air) -> None:
    bluez, radio = air
    told: list[float] = []
    with Cast(Production("dot", "ble", slots=("head", "pelvis", "left_shin")), bluez) as cast:
        synchronise(radio, cast.addresses, lambda share, _: told.append(share), seconds=0.3)
        speakers = [one.speaker for one in cast.stage.actors]
        assert [speaker.root for speaker in speakers] == [cast.addresses[0]] * 3  # type: ignore[attr-defined]
        with dot.open_ble(radio, cast.addresses[2]) as device:
            assert gather(device, 0.2)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_dot_synchronise_names_the_one_that_did_not_join(air: Air) -> None:
    bluez, radio = air
    with Cast(Production("dot", "ble", slots=("head", "pelvis")), bluez) as cast:
        speaker = cast.stage.actors[1].speaker
        speaker.hear = lambda data, target: ()  # type: ignore[method-assign]
        with pytest.raises(DeviceError, match="it was never started") as caught:
            synchronise(radio, cast.addresses, lambda share, _: None, seconds=0.2)
        assert caught.value.device == f"dot {cast.addresses[1]}"


@pytest.mark.parametrize("fast", [0x0B, 0x0A])
def test_witmotion_finds_200_hz_whichever_value_means_it(air: Air, fast: int) -> None:
    bluez, radio = air
    channel = bluez.add("D8:AA:00:00:00:05", GATT)
    wearer, speaker = Wearer("walk"), SimulatedBle(fast=fast)
    with (
        Stage(wearer, [("head", speaker, channel)], Imperfections()),
        witmotion.open_ble(radio, channel.address, WitMotionOptions(rate=200, angles=True)) as device,
    ):
        gather(device, 1.3)
        readings = gather(device, 0.5)
        health = device.health[0]
    assert speaker.rate == 200
    assert_true(readings[::20], wearer.round("head", 200).states, 1e-6, 0.02)
    assert health.battery is not None


def test_witmotion_asks_for_the_magnetic_field_and_tells_of_a_magnet(air: Air) -> None:
    bluez, radio = air
    production = one("witmotion", motion="still")
    with Cast(production, bluez) as cast, witmotion.open_ble(radio, cast.addresses[0]) as device:
        wait_for(lambda: device.health and device.health[0].field is not None, 4)
        assert not device.health[0].disturbed


def test_text_lines_over_nordic_uart(air: Air) -> None:
    bluez, radio = air
    with Cast(one("csv"), bluez) as cast, csv.open_ble(radio, cast.addresses[0]) as device:
        gather(device, 0.1)
        books = Books(device, cast.stage.actors[0])
        readings = gather(device, 0.4)
        books.balance()
        assert_true(readings[::10], states(cast, "left_shin", 100), 1e-6, 0.01)


def test_out_of_range_and_back(air: Air) -> None:
    bluez, radio = air
    with Cast(one("dot"), bluez) as cast:
        device = dot.open_ble(radio, cast.addresses[0])
        device.retry = QUICK
        with device:
            gather(device, 0.2)
            cast.stage.unplug("left_shin")
            wait_for(lambda: device.state is State.RECONNECTING)
            cast.stage.plug_in("left_shin")
            wait_for(lambda: device.state is State.CONNECTED, 10)
            assert gather(device, 0.2)
            fault = fault_of(device, Reason.OUT_OF_RANGE)
            assert isinstance(fault, LinkLostError)
            assert fault.device == "dot D4:22:CD:00:00:01"
            assert "bring it closer" in str(fault)


def test_refused_connection(air: Air) -> None:
    bluez, radio = air
    with Cast(one("witmotion"), bluez) as cast:
        bluez.peripherals[cast.addresses[0]].refuse = ("org.bluez.Error.Failed", "le-connection-abort-by-remote")
        device = witmotion.open_ble(radio, cast.addresses[0])
        with pytest.raises(ConnectError, match="refused the connection") as caught:
            device.connect()
        assert caught.value.reason is Reason.REFUSED
        with device:  # the next attempt is not refused
            assert gather(device, 0.1)


def test_address_that_nobody_has(air: Air, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.ble_link.SCAN", 0.4)
    with pytest.raises(ConnectError, match="not heard in the air") as caught:
        dot.open_ble(air[1], "D4:22:CD:11:22:33").connect()
    assert caught.value.reason is Reason.NOT_FOUND


def test_sensor_of_another_kind(air: Air) -> None:
    bluez, radio = air
    with Cast(one("witmotion"), bluez) as cast, pytest.raises(ConnectError, match="another kind of sensor") as caught:
        dot.open_ble(radio, cast.addresses[0]).connect()
    assert caught.value.reason is Reason.WRONG_KIND
    wait_for(lambda: not any(peripheral.connected for peripheral in bluez.peripherals.values()))


def test_bluetooth_switched_off(air: Air) -> None:
    bluez, radio = air
    with Cast(one("dot"), bluez) as cast:
        bluez.power(False)
        with pytest.raises(ConnectError, match="Bluetooth is switched off") as caught:
            radio.scan(0.2)
        assert caught.value.reason is Reason.ADAPTER_OFF
        with pytest.raises(ConnectError) as caught:
            dot.open_ble(radio, cast.addresses[0]).connect()
        assert caught.value.reason is Reason.ADAPTER_OFF
        (found,) = find_ble(radio, 0.2)
        assert (found.usable, found.reason) == (False, Reason.ADAPTER_OFF)


def test_adapter_pulled_out_while_measuring(air: Air) -> None:
    bluez, radio = air
    with Cast(one("dot"), bluez) as cast:
        device = dot.open_ble(radio, cast.addresses[0])
        device.retry = QUICK
        with device:
            gather(device, 0.2)
            bluez.remove_adapter()
            wait_for(lambda: fault_of(device, Reason.OUT_OF_RANGE))
            error = ending(device)
            assert "no Bluetooth to be used" in str(error)
            assert error.device == device.name
            assert error.reason is Reason.GAVE_UP


def test_no_bluetooth_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    with Radio() as radio, pytest.raises(ConnectError, match="no Bluetooth service is running") as caught:
        radio.scan(0.1)
    assert caught.value.reason is Reason.NO_ADAPTER


def test_the_service_dies_while_measuring(air: Air) -> None:
    bluez, radio = air
    with Cast(one("dot"), bluez) as cast:
        device = dot.open_ble(radio, cast.addresses[0])
        device.retry = QUICK
        with device:
            gather(device, 0.2)
            bluez.bus.kill()
            assert isinstance(ending(device), LinkLostError)


@pytest.mark.parametrize("loss", [0.05, 0.4])
def test_lost_samples_are_counted(air: Air, loss: float) -> None:
    bluez, radio = air
    production = one("dot", imperfections=Imperfections(loss=loss))
    with Cast(production, bluez) as cast, dot.open_ble(radio, cast.addresses[0]) as device:
        gather(device, 0.1)
        books = Books(device, cast.stage.actors[0])
        gather(device, 1.2)
        assert device.health[0].loss == pytest.approx(books.balance(), abs=0.15)


def test_closing_twice_and_writing_after_that(air: Air) -> None:
    bluez, radio = air
    with Cast(one("witmotion"), bluez) as cast:
        link = BleLink("x", radio, cast.addresses[0], [witmotion.NOTIFY])
        link.open()
        link.close()
        link.close()
        with pytest.raises(LinkLostError):
            link.write(b"x", witmotion.WRITE)
        with pytest.raises(LinkLostError):
            link.value(witmotion.WRITE)
