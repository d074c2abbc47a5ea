"""One clock for all Xsens DOT sensors: the procedure of the Movella DOT BLE Service Specification, 'Synchronization'.

Each sensor is told the address of the root sensor, all are let go at once, and for 14 seconds they talk among
themselves. It holds until a sensor is switched off.
"""

import time
from collections.abc import Callable, Sequence

from ..ble_link import BleLink
from ..errors import ConnectError, DeviceError, Reason
from ..radio import Radio
from .options import DotOptions
from .parse import message, parse_info, parse_message
from .reader import CONTROL, INFO, USUAL, control, uuid

MESSAGE, ANSWER = uuid(0x7001), uuid(0x7002)
GROUP, START, STOP, RESULT = 2, 1, 2, 3
SECONDS = 14.0
FAILURES = {
    5: "too few of the others were heard",
    7: "its clock is too far from the root's",
    8: "the root's timing did not fit",
    9: "it was never started",
}

Progress = Callable[[float, str], None]


def synchronise(
    radio: Radio,
    addresses: Sequence[str],
    progress: Progress,
    options: DotOptions = USUAL,
    seconds: float | None = None,
) -> None:
    """Give the sensors one clock; the first is the root. None of them may be connected. Takes half a minute for six.

    `seconds` replaces the 14 that real sensors need.

    Raises DeviceError naming the first sensor that did not join.
    """
    links = [BleLink(f"dot {address}", radio, address, []) for address in addresses]
    root = _tell_all(links, progress, options)
    for step in range(10):
        progress(0.3 + 0.04 * step, f"Sensors find the clock of {root}")
        time.sleep((SECONDS if seconds is None else seconds) / 10)
    for index, link in enumerate(links):
        progress(0.7 + 0.3 * index / len(links), f"Asking {link.name}")
        _check(link)
    progress(1.0, "Synchronised")


def _tell_all(links: Sequence[BleLink], progress: Progress, options: DotOptions) -> str:
    """Connect to all, tell all, let go of all; the address of the root."""
    opened: list[BleLink] = []
    try:
        for index, link in enumerate(links):
            progress(0.2 * index / len(links), f"Connecting to {link.name}")
            link.open()
            opened.append(link)
        root = _own_address(links[0])
        for link in links:
            link.write(control(options), CONTROL)
        start = message(GROUP, bytes([START]) + bytes.fromhex(root.replace(":", ""))[::-1])
        for link in links:
            link.write(start, MESSAGE)
        return root
    finally:
        for link in opened:
            link.close()


def _own_address(link: BleLink) -> str:
    """What the sensor itself calls it: macOS shows none."""
    info = parse_info(link.value(INFO)) if link.has(INFO) else None
    if info is not None:
        return info.address
    if link.address.count(":") == 5:
        return link.address
    raise ConnectError(link.name, Reason.UNSUPPORTED, "it does not tell its address.", "Update its firmware.")


def _check(link: BleLink) -> None:
    """Raises DeviceError unless the sensor says that it joined."""
    link.open()
    try:
        answer = parse_message(link.value(ANSWER))
    finally:
        link.close()
    if answer is None or answer.group != GROUP or len(answer.data) < 2 or answer.data[0] != RESULT:
        raise DeviceError(link.name, Reason.NO_ANSWER, "it does not say whether it joined.", "Synchronise again.")
    if status := answer.data[1]:
        why = FAILURES.get(status, f"it says {status}")
        raise DeviceError(
            link.name,
            Reason.SETTING,
            f"it did not join the common clock: {why}.",
            "Lay all sensors side by side, then synchronise again.",
        )
