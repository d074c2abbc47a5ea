"""The worker: a real process with a real network."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mocamba.devices.simulated.performer import perform
from mocamba.inference.device_choice import Accelerators, Wish, choose_device
from mocamba.inference.solver import LiveSolver
from mocamba.inference.virtual_sensors import simulate_imu
from mocamba.inference.weights_file import load_network
from mocamba.inference.worker import Worker, WorkerPose, WorkerState
from mocamba.inference.worker_process import Task
from mocamba.rig.errors import BadInputError
from mocamba.rig.imu import ImuSequence
from mocamba.rig.quaternion import angle_between
from mocamba.rig.skeleton import SMPL24

START = 90.0  # seconds; torch on a busy machine


@pytest.fixture(scope="module")
def imu() -> ImuSequence:
    return simulate_imu(perform(SMPL24))


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(Task("hiposer-s", Wish.AUTO, SMPL24.height))
    worker.start()
    yield worker
    pid = worker.status.pid
    worker.close()
    assert pid is None or not is_alive(pid)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # a child that ended and was not waited for counts as dead
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def poll_until(worker: Worker, done: Callable[[], bool], seconds: float = START) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, worker.status
        worker.wait(0.05)
        worker.poll()


def answer(worker: Worker, imu: ImuSequence, t: int) -> WorkerPose:
    assert worker.submit(t, imu.orientation[t], imu.acceleration[t], imu.present[t])
    end = time.monotonic() + 10
    while time.monotonic() < end:
        worker.wait(0.5)
        if (pose := worker.poll()) is not None:
            return pose
    pytest.fail("no answer")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")
def test_it_answers_as_the_solver_does_drops_what_is_late_swaps_and_is_restarted_once(
    worker: Worker, imu: ImuSequence
) -> None:
    assert not worker.submit(0, imu.orientation[0], imu.acceleration[0], imu.present[0])  # not ready: dropped
    poll_until(worker, lambda: worker.ready)
    assert worker.status.device == "cpu"
    assert "NumPy" in worker.status.reason
    assert worker.status.dropped == 1

    solver = LiveSolver(load_network("hiposer-s").network)
    for t in range(40):
        said, expected = answer(worker, imu, t), solver.push(imu.orientation[t], imu.acceleration[t], imu.present[t])
        assert said.number == t
        np.testing.assert_allclose(said.rotations, expected.rotations[0], atol=1e-5)
        np.testing.assert_allclose(said.translation, expected.translation[0], atol=1e-5)

    # late: the one before is under way
    os.kill(worker.status.pid or 0, signal.SIGSTOP)
    assert worker.submit(40, imu.orientation[40], imu.acceleration[40], imu.present[40])
    assert not worker.submit(41, imu.orientation[41], imu.acceleration[41], imu.present[41])
    assert worker.status.dropped == 2
    os.kill(worker.status.pid or 0, signal.SIGCONT)
    worker.wait(5)
    pose = worker.poll()
    assert pose is not None
    assert pose.number == 40

    worker.swap("no such network")
    poll_until(worker, lambda: bool(worker.status.last_fault))
    assert "There is no network" in worker.take_faults()[0]
    before = answer(worker, imu, 41)
    worker.swap("hiposer-d")
    t = 42
    while worker.status.network != "hiposer-d":
        pose = answer(worker, imu, min(t, 300))
        t += 1
        assert t < 2000
    # it goes on from where the performer stood
    assert float(angle_between(pose.rotations[0], before.rotations[0])) < 1
    assert np.linalg.norm(pose.translation - before.translation) < 1.5

    first = worker.status.pid
    os.kill(first or 0, signal.SIGKILL)
    poll_until(worker, lambda: worker.status.restarts == 1)
    assert "started again" in worker.take_faults()[0]
    poll_until(worker, lambda: worker.ready)
    assert worker.status.pid != first
    assert worker.status.network == "hiposer-d"
    assert answer(worker, imu, 0).number == 0
    os.kill(worker.status.pid or 0, signal.SIGKILL)
    poll_until(worker, lambda: worker.status.state is WorkerState.DEAD)
    assert "not started again" in worker.take_faults()[0]


def test_a_network_that_is_none_is_told_and_not_tried_again() -> None:
    worker = Worker(Task("no such network", Wish.AUTO, 1.7))
    worker.start()
    poll_until(worker, lambda: worker.status.state is WorkerState.DEAD)
    assert "There is no network" in worker.status.last_fault
    assert worker.status.restarts == 0
    worker.close()


_PARENT = """
import time
from mocamba.inference.device_choice import Wish
from mocamba.inference.worker import Worker
from mocamba.inference.worker_process import Task
if __name__ == "__main__":
    worker = Worker(Task("hiposer-s", Wish.CPU, 1.7))
    worker.start()
    print(worker.status.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    end = time.monotonic() + START
    while is_alive(pid):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_device_is_chosen_for_a_reason() -> None:
    here = Accelerators("NVIDIA H200", None)
    assert choose_device(Wish.AUTO, "HiPoser", here).device == "cpu"
    assert choose_device(Wish.AUTO, "Vimcan", here).device == "cuda"
    assert choose_device(Wish.CUDA, "HiPoser", here).device == "cuda"
    assert "NVIDIA H200" in choose_device(Wish.AUTO, "Vimcan", here).reason
    assert choose_device(Wish.AUTO, "Vimcan", Accelerators(None, "Apple GPU")).device == "mps"
    assert choose_device(Wish.AUTO, "Vimcan", Accelerators(None, None)).device == "cpu"
    with pytest.raises(BadInputError, match="no GPU that PyTorch can use through MPS"):
        choose_device(Wish.MPS, "HiPoser", here)


def test_the_network_step_by_step_in_pytorch_is_the_one_in_numpy(imu: ImuSequence) -> None:
    from mocamba.inference import solver as solving

    network = load_network("hiposer-s").network
    plain, on_device = LiveSolver(network), LiveSolver(network)
    on_device._on_device = solving._OnDevice(network, "cpu")  # as on a GPU, which few machines have
    for t in range(30):
        a, b = (one.push(imu.orientation[t], imu.acceleration[t], imu.present[t]) for one in (plain, on_device))
        np.testing.assert_allclose(a.rotations, b.rotations, atol=1e-4)
        np.testing.assert_allclose(a.translation, b.translation, atol=1e-4)
