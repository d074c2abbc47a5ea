"""A capture session: devices, clock, calibration, worker and sinks as one object with a small state machine.

One thread owns all of it. Faces call `start`, watch `status` (a frozen snapshot, replaced several times a second),
give sinks, and ask for things: every request gives a `Future`. The session goes on whatever happens to one part; what
ends it is in `status.message`, in a sentence.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..inference.device_choice import Wish
from ..inference.worker import Worker, WorkerPose, WorkerState
from ..inference.worker_process import Task
from ..rig.errors import BadInputError, MocambaError
from ..rig.imu import SLOTS
from ..rig.skeleton import SMPL24
from .calibration import Calibration, HeadingSource, Pose
from .dropouts import DropOuts, Sensed, Slot
from .frames import Frame, FrameMaker
from .latency import Latency, StageTimes
from .link_protocol import endpoint_path
from .link_server import LinkServer
from .manifest import Manifest
from .recorder import Recorder, free_bytes, take_path
from .simulated_start import simulated_calibration
from .sinks import LinkSink, Sink, VmcSink, status_values
from .sleep_watch import SleepWatch
from .solving import DEFAULT_NETWORK
from .sources import SIMULATED, Sensors, slots_of
from .stamping import Stamper
from .status import LivePose, SessionStatus, SlotStatus, State, check_step
from .still_start import StillStart
from .vmc import VmcSender

TICK = 0.002  # seconds between two looks at the devices
STATUS_EVERY = 0.25  # seconds
NOTES = 20  # sentences that are kept
END_WITHIN = 30.0  # seconds; each part has a shorter limit of its own


@dataclass(frozen=True)
class SessionOptions:
    """`imu` as `Sensors` takes it; `slots` NAME=slot; `calibration` of before, None to find one in the first
    `calibrate_seconds`; `link` where the link's file is written, None for no link; `vmc` HOST:PORT."""

    imu: tuple[str, ...] = (SIMULATED,)
    slots: Mapping[str, str] = field(default_factory=dict)
    network: str = DEFAULT_NETWORK
    device: Wish = Wish.AUTO
    folder: Path = field(default_factory=lambda: Path("takes"))
    performer: str = "performer"
    height: float = 1.70
    heading: HeadingSource = HeadingSource.AUTO
    pose: Pose = Pose.T_POSE
    calibration: Calibration | None = None
    calibrate_seconds: float = 8.0
    link: Path | None = field(default_factory=endpoint_path)
    vmc: str | None = None


@dataclass(frozen=True, eq=False)
class _UnderWay:
    """The frame that the worker has."""

    frame: Frame
    sensed: Sensed
    read_ns: int
    sent_ns: int


class Session:
    """Made idle. `start` returns at once; `stop` waits until nothing is left."""

    def __init__(
        self, options: SessionOptions, sinks: Sequence[Sink] = (), clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.options = options
        self._given_sinks = tuple(sinks)
        self._clock = clock
        self._asked: queue.SimpleQueue[tuple[Callable[[], Mapping[str, Any]], Future[Mapping[str, Any]]]] = (
            queue.SimpleQueue()
        )
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._status = SessionStatus(folder=options.folder)

    @property
    def status(self) -> SessionStatus:
        """The newest snapshot; from any thread."""
        return self._status

    def wait_for(self, *states: State, timeout: float) -> SessionStatus:
        """Until the session is in one of `states`, or `timeout` seconds are over; the status then."""
        with self._changed:
            self._changed.wait_for(lambda: self._status.state in states, timeout)
        return self._status

    def start(self) -> None:
        """Connect, calibrate, and go live."""
        check_step(self._status.state, State.CONNECTING)
        self._stop.clear()
        self._set_state(State.CONNECTING, "Looking for sensors.")
        self._thread = threading.Thread(target=self._run, name="capture session", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End in any state: finish the take, free sensors, GPU and ports. A second call does nothing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(END_WITHIN)

    def record(self, name: str) -> Future[Mapping[str, Any]]:
        """Start the take `name`; its path is `take` in the answer."""
        return self._ask(lambda: self._start_recording(name))

    def stop_recording(self) -> Future[Mapping[str, Any]]:
        """Finish it; the session stays live."""
        return self._ask(self._stop_recording)

    def calibrate(self) -> Future[Mapping[str, Any]]:
        """Once more, from the next seconds on."""
        return self._ask(self._start_calibration)

    def swap_network(self, network: str) -> Future[Mapping[str, Any]]:
        """Change to another network; the one at hand goes on until that is ready, and if it cannot be used."""
        return self._ask(lambda: self._swap(network))

    def ask(self, what: str, values: Mapping[str, Any]) -> Future[Mapping[str, Any]]:
        """A command of docs/link.md."""
        match what:
            case "status":
                return self._ask(lambda: {"status": status_values(self._status)})
            case "record":
                return self.record(str(values.get("name", "")))
            case "stop_recording":
                return self.stop_recording()
            case "calibrate":
                return self.calibrate()
            case "network":
                return self.swap_network(str(values.get("name", "")))
        unknown: Future[Mapping[str, Any]] = Future()
        unknown.set_exception(BadInputError(f"There is no command '{what[:40]}'."))
        return unknown

    def _ask(self, what: Callable[[], Mapping[str, Any]]) -> Future[Mapping[str, Any]]:
        answer: Future[Mapping[str, Any]] = Future()
        if self._thread is None or not self._thread.is_alive():
            answer.set_exception(BadInputError("The session is not running. Start it first."))
        else:
            self._asked.put((what, answer))
        return answer

    # from here on, all is done by the session's thread

    def _run(self) -> None:
        failure = None
        try:
            self._open()
            while not self._stop.is_set():
                self._turn()
        except MocambaError as error:
            failure = str(error)
        except Exception as error:  # the boundary of the thread: faces show the message
            failure = f"{type(error).__name__}: {error}"
        finally:
            self._set_state(State.STOPPING, failure or "Stopping.")
            failure = self._close() or failure
            self._set_state(State.FAILED if failure else State.IDLE, failure or "Stopped.")

    def _open(self) -> None:
        options = self.options
        self._notes: deque[str] = deque(maxlen=NOTES)
        self._parts: list[Any] = []  # what has to be closed, in the order of opening
        self._sinks: list[Sink] = []
        self._stamper, self._latency, self._dropouts = Stamper(), Latency(), DropOuts()
        self._frames: FrameMaker | None = None
        self._start_seconds: StillStart | None = None
        self._recorder: Recorder | None = None
        self._under_way: _UnderWay | None = None
        self._calibration = options.calibration
        self._slots: dict[str, str] = {}
        self._place = [0.0, 0.0]
        self._last_place = [0.0, 0.0]
        self._answered = self._dropped = 0
        self._known, self._ages, self._confidence = (Slot.EMPTY,) * len(SLOTS), [float("inf")] * len(SLOTS), 0.0
        self._told_at, self._restarts = 0.0, 0
        self._sleep_watch = SleepWatch()
        self._server: LinkServer | None = None
        self._vmc: VmcSender | None = None
        self._open_sinks(options)
        self._worker = Worker(Task(options.network, options.device, options.height))
        self._parts.append(self._worker)
        self._worker.start()
        self._sensors = Sensors(options.imu)
        self._parts.append(self._sensors)
        for error in self._sensors.connect():
            self._note(str(error))
        self._set_state(State.CALIBRATING, "Stand still in the T-pose for two seconds, then walk a few steps.")
        self._start_seconds = StillStart(options.calibrate_seconds, options.heading, options.pose)

    def _open_sinks(self, options: SessionOptions) -> None:
        skeleton = SMPL24.scaled_to(options.height)
        if options.link is not None:
            self._server = LinkServer(self.ask, options.link)
            self._sinks.append(LinkSink(self._server, skeleton))
        if options.vmc is not None:
            self._vmc = VmcSender(options.vmc, skeleton)
            self._sinks.append(VmcSink(self._vmc))
        self._sinks += self._given_sinks

    def _close(self) -> str | None:
        """Everything, whatever single parts say; what was first said."""
        said: list[str] = []
        if self._recorder is not None:
            self._recorder.close()
            self._forget_recorder()
        for part in (*reversed(self._parts), *self._sinks):
            try:
                part.close()
            except MocambaError as error:
                said.append(str(error))
        while not self._asked.empty():
            self._asked.get()[1].set_exception(BadInputError("The session has ended."))
        return said[0] if said else None

    def _turn(self) -> None:
        while not self._asked.empty():
            self._answer(*self._asked.get())
        self._read()
        pose = self._worker.poll()
        if pose is not None:
            self._give(pose)
        self._mind_worker()
        if self._frames is not None:
            for frame in self._frames.due(self._clock()):
                self._send(frame)
        if self._start_seconds is not None:
            self._try_calibration(self._start_seconds)
        if time.monotonic() - self._told_at > STATUS_EVERY:
            self._look_around()
        self._worker.wait(TICK)

    def _answer(self, what: Callable[[], Mapping[str, Any]], answer: Future[Mapping[str, Any]]) -> None:
        try:
            answer.set_result(what())
        except MocambaError as error:
            answer.set_exception(error)

    def _read(self) -> None:
        readings = self._sensors.read_unread()
        self._read_ns = self._clock()
        samples = [sample for reading in readings if (sample := self._stamper.stamp(reading)) is not None]
        if not samples:
            return
        if self._recorder is not None:
            self._recorder.add(samples)
        if self._frames is not None:
            self._frames.add(samples)
        if self._start_seconds is not None:
            self._start_seconds.add(samples)

    def _send(self, frame: Frame) -> None:
        sensed = self._dropouts.sense(frame.t_ns, frame.orientation, frame.acceleration, frame.age)
        self._note_slots(sensed.slots)
        self._known, self._ages, self._confidence = sensed.slots, frame.age.tolist(), sensed.confidence
        if sensed.slots[SLOTS.index("pelvis")] is Slot.EMPTY:
            return
        now = self._clock()
        # beside the worker's own count, which begins anew with it
        if self._worker.submit(frame.number, sensed.orientation, sensed.acceleration, sensed.present):
            self._under_way = _UnderWay(frame, sensed, max(frame.arrived_ns, min(self._read_ns, frame.made_ns)), now)
        else:
            self._dropped += 1

    def _give(self, said: WorkerPose) -> None:
        """A pose to every sink."""
        under_way, self._under_way = self._under_way, None
        if under_way is None or under_way.frame.number != said.number:
            return
        answered_ns = self._clock()
        frame, sensed = under_way.frame, under_way.sensed
        rotations = self._dropouts.soften(frame.t_ns, said.rotations)
        translation = said.translation.copy()
        translation[[0, 2]] += self._place
        self._last_place = [float(translation[0]), float(translation[2])]
        times = StageTimes(
            under_way.read_ns - frame.arrived_ns,
            frame.made_ns - under_way.read_ns,
            under_way.sent_ns - frame.made_ns,
            answered_ns - under_way.sent_ns,
            0,
        )
        pose = LivePose(
            said.number, frame.t_ns, rotations, translation, sensed.confidence, sensed.slots, times, answered_ns
        )
        self._to_sinks(lambda sink: sink.pose(pose))
        self._latency.add(replace(times, link=self._clock() - answered_ns))
        self._answered += 1

    def _to_sinks(self, give: Callable[[Sink], None]) -> None:
        for sink in list(self._sinks):
            try:
                give(sink)
            except Exception as error:  # a sink's own fault: a face that broke must not end a recording
                self._sinks.remove(sink)
                self._note(f"{type(sink).__name__} failed ({type(error).__name__}: {error}) and gets no more poses.")

    def _mind_worker(self) -> None:
        for fault in self._worker.take_faults():
            self._note(fault)
        status = self._worker.status
        if status.restarts > self._restarts:
            # the new one knows nothing of where the performer stands
            self._restarts, self._under_way = status.restarts, None
            self._place = list(self._last_place)
            self._dropouts.forget_pose()
        if status.state is WorkerState.DEAD and self._status.state in (State.CONNECTING, State.CALIBRATING):
            raise MocambaError(status.last_fault)

    def _try_calibration(self, start: StillStart) -> None:
        known = self._calibration is not None or self._sensors.only_simulated
        if start.collected < (0.5 if known else start.seconds):
            return
        if not self._slots:
            self._slots = slots_of(start.sensors, self.options.slots)
        if self._calibration is None:
            known = self._sensors.only_simulated
            self._calibration = simulated_calibration(self._slots) if known else start.find(self._slots)
            for warning in self._calibration.warnings:
                self._note(warning)
        if not self._worker.ready:
            return
        self._start_seconds = None
        self._slots |= {one.sensor: one.slot for one in self._calibration.sensors}
        self._frames = FrameMaker(self._calibration, self._slots)
        self._set_state(State.LIVE, f"Live with {len(self._calibration.sensors)} sensors.")

    def _start_calibration(self) -> Mapping[str, Any]:
        check_step(self._status.state, State.CALIBRATING)
        self._calibration, self._frames = None, None
        self._start_seconds = StillStart(self.options.calibrate_seconds, self.options.heading, self.options.pose)
        self._set_state(State.CALIBRATING, "Stand still in the T-pose for two seconds, then walk a few steps.")
        return {}

    def _start_recording(self, name: str) -> Mapping[str, Any]:
        check_step(self._status.state, State.RECORDING)
        path = take_path(self.options.folder, name)
        manifest = Manifest(self.options.performer, self.options.height, "live", calibration=self._calibration)
        self._recorder = Recorder(path, manifest, self._slots)
        self._set_state(State.RECORDING, f"Recording {path}.")
        return {"take": str(path)}

    def _stop_recording(self) -> Mapping[str, Any]:
        if self._recorder is None:
            raise BadInputError("Nothing is being recorded.")
        self._recorder.close()
        status = self._recorder.status
        fault = self._forget_recorder()
        self._set_state(State.LIVE, fault or f"{status.path} holds {status.seconds:.1f} s.")
        return {"take": str(status.path), "seconds": status.seconds, "fault": fault}

    def _forget_recorder(self) -> str | None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None and recorder.fault is not None:
            self._note(recorder.fault)
            return recorder.fault
        return None

    def _swap(self, network: str) -> Mapping[str, Any]:
        if network != self._worker.status.network:
            self._worker.swap(network)
            self._dropouts.forget_pose()
        return {}

    def _note_slots(self, slots: tuple[Slot, ...]) -> None:
        for name, before, now in zip(SLOTS, self._known, slots, strict=True):
            words = name.replace("_", " ")
            if now is Slot.PREDICTED and before is not Slot.PREDICTED:
                self._note(f"The {words} sensor is silent. Its limb is predicted until it is back.")
            elif now is Slot.FADING and before is Slot.PREDICTED:
                self._note(f"The {words} sensor is back.")

    def _look_around(self) -> None:
        self._told_at = time.monotonic()
        if slept := self._sleep_watch.slept():
            self._note(
                f"The computer stood still for {slept:.0f} s: it slept, or other programs took all its time. What was "
                f"recorded before is safe, and the recording goes on."
            )
        if self._recorder is not None and self._recorder.fault is not None:
            self._recorder.close()
            self._set_state(State.LIVE, self._forget_recorder() or "")
        if self._server is not None and self._server.fault is not None:
            self._note(self._server.fault)
            self._server.fault = None
        self._publish()

    def _note(self, sentence: str) -> None:
        if not self._notes or self._notes[-1] != sentence:
            self._notes.append(sentence)
        self._status = replace(self._status, message=sentence, notes=tuple(self._notes))

    def _set_state(self, state: State, message: str) -> None:
        if state is not self._status.state:
            check_step(self._status.state, state)
        self._since = time.monotonic()
        with self._changed:
            self._status = replace(self._status, state=state, message=message)
            self._changed.notify_all()
        if hasattr(self, "_sensors"):
            self._publish()

    def _publish(self) -> None:
        """A new snapshot, to all."""
        start, recorder = self._start_seconds, self._recorder
        sensors = {slot: sensor for sensor, slot in self._slots.items()}
        slots = zip(SLOTS, self._known, self._ages, strict=True)
        self._status = replace(
            self._status,
            seconds=time.monotonic() - self._since,
            share=0.0 if start is None else min(1.0, start.collected / start.seconds),
            devices=tuple(self._sensors.status()),
            slots=tuple(SlotStatus(slot, sensors.get(slot, ""), known, age) for slot, known, age in slots),
            confidence=self._confidence,
            frames=self._answered,
            dropped=self._dropped,
            skipped=0 if self._frames is None else self._frames.skipped,
            latency=self._latency.figures(),
            worker=self._worker.status,
            recording=None if recorder is None else recorder.status,
            free_bytes=free_bytes(self.options.folder),
            link=None if self._server is None else self._server.status,
            vmc_unsent=0 if self._vmc is None else self._vmc.unsent,
        )
        self._to_sinks(lambda sink: sink.status(self._status))
