"""The whole way without any hardware: a simulated performer's worn sensors, through every component a user's go."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from ..devices.log import Recording
from ..devices.simulated.gestures import TIMING
from ..devices.simulated.performer import perform
from ..devices.simulated.sensors import simulate
from ..rig.amass import write_amass
from ..rig.imu import WORN
from ..rig.motion import Motion
from ..rig.progress import Progress, within
from ..rig.skeleton import SMPL24
from ..rig.whole_file import refuse_existing, replace_folder, uninterrupted, work_folder, written
from .baking import BakeOptions, bake_take
from .importing import ImportOptions, write_take
from .solving import DEFAULT_NETWORK, Mode, solve_take
from .take import Take, check_take_place, new_take, open_take

HEIGHT = 1.72  # metres
SEED = 7


@dataclass(frozen=True)
class DemoFiles:
    """What the demo leaves in its folder."""

    folder: Path

    @property
    def take(self) -> Path:
        """Sensors, calibration and solve."""
        return self.folder / "demo.take"

    @property
    def blend(self) -> Path:
        """The animation."""
        return self.folder / "demo.blend"

    @property
    def sheet(self) -> Path:
        """Pictures of it."""
        return self.folder / "demo.png"

    @property
    def truth(self) -> Path:
        """What the performer really did."""
        return self.folder / "truth.npz"

    def others(self) -> tuple[Path, ...]:
        """All but the take."""
        return self.blend, self.sheet, self.truth


@dataclass(frozen=True)
class DemoResult:
    """Errors as `inference.metrics` defines them (degrees, degrees, centimetres) and `seconds` each stage took."""

    files: DemoFiles
    sip: float
    ang: float
    pos: float
    seconds: dict[str, float]


def simulate_recording(seed: int = SEED) -> tuple[Recording, Motion]:
    """Six worn, noisy, drifting sensors on the performer, and what the performer did."""
    truth = perform(SMPL24.scaled_to(HEIGHT))
    return Recording("simulated", simulate(truth, WORN, seed, still_until=TIMING.t_pose_end)), truth


def run_demo(folder: Path, progress: Progress, *, force: bool = False, network: str = DEFAULT_NETWORK) -> DemoResult:
    """Record, solve, bake and compare; all results appear in `folder` together, or none."""
    kept = DemoFiles(folder)
    check_take_place(kept.take, force=force)
    for path in kept.others():
        refuse_existing(path, force=force)
    with work_folder(folder) as work:
        done = _run(DemoFiles(work), progress, network)
        _publish(done.files, kept)
    progress(1.0, "Done")
    return replace(done, files=kept)


def _run(files: DemoFiles, progress: Progress, network: str) -> DemoResult:
    seconds: dict[str, float] = {}
    started = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal started
        now = time.perf_counter()
        seconds[stage], started = round(now - started, 2), now

    progress(0.0, "Performing")
    take, truth = _record(files)
    lap("record")
    motion, _, _ = solve_take(take, network, Mode.LIVE, within(progress, 0.05, 0.35))
    lap("solve")
    bake_take(take, BakeOptions(files.blend, network, render=files.sheet), within(progress, 0.35, 0.98))
    lap("bake")
    # with torch in the process already
    from ..inference.metrics import pose_errors

    errors = pose_errors(motion, truth)
    return DemoResult(files, float(errors.SIP), float(errors.Ang), float(errors.Pos), seconds)


def _publish(made: DemoFiles, kept: DemoFiles) -> None:
    with written(kept.folder), uninterrupted():
        replace_folder(made.take, kept.take)
        for new, place in zip(made.others(), kept.others(), strict=True):
            new.replace(place)


def _record(files: DemoFiles) -> tuple[Take, Motion]:
    recording, truth = simulate_recording()
    options = ImportOptions(performer="simulated performer", height=HEIGHT)
    with new_take(files.take) as part:
        write_take(part, recording, "simulated performer", HEIGHT, options)
    write_amass(truth, files.truth)
    return open_take(files.take), truth
