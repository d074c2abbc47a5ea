"""Coverage-guided fuzzing of the sensor families' parsers, by atheris (libFuzzer); Linux.

    pip install atheris
    python benchmarks/fuzz_parsers.py csv --seconds 600      or: witmotion, dot, slimevr, ximu3

Found would be: an exception, a call of over twenty seconds (a starved process takes two for nothing), more than 512 MB,
a rest beyond the family's longest packet, and a split of the bytes that gives other packets than the whole.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["mocamba.devices"]):
    from mocamba.devices.csv_lines import parse as csv
    from mocamba.devices.dot import parse as dot
    from mocamba.devices.plausible import clean
    from mocamba.devices.reading import Sample
    from mocamba.devices.slimevr import parse as slimevr
    from mocamba.devices.witmotion import parse as wit
    from mocamba.devices.ximu3 import parse as ximu3

Parser = Callable[[bytes], tuple[list[Any], bytes]]


def check(parser: Parser, data: bytes, longest: int) -> list[Any]:
    """The packets of `data`, whose first byte chooses where it is cut in two."""
    at, data = (data[0] * (len(data) - 1) // 255, data[1:]) if data else (0, data)
    packets, rest = parser(data)
    first, kept = parser(data[:at])
    second, last = parser(kept + data[at:])
    assert repr(first + second) == repr(packets)  # NaN is not itself
    assert last == rest
    assert max(len(rest), len(kept)) <= longest
    return packets


def fuzz_csv(data: bytes) -> None:
    """Headers take effect, as in the driver."""
    layout: csv.Layout | None = csv.Layout()
    for line in check(csv.parse, data, csv.LONGEST + 1):
        if isinstance(line, csv.Header):
            layout = line.layout
        elif isinstance(line, csv.Row) and layout is not None and (read := csv.read_row(line, layout)) is not None:
            clean(read[3])


def fuzz_witmotion(data: bytes) -> None:
    """Both kinds of stream."""
    for packet in check(wit.parse_serial, data, wit.SERIAL_LENGTH - 1):
        clean(wit.acceleration(packet.data))
        clean(Sample(orientation=wit.quaternion(packet.data), rate=wit.rate(packet.data)))
        wit.angles(packet.data)
        wit.stamp(packet.data)
        wit.battery_share(round(100 * wit.supply(packet.data)))
    for packet in check(wit.parse_ble, data, wit.BLE_LENGTH - 1):
        wit.registers(packet.data)
        clean(wit.acceleration(packet.data))


def fuzz_dot(data: bytes) -> None:
    """Frames, messages and the device's own description."""
    for frame in check(dot.parse, data, dot.MEDIUM - 1):
        clean(Sample(orientation=frame.quaternion, acceleration=frame.free))
    found = dot.parse_message(data)
    assert found is None or dot.message(found.group, found.data) == data[: len(found.data) + 3]
    dot.parse_info(data)


def fuzz_slimevr(data: bytes) -> None:
    """A datagram has no rest and is not split."""
    packets, rest = slimevr.parse(data)
    assert rest == b""
    for packet in packets:
        slimevr.parse_handshake(packet.body)
        slimevr.parse_rotation(packet.body)
        slimevr.parse_acceleration(packet.body)
        slimevr.parse_rotation_acceleration(packet.body)
        slimevr.parse_battery(packet.body)


def fuzz_ximu3(data: bytes) -> None:
    """Every measurement in our units."""
    for message in check(ximu3.parse, data, ximu3.LONGEST + 1):
        if isinstance(message, ximu3.Measured):
            clean(ximu3.as_sample(message))


TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "csv": (fuzz_csv, [b"0# imu-csv v1 cols=id,t,qw,qx,qy,qz,ax,ay,az t=us acc=g\n", b"0a,1,1,0,0,0,0,0,9.8*2A\n"]),
    "witmotion": (fuzz_witmotion, [bytes.fromhex("305551000000000008c40922"), b"0\x55\x61" + bytes(18)]),
    "dot": (fuzz_dot, [b"0" + bytes(40), bytes.fromhex("020108f5")]),
    "slimevr": (fuzz_slimevr, [bytes.fromhex("0000006400000000000000070017000000110001") + bytes(20)]),
    "ximu3": (
        fuzz_ximu3,
        [b"0Q,1000000,1.0,0.0,0.0,0.0\r\n", b'0{"ping":{"sn":"1"}}\n', b"0\xc9@B\x0f" + bytes(29) + b"\n"],
    ),
}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=600)
    arguments = parser.parse_args()
    target, seeds = TARGETS[arguments.family]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds):
            Path(folder, str(number)).write_bytes(seed)
        limits = [f"-max_total_time={arguments.seconds}", "-timeout=20", "-rss_limit_mb=512", "-max_len=4096"]
        atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", folder], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
