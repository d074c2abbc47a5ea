"""`mocamba simulate`."""

import math
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...rig.errors import BadInputError
from ...rig.imu import SLOTS
from .console import JsonFlag, report

if TYPE_CHECKING:  # imported when they are needed: other commands start without
    from ...devices.simulated.cast import Cast
    from ...devices.simulated.speaker import Unplugging

HELP = """Simulate a performer in six sensors, or before a camera. Sensors speak the real protocol of their family.

Serial sensors appear as pseudo-terminals (as sockets where the system has none: --transport tcp), Bluetooth sensors in
a pretend BlueZ (Linux with dbus-daemon), the others send datagrams to this computer. What has to be set in another
terminal, so that Mocamba finds them there, is printed first.

Examples:

  mocamba simulate --family slimevr

  mocamba simulate --family witmotion --transport serial --motion walk --drift 2 --loss 0.05

  mocamba simulate --family dot --unplug left_shin@10+5

  mocamba simulate --family camera --rate 15

The third takes the left shin's sensor out of range ten seconds after the start, for five seconds. The last shows the
performer as a stick figure, like an IP camera does, at the address that is printed.
"""

CAMERA = "camera"

TransportOption = Annotated[str | None, typer.Option(help="serial, tcp, udp or ble; left out, the family's usual one.")]
UnplugOption = Annotated[
    list[str] | None,
    typer.Option(metavar="SLOT@AT[+FOR]", help="Pull a sensor out AT seconds after the start, FOR seconds."),
]


def simulate_command(
    family: Annotated[str, typer.Option(help="One of: csv, witmotion, dot, slimevr, ximu3, camera.")],
    transport: TransportOption = None,
    motion: Annotated[str, typer.Option(help="still, walk or all.")] = "walk",
    slot: Annotated[list[str] | None, typer.Option(metavar="SLOT", help="Only this sensor; repeat for more.")] = None,
    noise: Annotated[
        float, typer.Option(min=0, help="Of orientation, degrees; a tenth of it in m/s² and rad/s.")
    ] = 0.0,
    drift: Annotated[float, typer.Option(min=0, help="Of heading, degrees a minute.")] = 0.0,
    loss: Annotated[float, typer.Option(min=0, max=1, help="Share of samples that are lost.")] = 0.0,
    garble: Annotated[float, typer.Option(min=0, max=1, help="Share of packets with a wrong byte.")] = 0.0,
    clock: Annotated[float, typer.Option(min=0, help="How far clocks run off, parts in a million.")] = 30.0,
    magnet: Annotated[float, typer.Option(help="Field of a magnet nearby, µT.")] = 0.0,
    unplug: UnplugOption = None,
    rate: Annotated[
        float | None, typer.Option(min=1, max=1000, help="Hz, of families that no reader sets: 100; of cameras: 30.")
    ] = None,
    host: Annotated[str, typer.Option(help="Where datagrams go.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The port they go to; of a camera, its own.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of attitudes and noise: the same seed gives the same.")] = 1,
    seconds: Annotated[float | None, typer.Option(min=0, help="End after so long; else with Ctrl-C.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    if family == CAMERA:
        _show_camera(rate, port, list(map(_unplugging, unplug or ())), seconds, as_json)
        return
    from ...devices.simulated.cast import TRANSPORTS, Cast, Production
    from ...devices.simulated.speaker import Imperfections

    imperfections = Imperfections(
        orientation_noise=noise,
        acceleration_noise=noise / 10,
        rate_noise=noise / 10,
        drift=drift,
        loss=loss,
        garble=garble,
        clock_ppm=clock,
        disturbance=magnet,
        unplug=tuple(map(_unplugging, unplug or ())),
    )
    chosen = transport or TRANSPORTS.get(family, ("",))[0]
    production = Production(family, chosen, motion, tuple(slot or SLOTS), imperfections, seed, rate or 100, host, port)
    with Cast(production) as cast, _asked_to_stop() as stop:
        report(_start_values(cast), _start_lines(cast), as_json)
        _wait(stop, math.inf if seconds is None else seconds)
    report({"sensors": _counts(cast)}, _end_lines(cast), as_json)


def _show_camera(
    rate: float | None, port: int | None, pulls: "Sequence[Unplugging]", seconds: float | None, as_json: bool
) -> None:
    from ...devices.camera.simulate import PORT, SimulatedCamera

    with SimulatedCamera(rate or 30, port=PORT if port is None else port) as camera, _asked_to_stop() as stop:
        report({"address": camera.address}, [camera.address, "", "Ctrl-C ends the simulation."], as_json)
        events = [(pull.at, camera.unplug) for pull in pulls]
        events += [(pull.at + pull.seconds, camera.plug_in) for pull in pulls if pull.seconds is not None]
        began = time.monotonic()
        end = began + (math.inf if seconds is None else seconds)
        for at, happen in sorted(events, key=lambda event: event[0]):
            _wait(stop, min(began + at, end) - time.monotonic())
            if stop.is_set() or time.monotonic() >= end:
                break
            happen()
        _wait(stop, end - time.monotonic())
    report({"sent": camera.sent}, [f"{camera.sent} pictures sent"], as_json)


def _unplugging(text: str) -> "Unplugging":
    from ...devices.simulated.speaker import Unplugging

    slot, _, times = text.partition("@")
    at, plus, duration = times.partition("+")
    try:
        pulled = Unplugging(slot, float(at), float(duration) if plus else None)
    except ValueError:
        raise BadInputError(
            f"'{text}' does not say which sensor is pulled out when. Write, for instance, left_shin@10+5."
        ) from None
    if slot not in (*SLOTS, CAMERA):
        raise BadInputError(f"There is no slot '{slot}' to pull a sensor out of. Use one of: {', '.join(SLOTS)}.")
    return pulled


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Set by Ctrl-C or by being asked to end, which are the usual ends of a simulation and no error."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _wait(stop: threading.Event, seconds: float) -> None:
    """In short waits: Windows hears of Ctrl-C only between two."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not stop.wait(min(left, 0.2)):
        pass


def _environment(cast: "Cast") -> dict[str, str]:
    """What another program needs in its environment to find the sensors."""
    from ...devices.discovery import MORE_PORTS

    match cast.production.transport:
        case "serial" | "tcp":
            return {MORE_PORTS: ",".join(cast.addresses)}
        case "ble" if cast.bluez is not None:
            return {"DBUS_SYSTEM_BUS_ADDRESS": cast.bluez.bus.address}
    return {}


def _start_values(cast: "Cast") -> dict[str, Any]:
    sensors = [
        {
            "slot": actor.slot,
            "address": actor.channel.address,
            "clock": {"started_ns": actor.truth.started_ns, "rate": actor.truth.clock_rate},
        }
        for actor in cast.stage.actors
    ]
    return {"environment": _environment(cast), "sensors": sensors}


def _start_lines(cast: "Cast") -> Sequence[str]:
    set_variable = "set" if os.name == "nt" else "export"
    lines = [f"{actor.slot:<14} {actor.channel.address}" for actor in cast.stage.actors]
    environment = [f"{set_variable} {name}={value}" for name, value in _environment(cast).items()]
    if environment:
        lines += ["", "In the terminal in which Mocamba shall find them:", "", *environment, "mocamba devices"]
    return [*lines, "", "Ctrl-C ends the simulation."]


def _counts(cast: "Cast") -> list[dict[str, Any]]:
    names = ("slot", "made", "sent", "lost", "blocked", "skipped")
    return [{name: getattr(actor, name) for name in names} for actor in cast.stage.actors]


def _end_lines(cast: "Cast") -> Sequence[str]:
    return [
        f"{actor.slot:<14} {actor.made} samples, {actor.sent} sent, {actor.lost} lost on purpose, "
        f"{actor.blocked} that nobody took"
        for actor in cast.stage.actors
    ]
