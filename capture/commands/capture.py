"""`mocamba capture`."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...inference.device_choice import Wish
from ...rig.errors import BadInputError, MocambaError
from ..calibrating.start import Start
from ..calibration import HeadingSource, Pose
from ..solving import DEFAULT_NETWORK
from .console import JsonFlag, as_argument, report

if TYPE_CHECKING:  # a session brings the drivers with it: other commands start without
    from ..session import Session
    from ..status import SessionStatus

Show = Callable[["SessionStatus"], None]

HELP = """Capture live: sensors to poses, for Blender and others to watch, and takes on disk.

Follow the prompts of the calibration: each sensor's fit is checked by movements. Every sample is kept as it came, so
that a take can be solved again; a take is readable at any moment, whatever dies. Ctrl-C ends.

Examples:

  mocamba capture --imu simulated

  mocamba capture --record walk --duration 30

  mocamba capture --camera 0 --network vimcan-t-causal --record walk

  mocamba capture --camera 0 --imu none

  mocamba capture --imu dot --imu csv:/dev/ttyUSB0 --slot ttyUSB0=pelvis --vmc 127.0.0.1:39539
"""
LOOK_EVERY = 0.25  # seconds
LINE_EVERY = 1.0  # seconds between two lines where nobody watches
LONGEST_START = 900.0  # seconds to connect and calibrate


def capture_command(
    imu: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="simulated, all, none, a family, an address as `mocamba devices` has it, FAMILY:ADDRESS.",
        ),
    ] = None,
    slot: Annotated[list[str] | None, typer.Option(metavar="NAME=SLOT", help="Where a sensor is worn.")] = None,
    camera: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="A camera beside the sensors: its number, an address, a video, simulated."),
    ] = None,
    detector: Annotated[str, typer.Option(help="What finds joints in its pictures: mediapipe or rtmpose.")] = (
        "mediapipe"
    ),
    fov: Annotated[
        float | None, typer.Option(metavar="DEG", help="The camera's field of view along its picture's longer side.")
    ] = None,
    camera_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The camera's lens, as `mocamba camera` measured it.")
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help=f"A network (a wrong name lists them) or a weights file; {DEFAULT_NETWORK} by default, or "
            "posemamba-s-causal without sensors."
        ),
    ] = None,
    device: Annotated[Wish, typer.Option(help="Where the network runs.")] = Wish.AUTO,
    record: Annotated[str | None, typer.Option(metavar="NAME", help="Record a take once live.")] = None,
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where takes are kept.")] = Path("takes"),
    duration: Annotated[
        float | None, typer.Option(metavar="S", min=0, help="End so many seconds after going live.")
    ] = None,
    vmc: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Send poses to a VTuber program.")] = None,
    performer: Annotated[str, typer.Option(help="Who is captured.")] = "performer",
    height: Annotated[float, typer.Option(min=0.5, max=2.6, help="Of the performer, metres.")] = 1.70,
    heading: Annotated[HeadingSource, typer.Option(help="How it is told which way the performer faces.")] = (
        HeadingSource.AUTO
    ),
    pose: Annotated[Pose, typer.Option(help="How the performer stands in the calibration.")] = Pose.T_POSE,
    calibration: Annotated[
        Start, typer.Option(help="sequence: prompts and checks; quick: a T-pose and a few steps; kept: today's again.")
    ] = Start.AUTO,
    checks: Annotated[bool, typer.Option(help="The sequence's check movements.")] = True,
    drift: Annotated[bool, typer.Option("--drift", help="Correct headings as they drift.")] = False,
    smooth: Annotated[bool, typer.Option("--smooth", help="Smooth live poses (takes stay as they are).")] = False,
    feet: Annotated[bool, typer.Option("--feet", help="Hold standing feet live (takes stay as they are).")] = False,
    as_json: JsonFlag = False,
) -> None:
    """See HELP."""
    from ..equipment import Equipment
    from ..link_protocol import endpoint_path
    from ..session import Session
    from ..session_options import NO_SENSORS, SessionOptions

    worn = tuple(imu or ("all",))
    options = SessionOptions(
        imu=worn,
        camera=camera,
        detector=detector,
        lens=camera_file or fov,
        slots=dict(map(_named_slot, slot or ())),
        network=network or (Equipment.CAMERA if worn == (NO_SENSORS,) else Equipment.SENSORS).usual_network,
        device=device,
        folder=folder,
        performer=performer,
        height=height,
        heading=heading,
        pose=pose,
        start=calibration,
        checks=checks,
        drift=drift,
        smooth=smooth,
        feet=feet,
        link=endpoint_path(),
        vmc=vmc,
    )
    session = Session(options)
    taken: str | None = None
    with _shown(as_json) as show:
        session.start()
        try:
            _wait_until_live(session, show)
            if record is not None:
                taken = str(session.record(record).result(LONGEST_START)["take"])
            _watch(session, show, duration)
        except KeyboardInterrupt:
            pass  # the usual end of a session
        finally:
            last = session.status
            session.stop()
    _tell(session.status, last, taken, as_json)


def _named_slot(text: str) -> tuple[str, str]:
    name, equals, place = text.partition("=")
    if not equals or not name:
        raise BadInputError(f"'{text}' is no NAME=SLOT. Write, for instance, --slot D4:22:CD:00:00:01=pelvis.")
    return name, place


def _wait_until_live(session: "Session", show: Show) -> None:
    from ..status import State

    end = time.monotonic() + LONGEST_START
    while session.status.state in (State.CONNECTING, State.CALIBRATING):
        session.wait_for(State.LIVE, State.FAILED, timeout=LOOK_EVERY)
        show(session.status)
        if (view := session.status.calibration) is not None and view.step == "failed":
            raise MocambaError(f"Not calibrated: {view.trouble} Try again, or --calibration quick.")
        if time.monotonic() > end:
            raise MocambaError(f"The session is still {session.status.state} after {LONGEST_START:.0f} s. Try again.")


def _watch(session: "Session", show: Show, duration: float | None) -> None:
    from ..status import State

    end = None if duration is None else time.monotonic() + duration
    while session.status.state in (State.LIVE, State.RECORDING, State.CALIBRATING):
        left = LOOK_EVERY if end is None else min(LOOK_EVERY, end - time.monotonic())
        if left <= 0:
            return
        session.wait_for(State.FAILED, timeout=left)
        show(session.status)


def _tell(after: "SessionStatus", last: "SessionStatus", taken: str | None, as_json: bool) -> None:
    """The end of the session: what it made, and exit code 1 where it failed."""
    from ..sinks import status_values
    from ..status import State

    if after.state is State.FAILED:
        raise MocambaError(after.message)
    values = {"take": taken, **status_values(last), "warnings": list(after.notes)}
    lines = [f"{last.frames} poses, {last.dropped} dropped."]
    if taken is not None:
        lines += [f"{taken} is recorded.", f"Next: mocamba solve {as_argument(taken)}"]
    report(values, lines, as_json)


@contextmanager
def _shown(as_json: bool) -> Iterator[Show]:
    """A table where somebody watches, a line a second in files and pipes, a JSON object a second with --json."""
    from rich.console import Console
    from rich.live import Live

    from .live_table import live_table

    console = Console(stderr=True)
    if console.is_terminal and not as_json:
        with Live(console=console, transient=True, refresh_per_second=4) as live:
            yield lambda status: live.update(live_table(status))
        return
    yield _Lines(as_json)


class _Lines:
    """One line a second on stderr, so that the result alone is on stdout."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._shown = 0.0
        self._notes: Sequence[str] = ()

    def __call__(self, status: "SessionStatus") -> None:
        from ..sinks import status_values
        from .live_table import live_line

        if time.monotonic() - self._shown < LINE_EVERY:
            return
        self._shown = time.monotonic()
        if self._as_json:
            typer.echo(json.dumps(status_values(status), ensure_ascii=True), err=True)
            return
        for note in status.notes:
            if note not in self._notes:
                typer.echo(f"Note: {note}", err=True)
        self._notes = status.notes
        typer.echo(live_line(status), err=True)
