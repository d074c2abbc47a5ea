"""The Bluetooth drivers by bleak's front end on bumble's virtual controllers: no BlueZ, any system."""

from collections.abc import Callable, Iterator

import pytest
from mocamba.devices.csv_lines import reader as csv
from mocamba.devices.csv_lines import simulate as csv_simulate
from mocamba.devices.device import State
from mocamba.devices.discovery import find_ble
from mocamba.devices.dot import reader as dot
from mocamba.devices.dot import simulate as dot_simulate
from mocamba.devices.dot.sync import synchronise
from mocamba.devices.errors import ConnectError, Reason
from mocamba.devices.radio import Radio
from mocamba.devices.sensor import SensorDevice
from mocamba.devices.simulated.speaker import Gatt, Imperfections, Speaker
from mocamba.devices.simulated.stage import Stage
from mocamba.devices.simulated.wearer import Wearer
from mocamba.devices.witmotion import reader as witmotion
from mocamba.devices.witmotion import simulate as wit_simulate

from .sensor_casts import QUICK, Books, assert_true, fault_of, gather, wait_for

bumble_air = pytest.importorskip("bumble", reason="bumble is not installed (pip install bumble)")
from .bumble_air import BumbleAir  # noqa: E402

pytestmark = pytest.mark.usefixtures("nothing_left")

DOT, WIT, CSV = "D4:22:CD:00:00:01", "D8:AA:00:00:00:01", "C0:DE:00:00:00:01"
Open = Callable[[Radio, str], SensorDevice]
SENSORS: dict[str, tuple[str, Callable[[], Speaker], Gatt, Open, float]] = {
    "dot": (DOT, dot_simulate.SimulatedDot, dot_simulate.gatt(DOT), dot.open_ble, 60),
    "witmotion": (WIT, wit_simulate.SimulatedBle, wit_simulate.GATT, witmotion.open_ble, 100),
    "csv": (CSV, lambda: csv_simulate.SimulatedCsv("shin", ble=True), csv_simulate.GATT, csv.open_ble, 100),
}


@pytest.fixture
def air() -> Iterator[BumbleAir]:
    air = BumbleAir()
    with air.radio:
        yield air


@pytest.mark.parametrize("family", SENSORS)
def test_measures_and_tells_the_truth(air: BumbleAir, family: str) -> None:
    address, speaker, gatt, open_ble, rate = SENSORS[family]
    wearer = Wearer("walk")
    stage = Stage(wearer, [("left_shin", speaker(), air.add(address, gatt))], Imperfections())
    with stage, open_ble(air.radio, address) as device:
        gather(device, 0.3)
        books = Books(device, stage.actors[0])
        readings = gather(device, 0.4)
        if family != "witmotion":  # which counts nothing
            books.balance()
        assert not device.faults
    assert_true(readings[::5], wearer.round("left_shin", rate).states, 1e-6, 0.02)


def test_scan(air: BumbleAir) -> None:
    for address, _, gatt, _, _ in SENSORS.values():
        air.add(address, gatt)
    found = find_ble(air.radio, 0.5)
    assert {(thing.family, thing.address) for thing in found} == {("dot", DOT), ("witmotion", WIT)}


def test_out_of_range_and_back(air: BumbleAir) -> None:
    address, speaker, gatt, open_ble, _ = SENSORS["dot"]
    stage = Stage(Wearer("still"), [("head", speaker(), air.add(address, gatt))], Imperfections())
    with stage:
        device = open_ble(air.radio, address)
        device.retry = QUICK
        with device:
            gather(device, 0.2)
            stage.unplug("head")
            wait_for(lambda: device.state is State.RECONNECTING)
            stage.plug_in("head")
            wait_for(lambda: device.state is State.CONNECTED, 15)
            assert gather(device, 0.2)
            assert fault_of(device, Reason.OUT_OF_RANGE) is not None


def test_sensor_of_another_kind(air: BumbleAir) -> None:
    address, _, gatt, _, _ = SENSORS["witmotion"]
    air.add(address, gatt)
    with pytest.raises(ConnectError, match="another kind of sensor") as caught:
        dot.open_ble(air.radio, address).connect()
    assert caught.value.reason is Reason.WRONG_KIND


def test_nobody_there(air: BumbleAir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.ble_link.SCAN", 0.3)
    with pytest.raises(ConnectError) as caught:
        dot.open_ble(air.radio, DOT).connect()
    assert caught.value.reason is Reason.NOT_FOUND


def test_dot_synchronise(air: BumbleAir) -> None:
    speakers = [dot_simulate.SimulatedDot() for _ in range(2)]
    addresses = [DOT, "D4:22:CD:00:00:02"]
    channels = [air.add(address, dot_simulate.gatt(address)) for address in addresses]
    cast = list(zip(("head", "pelvis"), speakers, channels, strict=True))
    with Stage(Wearer("still"), cast, Imperfections()):
        synchronise(air.radio, addresses, lambda share, doing: None, seconds=0.3)
    assert [speaker.root for speaker in speakers] == [DOT, DOT]
