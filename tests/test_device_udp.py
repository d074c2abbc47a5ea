"""Sensors that send datagrams, over real sockets: SlimeVR trackers, text lines, x-IMU3."""

import socket
import struct
import time

import pytest
from mocamba.devices.csv_lines import reader as csv
from mocamba.devices.errors import BadDataError, ConnectError, DeviceError, LinkLostError, Reason
from mocamba.devices.sensor import SensorDevice
from mocamba.devices.simulated.cast import Cast, Production
from mocamba.devices.simulated.speaker import Imperfections
from mocamba.devices.slimevr import reader as slimevr
from mocamba.devices.slimevr.options import SlimeVROptions
from mocamba.devices.slimevr.parse import HEAD, Kind
from mocamba.devices.slimevr.simulate import SimulatedTracker
from mocamba.devices.ximu3 import reader as ximu3
from mocamba.devices.ximu3.options import XImu3Options

from .sensor_casts import actor, assert_true, fault_of, gather, states, step_ms, wait_for

pytestmark = pytest.mark.usefixtures("nothing_left", "hurried")

HOST = "127.0.0.1"


def cast_for(device: SensorDevice, family: str, **more: object) -> Cast:
    """Simulated sensors that send to a connected device, whose port the system chose."""
    port = device._link.port  # type: ignore[attr-defined]
    return Cast(Production(family, "udp", port=port, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("bundles", [True, False])
def test_slimevr_trackers_come_and_tell_the_truth(bundles: bool) -> None:
    with (
        slimevr.open_udp(0, SlimeVROptions(bundles=bundles), HOST) as device,
        cast_for(device, "slimevr", slots=("left_shin", "head")) as cast,
    ):
        readings = gather(device, 0.6)
        tracker = actor(cast, "head").speaker
        assert isinstance(tracker, SimulatedTracker)
        assert tracker._bundles == bundles
        health = device.health
    assert {reading.sensor.rpartition("/")[2] for reading in readings} == {"de:ad:be:ef:00:01", "de:ad:be:ef:00:02"}
    assert [one.battery for one in health] == [pytest.approx(0.8)] * 2
    shin = [reading for reading in readings if reading.sensor.endswith("01")]
    assert len(shin) > 30
    assert_true(shin[1::10], states(cast, "left_shin", 100), 1e-6, 1e-4)


def test_slimevr_trackers_stay_as_long_as_they_are_answered() -> None:
    with (
        slimevr.open_udp(0, host=HOST) as device,
        cast_for(device, "slimevr", slots=("head",)) as cast,
    ):
        gather(device, 1.6)  # this tracker leaves after 0.8 seconds without a heartbeat
        sensor = actor(cast, "head")
        made = sensor.made
        assert len(gather(device, 0.3)) > 20
        assert sensor.made > made


@pytest.mark.parametrize("loss", [0.05, 0.4])
def test_slimevr_loss_is_counted_by_number(loss: float) -> None:
    with (
        slimevr.open_udp(0, host=HOST) as device,
        cast_for(device, "slimevr", slots=("head",), rate=400, imperfections=Imperfections(loss=loss)) as cast,
    ):
        # with so much loss a tracker may have to knock more than once
        wait_for(lambda: device.health and device.health[0].readings > 200, 12)
        health, sensor = device.health[0], actor(cast, "head")
        assert health.loss == pytest.approx(sensor.lost / sensor.made, abs=0.1)
        # an unbundled moment is two datagrams until the answer about bundles has come
        assert health.lost == pytest.approx(sensor.lost, rel=0.2, abs=5)


def test_slimevr_two_trackers_of_one_address() -> None:
    with slimevr.open_udp(0, host=HOST) as device, cast_for(device, "slimevr", slots=("head",)):
        wait_for(lambda: device.health)
        with cast_for(device, "slimevr", slots=("pelvis",)):
            wait_for(lambda: fault_of(device, Reason.IDENTITY))
            fault = fault_of(device, Reason.IDENTITY)
            assert isinstance(fault, BadDataError)
            assert "de:ad:be:ef:00:01" in fault.device
            assert "address of its own" in fault.remedy
            device.read_unread()
            assert len(gather(device, 0.3)) > 5


def test_slimevr_tracker_that_falls_silent_and_comes_back() -> None:
    with slimevr.open_udp(0, host=HOST) as device, cast_for(device, "slimevr", slots=("head", "pelvis")) as cast:
        gather(device, 0.3)
        cast.stage.unplug("head")
        wait_for(lambda: fault_of(device, Reason.SILENT), 6)
        fault = fault_of(device, Reason.SILENT)
        assert isinstance(fault, LinkLostError)
        assert fault.device.endswith("de:ad:be:ef:00:01")
        assert {reading.sensor[-1] for reading in gather(device, 0.2)[-10:]} == {"2"}
        cast.stage.plug_in("head")
        wait_for(lambda: any(reading.sensor.endswith("01") for reading in gather(device, 0.1)))


def test_slimevr_old_protocol_turns_the_acceleration() -> None:
    with slimevr.open_udp(0, host=HOST) as device, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tracker:
        to = (HOST, device._link.port)  # type: ignore[attr-defined]
        hello = struct.pack(">7I", 4, 4, 2, 0, 0, 0, 21) + b"\x01x" + bytes([2, 2, 2, 2, 2, 2])
        tracker.sendto(HEAD.pack(Kind.HANDSHAKE, 0) + hello, to)
        tracker.settimeout(2)
        assert tracker.recv(100)[:13] == b"\x03Hey OVR =D 5"
        tracker.sendto(HEAD.pack(Kind.ACCELERATION, 1) + struct.pack(">3f", 1, 2, 3), to)
        tracker.sendto(HEAD.pack(Kind.ACCELERATION, 2) + struct.pack(">3f", 1, 2, 3), to)
        assert device.read_next(1.0)[0].acceleration == (2, -1, 3)


def test_slimevr_late_datagrams_are_dropped() -> None:
    with slimevr.open_udp(0, host=HOST) as device, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tracker:
        to = (HOST, device._link.port)  # type: ignore[attr-defined]
        hello = struct.pack(">7I", 4, 4, 2, 0, 0, 0, 22) + b"\x01x" + bytes([2, 2, 2, 2, 2, 2])
        tracker.sendto(HEAD.pack(Kind.HANDSHAKE, 0) + hello, to)
        for number in (1, 2, 5, 3, 6):
            both = struct.pack(">7h", 0, 0, 0, 32767, number * 128, 0, 0)
            tracker.sendto(HEAD.pack(Kind.ROTATION_ACCELERATION, number) + b"\0" + both, to)
        readings = gather(device, 0.2)
        assert [reading.acceleration and reading.acceleration[0] for reading in readings] == [1, 2, 5, 6]
        assert [reading.lost for reading in readings] == [0, 0, 2, 0]


@pytest.mark.parametrize("open_udp", [slimevr.open_udp, csv.open_udp, ximu3.open_udp])
def test_port_open_in_another_program(open_udp: object) -> None:
    assert callable(open_udp)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, 0))
        port = other.getsockname()[1]
        with pytest.raises(ConnectError, match=f"UDP port {port} is open in another program") as caught:
            open_udp(port, host=HOST).connect()
        assert caught.value.reason is Reason.IN_USE


def test_text_lines_from_six_boards() -> None:
    with csv.open_udp(0, host=HOST) as device, cast_for(device, "csv") as cast:
        readings = gather(device, 0.6)
    names = {reading.sensor.rpartition("/")[2] for reading in readings}
    assert names == {one.slot for one in cast.stage.actors}
    shin = [reading for reading in readings if reading.sensor.endswith("left_shin")]
    assert_true(shin[::10], states(cast, "left_shin", 100), 1e-6, 0.01)


def test_text_lines_of_two_boards_under_one_id() -> None:
    with csv.open_udp(0, host=HOST) as device:
        to = (HOST, device._link.port)  # type: ignore[attr-defined]
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
        ):
            for k in range(5):
                first.sendto(b"shin,%d,1,0,0,0,0,0,9.8" % (k * 10000), to)
                second.sendto(b"shin,%d,0,1,0,0,0,0,9.8" % (k * 10000), to)
                time.sleep(0.01)
            readings = gather(device, 0.2)
        assert {reading.orientation for reading in readings} == {(1, 0, 0, 0)}
        fault = fault_of(device, Reason.IDENTITY)
        assert fault is not None
        assert fault.device == f"{device.name}/shin"


def test_text_lines_wait_for_a_header_and_tell_of_a_late_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.csv_lines.reader.HEADER_WITHIN", 0.2)
    header = b"# imu-csv v1 cols=id,t,qw,qx,qy,qz,ax,ay,az acc=g t=us"
    with csv.open_udp(0, host=HOST) as device, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
        to = (HOST, device._link.port)  # type: ignore[attr-defined]
        for k in range(4):
            board.sendto(b"shin,%d,1,0,0,0,0,0,1" % (k * 10000), to)
        assert gather(device, 0.1) == []
        time.sleep(0.2)
        for k in range(4, 12):
            board.sendto(b"shin,%d,1,0,0,0,0,0,1" % (k * 10000), to)
        assert {reading.acceleration for reading in gather(device, 0.1)} == {(0, 0, 1)}
        board.sendto(header, to)
        for k in range(12, 20):
            board.sendto(b"shin,%d,1,0,0,0,0,0,1" % (k * 10000), to)
        readings = gather(device, 0.1)
        assert {reading.acceleration for reading in readings} == {(0, 0, 9.80665)}
        assert readings[0].stamp_ns == 140_000_000
        fault = fault_of(device, Reason.BAD_VALUES)
        assert fault is not None
        assert "its header came late" in str(fault)


def test_text_lines_a_damaged_header_neither_silences_nor_changes_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.csv_lines.reader.HEADER_WITHIN", 5.0)
    header = b"# imu-csv v1 cols=id,t,qw,qx,qy,qz,ax,ay,az t=us acc=g"
    damaged = (b"# imu-csv v1 cols=id,t,qw,qx,qy,qz,ax,ay,az t=us accshin,3", header[:-6], header[:-6] + b"*00")
    with csv.open_udp(0, host=HOST) as device, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
        to = (HOST, device._link.port)  # type: ignore[attr-defined]
        for k in range(30):
            if k % 7 == 0:
                board.sendto(damaged[k // 7 % 3] if k else header, to)
            board.sendto(b"shin,%d,1,0,0,0,0,0,1" % (k * 10000), to)
        readings = gather(device, 0.2)
        assert len(readings) == 28
        assert {reading.acceleration for reading in readings} == {(0, 0, 9.80665)}
        # said twice, it is meant
        board.sendto(header[:-6], to)
        board.sendto(header[:-6], to)
        for k in range(30, 40):
            board.sendto(b"shin,%d,1,0,0,0,0,0,1" % (k * 10000), to)
        assert {reading.acceleration for reading in gather(device, 0.1)} == {(0, 0, 1)}
        assert fault_of(device, Reason.BAD_VALUES) is not None


def test_text_lines_have_no_heading_reset() -> None:
    with csv.open_udp(0, host=HOST) as device, pytest.raises(DeviceError, match="Calibrate") as caught:
        device.reset_heading()
    assert caught.value.reason is Reason.UNSUPPORTED


def test_ximu3_sensors_are_known_by_serial_number() -> None:
    with (
        ximu3.open_udp(0, XImu3Options(rate=200), HOST) as device,
        cast_for(device, "ximu3", slots=("left_shin", "head")) as cast,
    ):
        gather(device, 0.5)
        readings = gather(device, 0.3)
        assert not device.faults
    assert {reading.sensor.rpartition("/")[2] for reading in readings} == {"00000001", "00000002"}
    shin = [reading for reading in readings if reading.sensor.endswith("1")]
    assert step_ms(shin) == 5
    assert_true(shin[::10], states(cast, "left_shin", 200), 1e-6, 0.01)


def test_ximu3_that_answers_no_command_is_read_all_the_same() -> None:
    with ximu3.open_udp(0, host=HOST) as device, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sensor:
        to = (HOST, device._link.port)  # type: ignore[attr-defined]
        for k in range(50):
            sensor.sendto(b"Q,%d,1.0,0.0,0.0,0.0\r\n" % (k * 10000), to)
            time.sleep(0.01)
        readings = gather(device, 0.1)
        assert readings[-1].sensor.startswith(f"{device.name}/{HOST}:")
