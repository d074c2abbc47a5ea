"""What can go wrong with a device: which one, why, and what to do next."""

from enum import Enum

from ..rig.errors import MocambaError


class Reason(Enum):
    """Why a device cannot be used, or no longer. The value is fit for a list; the error's message says more."""

    NOT_FOUND = "not there"
    PERMISSION = "permission denied"
    IN_USE = "open in another program"
    REFUSED = "refused the connection"
    NO_ADAPTER = "no Bluetooth adapter"
    ADAPTER_OFF = "Bluetooth is off"
    LIBRARY = "a library is missing"
    UNSUPPORTED = "not possible on this system"
    WRONG_KIND = "another kind of device"
    UNPLUGGED = "unplugged"
    OUT_OF_RANGE = "radio link lost"
    SILENT = "sends nothing"
    GARBLED = "sends what cannot be read"
    NO_ANSWER = "does not answer commands"
    SETTING = "does not take a setting"
    IDENTITY = "another sensor has this id"
    BAD_VALUES = "sends values that cannot be"
    LATE = "newest reading too old"
    GAVE_UP = "not back after the last attempt"
    CLOSED = "not connected"
    ENDED = "came to its end"


# After these, trying again changes nothing. A refused permission is none of them: a port that was just plugged in has
# none for a moment.
LASTING = frozenset({Reason.LIBRARY, Reason.UNSUPPORTED, Reason.IDENTITY, Reason.CLOSED, Reason.ENDED})


class DeviceError(MocambaError):
    """`device` is the name the user knows it by; `reason` for programs; the message ends with `remedy`."""

    def __init__(self, device: str, reason: Reason, detail: str, remedy: str) -> None:
        self.device = device
        self.reason = reason
        self.detail = detail
        self.remedy = remedy
        super().__init__(f"{device}: {detail} {remedy}")


class ConnectError(DeviceError):
    """The device could not be reached or set up; nothing is left open."""


class LinkLostError(DeviceError):
    """The device was there and is gone. Its reader tries to get it back, up to its limit."""


class NoDataError(DeviceError):
    """Nothing came within the time allowed."""


class StaleDataError(DeviceError):
    """What is there is older than allowed: a frozen pose, not a still one."""


class BadDataError(DeviceError):
    """What came cannot be true and was left out; the others of the device go on."""


def missing_library(device: str, library: str, extra: str = "devices") -> ConnectError:
    """An optional library is not installed; `extra` of pip brings it."""
    return ConnectError(
        device,
        Reason.LIBRARY,
        f"the library {library} is not installed.",
        f"Install what {extra} need: pip install 'mocamba[{extra}]'.",
    )
