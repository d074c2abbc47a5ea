"""This computer's Bluetooth, by bleak: one event loop in a thread of its own, shared by all links over it."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .errors import ConnectError, DeviceError, Reason, missing_library

if TYPE_CHECKING:
    from bleak import BleakClient, BleakScanner
    from bleak.backends.client import BaseBleakClient
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData, BaseBleakScanner

T = TypeVar("T")

GRACE = 5.0  # seconds beyond an operation's own time limit until the loop itself counts as stuck
SWITCH_ON = "Switch Bluetooth on, or plug a Bluetooth adapter in, then try again."


@dataclass(frozen=True)
class Advert:
    """What something in the air says of itself; `strength` in dBm, `makers` the company ids of its data."""

    address: str
    name: str
    strength: int
    makers: tuple[int, ...]
    services: tuple[str, ...]


class Radio:
    """Made where Bluetooth is used and closed there. `client` and `scanner` replace bleak's backend of this system."""

    def __init__(
        self,
        client: "type[BaseBleakClient] | None" = None,
        scanner: "type[BaseBleakScanner] | None" = None,
    ) -> None:
        self._client_backend = client
        self._scanner_backend = scanner
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._turn: asyncio.Lock | None = None
        self._seen: dict[str, BLEDevice] = {}
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the loop, for good; links over it have to be closed before."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            self._closed = True
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(GRACE)
        if thread.is_alive():
            raise DeviceError("Bluetooth", Reason.NO_ANSWER, "its event loop did not end.", "Restart Mocamba.")

    def run(self, work: Coroutine[Any, Any, T], timeout: float) -> T:
        """Run `work` on the loop and wait for it. Raises TimeoutError after `timeout` seconds."""
        try:
            loop = self._running_loop()
        except DeviceError:
            work.close()
            raise
        future = asyncio.run_coroutine_threadsafe(_limited(work, timeout), loop)
        try:
            return future.result(timeout + GRACE)
        except FutureTimeoutError:
            future.cancel()
            raise

    def scan(self, seconds: float) -> Sequence[Advert]:
        """Everything that can be heard within `seconds`. Raises ConnectError where Bluetooth cannot be used."""
        try:
            return self.run(self._scan(seconds), seconds + 10)
        except DeviceError:
            raise
        except Exception as error:  # bleak's backends raise whatever their system does
            raise why_no_bluetooth(error) from error

    async def _scan(self, seconds: float) -> Sequence[Advert]:
        async with self.connecting:
            scanner = self._make_scanner()
            async with scanner:
                await asyncio.sleep(seconds)
            found = scanner.discovered_devices_and_advertisement_data
        self._seen |= {device.address.upper(): device for device, _ in found.values()}
        return [_advert(device, data) for device, data in found.values()]

    async def find(self, address: str, timeout: float) -> "BLEDevice | None":
        """The device as the system's Bluetooth knows it; None where it is not heard. Runs on the loop.

        bleak connects to an address without a device only by a scan of its own in every call, and two at a time
        disturb each other.
        """
        if known := self._seen.get(address.upper()):
            return known
        heard = asyncio.Event()

        def note(device: "BLEDevice", data: "AdvertisementData") -> None:
            self._seen[device.address.upper()] = device
            if device.address.upper() == address.upper():
                heard.set()

        async with self._make_scanner(note):
            try:
                await asyncio.wait_for(heard.wait(), timeout)
            except TimeoutError:
                return None
        return self._seen[address.upper()]

    def forget(self, address: str) -> None:
        """Scan anew before the next connection: the system may have dropped what it knew."""
        self._seen.pop(address.upper(), None)

    def make_client(self, device: "BLEDevice", disconnected: Any, timeout: float) -> "BleakClient":
        """A client of bleak's on this radio's backend."""
        from bleak import BleakClient

        return BleakClient(device, disconnected, timeout=timeout, backend=self._client_backend)

    @property
    def connecting(self) -> asyncio.Lock:
        """Held, on the loop, while scanning or connecting: adapters do one at a time, several at once lose links."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        return self._turn

    def _make_scanner(self, note: Any = None) -> "BleakScanner":
        from bleak import BleakScanner

        return BleakScanner(note, backend=self._scanner_backend)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        try:
            import bleak  # noqa: F401
        except ImportError:
            raise missing_library("Bluetooth", "bleak") from None
        with self._lock:
            if self._closed:
                raise ConnectError("Bluetooth", Reason.CLOSED, "it was closed.", "Make a new Radio.")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(self._loop,), name="Bluetooth", daemon=True)
                self._thread.start()
            return self._loop


async def _limited(work: Coroutine[Any, Any, T], timeout: float) -> T:
    async with asyncio.timeout(timeout):
        return await work


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _advert(device: "BLEDevice", data: "AdvertisementData") -> Advert:
    return Advert(
        device.address,
        data.local_name or device.name or "",
        data.rssi,
        tuple(data.manufacturer_data),
        tuple(data.service_uuids),
    )


def why_no_bluetooth(error: Exception, name: str = "Bluetooth") -> ConnectError:
    """What keeps this computer's Bluetooth from working, told from what bleak raised."""
    from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason

    denied = (
        BleakBluetoothNotAvailableReason.DENIED_BY_USER,
        BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM,
        BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN,
    )
    if isinstance(error, BleakBluetoothNotAvailableError) and error.reason in denied:
        return ConnectError(
            name,
            Reason.PERMISSION,
            f"this program may not use Bluetooth ({error.args[0]}).",
            "Allow it in the system's privacy settings, then try again.",
        )
    off = isinstance(error, BleakBluetoothNotAvailableError) and (
        error.reason is BleakBluetoothNotAvailableReason.POWERED_OFF
    )
    if off or "NotReady" in str(error):
        return ConnectError(name, Reason.ADAPTER_OFF, "Bluetooth is switched off.", SWITCH_ON)
    return ConnectError(name, Reason.NO_ADAPTER, f"there is no Bluetooth to be used ({_words(error)}).", SWITCH_ON)


def _words(error: Exception) -> str:
    if isinstance(error, OSError):  # nobody at the end of the system's bus
        return "no Bluetooth service is running"
    text = str(error.args[0]) if len(error.args) > 1 else str(error)
    return text or type(error).__name__
