"""Every sensor family: what it is called, how it is recognised, how it is opened."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from .csv_lines import parse as csv_parse
from .csv_lines import reader as csv
from .csv_lines.options import PORT as CSV_PORT
from .csv_lines.options import CsvOptions
from .dot import reader as dot
from .dot.options import DotOptions
from .errors import ConnectError, Reason
from .radio import Advert, Radio
from .sensor import SensorDevice
from .slimevr import parse as slimevr_parse
from .slimevr import reader as slimevr
from .slimevr.options import PORT as SLIMEVR_PORT
from .slimevr.options import SlimeVROptions
from .witmotion import parse as witmotion_parse
from .witmotion import reader as witmotion
from .witmotion.options import WitMotionOptions
from .ximu3 import parse as ximu3_parse
from .ximu3 import reader as ximu3
from .ximu3.options import PORT as XIMU3_PORT
from .ximu3.options import XImu3Options

FamilyOptions: TypeAlias = CsvOptions | WitMotionOptions | DotOptions | SlimeVROptions | XImu3Options


@dataclass(frozen=True)
class Family:
    """None where the family does not come over that transport.

    `usual`: its options where nobody says otherwise; others are of the same class. `speaks`: whether bytes from a
    serial port are this family's. `advertises`: whether something in the air is. `port`: where its sensors send over
    UDP; `greets`: whether a datagram that came there is theirs, and from whom.
    """

    name: str
    title: str
    usual: FamilyOptions
    open_serial: Callable[[str, Any], SensorDevice] | None = None
    open_ble: Callable[[Radio, str, Any], SensorDevice] | None = None
    open_udp: Callable[[int, Any], SensorDevice] | None = None
    speaks: Callable[[bytes], bool] = lambda data: False
    advertises: Callable[[Advert], bool] = lambda advert: False
    port: int | None = None
    greets: Callable[[bytes], str | None] = lambda data: None


def _speaks_witmotion(data: bytes) -> bool:
    return len(witmotion_parse.parse_serial(data)[0]) > 1 or len(witmotion_parse.parse_ble(data)[0]) > 3


def _speaks_ximu3(data: bytes) -> bool:
    # the first line began before we listened
    whole = data.partition(b"\n")[2]
    return any(not isinstance(message, ximu3_parse.Garbled) for message in ximu3_parse.parse(whole)[0])


def _speaks_csv(data: bytes) -> bool:
    """A header, or lines of one length with an id and enough numbers for a motion sensor."""
    lines, _ = csv_parse.parse(data.partition(b"\n")[2])
    if any(isinstance(line, csv_parse.Header) for line in lines):
        return True
    rows = [line.fields for line in lines if isinstance(line, csv_parse.Row)]
    return len(rows) > 2 and len(set(map(len, rows))) == 1 and len(rows[0]) > 6 and all(map(_numbers, rows))


def _numbers(fields: tuple[str, ...]) -> bool:
    try:
        return all(math.isfinite(float(field)) for field in fields[1:])
    except ValueError:
        return False


def _greets_slimevr(data: bytes) -> str | None:
    packets, _ = slimevr_parse.parse(data)
    if not packets or packets[0].kind != slimevr_parse.Kind.HANDSHAKE:
        return None
    hello = slimevr_parse.parse_handshake(packets[0].body)
    return hello.address if hello else None


def _greets_csv(data: bytes) -> str | None:
    lines, _ = csv_parse.parse(data + b"\n")
    rows = [line for line in lines if isinstance(line, csv_parse.Row)]
    return rows[-1].fields[0] if rows else None


def _greets_ximu3(data: bytes) -> str | None:
    messages, _ = ximu3_parse.parse(data)
    return "" if any(isinstance(message, ximu3_parse.Measured) for message in messages) else None


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "csv",
            "text lines",
            CsvOptions(),
            csv.open_serial,
            csv.open_ble,
            csv.open_udp,
            _speaks_csv,
            lambda advert: csv.UART_SERVICE in advert.services,
            CSV_PORT,
            _greets_csv,
        ),
        Family(
            "witmotion",
            "WitMotion",
            WitMotionOptions(),
            witmotion.open_serial,
            witmotion.open_ble,
            speaks=_speaks_witmotion,
            advertises=lambda advert: advert.name.startswith("WT") or witmotion.SERVICE in advert.services,
        ),
        Family(
            "dot",
            "Xsens DOT",
            DotOptions(),
            open_ble=dot.open_ble,
            advertises=lambda advert: dot.MAKER in advert.makers or advert.name in ("Xsens DOT", "Movella DOT"),
        ),
        Family(
            "slimevr", "SlimeVR", SlimeVROptions(), open_udp=slimevr.open_udp, port=SLIMEVR_PORT, greets=_greets_slimevr
        ),
        Family(
            "ximu3",
            "x-IMU3",
            XImu3Options(),
            ximu3.open_serial,
            None,
            ximu3.open_udp,
            _speaks_ximu3,
            port=XIMU3_PORT,
            greets=_greets_ximu3,
        ),
    )
}


def open_device(
    family: str, transport: str, address: str, radio: Radio, options: FamilyOptions | None = None
) -> SensorDevice:
    """The device of a `family` at `address`, not connected yet; `options` of the family's class, None for its usual
    ones. Raises ConnectError if it has no such way."""
    known = FAMILIES.get(family)
    wanted = options if options is not None or known is None else known.usual
    if known is not None and transport == "serial" and known.open_serial is not None:
        return known.open_serial(address, wanted)
    if known is not None and transport == "ble" and known.open_ble is not None:
        return known.open_ble(radio, address, wanted)
    if known is not None and transport == "udp" and known.open_udp is not None and known.port is not None:
        port = address.rpartition(":")[2]
        return known.open_udp(int(port) if port.isdigit() else known.port, wanted)
    raise ConnectError(
        f"{family} {address}",
        Reason.UNSUPPORTED,
        f"there are no {family} sensors over {transport}.",
        f"Families are: {', '.join(FAMILIES)}.",
    )
