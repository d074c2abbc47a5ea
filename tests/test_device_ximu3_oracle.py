"""x-io's own library reads what our simulated x-IMU3 sends, and understands as much of it as our parser."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mocamba.devices.simulated.channels import PtyChannel
from mocamba.devices.simulated.speaker import Imperfections, Said
from mocamba.devices.simulated.stage import Stage
from mocamba.devices.simulated.wearer import Wearer
from mocamba.devices.ximu3 import parse
from mocamba.devices.ximu3.simulate import SimulatedXImu3, ascii_line, binary

from .sensor_casts import needs_pty

ximu3: Any = pytest.importorskip("ximu3", reason="x-io's library is not installed (pip install ximu3)")
pytestmark = needs_pty

MESSAGES = [
    ("I", (10.0, -2.0, 3.5, 0.01, -0.02, 0.998)),
    ("Q", (0.7071, 0.0, -0.7071, 0.0)),
    ("M", (0.8139, -0.2958, -0.7627)),
    ("E", (0.1, 0.2, -0.3)),
    ("L", (0.3, 0.2, -0.1)),
    ("B", (93.0, 4.0539, 0.0)),
]
FIELDS = {
    "I": ("gyroscope_x", "gyroscope_y", "gyroscope_z", "accelerometer_x", "accelerometer_y", "accelerometer_z"),
    "Q": ("w", "x", "y", "z"),
    "M": ("x", "y", "z"),
    "E": ("x", "y", "z"),
    "L": ("x", "y", "z"),
    "B": ("percentage", "voltage", "charging_status"),
}
ADD = {
    "I": "add_inertial_callback",
    "Q": "add_quaternion_callback",
    "M": "add_magnetometer_callback",
    "E": "add_earth_acceleration_callback",
    "L": "add_linear_acceleration_callback",
    "B": "add_battery_callback",
}


@pytest.mark.parametrize("encode", [ascii_line, binary])
def test_both_understand_the_same(encode: Callable[[str, int, tuple[float, ...]], bytes], tmp_path: Path) -> None:
    # stamps with the bytes that have to be stuffed in them
    stream = b"".join(encode(letter, 0x0ADB0A + k, values) for k in range(50) for letter, values in MESSAGES)
    heard: list[tuple[str, int, tuple[float, ...]]] = []
    errors: list[Any] = []
    channel = PtyChannel(tmp_path / "port")
    connection = ximu3.Connection(ximu3.SerialConnectionConfig(str(Path(channel.address).resolve()), 115200, False))
    for letter, fields in FIELDS.items():

        def note(message: Any, letter: str = letter, fields: tuple[str, ...] = fields) -> None:
            heard.append((letter, message.timestamp, tuple(float(getattr(message, name)) for name in fields)))

        getattr(connection, ADD[letter])(note)
    connection.add_receive_error_callback(errors.append)
    try:
        connection.open()
        for at in range(0, len(stream), 512):
            channel.send(Said(stream[at : at + 512]), None)
            time.sleep(0.002)
        end = time.monotonic() + 3
        while len(heard) < 50 * len(MESSAGES) and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        connection.close()
        channel.close()
    ours, rest = parse.parse(stream)
    assert rest == b""
    assert not errors
    assert all(isinstance(message, parse.Measured) for message in ours)
    assert len(heard) == len(ours)
    for theirs, our in zip(heard, ours, strict=True):
        assert isinstance(our, parse.Measured)
        assert (our.letter, our.microseconds) == theirs[:2]
        assert our.values == pytest.approx(theirs[2], abs=1e-6)


def test_the_vendors_ping_and_commands_are_answered(tmp_path: Path) -> None:
    channel = PtyChannel(tmp_path / "port")
    sensor = SimulatedXImu3("Left Shin", "64F619FB")
    stage = Stage(Wearer("still"), [("left_shin", sensor, channel)], Imperfections())
    with stage:
        connection = ximu3.Connection(ximu3.SerialConnectionConfig(str(Path(channel.address).resolve()), 115200, False))
        connection.open()
        try:
            answer = connection.ping()
            assert (answer.device_name, answer.serial_number) == ("Left Shin", "64F619FB")
            answers = connection.send_commands(['{"ahrs_message_rate_divisor":4}'], 2, 500)
            assert len(answers) == 1
        finally:
            connection.close()
        assert sensor.rate == 100
