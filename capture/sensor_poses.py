"""Poses from frames of worn sensors: through drop-outs, the worker, and what smooths and holds them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..inference.worker import Worker, WorkerPose, WorkerState
from ..inference.worker_process import Task
from ..rig.imu import SLOTS
from .camera_poses import CameraPoses
from .dropouts import DropOuts, Sensed, Slot, changes
from .frames import Frame
from .latency import Latency, StageTimes
from .live_pose import LivePose
from .session_options import SessionOptions
from .smoothing import LiveFilter

PELVIS = SLOTS.index("pelvis")


@dataclass(frozen=True, eq=False)
class _UnderWay:
    """The frame that the worker has."""

    frame: Frame
    sensed: Sensed
    read_ns: int
    sent_ns: int


class SensorPoses:
    """`note` is told what the user should know. `camera` corrects poses where there is one."""

    def __init__(self, options: SessionOptions, note: Callable[[str], None], clock: Callable[[], int]) -> None:
        self.worker = Worker(Task(options.network, options.device, options.height))
        self.filter = LiveFilter(options)
        self.camera: CameraPoses | None = None
        self.latency = Latency()
        self.known, self.ages = (Slot.EMPTY,) * len(SLOTS), [float("inf")] * len(SLOTS)
        self.confidence = 0.0
        self.answered = self.dropped = 0
        self._note, self._clock = note, clock
        self._dropouts = DropOuts()
        self._under_way: _UnderWay | None = None
        self._place, self._last_place = [0.0, 0.0], [0.0, 0.0]
        self._restarts, self._weights = 0, ""

    def start(self, task: Task) -> None:
        """Begin to load the network."""
        self.worker = Worker(task)
        self.worker.start()

    def close(self) -> None:
        """End its process."""
        self.worker.close()

    def wait(self, seconds: float) -> None:
        """Sleep, less where the worker says something."""
        self.worker.wait(seconds)

    def poll(self) -> LivePose | None:
        """The next pose, where there is one."""
        said = self.worker.poll()
        return None if said is None else self._take(said)

    def send(self, frame: Frame, read_ns: int) -> None:
        """To the worker, unless it is busy: then the frame is dropped and counted."""
        orientation, acceleration = self.filter.sensed(frame.orientation, frame.acceleration, frame.age)
        sensed = self._dropouts.sense(frame.t_ns, orientation, acceleration, frame.age)
        for sentence in changes(self.known, sensed.slots):
            self._note(sentence)
        self.known, self.ages, self.confidence = sensed.slots, frame.age.tolist(), sensed.confidence
        if sensed.slots[PELVIS] is Slot.EMPTY:
            return
        now = self._clock()
        if self.worker.submit(frame.number, sensed.orientation, sensed.acceleration, sensed.present):
            self._under_way = _UnderWay(frame, sensed, max(frame.arrived_ns, min(read_ns, frame.made_ns)), now)
        else:
            self.dropped += 1

    def _take(self, said: WorkerPose) -> LivePose | None:
        """None where it answers what nobody asked any more."""
        under_way, self._under_way = self._under_way, None
        if under_way is None or under_way.frame.number != said.number:
            return None
        answered_ns = self._clock()
        frame, sensed = under_way.frame, under_way.sensed
        rotations = self._dropouts.soften(frame.t_ns, said.rotations)
        translation = said.translation.copy()
        translation[[0, 2]] += self._place
        self._last_place = [float(translation[0]), float(translation[2])]
        confidence = sensed.confidence
        if self.camera is not None:
            rotations, translation = self.camera.corrected(frame.t_ns, sensed, rotations, translation)
            confidence = self.camera.confidence(confidence)
        rotations, translation = self.filter.posed(frame.t_ns, rotations, translation, said.contact)
        times = StageTimes(
            under_way.read_ns - frame.arrived_ns,
            frame.made_ns - under_way.read_ns,
            under_way.sent_ns - frame.made_ns,
            answered_ns - under_way.sent_ns,
            0,
        )
        return LivePose(said.number, frame.t_ns, rotations, translation, confidence, sensed.slots, times, answered_ns)

    def given(self, pose: LivePose) -> None:
        """It reached all sinks."""
        self.latency.add(replace(pose.times, link=self._clock() - pose.answered_ns))
        self.answered += 1

    def mind(self) -> str:
        """Tell of what went wrong with the worker, and go on from where the performer stood; the last thing that did
        where the worker is dead for good, else ""."""
        for fault in self.worker.take_faults():
            self._note(fault)
        status = self.worker.status
        if status.restarts > self._restarts:
            # the new one knows nothing of where the performer stands
            self._restarts, self._under_way = status.restarts, None
            self._place = list(self._last_place)
            self._dropouts.forget_pose()
        if status.weights != self._weights:
            # another network: it is gone over to, as to a limb that is predicted
            self._weights = status.weights
            self._dropouts.forget_pose()
        return status.last_fault if status.state is WorkerState.DEAD else ""
