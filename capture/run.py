"""One run of a session: everything that its thread does, from the first device opened to the last one closed."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..devices.discovery import Found
from ..inference.device_choice import Wish
from ..inference.worker_process import Task
from ..rig.errors import BadInputError, MocambaError
from ..rig.imu import SLOTS
from .calibrating.start import Start
from .camera_moves import MovesTold
from .camera_poses import STAND, CameraPoses
from .fault_notes import ToldFaults
from .frames import FrameMaker
from .link_server import Ask, LinkServer
from .live_calibration import WAITING, LiveCalibration
from .live_camera import LiveCamera
from .live_networks import live_networks
from .manifest import Manifest
from .recorder import Recorder, free_bytes, take_path
from .sensor_poses import SensorPoses
from .session_options import SessionOptions
from .sinks import Sink, open_outlets
from .sleep_watch import SleepWatch
from .sources import Sensors
from .stamping import Stamper
from .starting import Started
from .status import LivePose, SessionStatus, SlotStatus, State, check_step
from .take import LENS
from .vmc import VmcSender

TICK = 0.002  # seconds between two looks at the devices
STATUS_EVERY = 0.25  # seconds
NOTES = 20  # sentences that are kept


class Run:
    """Made, opened, turned until it is enough, and closed by one thread. `ask` answers the link's commands; `show` is
    given every new status."""

    def __init__(
        self,
        options: SessionOptions,
        sinks: Sequence[Sink],
        ask: Ask,
        show: Callable[[SessionStatus], None],
        clock: Callable[[], int],
    ) -> None:
        self.options = options
        self.camera = None if options.camera is None else LiveCamera(options.camera, options.detector)
        self._ask = ask
        self._show = show
        self._clock = clock
        self._status = SessionStatus(State.CONNECTING, "Looking for sensors.", folder=options.folder)
        self._since = time.monotonic()
        self._notes: deque[str] = deque(maxlen=NOTES)
        self._parts: list[Any] = []  # what has to be closed, in the order of opening
        self._sinks = list(sinks)
        self._stamper = Stamper()
        self._frames: FrameMaker | None = None
        self._heard: set[str] = set()  # sensors that spoke before the calibration was found, or were told of since
        self._recorder: Recorder | None = None
        self._calibration: LiveCalibration | None = None
        self._started: Started | None = None  # found before the network is warm
        self._slots: dict[str, str] = {}
        self._told_at, self._read_ns = 0.0, 0
        self._sleep_watch = SleepWatch()
        self._faults = ToldFaults()
        self._moves = MovesTold()
        self._server: LinkServer | None = None
        self._vmc: VmcSender | None = None
        self._sensors: Sensors | None = None
        self._poses = SensorPoses(options, self._note, clock)
        self._film: CameraPoses | None = None

    def open(self) -> None:
        """Reach sensors and start the worker. Whatever it raises, `close` undoes what was begun."""
        self._server, self._vmc = open_outlets(self.options, self._ask, self._sinks)
        networks = live_networks(self.options)
        self._parts.append(self._poses)
        if networks.sensors is not None:
            self._poses.start(networks.sensors)
        if self.camera is not None:
            self._parts.append(self.camera)
            self.camera.start()
        if networks.camera is not None:
            self._use_camera(networks.camera)
        if not self.options.worn:
            self._set_state(State.CALIBRATING, STAND)
            return
        motion = "drill" if self.options.start in (Start.SEQUENCE, Start.KEPT) else "walk"
        self._sensors = Sensors(self.options.imu, motion=motion, options=self.options.families)
        self._parts.append(self._sensors)
        for error in self._sensors.connect():
            self._note(str(error))
        self._calibration = LiveCalibration(self.options, self._sensors, self._note)
        if self.options.hold:
            self._calibration.wait()
            self._set_state(State.CALIBRATING, WAITING)
        else:
            self._calibration.begin()
            self._set_state(State.CALIBRATING, "Listening for sensors.")

    def close(self, failure: str | None) -> None:
        """Everything, whatever single parts say."""
        self._set_state(State.STOPPING, failure or "Stopping.")
        said = [] if failure is None else [failure]
        if self._recorder is not None:
            self._recorder.close()
            self._forget_recorder()
        for part in (*reversed(self._parts), *self._sinks):
            try:
                part.close()
            except MocambaError as error:
                said.append(str(error))
            except Exception as error:  # a sink's own fault: the others have to be closed all the same
                said.append(f"{type(part).__name__} failed ({type(error).__name__}: {error}) while it was closed.")
        self._set_state(State.FAILED if said else State.IDLE, said[0] if said else "Stopped.")

    def turn(self) -> None:
        """Once round: what came in, what is due, what goes out. Waits `TICK` seconds at most."""
        self._read()
        if (pose := self._poses.poll()) is not None:
            self._give(pose)
        if self._film is not None:
            self._film_turn(self._film)
        self._mind_worker()
        if self._frames is not None and (due := self._frames.due(self._clock())):
            # after a pause there are several: the past is of no use to anybody who watches
            self._poses.dropped += len(due) - 1
            self._poses.send(due[-1], self._read_ns)
        self._try_calibration()
        if time.monotonic() - self._told_at > STATUS_EVERY:
            self._look_around()
        self._poses.wait(TICK)

    def _film_turn(self, film: CameraPoses) -> None:
        pose = film.turn()
        if pose is None:
            return
        if self._status.state is State.CALIBRATING and pose.confidence > 0:
            self._set_state(State.LIVE, "Live with the camera.")
        if self._status.state in (State.LIVE, State.RECORDING):
            self._poses.confidence = pose.confidence
            rotations, place = self._poses.filter.posed(pose.t_ns, pose.rotations, pose.translation)
            self._give(replace(pose, rotations=rotations, translation=place))

    def _read(self) -> None:
        if self._sensors is None:
            return
        readings = self._sensors.read_unread()
        self._read_ns = self._clock()
        samples = self._stamper.stamp_all(readings)
        if not samples:
            return
        # devices are read one after another: after a pause, one's seconds would come before another's
        samples.sort(key=lambda sample: sample.t_ns)
        if self._recorder is not None:
            self._recorder.add(samples)
        if self._frames is not None:
            self._frames.add(samples)
            self._note_late({sample.sensor for sample in samples} - self._heard)
        if self._calibration is not None:
            self._calibration.add(samples)

    def _note_late(self, late: set[str]) -> None:
        self._heard |= late
        for name in sorted(late):
            self._note(f"{name} was first heard after the calibration and is only recorded. Calibrate again to use it.")

    def _give(self, pose: LivePose) -> None:
        """To every sink."""
        self._to_sinks(lambda sink: sink.pose(pose))
        self._poses.given(pose)

    def _to_sinks(self, give: Callable[[Sink], None]) -> None:
        for sink in list(self._sinks):
            try:
                give(sink)
            except Exception as error:  # a sink's own fault: a face that broke must not end a recording
                self._sinks.remove(sink)
                self._note(f"{type(sink).__name__} failed ({type(error).__name__}: {error}) and gets no more poses.")

    def _mind_worker(self) -> None:
        trouble = self._poses.mind() if self.options.worn or self._film is None else self._film.trouble
        if trouble and self._status.state in (State.CONNECTING, State.CALIBRATING):
            raise MocambaError(trouble)

    def _try_calibration(self) -> None:
        if self._calibration is None:
            return
        self._started = self._started or self._calibration.poll()
        if self._started is not None and self._poses.worker.ready:
            self._go_live(self._started)
            self._started = None
        elif (
            (view := self._calibration.view) is not None
            and self._calibration.under_way
            and view.prompt != self._status.message
        ):
            self._set_state(State.CALIBRATING, view.prompt)

    def _go_live(self, started: Started) -> None:
        self._heard, self._slots = set(started.heard), dict(started.slots)
        self._frames = FrameMaker(started.calibration, self._slots)
        self._poses.filter.forget()
        self._forget_camera()
        redo = () if started.result is None else started.result.to_redo
        found = f"Live with {len(started.calibration.sensors)} sensors."
        self._set_state(State.LIVE, f"{found} To be redone: {', '.join(redo)}." if redo else found)

    def start_calibration(self, start: Start | None = None, only: frozenset[str] = frozenset()) -> Mapping[str, Any]:
        """See `Session.calibrate`."""
        if self._status.state is not State.CALIBRATING:
            check_step(self._status.state, State.CALIBRATING)
        calibration = self._calibrated()
        if unknown := only - set(self._slots):
            raise BadInputError(f"There is no sensor {', '.join(sorted(unknown))}. Worn: {', '.join(self._slots)}.")
        calibration.begin(start, only)
        self._frames, self._started, self._slots = None, None, {}
        self._set_state(State.CALIBRATING, "Listening for sensors.")
        return {}

    def wear(self, slots: Mapping[str, str]) -> Mapping[str, Any]:
        """See `Session.wear`."""
        self._calibrated().wear(slots)
        self.options = replace(self.options, slots=dict(slots))
        self._publish()
        return {}

    def connect_more(self, found: Sequence[Found]) -> Mapping[str, Any]:
        """See `Session.connect`."""
        self._worn_sensors().connect_later(found)
        return {}

    def forget(self, address: str) -> Mapping[str, Any]:
        """See `Session.forget`."""
        if not self._worn_sensors().forget(address):
            raise BadInputError(f"There is no device at {address}.")
        self._faults.forget()
        self._publish()
        return {}

    def use_kept(self) -> Mapping[str, Any]:
        """See `Session.use_kept`."""
        self._calibrated().use_kept()
        return {}

    def reset(self, full: bool) -> Mapping[str, Any]:
        """See `Session.reset`."""
        if self._recorder is not None:
            raise BadInputError("A take has one calibration. Stop the recording, reset, and record again.")
        if self._frames is None:
            raise BadInputError("There is nothing to reset before the session is live.")
        calibration = self._calibrated()
        self._frames.recalibrate(calibration.reset_full() if full else calibration.reset_yaw())
        self._poses.filter.forget()
        self._forget_camera()
        self._note("Headings and mountings were reset." if full else "The way you face is forward now.")
        return {}

    def _worn_sensors(self) -> Sensors:
        if self._sensors is None:
            raise BadInputError("This session has no sensors. Start another one with them.")
        return self._sensors

    def _calibrated(self) -> LiveCalibration:
        self._worn_sensors()
        if self._calibration is None:
            raise BadInputError("No sensor is connected yet. Wait until the session calibrates.")
        return self._calibration

    def start_recording(self, name: str) -> Mapping[str, Any]:
        """See `Session.record`."""
        check_step(self._status.state, State.RECORDING)
        path = take_path(self.options.folder.absolute(), name)
        calibration = self._calibrated().calibration if self.options.worn else None
        manifest = Manifest(self.options.performer, self.options.height, "live", calibration=calibration)
        self._recorder = Recorder(path, manifest, self._slots, self.camera)
        if self._film is not None and self._film.lens is not None:
            self._film.lens.write(path / LENS)
        self._set_state(State.RECORDING, f"Recording {path}.")
        return {"take": str(path)}

    def stop_recording(self) -> Mapping[str, Any]:
        """See `Session.stop_recording`."""
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

    def swap(self, network: str, device: Wish | None) -> Mapping[str, Any]:
        """See `Session.swap_network`."""
        options = replace(self.options, network=network, device=device or self.options.device)
        wanted = live_networks(options)
        if wanted.sensors is not None and (wanted.sensors.network != self._poses.worker.status.network or device):
            self._poses.worker.swap(wanted.sensors.network, device)
        if wanted.camera is not None:
            self._use_camera(wanted.camera)
        elif self._film is not None:
            self._film.rest()
        self.options = options
        return {}

    def _use_camera(self, task: Task) -> None:
        """From now on, or another network in place of the one that is used."""
        assert self.camera is not None  # `live_networks` has seen to it
        if self._film is not None:
            self._film.swap(task)
            return
        self._film = self._poses.camera = CameraPoses(self.camera, task, self.options.lens_of, self._note, self._clock)
        self._parts.append(self._film)
        self._film.start()

    def _forget_camera(self) -> None:
        if self._film is not None:
            self._film.forget_world()

    def _look_around(self) -> None:
        first, self._told_at = not self._told_at, time.monotonic()
        slept = self._sleep_watch.slept()
        if slept and not first:  # before the first look devices were opened, which takes seconds
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
        if self.camera is not None and (told := self._moves.fresh(self.camera.moves)) is not None:
            self._note(told.says)
            if told.elsewhere:
                self._forget_camera()
        if self._film is not None and self._status.state in (State.LIVE, State.RECORDING):
            self._film.tell()
        self._publish()
        for sentence in self._faults.fresh(self._status):
            self._note(sentence)

    def _note(self, sentence: str) -> None:
        if not self._notes or self._notes[-1] != sentence:
            self._notes.append(sentence)
        self._status = replace(self._status, message=sentence, notes=tuple(self._notes))
        self._show(self._status)

    def _set_state(self, state: State, message: str) -> None:
        if state is not self._status.state:
            check_step(self._status.state, state)
        self._since = time.monotonic()
        self._status = replace(self._status, state=state, message=message)
        self._publish()

    def _publish(self) -> None:
        """A new snapshot, to all."""
        recorder, view = self._recorder, None if self._calibration is None else self._calibration.view
        sensors = {slot: sensor for sensor, slot in self._slots.items()}
        poses = self._poses
        slots = zip(SLOTS, poses.known, poses.ages, strict=True)
        self._status = replace(
            self._status,
            seconds=time.monotonic() - self._since,
            share=0.0 if view is None else view.progress,
            calibration=view,
            devices=() if self._sensors is None else tuple(self._sensors.status()),
            places=dict(self.options.slots),
            slots=tuple(SlotStatus(slot, sensors.get(slot, ""), known, age) for slot, known, age in slots),
            confidence=poses.confidence,
            frames=poses.answered,
            dropped=poses.dropped,
            skipped=0 if self._frames is None else self._frames.skipped,
            latency=poses.latency.figures(),
            worker=poses.worker.status if self.options.worn else None,
            recording=None if recorder is None else recorder.status,
            camera=None if self.camera is None else self.camera.status,
            camera_pose=None if self._film is None or self._film.resting else self._film.status,
            free_bytes=free_bytes(self.options.folder),
            link=None if self._server is None else self._server.status,
            vmc_unsent=0 if self._vmc is None else self._vmc.unsent,
        )
        self._show(self._status)
        self._to_sinks(lambda sink: sink.status(self._status))
