"""Bluetooth Low Energy: a sensor's characteristics, by bleak."""

import queue
import time
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import ConnectError, DeviceError, LinkLostError, Reason
from .link import WAIT, Chunk
from .radio import Radio, why_no_bluetooth

if TYPE_CHECKING:
    from bleak import BleakClient

T = TypeVar("T")

SCAN = 8.0  # seconds until a sensor that is not heard counts as not there
CONNECT = 10.0
OPERATION = 3.0  # a read, a write
CLOSER = "Switch it on, bring it closer, and close other programs and phones that are connected to it."


class BleLink:
    """`notify`: UUIDs whose notifications are read, `source` of a Chunk is one of them; `write` writes to a UUID."""

    def __init__(self, name: str, radio: Radio, address: str, notify: Sequence[str]) -> None:
        self.name = name
        self.address = address
        self._radio = radio
        self._notify = tuple(notify)
        self._client: BleakClient | None = None
        self._arrived: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()  # None: the link is gone

    def open(self) -> None:
        """See `Link`."""
        self._arrived = queue.SimpleQueue()
        try:
            # others may be connecting before it, one after the other
            self._radio.run(self._open(), 8 * (SCAN + CONNECT))
        except DeviceError:
            raise
        except Exception as error:  # bleak's backends raise whatever their system does
            raise self._why_not(error) from error

    async def _open(self) -> None:
        async with self._radio.connecting:
            device = await self._radio.find(self.address, SCAN)
            if device is None:
                raise ConnectError(self.name, Reason.NOT_FOUND, f"{self.address} is not heard in the air.", CLOSER)
            arrived = self._arrived
            client = self._radio.make_client(device, lambda _: arrived.put(None), CONNECT)
            try:
                await client.connect()
                for uuid in self._notify:
                    await client.start_notify(uuid, self._note(uuid, arrived))
            except BaseException:
                self._radio.forget(self.address)
                await _disconnect(client)
                raise
            self._client = client

    @staticmethod
    def _note(uuid: str, arrived: "queue.SimpleQueue[Chunk | None]") -> Any:
        return lambda _, data: arrived.put(Chunk(bytes(data), time.monotonic_ns(), uuid))

    def close(self) -> None:
        """See `Link`."""
        client, self._client = self._client, None
        if client is not None:
            try:
                self._radio.run(_disconnect(client), CONNECT)
            except (TimeoutError, DeviceError):
                self._radio.forget(self.address)

    def read(self, timeout: float = WAIT) -> Sequence[Chunk]:
        """See `Link`."""
        chunks: list[Chunk] = []
        try:
            item = self._arrived.get(timeout=timeout)
            while item is not None:
                chunks.append(item)
                item = self._arrived.get_nowait()
        except queue.Empty:
            return chunks
        if chunks:
            self._arrived.put(None)  # for the next read, after what came before
            return chunks
        raise LinkLostError(self.name, Reason.OUT_OF_RANGE, "its Bluetooth link broke off.", CLOSER)

    def write(self, data: bytes, target: str = "") -> None:
        """See `Link`; waits for the sensor's answer where the characteristic gives one."""
        client = self._connected()
        self._do(client.write_gatt_char(target, data), "take a command")

    def value(self, uuid: str) -> bytes:
        """Read a characteristic. Raises LinkLostError."""
        client = self._connected()
        return bytes(self._do(client.read_gatt_char(uuid), "give a value"))

    def has(self, uuid: str) -> bool:
        """Whether the sensor has this characteristic."""
        return self._connected().services.get_characteristic(uuid) is not None

    def _connected(self) -> "BleakClient":
        if self._client is None:
            raise LinkLostError(self.name, Reason.CLOSED, "it is not connected.", "Connect it again.")
        return self._client

    def _do(self, work: Coroutine[Any, Any, T], what: str) -> T:
        try:
            return self._radio.run(work, OPERATION)
        except Exception as error:  # bleak's backends raise whatever their system does
            raise LinkLostError(
                self.name, Reason.OUT_OF_RANGE, f"it did not {what} ({type(error).__name__}: {error}).", CLOSER
            ) from error

    def _why_not(self, error: Exception) -> ConnectError:
        from bleak.exc import BleakCharacteristicNotFoundError, BleakDBusError, BleakDeviceNotFoundError

        if isinstance(error, BleakCharacteristicNotFoundError):
            return ConnectError(
                self.name,
                Reason.WRONG_KIND,
                f"{self.address} lacks the characteristic {error.char_specifier}: it is another kind of sensor.",
                "`mocamba devices` tells which kind it is.",
            )
        if isinstance(error, BleakDeviceNotFoundError):
            return ConnectError(self.name, Reason.NOT_FOUND, f"{self.address} is not in the air any more.", CLOSER)
        refused = isinstance(error, BleakDBusError) and error.dbus_error.startswith("org.bluez.Error")
        if refused and "NotReady" not in str(error):
            return ConnectError(self.name, Reason.REFUSED, f"it refused the connection ({error}).", CLOSER)
        if isinstance(error, TimeoutError):
            return ConnectError(self.name, Reason.REFUSED, "it did not answer in time.", CLOSER)
        return why_no_bluetooth(error, self.name)


async def _disconnect(client: "BleakClient") -> None:
    """Whatever state it is in: what cannot be closed is gone."""
    try:
        await client.disconnect()
    except Exception:  # bleak's backends raise whatever their system does
        return
