"""Whole sessions: simulated sensors on real sockets, a real worker, real clients, takes on disk."""

import json
import multiprocessing
import multiprocessing.resource_tracker
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mocamba.capture import sources
from mocamba.capture.calibrating.start import Start
from mocamba.capture.calibration import Calibration
from mocamba.capture.dropouts import DropOuts, Slot
from mocamba.capture.frames import Frame, FrameMaker
from mocamba.capture.link_client import LinkClient
from mocamba.capture.link_protocol import LinkError
from mocamba.capture.session import Session
from mocamba.capture.session_options import SessionOptions
from mocamba.capture.simulated_start import simulated_calibration
from mocamba.capture.sources import Sensors, parse_spec, slots_of
from mocamba.capture.stamping import Stamped, Stamper
from mocamba.capture.status import FOLLOWS, LivePose, SessionStatus, State, check_step
from mocamba.capture.take import Take, open_take
from mocamba.devices.errors import ConnectError
from mocamba.devices.log import SensorLog
from mocamba.devices.reading import Acceleration, Reading
from mocamba.devices.simulated.speaker import Imperfections, Unplugging
from mocamba.inference.solver import LiveSolver, solve_frames
from mocamba.inference.weights_file import load_network
from mocamba.rig.errors import BadInputError, MocambaError
from mocamba.rig.imu import SLOTS

LIVE = 90.0  # seconds until torch is loaded on a busy machine


class Watcher:
    """A sink that keeps what it is given, and can break."""

    def __init__(self) -> None:
        self.poses: list[LivePose] = []
        self.states: list[State] = []
        self.breaks = self.closed = False

    def pose(self, pose: LivePose) -> None:
        if self.breaks:
            raise ValueError("a face of its own")
        self.poses.append(pose)

    def status(self, status: SessionStatus) -> None:
        if not self.states or self.states[-1] is not status.state:
            self.states.append(status.state)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def options(tmp_path: Path) -> SessionOptions:
    return SessionOptions(folder=tmp_path / "takes", link=tmp_path / "link.json", network="hiposer-s")


@pytest.fixture
def clean(spawning: None, nothing_left: None) -> None:
    """Nothing of a session is left."""


@pytest.fixture
def ended() -> Iterator[list[Session]]:
    """Sessions to stop; fails where one leaves a process behind."""
    sessions: list[Session] = []
    yield sessions
    for session in sessions:
        session.stop()
    assert not [child for child in multiprocessing.active_children() if child.name == "mocamba worker"]


def live(session: Session) -> None:
    session.start()
    status = session.wait_for(State.LIVE, State.FAILED, timeout=LIVE)
    assert status.state is State.LIVE, status.message


def wait_until(done: Callable[[], bool], seconds: float = LIVE) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def wait_for_poses(watcher: Watcher, count: int) -> None:
    have = len(watcher.poses)
    wait_until(lambda: len(watcher.poses) >= have + count)


def test_a_session_from_sensors_to_a_take_through_everything_that_breaks(
    options: SessionOptions, clean: None, ended: list[Session]
) -> None:
    watcher, broken = Watcher(), Watcher()
    session = Session(options, (watcher, broken))
    ended.append(session)
    live(session)
    wait_for_poses(watcher, 10)
    assert np.allclose(np.linalg.norm(watcher.poses[-1].rotations, axis=-1), 1, atol=1e-4)
    # frames are even: their times are whole sixtieths of a second apart
    steps = np.diff([pose.t_ns for pose in watcher.poses]) * 60 / 1e9
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)

    with LinkClient(path=options.link) as client:
        taken = Path(client.ask("record", name="größe")["take"])
        assert taken == options.folder / "größe.take"
        with pytest.raises(LinkError, match="is recording"):
            client.ask("record", name="another")
        wait_until(lambda: client.poll() is not None)

    broken.breaks = True
    # a sensor falls silent and comes back
    cast = session._current._sensors.cast
    assert cast is not None
    pelvis = next(actor for actor in cast.stage.actors if actor.slot == "pelvis")
    cast.stage.unplug("left_forearm")
    wait_until(lambda: watcher.poses[-1].slots[0] is Slot.PREDICTED)
    assert watcher.poses[-1].confidence == pytest.approx(5 / 6)
    cast.stage.plug_in("left_forearm")
    wait_until(lambda: watcher.poses[-1].slots[0] is Slot.MEASURED)
    assert "The left forearm sensor is back." in session.status.notes
    assert any("Watcher failed" in note for note in session.status.notes)

    # the worker dies, and poses go on where the performer stood
    before = watcher.poses[-1]
    os.kill(session.status.worker.pid or 0, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    wait_until(lambda: session.status.worker.restarts == 1)
    assert session.status.state is State.RECORDING
    wait_until(lambda: session.status.worker.state.value == "ready", LIVE)
    wait_for_poses(watcher, 3)
    after = next(pose for pose in watcher.poses if pose.number > before.number + 5)
    assert np.linalg.norm((after.translation - before.translation)[[0, 2]]) < 0.5

    finished = session.stop_recording().result(20)
    assert finished["fault"] is None
    assert session.status.state is State.LIVE
    with pytest.raises(BadInputError, match="already"):
        session.record("größe").result(20)
    with pytest.raises(BadInputError, match="Nothing is being recorded"):
        session.stop_recording().result(20)

    session.stop()
    session.stop()
    assert session.status.state is State.IDLE
    assert watcher.closed
    assert watcher.states == [State.CALIBRATING, State.LIVE, State.RECORDING, State.LIVE, State.STOPPING, State.IDLE]
    assert not options.link.exists()

    take = open_take(taken)
    logs, warnings = take.logs()
    assert not warnings
    assert {log.slot for log in logs} == set(SLOTS)
    worn = next(log for log in logs if log.slot == "pelvis")
    # whatever happened beside it, nothing is missing but what never came
    assert missing(worn) <= sum((pelvis.skipped, pelvis.lost, pelvis.blocked))
    assert finished["seconds"] == pytest.approx(worn.t_ns[-1] / 1e9 - worn.t_ns[0] / 1e9, abs=0.5)
    assert take.manifest.calibration is not None
    take.imu()


def missing(log: SensorLog) -> int:
    """Samples that it lacks, at 100 Hz by the sensor's own stamps."""
    return int((np.round(np.diff(log.t_device) / 1e7) - 1).sum())


def test_a_take_solved_frame_by_frame_is_the_take_solved_again(
    options: SessionOptions, clean: None, ended: list[Session]
) -> None:
    """What a session does to the samples of its own take, and the solve of it from raw, with the same network."""
    watcher = Watcher()
    session = Session(options, (watcher,))
    ended.append(session)
    live(session)
    session.record("twice").result(20)
    wait_for_poses(watcher, 300)
    session.stop_recording().result(20)
    take = open_take(options.folder / "twice.take")
    calibration = take.manifest.calibration
    assert calibration is not None
    frames = frames_of(take, calibration)
    imu, _ = take.imu()
    begin = next(k for k, frame in enumerate(frames) if np.isfinite(frame.age).all())
    assert [frame.t_ns for frame in frames[begin:]] == imu.t_ns[begin : len(frames)].tolist()
    network = load_network("hiposer-s").network
    solver, dropouts = LiveSolver(network), DropOuts()
    shown = []
    for frame in frames[begin:]:
        sensed = dropouts.sense(frame.t_ns, frame.orientation, frame.acceleration, frame.age)
        shown.append(solver.push(sensed.orientation, sensed.acceleration, sensed.present))
    again = solve_frames(network, imu.part(slice(begin, len(frames))))
    for name in ("rotations", "translation"):
        np.testing.assert_allclose(
            np.concatenate([getattr(one, name) for one in shown]), getattr(again, name), atol=1e-4
        )


def frames_of(take: Take, calibration: Calibration) -> list[Frame]:
    """As the session makes them, where no sample comes later than frames wait for it."""
    logs, _ = take.logs()
    maker = FrameMaker(calibration, {one.sensor: one.slot for one in calibration.sensors})
    samples = sorted(
        (
            Stamped(log.name, int(t), int(t), int(t), (*log.orientation[row].tolist(), *log.acceleration[row].tolist()))
            for log in logs
            for row, t in enumerate(log.t_ns)
        ),
        key=lambda sample: sample.t_ns,
    )
    frames: list[Frame] = []
    for sample in samples:
        maker.add([sample])
        frames += maker.due(sample.t_ns)
    return frames


def test_a_simulated_sensor_that_speaks_late_is_waited_for(
    options: SessionOptions, clean: None, ended: list[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Imperfections(clock_ppm=30, unplug=(Unplugging("left_forearm", 0.0, 6.0),))
    monkeypatch.setattr(sources, "Imperfections", lambda **_: late)
    watcher = Watcher()
    session = Session(options, (watcher,))
    ended.append(session)
    live(session)
    wait_for_poses(watcher, 3)
    assert watcher.poses[-1].slots == (Slot.MEASURED,) * 6


def test_a_sensor_that_speaks_after_the_calibration_is_told_of_and_taken_in_by_the_next(
    options: SessionOptions, clean: None, ended: list[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Imperfections(clock_ppm=30, unplug=(Unplugging("left_forearm", 0.0, 14.0),))
    monkeypatch.setattr(sources, "Imperfections", lambda **_: late)
    watcher = Watcher()
    session = Session(options, (watcher,))
    ended.append(session)
    live(session)
    wait_for_poses(watcher, 3)
    assert watcher.poses[-1].slots[0] is Slot.EMPTY
    wait_until(lambda: any("left_forearm was first heard after" in note for note in session.status.notes))
    session.calibrate().result(20)
    wait_until(lambda: watcher.poses[-1].slots[0] is Slot.MEASURED)


def test_a_session_that_cannot_start_says_why_and_leaves_nothing(
    options: SessionOptions, clean: None, ended: list[Session]
) -> None:
    unknown = Session(replace(options, network="no such network"))
    ended.append(unknown)
    unknown.start()
    status = unknown.wait_for(State.FAILED, timeout=LIVE)
    assert status.state is State.FAILED
    assert "There is no network" in status.message
    unknown.stop()
    for wrong, words in (
        (replace(options, vmc="nowhere:x"), "no HOST:PORT"),
        (replace(options, imu=("csv:/dev/no-such-port",)), "no-such-port"),
    ):
        session = Session(wrong)
        ended.append(session)
        session.start()
        assert words in session.wait_for(State.FAILED, timeout=30).message
        session.stop()
    with pytest.raises(BadInputError, match="not running"):
        session.record("x").result(1)


def test_steps_that_are_none_are_refused() -> None:
    check_step(State.IDLE, State.CONNECTING)
    with pytest.raises(BadInputError, match="is idle"):
        check_step(State.IDLE, State.RECORDING)
    assert set(FOLLOWS) == set(State)
    # whatever happens, a session can be ended, and one that ended can be started
    for state in (State.CONNECTING, State.CALIBRATING, State.LIVE, State.RECORDING):
        assert State.STOPPING in FOLLOWS[state]


def test_what_sensors_are_called() -> None:
    assert parse_spec("simulated") is None
    assert parse_spec("dot") is None
    assert parse_spec("D4:22:CD:00:00:01") is None
    found = [parse_spec(spec) for spec in ("csv:/dev/ttyUSB0", "dot:D4:22:CD:00:00:01", "slimevr:udp:6969", "csv:COM5")]
    assert [(one.transport, one.address) for one in found if one] == [
        ("serial", "/dev/ttyUSB0"),
        ("ble", "D4:22:CD:00:00:01"),
        ("udp", "udp:6969"),
        ("serial", "COM5"),
    ]
    with pytest.raises(ConnectError, match="nobody answers"):
        Sensors(("csv:socket://127.0.0.1:1",)).connect()


def test_slots_come_from_names_and_from_the_user() -> None:
    names = ("csv udp:1/left_shin", "dot D4:22:CD:00:00:01")
    assert slots_of(names, {}) == {"csv udp:1/left_shin": "left_shin"}
    assert slots_of(names, {"D4:22": "pelvis"})["dot D4:22:CD:00:00:01"] == "pelvis"
    with pytest.raises(MocambaError, match="fits no sensor"):
        slots_of(names, {"nobody": "head"})


def test_frames_after_the_computer_slept_are_counted_and_not_made_up() -> None:
    names = {slot: slot for slot in SLOTS}
    maker = FrameMaker(simulated_calibration(names), names)

    def add(t_ns: int) -> int:
        maker.add(Stamped(slot, t_ns, t_ns, t_ns, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)) for slot in SLOTS)
        return len(maker.due(t_ns))

    made = sum(add(10**9 + k * 10_000_000) for k in range(100))
    assert 57 <= made <= 61
    assert add(10**9 + 61 * 10**9) <= 2
    assert 3590 <= maker.skipped <= 3610
    assert 57 <= sum(add(62 * 10**9 + k * 10_000_000) for k in range(1, 101)) <= 62


def test_raw_sensors_are_fused_after_a_second() -> None:
    stamper = Stamper()
    stamped = []
    for k in range(300):
        reading = Reading(
            sensor="raw",
            host_ns=10**9 + k * 10_000_000,
            stamp_ns=k * 10_000_000,
            acceleration=(0.0, 0.0, 9.80665),
            acceleration_kind=Acceleration.RAW,
            rate=(0.0, 0.0, 0.0),
        )
        stamped.append(stamper.stamp(reading))
    assert stamped[50] is None
    last = stamped[-1]
    assert last is not None
    np.testing.assert_allclose(last.values[4:], 0, atol=0.02)
    times = [one.t_ns for one in stamped if one is not None]
    assert np.diff(times).min() > 0


_COMMAND = [sys.executable, "-m", "mocamba", "capture", "--imu", "simulated", "--network", "hiposer-s"]


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_the_command_records_and_survives_a_kill(tmp_path: Path) -> None:
    environment = os.environ | {"MOCAMBA_LINK": str(tmp_path / "link.json")}
    command = [*_COMMAND, "--record", "walk", "--folder", str(tmp_path), "--json"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        command += ["--vmc", f"127.0.0.1:{receiver.getsockname()[1]}"]
        done = subprocess.run(
            [*command, "--duration", "1"], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert b"/VMC/Ext/Bone/Pos" in receiver.recv(4096)
    said = json.loads(done.stdout)
    assert said["take"] == str(tmp_path / "walk.take")
    assert said["frames"]["answered"] > 0
    again = run([*command, "--duration", "1"], environment)
    assert again.returncode == 2
    assert "already" in json.loads(again.stdout)["error"]

    command[command.index("walk")] = "killed"
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        raw = tmp_path / "killed.take" / "raw.mcap"
        wait_until(lambda: raw.exists() and raw.stat().st_size > 50_000, LIVE)
        killed_ns = time.monotonic_ns()
        child.kill()
    logs, _ = open_take(tmp_path / "killed.take").logs()
    assert len(logs) == 6
    for log in logs:
        assert (killed_ns - int(log.t_ns[-1])) / 1e9 < 1
        assert np.diff(log.t_device).max() < 5e7


def test_the_sequence_while_live_its_resets_and_a_sensor_redone(
    options: SessionOptions, clean: None, ended: list[Session]
) -> None:
    """The simulated performer goes through it; headings and mountings of its sensors are anybody's guess before."""
    session = Session(replace(options, start=Start.SEQUENCE, checks=False))
    ended.append(session)
    live(session)
    status = session.status
    assert status.calibration is not None
    assert status.calibration.step == "done"
    assert status.calibration.findings == (), status.calibration.findings
    assert len(status.slots) == len(SLOTS)
    assert list(options.calibrations.glob("*.calibration.json"))

    wait_until(lambda: session.status.frames > 5)
    session.reset().result(10)
    with pytest.raises(BadInputError, match="There is no sensor nobody"):
        session.calibrate(only=["nobody"]).result(10)
    session.record("one").result(10)
    with pytest.raises(BadInputError, match="one calibration"):
        session.reset(full=True).result(10)
    session.stop_recording().result(10)
    head = next(slot.sensor for slot in session.status.slots if slot.slot == "head")
    session.calibrate(only=[head]).result(10)
    assert session.status.state is State.CALIBRATING
    wait_until(lambda: session.status.calibration is not None and session.status.calibration.step == "still")
    session.calibrate(Start.AUTO).result(10)
    assert session.wait_for(State.LIVE, State.FAILED, timeout=LIVE).state is State.LIVE
