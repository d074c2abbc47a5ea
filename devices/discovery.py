"""What is plugged in, in the air and on the network, and why a thing cannot be used."""

import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .errors import DeviceError, Reason, missing_library
from .families import FAMILIES, Family
from .radio import Radio
from .serial_link import SerialLink, stream_link
from .udp_link import UdpLink
from .ximu3.options import ANNOUNCED

LISTEN = 0.35  # seconds at each speed of a serial port
BAUDS = (115200, 9600, 230400, 460800, 921600)
# environment: more ports to look at, commas between them; simulated ones for instance
MORE_PORTS = "MOCAMBA_SERIAL_PORTS"


@dataclass(frozen=True)
class Found:
    """Something that is or may be a sensor: `family` None where it is not known, `detail` for people.

    `address` is a serial port's name, a Bluetooth address, or `udp:PORT`; `label` what it calls itself. `reason` None
    where it can be used.
    """

    transport: str
    address: str
    family: str | None
    label: str
    reason: Reason | None = None
    detail: str = ""

    @property
    def usable(self) -> bool:
        """Whether a driver can be connected to it now."""
        return self.reason is None and self.family is not None


Finder = Callable[[], Sequence[Found]]


def discover(radio: Radio, seconds: float = 3.0, held: Collection[str] = ()) -> Sequence[Found]:
    """Everything within reach, listening for `seconds` in the air and on the network; nothing is sent.

    Addresses in `held` are in use by the caller and left alone.
    """
    finders: list[Finder] = [
        lambda: find_serial(held),
        lambda: find_ble(radio, seconds, held),
        lambda: find_udp(seconds, held),
    ]
    with ThreadPoolExecutor(len(finders)) as pool:
        done = [pool.submit(finder) for finder in finders]
        return [found for future in done for found in future.result()]


def find_serial(held: Collection[str] = ()) -> Sequence[Found]:
    """Every USB serial port, and those that the environment variable MOCAMBA_SERIAL_PORTS names, told by listening."""
    try:
        ports = [(port, label) for port, label in _serial_ports() if port not in held]
    except DeviceError as error:
        return [_unusable("serial", "serial ports", error)]
    if not ports:
        return []
    with ThreadPoolExecutor(len(ports)) as pool:
        return list(pool.map(lambda port: probe_serial(*port), ports))


def _serial_ports() -> list[tuple[str, str]]:
    try:
        from serial.tools import list_ports
    except ImportError:
        raise missing_library("serial ports", "pyserial") from None
    # ports without a USB id are sockets on the board that nothing is plugged into
    found = [(port.device, port.description) for port in list_ports.comports() if port.vid is not None]
    more = [port for port in os.environ.get(MORE_PORTS, "").split(",") if port]
    return found + [(port, "named by " + MORE_PORTS) for port in more]


def probe_serial(port: str, label: str) -> Found:
    """Listen at the usual speeds until a family is recognised."""
    link = stream_link(port, port, BAUDS[0])
    try:
        link.open()
    except DeviceError as error:
        return _unusable("serial", port, error, label)
    heard = 0
    try:
        for baud in BAUDS if isinstance(link, SerialLink) else BAUDS[:1]:
            if isinstance(link, SerialLink):
                link.set_baud(baud)
            data, end = b"", time.monotonic() + LISTEN
            while time.monotonic() < end:
                data += b"".join(chunk.data for chunk in link.read(0.05))
                for family in FAMILIES.values():
                    if family.speaks(data):
                        return Found("serial", port, family.name, label)
            heard += len(data)
    except DeviceError as error:
        return _unusable("serial", port, error, label)
    finally:
        link.close()
    if heard:
        return Found("serial", port, None, label, Reason.GARBLED, "It sends, but nothing that Mocamba knows.")
    return Found("serial", port, None, label, Reason.SILENT, "It sends nothing: is a sensor on it, and switched on?")


def find_ble(radio: Radio, seconds: float, held: Collection[str] = ()) -> Sequence[Found]:
    """Sensors in the air. Other things that advertise are none of ours and left out."""
    try:
        adverts = radio.scan(seconds)
    except DeviceError as error:
        return [_unusable("ble", "Bluetooth", error)]
    sensors = []
    for advert in adverts:
        family = next((family for family in FAMILIES.values() if family.advertises(advert)), None)
        if family is not None and advert.address not in held:
            label = f"{advert.name or family.title} ({advert.strength} dBm)"
            sensors.append(Found("ble", advert.address, family.name, label))
    return sorted(sensors, key=lambda found: found.address)


def find_udp(seconds: float, held: Collection[str] = ()) -> Sequence[Found]:
    """Sensors that send to this computer or look for it, by the ports of their families."""
    families = [family for family in FAMILIES.values() if family.port and f"udp:{family.port}" not in held]
    with ThreadPoolExecutor(len(families) + 1) as pool:
        announced = pool.submit(_announced, seconds)
        done = [pool.submit(_listen_udp, family, seconds) for family in families]
        return [found for future in done for found in future.result()] + list(announced.result())


def _listen_udp(family: Family, seconds: float) -> Sequence[Found]:
    assert family.port is not None
    address = f"udp:{family.port}"
    senders: dict[str, str] = {}
    try:
        for data, sender in _datagrams(family.port, seconds):
            name = family.greets(data)
            if name is not None:
                senders[sender] = name
    except DeviceError as error:
        return [_unusable("udp", address, error, family.title, family.name)]
    if not senders:
        return []
    who = sorted({name or sender.partition(":")[0] for sender, name in senders.items()})
    return [Found("udp", address, family.name, f"{len(who)} of {family.title}: {', '.join(who)}")]


def _announced(seconds: float) -> Iterable[Found]:
    """x-IMU3 sensors that say where they are and may send to somebody else."""
    said: dict[str, Found] = {}
    try:
        for data, _ in _datagrams(ANNOUNCED, seconds):
            try:
                values = json.loads(data)
                serial, name, port = str(values["sn"]), str(values["name"]), int(values["send"])
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            said[serial] = Found("udp", f"udp:{port}", "ximu3", f"{name} {serial} at {values.get('ip', '?')}")
    except DeviceError as error:
        return [_unusable("udp", f"udp:{ANNOUNCED}", error, "x-IMU3 announcements", "ximu3")]
    return said.values()


def _datagrams(port: int, seconds: float) -> Iterable[tuple[bytes, str]]:
    link = UdpLink(f"udp:{port}", port)
    link.open()
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for chunk in link.read():
                yield chunk.data, chunk.source
    finally:
        link.close()


def _unusable(transport: str, address: str, error: DeviceError, label: str = "", family: str | None = None) -> Found:
    return Found(transport, address, family, label, error.reason, f"{error.detail} {error.remedy}")
