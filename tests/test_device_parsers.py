"""Parsers of every sensor family: published packets, any split, noise, nonsense."""

import math
import random
import re
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.devices.csv_lines import parse as csv
from mocamba.devices.csv_lines.simulate import HEADER, SimulatedCsv
from mocamba.devices.dot import parse as dot
from mocamba.devices.dot.reader import MEASURE
from mocamba.devices.dot.simulate import SimulatedDot
from mocamba.devices.log import GRAVITY
from mocamba.devices.reading import Acceleration
from mocamba.devices.simulated.speaker import Speaker
from mocamba.devices.simulated.wearer import Wearer
from mocamba.devices.slimevr import parse as slimevr
from mocamba.devices.slimevr.simulate import SimulatedTracker
from mocamba.devices.witmotion import parse as wit
from mocamba.devices.witmotion.setup import OUTPUTS, UNLOCK, UNLOCK_KEY, WANTED, command
from mocamba.devices.witmotion.simulate import SimulatedBle, SimulatedSerial, angles_of, packet
from mocamba.devices.ximu3 import parse as ximu3
from mocamba.devices.ximu3.simulate import SimulatedXImu3, ascii_line, binary

Parser = Callable[[bytes], tuple[list[Any], bytes]]
# the longest rest that each may keep: its longest packet, or line
STREAMS: dict[str, tuple[Parser, int]] = {
    "csv": (csv.parse, csv.LONGEST + 1),
    "witmotion serial": (wit.parse_serial, wit.SERIAL_LENGTH - 1),
    "witmotion ble": (wit.parse_ble, wit.BLE_LENGTH - 1),
    "dot": (dot.parse, dot.MEDIUM - 1),
    "ximu3": (ximu3.parse, ximu3.LONGEST + 1),
}


@cache
def said(name: str, count: int) -> list[bytes]:
    """What a simulated sensor sends of `count` moments of a walk, moment by moment."""
    speaker, states = SPEAKERS[name](), Wearer("walk").round("left_shin", 100)
    moments = (speaker.say(states.at(400 + k), round(k * 1e7)) for k in range(count))
    return [b"".join(part.data for part in moment) for moment in moments]


def told_serial() -> SimulatedSerial:
    module = SimulatedSerial()
    module.hear(command(UNLOCK, UNLOCK_KEY) + command(OUTPUTS, WANTED), "")
    return module


def told_dot() -> SimulatedDot:
    sensor = SimulatedDot()
    sensor.hear(bytes([1, 1, 3]), MEASURE)
    return sensor


def told_ximu3() -> SimulatedXImu3:
    sensor = SimulatedXImu3("shin", "1234")
    sensor.hear(b'{"binary_mode_enabled":true}\n', "")
    return sensor


SPEAKERS: dict[str, Callable[[], Speaker]] = {
    "csv": lambda: SimulatedCsv("left_shin"),
    "witmotion serial": told_serial,
    "witmotion ble": SimulatedBle,
    "dot": told_dot,
    "ximu3": told_ximu3,
}


@pytest.mark.parametrize("name", STREAMS)
@given(data=st.data())
@settings(max_examples=40)
def test_any_split_gives_the_same(name: str, data: st.DataObject) -> None:
    parser, longest = STREAMS[name]
    stream = b"".join(said(name, 12))
    noise = data.draw(st.binary(max_size=30))
    at = data.draw(st.integers(0, len(stream)))
    stream = stream[:at] + noise + stream[at:]
    whole, rest = parser(stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces, kept = [], b""
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        packets, kept = parser(kept + stream[begin:end])
        assert len(kept) <= longest
        pieces += packets
    assert repr(pieces) == repr(whole)  # NaN is not itself
    assert kept == rest


@pytest.mark.parametrize("name", STREAMS)
def test_byte_by_byte_gives_every_packet(name: str) -> None:
    parser, _ = STREAMS[name]
    stream = b"".join(said(name, 20))
    packets, rest = [], b""
    for byte in stream:
        more, rest = parser(rest + bytes([byte]))
        packets += more
    assert packets == parser(stream)[0]
    assert len(packets) >= 20
    assert rest == b""


@pytest.mark.parametrize("name", ["csv", "witmotion serial", "ximu3"])
def test_back_within_one_packet_after_noise(name: str) -> None:
    """All that comes after the packet in which the noise ends is read; DOT comes in datagrams, Bluetooth unharmed."""
    parser, _ = STREAMS[name]
    moments = said(name, 20)
    chance = random.Random(3)
    for trial in range(200):
        noise = chance.randbytes(chance.randrange(1, 120))
        if name == "witmotion serial":
            noise = noise.replace(b"\x55", b"\x54")  # noise that is a packet is a packet
        after, _ = parser(b"".join(moments[10:]))
        packets, _ = parser(b"".join(moments[:10]) + noise + b"".join(moments[10:]))
        missing = len(after) - sum(a == b for a, b in zip(reversed(after), reversed(packets), strict=False))
        assert missing <= 1, (trial, noise)


def test_bluetooth_packets_come_back_after_noise() -> None:
    """Without a checksum a false start costs that packet and the one it ran into."""
    moments = said("witmotion ble", 20)
    chance = random.Random(4)
    for _ in range(200):
        noise = chance.randbytes(chance.randrange(1, 60))
        packets, _ = wit.parse_ble(noise + b"".join(moments))
        assert packets[-18:] == wit.parse_ble(b"".join(moments))[0][-18:]


@pytest.mark.parametrize("name", STREAMS)
@given(data=st.binary(max_size=3000))
@settings(max_examples=60)
def test_nonsense_ends_nothing_and_keeps_little(name: str, data: bytes) -> None:
    parser, longest = STREAMS[name]
    _, rest = parser(data)
    assert len(rest) <= longest


def test_endless_lines_are_not_kept() -> None:
    for parser, longest in (STREAMS["csv"], STREAMS["ximu3"]):
        rest = b""
        for _ in range(1000):
            packets, rest = parser(rest + b"x" * 1000)
            assert not packets
            assert len(rest) <= longest
        assert parser(rest + b"\n") == ([], b"")


# WitMotion


def test_witmotion_gravity_and_turns_by_the_documented_scales() -> None:
    sample = wit.acceleration(struct.pack("<4h", 0, 0, 2048, 2650))
    assert sample.acceleration == pytest.approx((0, 0, GRAVITY))
    assert sample.acceleration_kind is Acceleration.RAW
    assert wit.rate(struct.pack("<4h", 16384, 0, -16384, 0)) == pytest.approx(
        (math.radians(1000), 0, -math.radians(1000))
    )
    assert wit.angles(struct.pack("<4h", 0, 0, 16384, 0)) == pytest.approx((math.sqrt(0.5), 0, 0, math.sqrt(0.5)))
    assert wit.supply(struct.pack("<3hH", 0, 0, 0, 372)) == 3.72


def test_witmotion_packet_of_the_documents() -> None:
    # 0x55 0x51, 1 g on z, 25.00 degrees C, as the sum in the standard protocol's description is formed
    body = bytes.fromhex("5551000000000008c409")
    packets, rest = wit.parse_serial(body + bytes([sum(body) & 0xFF]))
    assert rest == b""
    assert wit.acceleration(packets[0].data).acceleration == pytest.approx((0, 0, GRAVITY))


def test_witmotion_clock() -> None:
    first = wit.stamp(struct.pack("<6BH", 26, 1, 2, 3, 4, 5, 678))
    second = wit.stamp(struct.pack("<6BH", 26, 1, 2, 3, 4, 6, 178))
    assert first is not None
    assert second is not None
    assert second - first == 500_000_000
    assert second < 1 << 62
    assert wit.stamp(bytes(8)) is None


@given(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: sum(v * v for v in q) > 0.01))
def test_witmotion_angles_are_their_quaternion(q: tuple[float, float, float, float]) -> None:
    norm = math.sqrt(sum(value * value for value in q))
    w, x, y, z = (value / norm for value in q)
    back = wit.from_angles(*angles_of((w, x, y, z)))
    assert abs(sum(a * b for a, b in zip((w, x, y, z), back, strict=True))) == pytest.approx(1, abs=1e-6)


def test_witmotion_battery_by_the_vendors_points() -> None:
    assert [wit.battery_share(v) for v in (300, 340, 396, 399, 420)] == [0.0, 0.0, 0.9, 1.0, 1.0]
    shares = [wit.battery_share(v) for v in range(330, 410)]
    assert shares == sorted(shares)


def test_witmotion_registers_of_the_data_sheet() -> None:
    # WT901BLECL data sheet, "Magnetic field output": 360, 105, 122
    data = bytes.fromhex("55713a00680169007a0000000000000000000000")
    (found,), rest = wit.parse_ble(data)
    assert rest == b""
    assert wit.registers(found.data) == (0x3A, (360, 105, 122, 0, 0, 0, 0, 0))


def test_witmotion_packets_of_a_real_module_at_rest() -> None:
    # ioBroker.witmotion, test/data.json
    data = bytes.fromhex("5561eeff0000040800000000000000006500d430 5561ecff0100040800000000000000006400d430")
    packets, rest = wit.parse_ble(data)
    assert rest == b""
    assert len(packets) == 2
    for found in packets:
        acceleration = wit.acceleration(found.data).acceleration
        assert acceleration is not None
        assert math.hypot(*acceleration) / GRAVITY == pytest.approx(1.002, abs=2e-4)
        assert wit.rate(found.data[6:]) == (0, 0, 0)
        w, _, _, z = wit.angles(found.data[12:])
        assert math.degrees(2 * math.atan2(z, w)) == pytest.approx(68.66, abs=0.01)


# Xsens DOT: messages of the BLE specification


@pytest.mark.parametrize(
    ("text", "group", "data"),
    [
        ("020108f5", 2, "08"),  # get sync status
        ("020102fb", 2, "02"),  # stop syncing
        ("02020300f9", 2, "0300"),  # sync result: joined
    ],
)
def test_dot_messages_of_the_specification(text: str, group: int, data: str) -> None:
    found = dot.parse_message(bytes.fromhex(text))
    assert found == dot.Message(group, bytes.fromhex(data))
    assert dot.message(group, bytes.fromhex(data)) == bytes.fromhex(text)
    assert dot.parse_message(bytes.fromhex(text) + bytes(10)) == found


@given(st.binary(max_size=30))
def test_dot_messages_survive_anything(data: bytes) -> None:
    found = dot.parse_message(data)
    if found is not None:
        assert dot.message(found.group, found.data) == data[: len(found.data) + 3]


def test_dot_frame_is_the_documented_layout() -> None:
    data = struct.pack("<I7f", 4294967295, 0.5, 0.5, -0.5, 0.5, 1.5, -2.5, 3.5).ljust(40, b"\0")
    (frame,), _ = dot.parse(data)
    assert frame.microseconds == 4294967295
    assert frame.quaternion == (0.5, 0.5, -0.5, 0.5)
    assert frame.free == (1.5, -2.5, 3.5)


# x-IMU3: examples of the user manual (v0.11, sections 8.2.2 to 8.2.4)


@pytest.mark.parametrize(
    ("data", "letter", "values"),
    [
        (b"I,1000000,0.0000,0.0000,0.0000,0.0000,0.0000,1.0000\r\n", "I", (0, 0, 0, 0, 0, 1)),
        (
            bytes.fromhex("c9 40420f0000000000 00000000 00000000 00000000 00000000 00000000 0000803f 0a"),
            "I",
            (0, 0, 0, 0, 0, 1),
        ),
        (b"M,1000000,1.0000,0.0000,0.0000\r\n", "M", (1, 0, 0)),
        (bytes.fromhex("cd 40420f0000000000 0000803f 00000000 00000000 0a"), "M", (1, 0, 0)),
    ],
)
def test_ximu3_examples_of_the_manual(data: bytes, letter: str, values: tuple[float, ...]) -> None:
    assert ximu3.parse(data) == ([ximu3.Measured(letter, 1_000_000, values)], b"")


def test_ximu3_units() -> None:
    sample = ximu3.as_sample(ximu3.Measured("I", 1_000_000, (180.0, 0, 0, 0, 0, 1)))
    assert sample.stamp_ns == 1_000_000_000
    assert sample.rate == pytest.approx((math.pi, 0, 0))
    assert sample.acceleration == pytest.approx((0, 0, GRAVITY))
    assert ximu3.as_sample(ximu3.Measured("B", 1, (50.0, 3.9, 0))).battery == 0.5


@given(
    letter=st.sampled_from(sorted(ximu3.SIZES)),
    micros=st.integers(0, (1 << 53) - 1),
    values=st.lists(st.floats(-1e4, 1e4, width=32), min_size=6, max_size=6),
)
def test_ximu3_both_encodings_say_the_same(letter: str, micros: int, values: list[float]) -> None:
    numbers = tuple(values[: ximu3.SIZES[letter]])
    (plain,), _ = ximu3.parse(binary(letter, micros, numbers))
    assert plain == ximu3.Measured(letter, micros, numbers)
    (text,), _ = ximu3.parse(ascii_line(letter, micros, numbers))
    assert isinstance(text, ximu3.Measured)
    assert text.values == pytest.approx(numbers, abs=1e-4)


@pytest.mark.parametrize(
    "line", [b"{}\n", b'{"a":1', b"{\n", b"[1]\n", b'{"' + b"[" * 900 + b"\n", b"\xdb\n", b"Q,1\n"]
)
def test_ximu3_damaged_messages(line: bytes) -> None:
    assert all(isinstance(message, ximu3.Garbled) for message in ximu3.parse(line)[0])


# SlimeVR: layouts of the firmware's packets


def test_slimevr_handshake_of_a_tracker() -> None:
    body = struct.pack(">7I", 4, 4, 2, 0, 0, 0, 22) + b"\x050.7.2" + bytes.fromhex("deadbeef0001") + b"\1"
    (found,), rest = slimevr.parse(struct.pack(">IQ", 3, 0) + body)
    assert rest == b""
    assert slimevr.parse_handshake(found.body) == slimevr.Handshake("de:ad:be:ef:00:01", 22, "0.7.2")
    assert slimevr.parse_handshake(b"\0\0\0\1") == slimevr.Handshake("", 0, "")


def test_slimevr_rotation_is_x_y_z_w() -> None:
    body = b"\2\1" + struct.pack(">4f", 0.1, 0.2, 0.3, 0.9) + b"\0"
    assert slimevr.parse_rotation(body) == (2, pytest.approx((0.9, 0.1, 0.2, 0.3)))
    assert slimevr.parse_rotation(b"\2\2" + bytes(17)) is None


def test_slimevr_compact_rotation_and_acceleration() -> None:
    body = b"\1" + struct.pack(">7h", 0, 0, 0, 32767, 128, -256, 0)
    found = slimevr.parse_rotation_acceleration(body)
    assert found is not None
    assert found[0] == 1
    assert found[1] == pytest.approx((1, 0, 0, 0), abs=1e-4)
    assert found[2] == (1.0, -2.0, 0.0)


@pytest.mark.parametrize("compact", [False, True])
def test_slimevr_bundles_are_their_parts(compact: bool) -> None:
    parts = [(17, b"\0\1" + bytes(17)), (4, bytes(13))]
    if compact:
        body = b"".join(struct.pack(">BB", 1 + len(part), kind) + part for kind, part in parts)
    else:
        body = b"".join(struct.pack(">HI", 4 + len(part), kind) + part for kind, part in parts)
    whole = struct.pack(">IQ", 101 if compact else 100, 7) + body
    assert slimevr.parse(whole)[0] == [slimevr.Packet(kind, 7, part) for kind, part in parts]
    for cut in range(len(whole)):
        assert len(slimevr.parse(whole[:cut])[0]) <= 2


@given(st.binary(max_size=200))
def test_slimevr_nonsense(data: bytes) -> None:
    packets, rest = slimevr.parse(data)
    assert rest == b""
    for found in packets:
        slimevr.parse_handshake(found.body)
        slimevr.parse_rotation(found.body)
        slimevr.parse_acceleration(found.body)
        slimevr.parse_rotation_acceleration(found.body)
        slimevr.parse_battery(found.body)


def test_slimevr_simulated_tracker_speaks_it() -> None:
    tracker = SimulatedTracker("de:ad:be:ef:00:07")
    (knock,) = tracker.say(Wearer("still").round("head", 100).at(0), 0)
    (found,), _ = slimevr.parse(knock.data)
    hello = slimevr.parse_handshake(found.body)
    assert hello is not None
    assert hello.address == "de:ad:be:ef:00:07"


# CSV


def test_csv_example_of_the_documentation() -> None:
    text = b"# imu-csv v1 cols=id,t,qw,qx,qy,qz,ax,ay,az t=us acc=g gravity=out\nshin,1203340,0.5,0.5,-0.5,0.5,0,0,1\n"
    (header, row), rest = csv.parse(text)
    assert rest == b""
    assert isinstance(header, csv.Header)
    assert header.layout is not None
    assert isinstance(row, csv.Row)
    read = csv.read_row(row, header.layout)
    assert read is not None
    part, time, count, sample = read
    assert (part, time, count) == ("shin", 1203340.0, None)
    assert sample.orientation == (0.5, 0.5, -0.5, 0.5)
    assert sample.acceleration == (0, 0, GRAVITY)
    assert sample.acceleration_kind is Acceleration.FREE_SENSOR


def test_csv_of_the_documentation_and_its_firmware() -> None:
    docs = Path(__file__).parents[1] / "docs"
    page = (docs / "devices.md").read_text(encoding="utf-8")
    example = "".join(line.strip() + "\n" for line in page.splitlines() if re.match("    (# imu-csv|left_shin,)", line))
    header, row = csv.parse(example.encode())[0]
    assert isinstance(header, csv.Header)
    assert header.layout is not None
    assert isinstance(row, csv.Row)
    assert csv.read_row(row, header.layout) is not None
    sketch = (docs / "firmware" / "imu_csv" / "imu_csv.ino").read_text(encoding="utf-8")
    (said,), _ = csv.parse(re.findall('HEADER = "(.*)"', sketch)[0].encode() + b"\n")
    assert isinstance(said, csv.Header)
    assert said.layout is not None
    (form,) = re.findall(r'"(%s,%lu,[^"]*)"', sketch)
    assert len(form.split(",")) == len(said.layout.columns)


def test_csv_checksum() -> None:
    line = b"shin,1,1,0,0,0,0,0,9.8"
    checksum = 0
    for byte in line:
        checksum ^= byte
    good, bad = line + b"*%02x\n" % checksum, line + b"*%02x\n" % (checksum ^ 1)
    assert isinstance(csv.parse(good)[0][0], csv.Row)
    assert isinstance(csv.parse(bad)[0][0], csv.Garbled)


@pytest.mark.parametrize(
    "words",
    ["cols=id,t,qw,qx,qy,zz", "t=weeks", "acc=furlongs", "gravity=maybe", "gyro=rpm", "cols=t,t", "acc", "weight=g"],
)
def test_csv_header_that_nobody_knows(words: str) -> None:
    (header,), _ = csv.parse(b"# imu-csv v1 " + words.encode() + b"\n")
    assert isinstance(header, csv.Header)
    assert header.layout is None


@pytest.mark.parametrize("line", [b"1,2,3", b"a,nan,1,0,0,0,0,0,0", b"a,inf,1,0,0,0,0,0,0", b"a,1,1,0,0,0,x,0,0"])
def test_csv_lines_that_are_none(line: bytes) -> None:
    (row,), _ = csv.parse(line + b"\n")
    assert isinstance(row, csv.Row)
    assert csv.read_row(row, csv.Layout()) is None


def test_csv_header_of_the_simulated_board_is_known() -> None:
    (header,), _ = csv.parse(HEADER.encode() + b"\n")
    assert isinstance(header, csv.Header)
    assert header.layout is not None


def test_witmotion_checksum_in_simulated_packets() -> None:
    assert wit.parse_serial(packet(0x51, bytes(8)))[0] == [wit.Packet(0x51, bytes(8))]
