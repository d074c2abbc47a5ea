"""A pretend BlueZ: the D-Bus objects of a Bluetooth adapter and its sensors, on a private bus.

bleak's own BlueZ backend talks to it and notices nothing: scanning, connecting, services, reads, writes, notifications,
lost links, a refused connection, an adapter that is switched off or pulled out. Needs Linux and `dbus-daemon`, whose
address goes to the environment variable DBUS_SYSTEM_BUS_ADDRESS. After BlueZ's own description of its interfaces
(bluez: doc/org.bluez.*.rst).
"""

import asyncio
import select
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from ..errors import missing_library
from . import bluez_objects as objects
from .bluez_objects import ADAPTER, ADAPTER_PATH, CHARACTERISTIC, DEVICE, Characteristic, Peripheral, variant
from .private_bus import PrivateBus
from .speaker import Gatt, Said

if TYPE_CHECKING:
    from dbus_fast import Message, Variant

ADVERTISE_EVERY = 0.1  # seconds
FULL_WAIT = 0.002  # seconds


class PretendBluez:
    """Owns the bus and a thread for it, from its making to `close`."""

    def __init__(self) -> None:
        try:
            import dbus_fast  # noqa: F401
        except ImportError:
            raise missing_library("pretend Bluetooth", "dbus-fast (part of bleak on Linux)") from None
        self.bus = PrivateBus()
        self.peripherals: dict[str, Peripheral] = {}
        self.connections = 0  # made so far
        self._objects: dict[str, dict[str, dict[str, Variant]]] = {}
        self._heard: dict[str, SimpleQueue[tuple[bytes, str]]] = {}
        self._waiting: deque[tuple[Characteristic, bytes]] = deque()
        self._discovering = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pretend BlueZ", daemon=True)
        self._thread.start()
        self._do(self._start()).result(10)

    def close(self) -> None:
        """End everything."""
        self._do(self._end()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        self.bus.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, address: str, gatt: Gatt) -> "BluezChannel":
        """A sensor that advertises from now on; the end at which it speaks."""
        peripheral = Peripheral(address, gatt)
        self.peripherals[address] = peripheral
        self._heard[address] = SimpleQueue()
        return BluezChannel(self, peripheral)

    def received(self, address: str) -> Sequence[tuple[bytes, str]]:
        """What was written to the sensor since the last call: the bytes, and the characteristic."""
        messages = []
        with suppress(Empty):
            while True:
                messages.append(self._heard[address].get_nowait())
        return messages

    def notify(self, peripheral: Peripheral, said: Said) -> bool:
        """Notify whoever asked for it; a value that can only be read is kept for readers."""
        peripheral.values[said.source] = said.data
        found = next((c for c in peripheral.characteristics if c.what.uuid == said.source), None)
        if not peripheral.connected or found is None:
            return False
        if "notify" in found.what.flags and not found.notifying:
            return False
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._show, found, said.data[: objects.MTU - 3])
        return True

    def drop(self, address: str, *, gone: bool = False) -> None:
        """The sensor walks out of range; with `gone` it does not come back until `appear`."""
        peripheral = self.peripherals[address]
        peripheral.present = not gone
        self._call(lambda: self._disconnected(peripheral))

    def appear(self, address: str) -> None:
        """Back in range."""
        self.peripherals[address].present = True

    def power(self, on: bool) -> None:
        """Switch the adapter on or off; off ends every connection."""
        self._call(lambda: self._power(on))

    def remove_adapter(self) -> None:
        """Pull the Bluetooth stick out."""
        self._call(self._remove_adapter)

    def _call(self, work: Callable[[], None]) -> None:
        async def run() -> None:
            work()

        self._do(run()).result(5)

    def _do(self, work: Any) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _start(self) -> None:
        from dbus_fast import BusType
        from dbus_fast.aio import MessageBus
        from dbus_fast.constants import NameFlag

        self._messages = await MessageBus(
            bus_address=self.bus.address, bus_type=BusType.SYSTEM, negotiate_unix_fd=True
        ).connect()
        self._messages.add_message_handler(self._handle)
        self._objects["/org/bluez"] = {"org.bluez.AgentManager1": {}}
        self._objects[ADAPTER_PATH] = {ADAPTER: objects.adapter_properties()}
        await self._messages.request_name(objects.BLUEZ, NameFlag.DO_NOT_QUEUE)
        self._tasks = [asyncio.create_task(self._advertise()), asyncio.create_task(self._watch())]

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._messages.disconnect()

    async def _watch(self) -> None:
        # ends with EOFError when the daemon is killed on purpose
        with suppress(EOFError, OSError):
            await self._messages.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def _advertise(self) -> None:
        while True:
            await asyncio.sleep(ADVERTISE_EVERY)
            for peripheral in list(self.peripherals.values()) if self._discovering else ():
                if not peripheral.present or peripheral.connected:
                    continue
                if peripheral.path not in self._objects:
                    self._add(
                        peripheral.path,
                        {DEVICE: objects.device_properties(peripheral)},
                    )
                else:
                    self._change(peripheral.path, DEVICE, {"RSSI": variant("n", peripheral.strength)})

    # signals

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        from dbus_fast import Message, MessageType

        if self._messages.connected:
            message = Message(
                path=path,
                interface=interface,
                member=member,
                message_type=MessageType.SIGNAL,
                signature=signature,
                body=body,
            )
            self._messages.send(message).add_done_callback(lambda sent: sent.cancelled() or sent.exception())

    def _change(self, path: str, interface: str, values: dict[str, "Variant"]) -> None:
        if path in self._objects:
            self._objects[path][interface].update(values)
            self._signal(path, objects.PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, values, []])

    def _add(self, path: str, interfaces: dict[str, dict[str, "Variant"]]) -> None:
        self._objects[path] = interfaces
        self._signal("/", objects.OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def _remove(self, path: str) -> None:
        interfaces = list(self._objects.pop(path, {}))
        self._signal("/", objects.OBJECTS, "InterfacesRemoved", "oas", [path, interfaces])

    def _show(self, characteristic: Characteristic, data: bytes) -> None:
        self._waiting.append((characteristic, data))
        if len(self._waiting) == 1:
            self._show_waiting()

    def _show_waiting(self) -> None:
        """Send what the bus takes now. dbus-fast gives a connection up for good when its socket is full."""
        fd = self._messages._fd
        if fd is None or not self._messages.connected:
            self._waiting.clear()
        while self._waiting and fd is not None and select.select([], [fd], [], 0)[1]:
            characteristic, data = self._waiting[0]
            characteristic.value = data
            self._change(characteristic.path, CHARACTERISTIC, {"Value": variant("ay", data)})
            self._waiting.popleft()
        if self._waiting:
            self._loop.call_later(FULL_WAIT, self._show_waiting)

    # what happens to the adapter and to connections

    def _power(self, on: bool) -> None:
        if not on:
            for peripheral in self.peripherals.values():
                self._disconnected(peripheral)
        self._change(ADAPTER_PATH, ADAPTER, {"Powered": variant("b", on)})

    def _remove_adapter(self) -> None:
        self._power(False)
        self._discovering = False
        for path in [path for path in self._objects if path.startswith(ADAPTER_PATH)]:
            self._remove(path)

    async def _connect(self, message: "Message", peripheral: Peripheral) -> None:
        from dbus_fast import Message

        await asyncio.sleep(0.02)
        refuse = peripheral.refuse
        if refuse is None and not peripheral.present:
            refuse = ("org.bluez.Error.Failed", "br-connection-page-timeout")
        if refuse is not None:
            peripheral.refuse = None
            await self._messages.send(Message.new_error(message, *refuse))
            return
        peripheral.connected = True
        self.connections += 1
        self._change(peripheral.path, DEVICE, {"Connected": variant("b", True)})
        await self._messages.send(Message.new_method_return(message))
        await asyncio.sleep(0.01)
        self._add_services(peripheral)
        self._change(peripheral.path, DEVICE, {"ServicesResolved": variant("b", True)})

    def _add_services(self, peripheral: Peripheral) -> None:
        handle = 10
        peripheral.characteristics = []
        for service in peripheral.gatt.services:
            path = f"{peripheral.path}/service{handle:04x}"
            handle += 1
            self._add(path, {objects.SERVICE: objects.service_properties(service.uuid, peripheral.path)})
            for what in service.characteristics:
                characteristic = Characteristic(
                    what, peripheral.values.get(what.uuid, what.value), f"{path}/char{handle:04x}"
                )
                peripheral.characteristics.append(characteristic)
                self._add(characteristic.path, {CHARACTERISTIC: objects.characteristic_properties(what, path)})
                handle += 2
                if "notify" in what.flags:
                    setting = f"{characteristic.path}/desc{handle:04x}"
                    self._add(setting, {objects.DESCRIPTOR: objects.descriptor_properties(characteristic.path)})
                    handle += 1

    def _disconnected(self, peripheral: Peripheral) -> None:
        if not peripheral.connected:
            return
        peripheral.connected = False
        for path in [path for path in self._objects if path.startswith(peripheral.path + "/")]:
            self._remove(path)
        peripheral.characteristics = []
        gone = {"ServicesResolved": variant("b", False), "Connected": variant("b", False)}
        self._change(peripheral.path, DEVICE, gone)

    # method calls

    def _handle(self, message: "Message") -> "Message | bool | None":
        from dbus_fast import Message, MessageType

        if message.message_type is not MessageType.METHOD_CALL or message.interface == "org.freedesktop.DBus.Peer":
            return None
        if message.interface == objects.OBJECTS:
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [self._objects])
        if message.path not in self._objects:
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownObject", f"no {message.path}")
        answer = {
            objects.PROPERTIES: self._on_properties,
            ADAPTER: self._on_adapter,
            DEVICE: self._on_device,
            CHARACTERISTIC: self._on_characteristic,
        }.get(message.interface or "")
        done = answer(message) if answer is not None else None
        unknown = f"{message.interface}.{message.member}"
        return done or Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", unknown)

    def _on_properties(self, message: "Message") -> "Message | None":
        from dbus_fast import Message

        interfaces, body = self._objects[message.path or ""], message.body
        match message.member:
            case "GetAll":
                return Message.new_method_return(message, "a{sv}", [interfaces.get(body[0], {})])
            case "Get":
                return Message.new_method_return(message, "v", [interfaces[body[0]][body[1]]])
        return None

    def _on_adapter(self, message: "Message") -> "Message | None":
        from dbus_fast import Message

        if not self._objects[ADAPTER_PATH][ADAPTER]["Powered"].value:
            return Message.new_error(message, "org.bluez.Error.NotReady", "Resource Not Ready")
        match message.member:
            case "StartDiscovery" | "StopDiscovery":
                self._discovering = message.member == "StartDiscovery"
                self._change(ADAPTER_PATH, ADAPTER, {"Discovering": variant("b", self._discovering)})
            case "RemoveDevice":
                self._remove(message.body[0])
            case "SetDiscoveryFilter":
                pass
            case _:
                return None
        return Message.new_method_return(message)

    def _on_device(self, message: "Message") -> "Message | bool | None":
        from dbus_fast import Message

        peripheral = next(p for p in self.peripherals.values() if p.path == message.path)
        match message.member:
            case "Connect":
                self._tasks.append(asyncio.ensure_future(self._connect(message, peripheral)))
                return True
            case "Disconnect":
                self._disconnected(peripheral)
                return Message.new_method_return(message)
        return None

    def _on_characteristic(self, message: "Message") -> "Message | None":
        from dbus_fast import Message

        owner, found = self._find(message.path or "")
        flags = found.what.flags
        match message.member:
            case "ReadValue" if "read" in flags:
                return Message.new_method_return(message, "ay", [found.value])
            case "WriteValue" if {"write", "write-without-response"} & set(flags):
                self._heard[owner.address].put((bytes(message.body[0]), found.what.uuid))
            case "StartNotify" | "StopNotify" if "notify" in flags:
                found.notifying = message.member == "StartNotify"
                self._change(found.path, CHARACTERISTIC, {"Notifying": variant("b", found.notifying)})
            case _:
                return Message.new_error(message, "org.bluez.Error.NotPermitted", f"{message.member} not permitted")
        return Message.new_method_return(message)

    def _find(self, path: str) -> tuple[Peripheral, Characteristic]:
        pairs = ((p, c) for p in self.peripherals.values() for c in p.characteristics)
        return next((p, c) for p, c in pairs if c.path == path)


class BluezChannel:
    """See `channels.Channel`."""

    def __init__(self, bluez: PretendBluez, peripheral: Peripheral) -> None:
        self.address = peripheral.address
        self._bluez = bluez
        self._peripheral = peripheral

    def send(self, said: Said, baud: int | None) -> bool:
        """See `Channel`."""
        return self._bluez.notify(self._peripheral, said)

    def received(self) -> Sequence[tuple[bytes, str]]:
        """See `Channel`."""
        return self._bluez.received(self.address)

    def unplug(self) -> None:
        """See `Channel`."""
        self._bluez.drop(self.address, gone=True)

    def plug_in(self) -> None:
        """See `Channel`."""
        self._bluez.appear(self.address)

    def close(self) -> None:
        """The pretend BlueZ is closed by whoever made it."""
