"""Sensors in the air of google/bumble: real HCI, L2CAP, ATT and GATT packets between virtual controllers.

`BumbleAir` makes the classes that bleak takes as backends, so that bleak's own front end and our drivers run on any
system, without BlueZ.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError
from bleak.uuids import normalize_uuid_str
from bumble import data_types
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.device import Device, Peer
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink
from mocamba.devices.radio import Radio
from mocamba.devices.simulated.speaker import Gatt, Said

Properties, Permissions = Characteristic.Properties, Characteristic.Permissions
FLAGS = {
    "read": Properties.READ,
    "write": Properties.WRITE,
    "write-without-response": Properties.WRITE_WITHOUT_RESPONSE,
    "notify": Properties.NOTIFY,
}
ADVERTISE_MS = 50


def uuid_of(uuid: UUID) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-").lower())


class BumbleAir:
    """One central and any number of sensors; all of it lives on the loop of `radio`."""

    def __init__(self) -> None:
        self.link = LocalLink()
        self.central: Device | None = None
        self.radio = Radio(client=self._client_class(), scanner=self._scanner_class())
        self.do(self._start())

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.radio.run(work, 10)

    async def _start(self) -> None:
        self.central = self.device("central", "F0:F0:F0:F0:F0:F0")
        await self.central.power_on()

    def device(self, name: str, address: str) -> Device:
        controller = Controller(name, link=self.link, public_address=address)
        return Device(name=name, address=Address(address), host=Host(controller, AsyncPipeSink(controller)))

    def add(self, address: str, gatt: Gatt) -> "BumbleChannel":
        """A sensor that advertises from now on."""
        channel = BumbleChannel(self, address, gatt)
        self.do(channel.start())
        return channel

    def _client_class(self) -> type[BaseBleakClient]:
        air = self

        class Client(BumbleClient):
            _air = air

        return Client

    def _scanner_class(self) -> type[BaseBleakScanner]:
        air = self

        class Scanner(BumbleScanner):
            _air = air

        return Scanner


class BumbleChannel:
    """See `simulated.channels.Channel`."""

    def __init__(self, air: BumbleAir, address: str, gatt: Gatt) -> None:
        self.address = address
        self._air = air
        self._gatt = gatt
        self._heard: SimpleQueue[tuple[bytes, str]] = SimpleQueue()
        self._values: dict[str, bytes] = {}
        self._subscribed: set[str] = set()
        self._characteristics: dict[str, Characteristic[Any]] = {}

    async def start(self) -> None:
        self._device = self._air.device(self._gatt.name, self.address)
        for service in self._gatt.services:
            made = [self._characteristic(what.uuid, what.flags, what.value) for what in service.characteristics]
            self._device.add_service(Service(service.uuid, made))
        parts: list[Any] = [data_types.CompleteLocalName(self._gatt.name)]
        if self._gatt.maker is not None:
            parts.append(data_types.ManufacturerSpecificData(self._gatt.maker, b"\0"))
        self._device.advertising_data = bytes(AdvertisingData(parts))
        await self._device.power_on()
        await self._advertise()

    async def _advertise(self) -> None:
        await self._device.start_advertising(
            auto_restart=True, advertising_interval_min=ADVERTISE_MS, advertising_interval_max=ADVERTISE_MS
        )

    def _characteristic(self, uuid: str, flags: Sequence[str], value: bytes) -> Characteristic[Any]:
        self._values[uuid] = value
        properties = Properties(0)
        for flag in flags:
            properties |= FLAGS[flag]
        served: CharacteristicValue[bytes] = CharacteristicValue(
            read=lambda connection: self._values[uuid],
            write=lambda connection, data: self._heard.put((bytes(data), uuid)),
        )
        made = Characteristic(uuid, properties, Permissions.READABLE | Permissions.WRITEABLE, served)
        made.on("subscription", lambda connection, notify, indicate: self._note(uuid, notify))
        self._characteristics[uuid] = made
        return made

    def _note(self, uuid: str, notify: bool) -> None:
        (self._subscribed.add if notify else self._subscribed.discard)(uuid)

    def send(self, said: Said, baud: int | None) -> bool:
        self._values[said.source] = said.data
        if said.source not in self._subscribed:
            return False
        loop = self._air.radio._running_loop()
        loop.call_soon_threadsafe(lambda: loop.create_task(self._notify(said)))
        return True

    async def _notify(self, said: Said) -> None:
        if self._device.connections:
            await self._device.notify_subscribers(self._characteristics[said.source], said.data)

    def received(self) -> Sequence[tuple[bytes, str]]:
        messages = []
        try:
            while True:
                messages.append(self._heard.get_nowait())
        except Empty:
            return messages

    def unplug(self) -> None:
        async def leave() -> None:
            await self._device.stop_advertising()
            for connection in list(self._device.connections.values()):
                await connection.disconnect()
            # some advertise anew by themselves after that
            await self._device.stop_advertising()

        self._subscribed.clear()
        self._air.do(leave())

    def plug_in(self) -> None:
        self._air.do(self._advertise())

    def close(self) -> None:
        """The air is closed with its radio."""


class BumbleScanner(BaseBleakScanner):
    """See bleak's own backends."""

    _air: BumbleAir

    def __init__(self, detection_callback: Any, service_uuids: Any, scanning_mode: str = "active", **_: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        assert self._air.central is not None
        self.seen_devices = {}
        self._air.central.on("advertisement", self._heard)
        await self._air.central.start_scanning(filter_duplicates=False)

    async def stop(self) -> None:
        assert self._air.central is not None
        self._air.central.remove_listener("advertisement", self._heard)
        await self._air.central.stop_scanning()

    def _heard(self, advertisement: Any) -> None:
        address = str(advertisement.address).split("/")[0]
        name = advertisement.data.get(AdvertisingData.COMPLETE_LOCAL_NAME)
        maker = advertisement.data.get(AdvertisingData.MANUFACTURER_SPECIFIC_DATA)
        makers = {int(maker[0]): bytes(maker[1])} if maker else {}
        data = AdvertisementData(name, makers, {}, [], None, advertisement.rssi, (advertisement,))
        device = self.create_or_update_device(address, address, name, {"address": advertisement.address}, data)
        self.call_detection_callbacks(device, data)


class BumbleClient(BaseBleakClient):
    """See bleak's own backends."""

    _air: BumbleAir

    def __init__(self, device: Any, services: Any = None, **options: Any) -> None:
        super().__init__(
            device, disconnected_callback=options.get("disconnected_callback"), timeout=options.get("timeout", 10.0)
        )
        self._connection: Any = None
        self._subscribers: dict[int, Callable[[bytes], None]] = {}
        self._target = device.details["address"]

    @property
    def name(self) -> str:
        return str(self.address)

    @property
    def mtu_size(self) -> int:
        return int(self._connection.att_mtu)

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        assert self._air.central is not None
        try:
            self._connection = await asyncio.wait_for(self._air.central.connect(self._target), self._timeout)
        except TimeoutError as error:
            raise BleakDeviceNotFoundError(self.address, f"{self.address} was not found") from error
        self._connection.on("disconnection", self._gone)
        peer = Peer(self._connection)
        await peer.request_mtu(247)
        await peer.discover_services()
        found = BleakGATTServiceCollection()
        for service in peer.services:
            ours = BleakGATTService(service, service.handle, uuid_of(service.uuid))
            found.add_service(ours)
            await service.discover_characteristics()
            for one in service.characteristics:
                flags: Any = [name for name, flag in FLAGS.items() if one.properties & flag]
                found.add_characteristic(
                    BleakGATTCharacteristic(one, one.handle, uuid_of(one.uuid), flags, lambda: self.mtu_size - 3, ours)
                )
        self.services = found

    def _gone(self, *_: Any) -> None:
        self._connection = None
        self.services = None
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect()

    async def pair(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError

    async def unpair(self) -> None:
        raise NotImplementedError

    def _connected(self) -> None:
        if self._connection is None:
            raise BleakError("Not connected")

    async def read_gatt_char(self, characteristic: Any, **_: Any) -> bytearray:
        self._connected()
        return bytearray(await characteristic.obj.read_value())

    async def read_gatt_descriptor(self, descriptor: Any, **_: Any) -> bytearray:
        raise NotImplementedError

    async def write_gatt_char(self, characteristic: Any, data: Any, response: bool) -> None:
        self._connected()
        await characteristic.obj.write_value(bytes(data), with_response=response)

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None:
        raise NotImplementedError

    async def start_notify(self, characteristic: Any, callback: Any, **_: Any) -> None:
        self._connected()
        self._subscribers[characteristic.handle] = lambda value: callback(bytearray(value))
        await characteristic.obj.subscribe(self._subscribers[characteristic.handle])

    async def stop_notify(self, characteristic: Any) -> None:
        self._connected()
        await characteristic.obj.unsubscribe(self._subscribers.pop(characteristic.handle, None))
