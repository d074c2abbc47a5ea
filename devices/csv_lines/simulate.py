"""A board with the firmware of docs/devices.md."""

from collections.abc import Sequence

from ..simulated.speaker import Gatt, GattCharacteristic, GattService, Said
from ..simulated.wearer import State
from .parse import checked
from .reader import UART_NOTIFY, UART_SERVICE, UART_WRITE

HEADER = "# imu-csv v1 cols=id,t,qw,qx,qy,qz,ax,ay,az,gx,gy,gz,mx,my,mz,n t=us acc=m/s2 gravity=in gyro=rad/s"
GATT = Gatt(
    "IMU CSV",
    (
        GattService(
            UART_SERVICE,
            (
                GattCharacteristic(UART_WRITE, ("write", "write-without-response")),
                GattCharacteristic(UART_NOTIFY, ("notify",)),
            ),
        ),
    ),
)
HEADER_EVERY = 200  # samples


class SimulatedCsv:
    """See `Speaker`. `header` False is firmware of somebody's own, which sends the nine usual columns alone."""

    def __init__(self, name: str, *, rate: float = 100, header: bool = True, ble: bool = False) -> None:
        self.rate = rate
        self.baud: int | None = 115200 if rate <= 100 else 460800
        self._name = name
        self._header = header
        self._source = UART_NOTIFY if ble else ""
        self._count = 0

    def say(self, state: State, stamp_ns: int) -> Sequence[Said]:
        """One line, after a header now and then; over Bluetooth in pieces, as its notifications are short."""
        text = self._line(state, stamp_ns)
        if self._header and self._count % HEADER_EVERY == 0:
            text = checked(HEADER) + text
        self._count += 1
        size = 180 if self._source else len(text)
        return [Said(text[at : at + size], self._source) for at in range(0, len(text), size)]

    def _line(self, state: State, stamp_ns: int) -> bytes:
        micros = stamp_ns // 1000 & 0xFFFFFFFF
        values: tuple[float, ...] = (*state.orientation, *state.raw)
        tail = ""
        if self._header:
            values += (*state.rate, *state.magnetic)
            tail = f",{self._count}"
        text = f"{self._name},{micros}," + ",".join(f"{value:.5f}" for value in values) + tail
        return checked(text)

    def hear(self, data: bytes, target: str) -> Sequence[Said]:
        """A question mark asks for the header."""
        return [Said(checked(HEADER), self._source)] if b"?" in data and self._header else ()

    def switch_on(self) -> None:
        """See `Speaker`."""
        self._count = 0
