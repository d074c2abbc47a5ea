"""`mocamba devices`."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import JsonFlag, progress_bar, report

if TYPE_CHECKING:  # drivers are imported when they are needed: other commands start without
    from ...devices.discovery import Found
    from ...devices.radio import Radio
    from ...devices.roster import DeviceStatus

HELP = """List the sensors and cameras within reach, and why one cannot be used.

Looks at USB serial ports, in the air (Bluetooth LE) and on the network, and only listens. With --watch it connects to
all of them and shows rate, loss, battery and magnetic field of each, until Ctrl-C; what is plugged in meanwhile joins.

Examples:

  mocamba devices

  mocamba devices --watch

  mocamba devices --synchronise

Without any sensor, simulate some: mocamba simulate --help
"""
REFRESH = 1.0  # seconds between two lines of --watch
SEARCH_EVERY = 15.0  # seconds between two searches of --watch for what was plugged in since


def devices_command(
    seconds: Annotated[float, typer.Option(min=0.2, max=60, help="How long to listen.")] = 3.0,
    watch: Annotated[bool, typer.Option("--watch", help="Connect to all and show how they are doing.")] = False,
    sync: Annotated[
        bool, typer.Option("--synchronise", help="Give all Xsens DOT in the air one clock; takes half a minute.")
    ] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="End --watch after so many tables.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    from ...devices.camera.discovery import find_cameras
    from ...devices.discovery import discover
    from ...devices.radio import Radio

    with Radio() as radio:
        if sync:
            _synchronise(radio, seconds, as_json)
            return
        found = discover(radio, seconds)
        if watch:
            _watch(radio, found, seconds, rounds, as_json)
            return
    found = [*found, *find_cameras()]
    report({"devices": [_values(thing) for thing in found]}, _lines(found), as_json)


def _synchronise(radio: "Radio", seconds: float, as_json: bool) -> None:
    from ...devices.discovery import find_ble
    from ...devices.dot.sync import synchronise
    from ...devices.errors import ConnectError, Reason

    dots = [found for found in find_ble(radio, seconds) if found.family == "dot"]
    if len(dots) < 2:
        raise ConnectError(
            "Xsens DOT",
            Reason.NOT_FOUND,
            f"{len(dots)} of them can be heard, and it takes two to have a clock in common.",
            "Switch them on; `mocamba devices` lists what can be heard.",
        )
    with progress_bar(as_json) as progress:
        synchronise(radio, [dot.address for dot in dots], progress)
    lines = [f"{len(dots)} sensors share one clock until they are switched off."]
    report({"synchronised": [dot.address for dot in dots]}, lines, as_json)


def _values(found: "Found") -> dict[str, Any]:
    values = asdict(found) | {"usable": found.usable}
    return values | {"reason": found.reason.name.lower() if found.reason else None}


def _lines(found: Sequence["Found"]) -> list[str]:
    from ...devices.families import FAMILIES

    lines = []
    for thing in found:
        title = FAMILIES[thing.family].title if thing.family in FAMILIES else thing.family or "?"
        lines.append(f"{'ok ' if thing.usable else 'no '} {title:<10} {thing.address:<24} {thing.label}".rstrip())
        if thing.detail:
            lines.append(f"     {thing.detail[0].upper()}{thing.detail[1:]}")
    if not any(thing.usable and thing.transport != "camera" for thing in found):
        lines.append("No sensor was found. Switch them on; docs/devices.md says how each kind is plugged in.")
    return lines


def _watch(radio: "Radio", found: Sequence["Found"], seconds: float, rounds: int | None, as_json: bool) -> None:
    """A table a second, until the user has seen enough."""
    from ...devices.discovery import discover
    from ...devices.roster import Roster

    with Roster(radio) as roster:
        roster.add(found)
        shown, searched = 0, time.monotonic()
        while rounds is None or shown < rounds:
            end = time.monotonic() + REFRESH
            while time.monotonic() < end:
                roster.read_unread()
                time.sleep(0.05)
            if time.monotonic() - searched > SEARCH_EVERY:
                roster.add(discover(radio, min(seconds, 1.0), roster.held))
                searched = time.monotonic()
            status = roster.status()
            report({"devices": [_status_values(one) for one in status]}, _status_lines(status), as_json)
            shown += 1


def _status_values(status: "DeviceStatus") -> dict[str, Any]:
    fault = status.fault
    return {
        "name": status.name,
        "state": status.state.value,
        "fault": {"reason": fault.reason.name.lower(), "text": str(fault)} if fault else None,
        # nothing heard yet has an infinite age, which JSON has no word for
        "sensors": [asdict(sensor) | {"age": min(sensor.age, 1e9)} for sensor in status.sensors],
    }


def _status_lines(status: Sequence["DeviceStatus"]) -> list[str]:
    lines = []
    for device in status:
        if not device.sensors or device.state.value != "connected":
            lines.append(f"{device.name}: {device.state.value}. {device.fault or ''}".rstrip())
        for sensor in device.sensors:
            loss = "  ?" if sensor.loss is None else f"{100 * sensor.loss:3.0f}"
            battery = "  ?" if sensor.battery is None else f"{100 * sensor.battery:3.0f}"
            field = "   disturbed magnetic field" if sensor.disturbed else ""
            lines.append(f"{sensor.sensor:<44} {sensor.rate:6.1f} Hz  loss {loss} %  battery {battery} %{field}")
    return [*lines, ""] if lines else ["No sensor is connected.", ""]
