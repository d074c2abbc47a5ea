"""Where poses go: Blender and others by the link, VTuber programs by VMC, and whatever a face adds."""

from collections.abc import Sequence
from typing import Any, Protocol

from ..devices.health import SensorHealth
from ..inference.worker import WorkerStatus
from ..rig.skeleton import JOINTS, PARENTS, SMPL24, Skeleton
from .camera_poses import CameraPoseStatus
from .latency import StageFigures
from .link_protocol import LinkPose
from .link_server import Ask, LinkServer
from .live_camera import CameraStatus
from .session_options import SessionOptions
from .starting import CalibrationView
from .status import LivePose, SessionStatus
from .vmc import VmcSender


class Sink(Protocol):
    """Called by the session's thread, so nothing here may wait. What it raises ends the sink, not the session."""

    def pose(self, pose: LivePose) -> None:
        """Every pose."""

    def status(self, status: SessionStatus) -> None:
        """Several times a second, and at every change of state."""

    def close(self) -> None:
        """The session ends."""


class LinkSink:
    """To the clients of `server`."""

    def __init__(self, server: LinkServer, skeleton: Skeleton) -> None:
        self.server = server
        self._skeleton = {
            "joints": list(JOINTS),
            "parents": list(PARENTS),
            "offsets": [[round(float(value), 5) for value in row] for row in skeleton.offsets],
        }

    def pose(self, pose: LivePose) -> None:
        """See `Sink`."""
        slots = tuple(int(slot) for slot in pose.slots)
        self.server.send_pose(
            LinkPose(pose.number, pose.t_ns, pose.confidence, slots, pose.translation, pose.rotations)
        )

    def status(self, status: SessionStatus) -> None:
        """See `Sink`."""
        self.server.send_status({"status": status_values(status), "skeleton": self._skeleton})

    def close(self) -> None:
        """See `Sink`."""
        self.server.close()


class VmcSink:
    """To one receiver."""

    def __init__(self, sender: VmcSender) -> None:
        self.sender = sender
        self._start_ns: int | None = None

    def pose(self, pose: LivePose) -> None:
        """See `Sink`."""
        self._start_ns = pose.t_ns if self._start_ns is None else self._start_ns
        self.sender.send((pose.t_ns - self._start_ns) / 1e9, pose.rotations, pose.translation)

    def status(self, status: SessionStatus) -> None:
        """See `Sink`; VMC has no word for it."""

    def close(self) -> None:
        """See `Sink`."""
        self.sender.close()


def open_outlets(options: SessionOptions, ask: Ask, sinks: list[Sink]) -> tuple[LinkServer | None, VmcSender | None]:
    """The link and VMC, where they are wanted, added to `sinks` one by one: what fails leaves those before it there."""
    skeleton = SMPL24.scaled_to(options.height)
    server = vmc = None
    if options.link is not None:
        server = LinkServer(ask, options.link)
        sinks.append(LinkSink(server, skeleton))
    if options.vmc is not None:
        vmc = VmcSender(options.vmc, skeleton)
        sinks.append(VmcSink(vmc))
    return server, vmc


def status_values(status: SessionStatus) -> dict[str, Any]:
    """As JSON takes it: over the link and from `mocamba capture --json`."""
    recording, worker, link = status.recording, status.worker, status.link
    return {
        "state": status.state.value,
        "message": status.message,
        "notes": list(status.notes),
        "seconds": round(status.seconds, 2),
        "share": round(status.share, 3),
        "calibration": status.calibration and _calibration_values(status.calibration),
        "sensors": [_sensor_values(sensor) for device in status.devices for sensor in device.sensors],
        "faults": [str(device.fault) for device in status.devices if device.fault is not None],
        "slots": {
            one.slot: {"sensor": one.sensor, "known": one.known.name.lower(), "age": round(min(one.age, 1e6), 3)}
            for one in status.slots
        },
        "confidence": round(status.confidence, 3),
        "frames": {"answered": status.frames, "dropped": status.dropped, "skipped": status.skipped},
        "latency_ms": _latency_values(status.latency),
        "worker": worker and _worker_values(worker),
        "recording": recording
        and {
            "take": str(recording.path),
            "seconds": round(recording.seconds, 2),
            "samples": recording.samples,
            "lost": recording.lost,
        },
        "camera": status.camera and _camera_values(status.camera),
        "camera_pose": status.camera_pose and _camera_pose_values(status.camera_pose),
        "folder": str(status.folder.absolute()),
        "free_bytes": status.free_bytes,
        "link": link and {"clients": link.clients, "skipped": link.skipped, "refused": link.refused},
    }


def _calibration_values(view: CalibrationView) -> dict[str, Any]:
    return {
        "step": view.step,
        "steps": list(view.steps),
        "prompt": view.prompt,
        "progress": round(view.progress, 3),
        "moving": {name: round(speed, 1) for name, speed in view.moving},
        "attempt": view.attempt,
        "attempts": view.attempts,
        "trouble": view.trouble,
        "findings": [
            {"sensor": one.sensor, "slot": one.slot, "verdict": one.verdict.value, "reason": one.reason}
            for one in view.findings
        ],
        "kept": view.kept,
    }


def _camera_values(camera: CameraStatus) -> dict[str, Any]:
    return {
        "name": camera.name,
        "detector": camera.detector,
        "state": camera.state.value,
        "size": [camera.width, camera.height],
        "rate": round(camera.rate, 2),
        "seen": camera.seen,
        "looked": camera.looked,
        "skipped": camera.skipped,
        "latency_ms": _latency_values(camera.latency),
        "filmed": camera.filmed,
        "fault": camera.fault,
    }


def _camera_pose_values(pose: CameraPoseStatus) -> dict[str, Any]:
    return {
        "worker": _worker_values(pose.worker),
        "says": pose.says,
        "share": round(pose.share, 3),
        "lag_ms": pose.lag_ms and round(pose.lag_ms, 1),
        "heading": round(pose.heading, 2),
        "rate": round(pose.rate, 2),
        "latency_ms": _latency_values(pose.latency),
    }


def _latency_values(figures: Sequence[StageFigures]) -> dict[str, dict[str, float]]:
    return {
        one.stage: {"p50": round(one.p50, 3), "p99": round(one.p99, 3), "max": round(one.longest, 3)} for one in figures
    }


def _worker_values(worker: WorkerStatus) -> dict[str, Any]:
    return {
        "state": worker.state.value,
        "pid": worker.pid,
        "network": worker.name or worker.network,
        "weights": worker.weights,
        "device": worker.device,
        "reason": worker.reason,
        "restarts": worker.restarts,
    }


def _sensor_values(sensor: SensorHealth) -> dict[str, Any]:
    return {
        "name": sensor.sensor,
        "rate": round(sensor.rate, 2),
        "loss": sensor.loss and round(sensor.loss, 4),
        "battery": sensor.battery,
        "disturbed": sensor.disturbed,
    }
