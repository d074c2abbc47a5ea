"""Panels for tests: windows with settings of their own, and statuses as sessions give them."""

from collections.abc import Sequence
from dataclasses import replace

from mocamba.capture.calibrating.finding import Finding
from mocamba.capture.calibrating.step import PROMPTS, Plan, Step
from mocamba.capture.dropouts import Slot
from mocamba.capture.latency import StageFigures
from mocamba.capture.starting import CalibrationView
from mocamba.capture.status import SessionStatus, SlotStatus, State
from mocamba.devices.device import State as DeviceState
from mocamba.devices.errors import LinkLostError, Reason
from mocamba.devices.health import SensorHealth
from mocamba.devices.roster import DeviceStatus
from mocamba.inference.worker import WorkerState, WorkerStatus
from mocamba.rig.imu import SLOTS

LIVE_WITHIN = 60_000  # milliseconds on a busy machine; a first start takes under ten seconds on an idle one
STAGES = ("read", "clock", "fusion", "network", "link", "all")


def health(sensor: str, **changes: object) -> SensorHealth:
    well = SensorHealth(sensor, 100.0, 0.0, 0.8, 1.0, False, 0.01, 900, 0, 100.0, 0.1)
    return replace(well, **changes)  # type: ignore[arg-type]


def device(sensors: Sequence[SensorHealth], name: str = "dot D4:22", **changes: object) -> DeviceStatus:
    return replace(DeviceStatus(name, DeviceState.CONNECTED, None, tuple(sensors), name), **changes)  # type: ignore[arg-type]


def live_status(**changes: object) -> SessionStatus:
    """Six sensors that are well."""
    status = SessionStatus(
        State.LIVE,
        "Live with 6 sensors.",
        devices=(device([health(slot) for slot in SLOTS]),),
        slots=tuple(SlotStatus(slot, slot, Slot.MEASURED, 0.01) for slot in SLOTS),
        confidence=1.0,
        frames=600,
        latency=tuple(StageFigures(stage, 6.0 if stage == "all" else 1.2, 9.0, 12.0) for stage in STAGES),
        worker=WorkerStatus(WorkerState.READY, 4711, "hiposer-d", "hiposer-d", "ab12", "cpu", warm_ms=0.4),
        free_bytes=70_000_000_000,
    )
    return replace(status, **changes)  # type: ignore[arg-type]


def calibrating(step: Step, findings: tuple[Finding, ...] = (), **changes: object) -> SessionStatus:
    """In the middle of a step of the sequence."""
    plan = Plan()
    steps = tuple(one.value for one in plan.steps)
    view = CalibrationView(step.value, PROMPTS[step], 0.0, steps, attempts=3, findings=findings, hold=plan.hold(step))
    view = replace(view, **changes)  # type: ignore[arg-type]
    return live_status(state=State.CALIBRATING, message=view.prompt, calibration=view, latency=(), frames=0)


def silent_status() -> SessionStatus:
    """The left shin's sensor fell silent, and one device gave up."""
    sensors = [health(slot, age=4.2, rate=0.0) if slot == "left_shin" else health(slot) for slot in SLOTS]
    gone = LinkLostError("dot D4:99", Reason.GAVE_UP, "it was lost and did not come back.", "Bring it closer.")
    failed = DeviceStatus("dot D4:99", DeviceState.FAILED, gone, (), "dot D4:99")
    slots = tuple(
        SlotStatus(slot, slot, Slot.PREDICTED if slot == "left_shin" else Slot.MEASURED, 0.01) for slot in SLOTS
    )
    note = "The left shin sensor is silent. Its limb is predicted until it is back."
    return live_status(devices=(device(sensors), failed), slots=slots, notes=(note,), message=note, confidence=0.83)


def dead_status() -> SessionStatus:
    """The worker died for good."""
    fault = (
        "The worker stopped: it ended (code -9). It is not started again. Recording goes on; choose a network to "
        "start it anew."
    )
    worker = WorkerStatus(WorkerState.DEAD, None, "hiposer-d", "hiposer-d", last_fault=fault, restarts=1)
    return live_status(worker=worker, notes=(fault,), message=fault)
