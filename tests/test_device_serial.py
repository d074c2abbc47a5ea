"""Serial sensors by the real pyserial on pseudo-terminals: what they say, and everything that goes wrong with them."""

import os
import threading
import time
from pathlib import Path

import pytest
from mocamba.devices.csv_lines import reader as csv
from mocamba.devices.csv_lines.options import CsvOptions
from mocamba.devices.device import Retry, State
from mocamba.devices.errors import (
    ConnectError,
    DeviceError,
    LinkLostError,
    NoDataError,
    Reason,
    StaleDataError,
)
from mocamba.devices.reading import Acceleration
from mocamba.devices.sensor import SensorDevice
from mocamba.devices.serial_link import SerialLink, why_not_opened
from mocamba.devices.simulated.cast import Cast, Production
from mocamba.devices.simulated.channels import PtyChannel
from mocamba.devices.simulated.speaker import Imperfections, Said
from mocamba.devices.simulated.stage import Stage
from mocamba.devices.simulated.wearer import Wearer
from mocamba.devices.witmotion import reader as witmotion
from mocamba.devices.witmotion.options import WitMotionOptions
from mocamba.devices.witmotion.simulate import SimulatedSerial
from mocamba.devices.ximu3 import reader as ximu3
from mocamba.devices.ximu3.options import XImu3Options

from .sensor_casts import QUICK, Books, assert_true, ending, fault_of, gather, needs_pty, states, step_ms, wait_for

pytestmark = [needs_pty, pytest.mark.usefixtures("nothing_left", "hurried")]

SLOTS = ("left_shin", "pelvis")


def one(family: str, **more: object) -> Production:
    return Production(family, "serial", slots=("left_shin",), **more)  # type: ignore[arg-type]


def test_witmotion_is_set_up_and_tells_the_truth() -> None:
    with Cast(one("witmotion")) as cast:
        with witmotion.open_serial(cast.addresses[0], WitMotionOptions(rate=200)) as device:
            gather(device, 0.3)
            books = Books(device, cast.stage.actors[0])
            readings = gather(device, 0.5)
            books.balance()
        assert step_ms(readings) == 5
        assert cast.stage.actors[0].speaker.baud == 230400
        assert readings[0].acceleration_kind is Acceleration.RAW
        assert readings[0].magnetic is not None
        assert_true(readings[::10], states(cast, "left_shin", 200), 1e-6, 0.02)


@pytest.mark.parametrize("scalar", ["first", "last"])
def test_witmotion_finds_out_where_the_scalar_is(scalar: str, tmp_path: Path) -> None:
    channel = PtyChannel(tmp_path / "port")
    wearer = Wearer("walk")
    stage = Stage(wearer, [("left_shin", SimulatedSerial(baud=115200, scalar=scalar), channel)], Imperfections())
    with stage, witmotion.open_serial(channel.address) as device:
        gather(device, 0.3)
        assert_true(gather(device, 0.3)[::5], wearer.round("left_shin", 100).states, 1e-6, 0.02)


def test_witmotion_that_is_only_listened_to() -> None:
    with (
        Cast(one("witmotion")) as cast,
        witmotion.open_serial(cast.addresses[0], WitMotionOptions(configure=False)) as device,
    ):
        readings = gather(device, 0.5)
    assert len(readings) > 1  # as it comes: ten a second, by angles
    assert_true(readings, states(cast, "left_shin", 10), 1e-4, 0.02)


def test_witmotion_whose_commands_do_not_arrive() -> None:
    with Cast(one("witmotion")) as cast:
        cast.stage.actors[0].speaker.hear = lambda data, target: ()  # type: ignore[method-assign]
        with witmotion.open_serial(cast.addresses[0], WitMotionOptions(rate=10)) as device:
            assert gather(device, 0.3)
            fault = fault_of(device, Reason.NO_ANSWER)
            assert fault is not None
            assert "RX wire" in fault.remedy
            assert device.health[0].lost == 0


def test_witmotion_heading_reset_is_written() -> None:
    with Cast(one("witmotion")) as cast, witmotion.open_serial(cast.addresses[0]) as device:
        device.reset_heading()
        module = cast.stage.actors[0].speaker
        assert isinstance(module, SimulatedSerial)
        wait_for(lambda: module._registers.get(1) == 4)


def test_csv_with_and_without_a_header() -> None:
    with Cast(one("csv")) as cast, csv.open_serial(cast.addresses[0]) as device:
        gather(device, 0.1)
        books = Books(device, cast.stage.actors[0])
        readings = gather(device, 0.3)
        books.balance()
    assert readings[0].sensor == f"csv {cast.addresses[0]}/left_shin"
    assert_true(readings[::5], states(cast, "left_shin", 100), 1e-6, 0.01)
    assert readings[-1].magnetic is not None


def test_ximu3_is_set_up_and_tells_the_truth() -> None:
    with Cast(one("ximu3")) as cast:
        with ximu3.open_serial(cast.addresses[0], XImu3Options(rate=400)) as device:
            gather(device, 0.7)
            books = Books(device, cast.stage.actors[0])
            readings = gather(device, 0.3)
            books.balance()
            assert device.health[0].battery == 0.93
            assert not device.faults
        assert step_ms(readings) == 2.5
        assert_true(readings[::10], states(cast, "left_shin", 400), 1e-6, 0.01)


@pytest.mark.parametrize(
    ("family", "open_serial"),
    [("witmotion", witmotion.open_serial), ("csv", csv.open_serial), ("ximu3", ximu3.open_serial)],
)
def test_unplugged_and_plugged_in_again(family: str, open_serial: object) -> None:
    assert callable(open_serial)
    with Cast(one(family)) as cast:
        device = open_serial(cast.addresses[0])
        assert isinstance(device, SensorDevice)
        device.retry = QUICK
        with device:
            gather(device, 0.2)
            cast.stage.unplug("left_shin")
            wait_for(lambda: device.state is State.RECONNECTING)
            time.sleep(0.1)
            cast.stage.plug_in("left_shin")
            wait_for(lambda: device.state is State.CONNECTED, 8)
            assert gather(device, 0.2)
            fault = fault_of(device, Reason.UNPLUGGED)
            assert isinstance(fault, LinkLostError)
            assert fault.device == f"{family} {cast.addresses[0]}"
            assert "Plug it in again" in str(fault)


def test_unplugged_for_good_ends_in_one_clear_error() -> None:
    with Cast(one("csv")) as cast:
        device = csv.open_serial(cast.addresses[0])
        device.retry = Retry(attempts=4, first=0.02)
        with device:
            gather(device, 0.2)
            cast.stage.unplug("left_shin")
            error = ending(device)
            assert "did not come back in 4 attempts; the last one ended with: there is no port" in str(error)
            assert error.reason is Reason.GAVE_UP


def test_stale_data_raises_at_once_while_the_sensor_is_away() -> None:
    with Cast(one("csv")) as cast, csv.open_serial(cast.addresses[0]) as device:
        gather(device, 0.2)
        assert device.read_latest(1.0).orientation is not None
        cast.stage.unplug("left_shin")
        wait_for(lambda: device.state is State.RECONNECTING)
        time.sleep(0.1)
        for sensor in (None, f"{device.name}/left_shin"):
            with pytest.raises(StaleDataError, match="its newest reading is") as caught:
                device.read_latest(0.05, sensor)
            assert caught.value.device == (sensor or device.name)
        device.read_unread()
        with pytest.raises(NoDataError):
            device.read_newest(0.05)


def test_wrong_speed_is_said_and_found() -> None:
    with Cast(one("witmotion")) as cast:
        wrong = witmotion.open_serial(cast.addresses[0], WitMotionOptions(baud=115200))
        with pytest.raises(ConnectError, match="at 115200 baud they are no WitMotion packets") as caught:
            wrong.connect()
        assert caught.value.reason is Reason.GARBLED
        with witmotion.open_serial(cast.addresses[0]) as device:
            assert device.read_next(1.0)


def test_wrong_speed_of_text_lines() -> None:
    with Cast(one("csv")) as cast:
        device = csv.open_serial(cast.addresses[0], CsvOptions(baud=9600))
        device.speaks_within = 0.3
        with pytest.raises(ConnectError, match="bytes that make no sense") as caught:
            device.connect()
        assert caught.value.reason is Reason.GARBLED
        assert "speed (baud)" in caught.value.remedy


def test_two_programs_on_one_port() -> None:
    with Cast(one("csv")) as cast, csv.open_serial(cast.addresses[0]):
        with pytest.raises(ConnectError, match="open in another program") as caught:
            csv.open_serial(cast.addresses[0]).connect()
        assert caught.value.reason is Reason.IN_USE


def test_no_such_port() -> None:
    with pytest.raises(ConnectError, match="there is no port /dev/ttyUSB98") as caught:
        witmotion.open_serial("/dev/ttyUSB98").connect()
    assert caught.value.reason is Reason.NOT_FOUND


def test_permission_denied(tmp_path: Path) -> None:
    channel = PtyChannel(tmp_path / "port")
    target = Path(channel.address).resolve()
    try:
        target.chmod(0)
        if os.geteuid() == 0:
            # root may open anything: be nobody for a moment
            os.seteuid(65534)
        try:
            with pytest.raises(ConnectError, match="usermod -aG dialout") as caught:
                csv.open_serial(str(target)).connect()
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
        assert caught.value.reason is Reason.PERMISSION
    finally:
        channel.close()


def test_a_silent_port(tmp_path: Path) -> None:
    channel = PtyChannel(tmp_path / "port")
    try:
        device = csv.open_serial(channel.address)
        device.speaks_within = 0.2
        with pytest.raises(ConnectError, match="it sends nothing") as caught:
            device.connect()
        assert caught.value.reason is Reason.SILENT
    finally:
        channel.close()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("could not open port 'COM3': PermissionError(13, 'Access is denied.', None, 5)"), Reason.IN_USE),
        (OSError("could not open port 'COM9': FileNotFoundError(2, 'The system cannot find'...)"), Reason.NOT_FOUND),
        (OSError(16, "Device or resource busy"), Reason.IN_USE),
        (OSError(5, "Input/output error"), Reason.NO_ANSWER),
        (OSError(25, "Inappropriate ioctl for device"), Reason.UNSUPPORTED),
    ],
)
def test_words_of_other_systems(error: OSError, reason: Reason) -> None:
    assert why_not_opened("csv COM3", "COM3", error).reason is reason


def test_damaged_bytes_cost_their_packet_alone() -> None:
    cast = Cast(one("witmotion", imperfections=Imperfections(garble=0.2)))
    with cast, witmotion.open_serial(cast.addresses[0]) as device:
        gather(device, 0.3)
        readings = gather(device, 0.6)
    assert len([reading for reading in readings if reading.stamp_ns is not None]) > 40
    assert_true(readings[::20], states(cast, "left_shin", 100), 1e-4, 0.02)


@pytest.mark.parametrize("loss", [0.05, 0.4])
def test_lost_samples_are_counted(loss: float) -> None:
    cast = Cast(one("csv", imperfections=Imperfections(loss=loss), rate=400))
    with cast, csv.open_serial(cast.addresses[0], CsvOptions(baud=460800)) as device:
        gather(device, 0.1)
        books = Books(device, cast.stage.actors[0])
        gather(device, 0.8)
        assert device.health[0].loss == pytest.approx(books.balance(), abs=0.1)


@pytest.mark.parametrize("line", [b"shin,%d,nan,0,0,0,0,0,9.8", b"shin,%d,0,0,0,0,0,0,9.8", b"shin,%d,1,0,0,0,0,0,1e9"])
def test_values_that_cannot_be_are_left_out_and_said(line: bytes, tmp_path: Path) -> None:
    channel = PtyChannel(tmp_path / "port")
    good = b"shin,%d,1,0,0,0,0,0,9.8"
    try:
        device = csv.open_serial(channel.address)
        first = Said(b"".join(good % k + b"\n" for k in range(3)))
        threading.Timer(0.05, channel.send, [first, None]).start()
        with device:
            for k in range(40):
                channel.send(Said((line if k % 4 == 0 else good) % (k * 10000) + b"\n"), None)
            readings = gather(device, 0.3)
            assert sum(reading.orientation == (1, 0, 0, 0) for reading in readings) >= 24
            assert all(reading.orientation in (None, (1, 0, 0, 0)) for reading in readings)
            fault = fault_of(device, Reason.BAD_VALUES)
            assert fault is not None
            assert fault.device.endswith("/shin")
    finally:
        channel.close()


def test_a_port_is_found_again_at_its_speed(tmp_path: Path) -> None:
    """A link tells of a vanished port as lost, whatever pyserial raises for it."""
    channel = PtyChannel(tmp_path / "port")
    link = SerialLink("x", channel.address, 115200)
    link.open()
    channel.close()
    with pytest.raises(DeviceError) as caught:
        link.read(0.05)
    assert caught.value.reason is Reason.UNPLUGGED
    with pytest.raises(DeviceError):
        link.write(b"x")
    link.close()
    link.close()


def test_over_tcp_where_there_are_no_pseudo_terminals() -> None:
    production = Production("witmotion", "tcp", slots=("left_shin",))
    with Cast(production) as cast:
        device = witmotion.open_serial(cast.addresses[0])
        device.retry = QUICK
        with device:
            assert gather(device, 0.3)
            cast.stage.unplug("left_shin")
            wait_for(lambda: device.state is State.RECONNECTING)
            cast.stage.plug_in("left_shin")
            wait_for(lambda: device.state is State.CONNECTED, 8)
    with pytest.raises(ConnectError) as caught:
        witmotion.open_serial(cast.addresses[0]).connect()
    assert caught.value.reason is Reason.REFUSED
