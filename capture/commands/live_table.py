"""How a session's status looks in a terminal."""

from rich.table import Table
from rich.text import Text

from ..camera_poses import AT_WORK, CameraPoseStatus
from ..dropouts import Slot
from ..live_camera import CameraStatus
from ..starting import CalibrationView
from ..status import SessionStatus, State

_COLOURS = {State.LIVE: "green", State.RECORDING: "bold red", State.FAILED: "red", State.CALIBRATING: "yellow"}
_KNOWN = {Slot.MEASURED: "green", Slot.HELD: "yellow", Slot.PREDICTED: "red", Slot.FADING: "yellow", Slot.EMPTY: "dim"}


def live_table(status: SessionStatus) -> Table:
    """Everything, in a dozen lines."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    state = Text(status.state.upper(), _COLOURS.get(status.state, "cyan"))
    table.add_row("state", state.append(f"  {status.message}", "default"))
    if status.state is State.CALIBRATING and status.calibration is not None:
        for row in _calibration(status.calibration):
            table.add_row("", row)
    for name, text in _rows(status):
        table.add_row(name, text)
    if status.worker is not None and status.worker.reason:
        table.add_row("", f"because {status.worker.reason}")
    return table


def _calibration(view: CalibrationView) -> list[Text]:
    """The step and how far it is, who moves, what went wrong, what was found."""
    rows = []
    if view.step in view.steps:
        bar = "█" * round(20 * view.progress)
        rows.append(Text(f"step {view.steps.index(view.step) + 1} of {len(view.steps)}  {bar:░<20}", "bold yellow"))
    if view.moving:
        rows.append(Text("moving: " + ", ".join(f"{name} {speed:.0f}°/s" for name, speed in view.moving), "dim"))
    if view.trouble:
        rows.append(Text(f"attempt {view.attempt} of {view.attempts}: {view.trouble}", "red"))
    rows += [Text(f"{one.sensor} ({one.slot}): {one.reason}", "red") for one in view.findings]
    if view.kept:
        rows.append(Text(f"{view.kept} End this and start again with --calibration kept.", "dim"))
    return rows


def live_line(status: SessionStatus) -> str:
    """The same in one line."""
    if status.state is State.CALIBRATING and status.calibration is not None:
        return "; ".join((f"calibrating: {status.message}", *(text.plain for text in _calibration(status.calibration))))
    rows = "; ".join(f"{name} {text.plain if isinstance(text, Text) else text}" for name, text in _rows(status))
    return f"{status.state}: {rows or status.message}"


def _rows(status: SessionStatus) -> list[tuple[str, str | Text]]:
    rows: list[tuple[str, str | Text]] = []
    if status.slots:
        rows.append(("sensors", _sensors(status)))
    if status.frames:
        rows.append(("poses", f"{status.frames}, dropped {status.dropped}, confidence {100 * status.confidence:.0f} %"))
    if status.latency:
        stages = "  ".join(f"{one.stage} {one.p50:.1f}" for one in status.latency)
        rows.append(("latency", f"{stages} ms (p99 of all {status.latency[-1].p99:.1f})"))
    if (worker := status.worker) is not None:
        where = f"{worker.name or worker.network} on {worker.device}" if worker.device else worker.network
        restarted = f", restarted {worker.restarts} time(s)" if worker.restarts else ""
        rows.append(("worker", f"{worker.state}: {where}{restarted}"))
    if status.camera is not None:
        rows.append(("camera", _camera(status.camera)))
    if (seen := status.camera_pose) is not None:
        rows.append(("seen", _seen(seen)))
    if (take := status.recording) is not None:
        lost = f", {take.lost} lost to a slow disk" if take.lost else ""
        rows.append(("take", f"{take.path.name}: {take.seconds:.1f} s, {take.samples} samples{lost}"))
    if status.free_bytes:
        rows.append(("disk", f"{status.free_bytes / 1e9:.1f} GB free for {status.folder}"))
    if status.link is not None:
        rows.append(("link", f"{status.link.clients} connected"))
    return rows


def _camera(camera: CameraStatus) -> Text:
    text = Text(f"{camera.name} {camera.width} x {camera.height}, {camera.rate:.0f} Hz  ")
    text.append("performer seen" if camera.seen else "performer not seen", "green" if camera.seen else "yellow")
    if camera.latency:
        text.append(f"  {camera.latency[-1].p50:.0f} ms, {camera.skipped} skipped")
    if camera.filmed:
        text.append(f"  {camera.filmed} filmed")
    if camera.fault:
        text.append(f"  {camera.fault}", "red")
    return text


def _seen(seen: CameraPoseStatus) -> Text:
    text = Text(f"{seen.worker.name or seen.worker.network}, {seen.rate:.0f} Hz  ")
    text.append(seen.says, "green" if seen.says == AT_WORK else "yellow")
    if seen.latency:
        text.append(f"  {seen.latency[-1].p50:.0f} ms after the picture")
    if seen.lag_ms is not None:
        text.append(f"  pictures {-seen.lag_ms:+.0f} ms, heading {seen.heading:+.0f}°")
    return text


def _sensors(status: SessionStatus) -> Text:
    rates = {sensor.sensor: sensor for device in status.devices for sensor in device.sensors}
    text = Text()
    for slot in status.slots:
        health = rates.get(slot.sensor)
        words = f"{slot.slot} -"
        if health is not None:
            loss = "" if not health.loss else f" loss {100 * health.loss:.0f} %"
            words = f"{slot.slot} {health.rate:.0f} Hz{loss}"
        text.append(words, _KNOWN[slot.known]).append("  ")
    return text
