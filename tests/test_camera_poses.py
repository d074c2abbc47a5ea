"""Which pictures a session's camera network is shown where sensors' frames are late, in simulated time."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocamba.capture import camera_poses
from mocamba.capture.camera_poses import HISTORY, CameraPoses
from mocamba.capture.dropouts import Sensed, Slot
from mocamba.capture.live_camera import KEEP, CameraPicture
from mocamba.inference.device_choice import Wish
from mocamba.inference.views import Sight, View
from mocamba.inference.worker import WorkerState, WorkerStatus
from mocamba.inference.worker_process import Reads, Task
from mocamba.rig.lens import lens_of_field
from mocamba.rig.motion import SOLVE_RATE

MS = 1_000_000
IMAGE = np.zeros((48, 64, 3), np.uint8)
UPRIGHT = np.tile(np.array([1, 0, 0, 0], np.float32), (24, 1))
TAKES = 12 * MS  # of the network


class StandInWorker:
    """Answers each picture after `TAKES`, and tells a lag."""

    def __init__(self, task: Task) -> None:
        self.status = WorkerStatus(WorkerState.READY, 1, task.network)
        self.views: list[View] = []
        self.shown_ns: list[int] = []
        self.now = self.lag_ns = 0
        self.takes = TAKES
        self.ready, self.busy = True, False

    def submit(self, view: View) -> bool:
        assert self.ready
        assert not self.busy
        self.busy = True
        self.views.append(view)
        self.shown_ns.append(self.now)
        return True

    def poll(self) -> Sight | None:
        if not self.busy or self.now < self.shown_ns[-1] + self.takes:
            return None
        self.busy = False
        view = self.views[-1]
        return Sight(
            view.number, view.t_ns, True, view.rotations, view.translation, 1.0, 0.0, self.lag_ns, True, self.takes
        )

    def take_faults(self) -> list[str]:
        return []

    def die(self) -> None:
        self.busy = False
        self.status = replace(self.status, restarts=self.status.restarts + 1)


@dataclass
class StandInCamera:
    picture: CameraPicture | None = None


@dataclass
class Scene:
    """Sensors whose frame of a moment comes `late` ms after it, and a camera of `rate` Hz in whose newest picture the
    joints are looked for, each time for the next of `finding` ms. A frame's translation tells its moment, seconds."""

    late: float
    rate: float = 30.0
    finding: tuple[float, ...] = (0.0,)
    reads: Reads = Reads.BOTH
    now: int = 0
    filming: bool = True
    found: list[int] = field(default_factory=list)  # pictures' times

    def __post_init__(self) -> None:
        self.camera = StandInCamera()
        task = Task("any", Wish.CPU, 1.7, self.reads)
        self.poses = CameraPoses(
            self.camera,  # type: ignore[arg-type]
            task,
            lambda width, height: lens_of_field(width, height, 66),
            lambda _: None,
            lambda: self.now,
        )
        self.worker: Any = self.poses.worker
        self._frames = 0
        self._looking: tuple[int, int] | None = None  # the picture's time, and when its joints are found

    def run(self, seconds: float) -> None:
        """Turn every 2 ms."""
        for _ in range(round(seconds * 500)):
            self.now = self.worker.now = self.now + 2 * MS
            self._feel()
            self._look()
            self.poses.turn()

    def _feel(self) -> None:
        while (t_ns := round(self._frames * 1e9 / SOLVE_RATE)) + self.late * MS <= self.now:
            self._frames += 1
            sensed = Sensed(UPRIGHT[:6], np.zeros((6, 3)), np.ones(6, bool), 1.0, (Slot.MEASURED,) * 6)
            self.poses.corrected(t_ns, sensed, UPRIGHT, np.array([t_ns / 1e9, 0, 0], np.float32))

    def _look(self) -> None:
        if self._looking is not None and self._looking[1] <= self.now:
            self.found.append(self._looking[0])
            self.camera.picture = CameraPicture(IMAGE, len(self.found), self._looking[0], None)
            self._looking = None
        taken = round(int(self.now / 1e9 * self.rate) * 1e9 / self.rate)
        if self.filming and self._looking is None and taken > (self.found[-1] if self.found else 0):
            self._looking = taken, round(self.now + self.finding[len(self.found) % len(self.finding)] * MS)
        picture = self.camera.picture
        if picture is not None and self.now - picture.t_ns > KEEP * 1e9:
            self.camera.picture = None

    def check(self) -> None:
        """Views are in order, none twice, and each with the sensors' frame of its moment."""
        numbers = [view.number for view in self.worker.views]
        assert (np.diff(numbers) > 0).all()
        for view in self.worker.views:
            assert view.t_ns == self.found[view.number - 1]

    def felt(self) -> np.ndarray:
        """Seconds by which the sensors' frames are after the pictures that they were shown with."""
        return np.array([view.translation[0] - view.t_ns / 1e9 for view in self.worker.views])


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_poses, "CameraWorker", StandInWorker)


@pytest.mark.parametrize("finding", [(0.0,), (20.0, 31.0, 45.0, 26.0)], ids=["at once", "20 to 45 ms"])
@pytest.mark.parametrize("rate", [30.0, 60.0])
@pytest.mark.parametrize("late", [5.0, 40.0, 80.0, 150.0])
def test_pictures_wait_for_late_sensors_and_none_is_lost(late: float, rate: float, finding: tuple[float, ...]) -> None:
    scene = Scene(late, rate, finding)
    scene.run(4)
    scene.check()
    assert len(scene.worker.views) >= 0.95 * len(scene.found) - 1
    assert len(scene.found) > 70
    np.testing.assert_allclose(scene.felt(), 0, atol=1e-3)
    waited = np.array(scene.worker.shown_ns) - [view.t_ns for view in scene.worker.views]
    # the frame after the picture's moment, a turn or two, and the picture before
    assert np.median(waited) < (max(late + 1000 / SOLVE_RATE, np.median(finding)) + 6) * MS + TAKES
    stages = {one.stage: one for one in scene.poses.status.latency}
    assert stages["camera pose"].p50 >= late + TAKES / MS  # it waited for its sensors


@settings(max_examples=25, deadline=None)
@given(
    late=st.floats(5, 300),
    lag=st.floats(-400, 400),
    rate=st.floats(10, 60),
    finding=st.lists(st.floats(0, 120), min_size=1),
)
def test_whatever_is_late_pictures_are_shown_at_their_rate(
    late: float, lag: float, rate: float, finding: list[float]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(camera_poses, "CameraWorker", StandInWorker)
        scene = Scene(late, rate, tuple(finding))
        scene.worker.lag_ns = round(lag * MS)
        scene.run(4)
    scene.check()
    shown = sum(t_ns > 1e9 for t_ns in scene.worker.shown_ns)
    could = sum(1e9 < t_ns + max(late + lag, 0) * MS < 4e9 for t_ns in scene.found)
    assert shown >= 0.85 * could - 4  # a network that is not free for two pictures that come at once loses one
    np.testing.assert_allclose(scene.felt()[2:], lag / 1000, atol=2e-3)


def test_a_slow_network_is_shown_the_newest_that_it_can_be() -> None:
    scene = Scene(80.0)
    scene.worker.takes = 200 * MS
    scene.run(4)
    scene.check()
    waited = np.array(scene.worker.shown_ns) - [view.t_ns for view in scene.worker.views]
    assert waited.max() < (80 + 1000 / SOLVE_RATE + 1000 / 30 + 4) * MS
    assert len(scene.worker.views) > 17


def test_pictures_that_are_older_than_what_is_remembered_are_given_up() -> None:
    assert HISTORY / SOLVE_RATE < KEEP
    scene = Scene(1000 * KEEP + 100)
    scene.run(6)
    assert scene.worker.views == []
    scene = Scene(20.0)
    scene.worker.lag_ns = round(-1.1e9 * HISTORY / SOLVE_RATE)
    scene.run(2)
    assert len(scene.worker.views) == 1  # the first, before any lag was told
    scene = Scene(20.0)
    scene.worker.ready = False
    scene.run(5)
    scene.worker.ready = True
    scene.run(0.1)
    scene.check()
    assert scene.worker.views[0].t_ns > scene.now - 200 * MS
    assert len(scene.poses._waiting) < 5


def test_nothing_of_a_world_that_is_gone_is_shown() -> None:
    scene = Scene(80.0)
    scene.worker.lag_ns = 300 * MS
    scene.run(2)
    before, frame = len(scene.worker.views), scene._frames
    scene.poses.forget_world()
    scene.run(2)
    scene.check()
    after = scene.worker.views[before:]
    assert len(after) > (2 - 0.38) * 30 - 3
    assert {view.world for view in after} == {1}
    assert min(float(view.translation[0]) for view in after) >= (frame - 0.01) / SOLVE_RATE
    assert abs(scene.felt()[before]) < 1e-3  # the lag is not known there


@pytest.mark.parametrize("change", ["world", "worker"])
def test_a_lag_that_was_wrong_does_not_outlive_what_it_was_found_from(change: str) -> None:
    scene = Scene(20.0)
    scene.worker.lag_ns = 10_000 * MS
    scene.run(3)
    assert len(scene.worker.views) == 1
    scene.worker.lag_ns = 0
    {"world": scene.poses.forget_world, "worker": scene.worker.die}[change]()
    scene.run(1)
    scene.check()
    assert len(scene.worker.views) > 25


def test_pictures_that_end_are_shown_once_and_never_late() -> None:
    scene = Scene(150.0)
    scene.run(2)
    scene.filming = False
    scene.run(0.4)
    assert scene.worker.views[-1].number == len(scene.found)
    shown = len(scene.worker.views)
    scene.run(3)
    assert scene.camera.picture is None
    assert len(scene.worker.views) == shown
    scene.filming = True
    scene.run(1)
    scene.check()
    assert len(scene.worker.views) > shown + 22


def test_sensors_that_fall_silent_hold_no_old_pictures() -> None:
    scene = Scene(20.0)
    scene.run(1)
    scene.late = 8000.0
    scene.run(5)
    shown = len(scene.worker.views)
    assert len(scene.poses._waiting) <= 30 * KEEP + 1
    scene.late = 20.0
    scene._frames = round((scene.now / 1e9 - 0.1) * SOLVE_RATE)  # what was said meanwhile is lost
    scene.run(1)
    scene.check()
    assert len(scene.worker.views) > shown + 25
    assert scene.worker.views[shown].t_ns > scene.now - 1.3e9


def test_without_sensors_the_newest_is_shown_at_once() -> None:
    scene = Scene(1e9, finding=(20.0,), reads=Reads.CAMERA)
    scene.run(2)
    scene.check()
    assert len(scene.worker.views) == len(scene.found)
    scene.worker.takes = 150 * MS
    scene.run(2)
    scene.check()
    waited = np.array(scene.worker.shown_ns) - [view.t_ns for view in scene.worker.views]
    assert waited.max() < (20 + 1000 / 30 + 4) * MS


def test_a_network_that_rests_takes_nothing_up() -> None:
    scene = Scene(80.0)
    scene.run(1)
    scene.poses.rest()
    shown = len(scene.worker.views)
    scene.run(1)
    assert len(scene.worker.views) == shown
    scene.poses.swap(Task("any", Wish.CPU, 1.7, Reads.BOTH))
    scene.run(1)
    scene.check()
    assert len(scene.worker.views) > shown + 25
    assert not any(1.1e9 < view.t_ns < 1.8e9 for view in scene.worker.views)
