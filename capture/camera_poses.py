"""What a network makes of the session's camera: corrections of the sensors' poses, or poses of its own without any.

A picture's joints are found some 50 to 150 ms after it was taken, and nobody waits for them: sensors' poses go out at
once, corrected by what the last pictures said of the moments they were taken in. Sensors may be later still (wireless
ones are, by some 30 to 100 ms): joints that were found wait for the sensors' frame of their moment.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..inference.camera_worker import CameraWorker
from ..inference.views import Sight, View
from ..inference.worker import WorkerState, WorkerStatus
from ..inference.worker_process import Reads, Task
from ..rig.imu import SLOTS
from ..rig.lens import Lens
from ..rig.lifted.correction import PoseCorrection
from ..rig.quaternion import IDENTITY, slerp
from ..rig.skeleton import JOINTS, SMPL24
from .dropouts import Sensed, Slot
from .latency import StageFigures, StageTimes
from .live_camera import KEEP, CameraPicture, LiveCamera
from .live_pose import LivePose

Floats = NDArray[np.float32]
HISTORY = 90  # frames of sensors' poses: one and a half seconds
WINDOW = 300  # pictures that figures are taken over
STAND = "stand upright in the camera's sight, the whole body in the picture, for some seconds"
AT_WORK = "at work"
ADDED = 0.5  # of what a pose lacks in confidence, that a camera makes up for


@dataclass(frozen=True)
class CameraPoseStatus:
    """`says` what is at work, in words; `share`, 0 to 1, of the camera in the poses; `lag_ms` of the camera's pictures,
    None before it is known; `heading`: degrees by which the sensors drifted; `rate` Hz of pictures that became poses;
    `latency` of the network and, from the picture's arrival, of all."""

    worker: WorkerStatus
    says: str
    share: float
    lag_ms: float | None
    heading: float
    rate: float
    latency: tuple[StageFigures, ...]


class _Felt(NamedTuple):
    """One frame of sensors, and the pose they gave."""

    t_ns: int
    orientation: Floats
    present: NDArray[np.bool_]
    rotations: Floats
    translation: Floats


class _Seen(NamedTuple):
    """What the network is shown of one picture, as in `View`."""

    number: int
    t_ns: int
    rays: Floats
    confidence: Floats


class CameraPoses:
    """`task` names the network and whether sensors are worn too; `lens` of pictures by width and height."""

    def __init__(
        self,
        camera: LiveCamera,
        task: Task,
        lens: Callable[[int, int], Lens],
        note: Callable[[str], None],
        clock: Callable[[], int],
    ) -> None:
        self.camera, self.worn = camera, task.reads is Reads.BOTH
        self.worker = CameraWorker(task)
        self._lens_of = lens
        self._note, self._clock = note, clock
        self._lens: Lens | None = None
        self._history: deque[_Felt] = deque(maxlen=HISTORY)
        self._correction = PoseCorrection(SMPL24.scaled_to(task.height))
        self._asked: View | None = None
        self._asked_ns = 0
        self._base = np.zeros(3, np.float32)  # what the correction had added when the worker was started anew
        self._sight: Sight | None = None
        self._number = -1
        self._waiting: deque[_Seen] = deque()  # of the last `KEEP` seconds, oldest first
        self._world = self._restarts = 0
        self._times: deque[tuple[int, int, int]] = deque(maxlen=WINDOW)
        self._said = ""
        self.resting = False
        self._pose: LivePose | None = None

    def start(self) -> None:
        """Begin to load the network."""
        self.worker.start()

    def close(self) -> None:
        """End its process."""
        self.worker.close()

    @property
    def lens(self) -> Lens | None:
        """Of the pictures, once one came."""
        return self._lens

    def forget_world(self) -> None:
        """The sensors' world is another one: where the camera stands in it has to be found again."""
        self._world += 1
        self._history.clear()
        self._correction.forget_world()
        self._sight = None  # nor is the lag known to the worker then
        self._base = self._correction.place.astype(np.float32)

    def corrected(self, t_ns: int, sensed: Sensed, rotations: Floats, translation: Floats) -> tuple[Floats, Floats]:
        """The sensors' pose `(24, 4)`, `(3,)` of `t_ns`, frame by frame, with what the camera adds."""
        self._history.append(_Felt(t_ns, sensed.orientation, sensed.present, rotations, translation))
        turned, place = self._correction.apply(t_ns, rotations, translation)
        return turned.astype(np.float32), place.astype(np.float32)

    def confidence(self, sensors: float) -> float:
        """Of a pose that sensors alone are so sure of."""
        return sensors + ADDED * self._correction.share * (1 - sensors)

    def swap(self, task: Task) -> None:
        """Another network in place of the one at hand, or that one again after a rest."""
        if task.network != self.worker.status.network or self.worker.status.state is WorkerState.DEAD:
            self.worker.swap(task.network, task.wish)
        self.resting = False

    def rest(self) -> None:
        """Another network is used, which reads no camera: corrections fade out."""
        self.resting = True

    @property
    def trouble(self) -> str:
        """What ended the network's process for good, "" while all is well."""
        status = self.worker.status
        return status.last_fault if status.state is WorkerState.DEAD else ""

    def turn(self) -> LivePose | None:
        """Once round: what the network said, and the next picture for it. A pose where no sensors are worn."""
        sight = self.worker.poll()
        pose = None if sight is None else self._hear(sight)
        self._mind()
        picture = self.camera.picture
        if not self.resting:
            self._notice(picture)
            if self.worker.ready and not self.worker.busy:
                self._show()
        return self._unsure() if picture is None and pose is None else pose

    def _unsure(self) -> LivePose | None:
        """Once: the pose before, which nobody sees any more, with no confidence."""
        if self._pose is None or self._pose.confidence == 0:
            return None
        self._pose = replace(self._pose, confidence=0.0, answered_ns=self._clock())
        return self._pose

    def _notice(self, picture: CameraPicture | None) -> None:
        if picture is not None and picture.number != self._number:
            self._number = picture.number
            self._waiting.append(self._seen(picture))
        while self._waiting and self._clock() - self._waiting[0].t_ns > KEEP * 1e9:
            self._waiting.popleft()

    def _seen(self, picture: CameraPicture) -> _Seen:
        found, (height, width) = picture.keypoints, picture.image.shape[:2]
        if self._lens is None or (self._lens.width, self._lens.height) != (width, height):
            self._lens = self._lens_of(width, height)
        rays, confidence = np.full((17, 2), np.nan, np.float32), np.zeros(17, np.float32)
        if found is not None:
            seen = found.seen
            rays[seen] = self._lens.rays(found.points[seen])
            confidence[seen] = found.confidence[seen]
        return _Seen(picture.number, picture.t_ns, rays, confidence)

    def _show(self) -> None:
        """The newest picture whose sensors' frame has come; those before it are of no use then."""
        lag_ns = 0 if self._sight is None else self._sight.lag_ns
        seen = None
        while self._waiting and self._has_felt(self._waiting[0].t_ns + lag_ns):
            seen = self._waiting.popleft()
        felt = None if seen is None else self._felt_at(seen.t_ns + lag_ns)
        if seen is None or felt is None:
            return
        view = View(
            seen.number,
            seen.t_ns,
            self._world,
            seen.rays,
            seen.confidence,
            self.worn,
            felt.orientation,
            felt.present,
            felt.rotations,
            felt.translation + self._base,
        )
        if self.worker.submit(view):
            self._asked, self._asked_ns = view, self._clock()

    def _has_felt(self, t_ns: int) -> bool:
        """Whether the sensors' frame of `t_ns` has come, where any are worn."""
        return not self.worn or (len(self._history) > 0 and self._history[-1].t_ns >= t_ns)

    def _felt_at(self, t_ns: int) -> _Felt | None:
        """Between the frames around; None where none is as old."""
        if not self.worn:
            return _NOTHING
        after = next((k for k, felt in enumerate(self._history) if felt.t_ns >= t_ns), None)
        if after is None or after == 0:
            return None
        first, second = self._history[after - 1], self._history[after]
        share = np.array((t_ns - first.t_ns) / (second.t_ns - first.t_ns), np.float32)
        return _Felt(
            t_ns,
            slerp(first.orientation, second.orientation, share).astype(np.float32),
            first.present & second.present,
            slerp(first.rotations, second.rotations, share).astype(np.float32),
            first.translation + share * (second.translation - first.translation),
        )

    def _hear(self, sight: Sight) -> LivePose | None:
        asked, self._asked = self._asked, None
        if asked is None or asked.number != sight.number or asked.world != self._world:
            return None
        now = self._clock()
        self._times.append((now, now - self._asked_ns, now - sight.t_ns))
        self._sight = sight
        if self.worn and sight.found:
            place = sight.translation - asked.translation + self._base
            self._correction.learn(now, asked.rotations, sight.rotations, asked.present, place, sight.heading)
        return None if self.worn else self._pose_of(sight, now)

    def _pose_of(self, sight: Sight, now: int) -> LivePose | None:
        """What is seen; while nobody is, the pose before, with no confidence."""
        if sight.found:
            times = StageTimes(self._asked_ns - sight.t_ns, 0, 0, now - self._asked_ns, 0)
            slots = (Slot.EMPTY,) * len(SLOTS)
            self._pose = LivePose(
                sight.number, sight.t_ns, sight.rotations, sight.translation, sight.trust, slots, times, now
            )
        elif self._pose is not None:
            self._pose = replace(self._pose, number=sight.number, t_ns=sight.t_ns, confidence=0.0, answered_ns=now)
        return self._pose

    def _mind(self) -> None:
        for fault in self.worker.take_faults():
            self._note(fault)
        if self.worker.status.restarts > self._restarts:
            self._restarts, self._asked, self._sight = self.worker.status.restarts, None, None
            self._base = self._correction.place.astype(np.float32)

    def tell(self) -> None:
        """Note what is at work where that has changed."""
        says = self._says()
        if says != self._said and not self.resting:
            self._said = says
            self._note(f"Camera: {says}.")

    def _says(self) -> str:
        alone = "sensors alone" if self.worn else "the pose waits"
        picture, sight = self.camera.picture, self._sight
        if not self.worker.ready:
            state = self.worker.status.state
            return f"its network is {state}, {alone}" if state != "starting" else f"its network is loaded, {alone}"
        if picture is None:
            return f"no picture, {alone}"
        if picture.keypoints is None:
            return f"performer hidden, {alone}"
        if sight is None or not sight.found:
            return f"finding where it stands, {alone}; move about" if self.worn else STAND
        if self.worn and not sight.timed:
            return f"{AT_WORK}; wave your arms, so that its delay is found"
        return AT_WORK

    @property
    def status(self) -> CameraPoseStatus:
        """As of now."""
        sight, times = self._sight, np.array(list(self._times)).reshape(-1, 3)
        rows = {"network": times[:, 1] / 1e6, "camera pose": times[:, 2] / 1e6}
        figures = tuple(
            StageFigures(name, *map(float, np.percentile(row, [50, 99, 100]))) for name, row in rows.items() if len(row)
        )
        recent = times[times[:, 0] > self._clock() - 2e9, 0]
        return CameraPoseStatus(
            self.worker.status,
            self._says(),
            self._correction.share,
            None if sight is None or not sight.timed else sight.lag_ns / 1e6,
            0.0 if sight is None else float(np.degrees(sight.heading)),
            (len(recent) - 1) * 1e9 / float(recent[-1] - recent[0]) if len(recent) > 2 else 0.0,
            figures,
        )


_NOTHING = _Felt(
    0,
    np.tile(IDENTITY, (len(SLOTS), 1)).astype(np.float32),
    np.zeros(len(SLOTS), bool),
    np.tile(IDENTITY, (len(JOINTS), 1)).astype(np.float32),
    np.zeros(3, np.float32),
)
