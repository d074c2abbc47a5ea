"""Six simulated sensors of any family on any of its transports, ready to start."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ...rig.errors import BadInputError
from ...rig.imu import SLOTS
from ..csv_lines import simulate as csv
from ..csv_lines.options import PORT as CSV_PORT
from ..dot import simulate as dot
from ..slimevr import simulate as slimevr
from ..slimevr.options import PORT as SLIMEVR_PORT
from ..witmotion import simulate as witmotion
from ..ximu3 import simulate as ximu3
from ..ximu3.options import PORT as XIMU3_PORT
from .bluez import PretendBluez
from .channels import Channel, PtyChannel, TcpChannel, UdpChannel
from .speaker import Gatt, Imperfections, Speaker
from .stage import Stage
from .wearer import Wearer

TRANSPORTS = {
    "csv": ("serial", "tcp", "udp", "ble"),
    "witmotion": ("serial", "tcp", "ble"),
    "dot": ("ble",),
    "slimevr": ("udp",),
    "ximu3": ("serial", "tcp", "udp"),
}
PORTS = {"csv": CSV_PORT, "slimevr": SLIMEVR_PORT, "ximu3": XIMU3_PORT}
MAKERS = {"csv": "C0:DE:00:00:00", "witmotion": "D8:AA:00:00:00", "dot": "D4:22:CD:00:00"}  # first bytes of addresses


@dataclass(frozen=True)
class Production:
    """What to simulate. `port`: where datagrams go over UDP; `rate`: Hz, of families that no reader sets."""

    family: str
    transport: str
    motion: str = "walk"
    slots: tuple[str, ...] = SLOTS
    imperfections: Imperfections = field(default_factory=Imperfections)
    seed: int = 1
    rate: float = 100
    host: str = "127.0.0.1"
    port: int | None = None

    def __post_init__(self) -> None:
        transports = TRANSPORTS.get(self.family)
        if transports is None:
            raise BadInputError(f"There is no family '{self.family}'. Choose one of: {', '.join(TRANSPORTS)}.")
        if self.transport not in transports:
            raise BadInputError(
                f"{self.family} sensors do not come over {self.transport}. Choose one of: {', '.join(transports)}."
            )
        for slot in self.slots:
            if slot not in SLOTS:
                raise BadInputError(f"There is no slot '{slot}'. Use one of: {', '.join(SLOTS)}.")


class Cast:
    """The sensors of a production, their transport, and the stage they are on."""

    def __init__(self, production: Production, bluez: PretendBluez | None = None) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._own_bluez = production.transport == "ble" and bluez is None
        self.bluez = PretendBluez() if self._own_bluez else bluez
        self.production = production
        channels: list[Channel] = []
        cast: list[tuple[str, Speaker, Channel]] = []
        try:
            for number, slot in enumerate(production.slots):
                speaker, gatt = _speaker(production, slot, number)
                channels.append(self._channel(slot, number, speaker, gatt))
                cast.append((slot, speaker, channels[-1]))
            self.stage = Stage(Wearer(production.motion, production.seed), cast, production.imperfections)
        except BaseException:
            for channel in channels:
                channel.close()
            self._clean_up()
            raise

    @property
    def addresses(self) -> Sequence[str]:
        """What a driver opens, sensor by sensor; over UDP, where the datagrams go."""
        return [actor.channel.address for actor in self.stage.actors]

    def start(self) -> None:
        """Begin."""
        self.stage.start()

    def stop(self) -> None:
        """End, and leave nothing behind."""
        try:
            self.stage.stop()
        finally:
            self._clean_up()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _clean_up(self) -> None:
        if self._own_bluez and self.bluez is not None:
            self.bluez.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _channel(self, slot: str, number: int, speaker: Speaker, gatt: Gatt | None) -> Channel:
        what = self.production
        match what.transport:
            case "serial":
                self._folder = self._folder or tempfile.TemporaryDirectory(prefix="mocamba-ports-")
                return PtyChannel(Path(self._folder.name, slot))
            case "tcp":
                return TcpChannel()
            case "udp":
                announce = speaker.announcement if isinstance(speaker, ximu3.SimulatedXImu3) else None
                return UdpChannel(what.host, PORTS[what.family] if what.port is None else what.port, announce)
        assert self.bluez is not None
        assert gatt is not None
        return self.bluez.add(_address(what.family, number), gatt)


def _address(family: str, number: int) -> str:
    return f"{MAKERS[family]}:{number + 1:02X}"


def _speaker(what: Production, slot: str, number: int) -> tuple[Speaker, Gatt | None]:
    """The firmware of sensor `number`, and how it shows itself over Bluetooth."""
    ble = what.transport == "ble"
    address = _address("dot", number)
    makers: dict[str, Callable[[], tuple[Speaker, Gatt | None]]] = {
        "csv": lambda: (csv.SimulatedCsv(slot, rate=what.rate, ble=ble), csv.GATT),
        "witmotion": lambda: (witmotion.SimulatedBle() if ble else witmotion.SimulatedSerial(), witmotion.GATT),
        "dot": lambda: (dot.SimulatedDot(), dot.gatt(address)),
        "slimevr": lambda: (slimevr.SimulatedTracker(f"de:ad:be:ef:00:{number + 1:02x}", rate=what.rate), None),
        "ximu3": lambda: (
            ximu3.SimulatedXImu3(slot, f"0000000{number + 1}", interface="UDP" if what.transport == "udp" else "USB"),
            None,
        ),
    }
    return makers[what.family]()
