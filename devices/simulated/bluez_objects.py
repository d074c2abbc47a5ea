"""Names and properties of BlueZ's D-Bus objects (bluez: doc/org.bluez.*.rst)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .speaker import Gatt, GattCharacteristic

if TYPE_CHECKING:
    from dbus_fast import Variant

ADAPTER_PATH = "/org/bluez/hci0"
BLUEZ, OBJECTS, PROPERTIES = "org.bluez", "org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"
ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE, CHARACTERISTIC, DESCRIPTOR = (f"org.bluez.Gatt{kind}1" for kind in ("Service", "Characteristic", "Descriptor"))
NOTIFY_SETTING = "00002902-0000-1000-8000-00805f9b34fb"
MTU = 247


@dataclass(eq=False)
class Characteristic:
    """One of a connected sensor, and its D-Bus object."""

    what: GattCharacteristic
    value: bytes
    path: str = ""
    notifying: bool = False


@dataclass(eq=False)
class Peripheral:
    """A sensor in the pretend air, and the faults it can be given: `refuse` ends the next connection with this."""

    address: str
    gatt: Gatt
    strength: int = -55
    refuse: tuple[str, str] | None = None
    present: bool = True
    connected: bool = False
    characteristics: list[Characteristic] = field(default_factory=list)
    values: dict[str, bytes] = field(default_factory=dict)  # of what can be read, if not as at first

    @property
    def path(self) -> str:
        """Its D-Bus object."""
        return f"{ADAPTER_PATH}/dev_{self.address.replace(':', '_')}"


def variant(signature: str, value: Any) -> "Variant":
    """A D-Bus value of this type."""
    from dbus_fast import Variant

    return Variant(signature, value)


def variants(**values: tuple[str, Any]) -> dict[str, "Variant"]:
    """Several, by name."""
    return {name: variant(*value) for name, value in values.items()}


def adapter_properties() -> dict[str, "Variant"]:
    """Those of an adapter that is on."""
    return variants(
        Address=("s", "00:00:00:00:00:01"),
        AddressType=("s", "public"),
        Name=("s", "pretend"),
        Alias=("s", "pretend"),
        Class=("u", 0),
        Powered=("b", True),
        Discoverable=("b", False),
        Pairable=("b", False),
        Discovering=("b", False),
        UUIDs=("as", []),
        Roles=("as", ["central", "peripheral"]),
    )


def device_properties(sensor: Peripheral) -> dict[str, "Variant"]:
    """Those of a sensor as it advertises."""
    properties = variants(
        Address=("s", sensor.address),
        AddressType=("s", "random"),
        Name=("s", sensor.gatt.name),
        Alias=("s", sensor.gatt.name),
        Paired=("b", False),
        Bonded=("b", False),
        Trusted=("b", False),
        Blocked=("b", False),
        LegacyPairing=("b", False),
        Connected=("b", sensor.connected),
        ServicesResolved=("b", False),
        UUIDs=("as", [service.uuid for service in sensor.gatt.services]),
        Adapter=("o", ADAPTER_PATH),
        RSSI=("n", sensor.strength),
    )
    if sensor.gatt.maker is not None:
        properties["ManufacturerData"] = variant("a{qv}", {sensor.gatt.maker: variant("ay", b"\0")})
    return properties


def service_properties(uuid: str, device: str) -> dict[str, "Variant"]:
    """Those of a service of `device`."""
    return variants(UUID=("s", uuid), Device=("o", device), Primary=("b", True), Includes=("ao", []))


def characteristic_properties(what: GattCharacteristic, service: str) -> dict[str, "Variant"]:
    """Those of a characteristic of `service`."""
    properties = variants(
        UUID=("s", what.uuid),
        Service=("o", service),
        Flags=("as", list(what.flags)),
        Value=("ay", what.value),
        MTU=("q", MTU),
    )
    if "notify" in what.flags:
        properties["Notifying"] = variant("b", False)
    return properties


def descriptor_properties(characteristic: str) -> dict[str, "Variant"]:
    """Those of the switch for notifications."""
    return variants(UUID=("s", NOTIFY_SETTING), Characteristic=("o", characteristic), Value=("ay", b""))
