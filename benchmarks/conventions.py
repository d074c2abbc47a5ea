"""The convention check on simulated sensors: mistakes it finds, and alarms on sensors without one.

    python benchmarks/conventions.py
    python benchmarks/conventions.py --recorded      also on recorded motion, where MOCAMBA_DATA points

Each row is a mistake made with six worn, noisy sensors (`rig.imu.WORN`) on three motions and several performers; the
columns count what was found. On recorded motion sensors report bones, so that no calibration pose is needed.
"""

import argparse
import importlib.util
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from mocamba.capture.calibration import aligned_calibration, calibrate
from mocamba.capture.conventions import check_conventions
from mocamba.capture.findings import Finding, Verdict
from mocamba.capture.take import on_common_axis
from mocamba.devices.log import GRAVITY, SensorLog, SensorLogs
from mocamba.devices.simulated.curves import ease
from mocamba.devices.simulated.gestures import TIMING
from mocamba.devices.simulated.performer import perform
from mocamba.devices.simulated.sensors import simulate
from mocamba.rig.imu import CLEAN, WORN, SensorErrors
from mocamba.rig.motion import SOLVE_RATE, Motion, evenly_timed
from mocamba.rig.quaternion import conjugate, slerp
from mocamba.rig.skeleton import SMPL24, Skeleton

FADE = 30  # frames
Mistake = Callable[[SensorLog], SensorLog]
PARTS = {"walk": (TIMING.walk, TIMING.squat), "squat": (TIMING.squat, TIMING.reach), "all": (TIMING.walk, TIMING.end)}


def motion(name: str, height: float) -> Motion:
    """The T-pose, then a part of the performance."""
    whole = perform(SMPL24.scaled_to(height))
    begin, end = (round(second * SOLVE_RATE) for second in PARTS[name])
    stand = np.arange(round(TIMING.walk * SOLVE_RATE))
    rest = np.arange(begin, min(end, len(whole)))
    if begin == len(stand):
        frames = np.concatenate([stand, rest])
        return evenly_timed(whole.rotations[frames], whole.translation[frames], whole.skeleton, SOLVE_RATE)
    share = ease(np.arange(FADE) / FADE)
    turning = slerp(whole.rotations[[stand[-1]]], whole.rotations[[begin]], share[:, None].astype(np.float32))
    there = whole.translation[begin] - whole.translation[stand[-1]]
    moving = whole.translation[stand[-1]] + share[:, None] * there
    rotations = np.concatenate([whole.rotations[stand], turning, whole.rotations[rest]])
    translation = np.concatenate([whole.translation[stand], moving, whole.translation[rest]])
    return evenly_timed(rotations, translation, whole.skeleton, SOLVE_RATE)


def acceleration(change: Callable[[np.ndarray], np.ndarray]) -> Mistake:
    """Of every sensor's acceleration."""
    return lambda log: replace(log, acceleration=change(log.acceleration))


def orientation(change: Callable[[np.ndarray], np.ndarray]) -> Mistake:
    """Of every sensor's orientation."""
    return lambda log: replace(log, orientation=change(log.orientation))


def flipped(count: int, axis: int) -> Callable[[np.ndarray], np.ndarray]:
    """Another sign of one of `count` numbers."""
    signs = np.ones(count)
    signs[axis] = -1
    return lambda values: values * signs


def moved(exchange: dict[str, str]) -> Mistake:
    """Sensors worn elsewhere than they say."""
    return lambda log: replace(log, slot=exchange.get(log.slot or "", log.slot))


def half_rate(log: SensorLog) -> SensorLog:
    """Every second sample only, with stamps as if there were no others."""
    kept = slice(None, None, 2)
    t_ns = log.t_ns[0] + (log.t_ns[kept] - log.t_ns[0]) // 2
    return replace(
        log, t_ns=t_ns, t_device=t_ns, orientation=log.orientation[kept], acceleration=log.acceleration[kept]
    )


def both(a: str, b: str) -> dict[str, str]:
    """A exchanged with b, left and right alike where they name no side."""
    pairs = [(a, b)] if "_" in a else [(f"{side}_{a}", f"{side}_{b}") for side in ("left", "right")]
    return {k: v for one, other in pairs for k, v in ((one, other), (other, one))}


ARMS, LEGS = both("left_forearm", "right_forearm"), both("left_shin", "right_shin")
MISTAKES: dict[str, Mistake] = {
    "none": lambda log: log,
    "g": acceleration(lambda a: a / GRAVITY),
    "gravity left in": acceleration(lambda a: a + np.array([0, GRAVITY, 0])),
    "xyzw": orientation(lambda q: np.roll(q, -1, axis=1)),
    "inverse": orientation(conjugate),
    "left-right swap": moved(ARMS | LEGS),
    "left-right, arms": moved(ARMS),
    "left-right, legs": moved(LEGS),
    "forearm-shin swap": moved(both("forearm", "shin")),
    "forearm-shin, left": moved(both("left_forearm", "left_shin")),
    "acceleration x inverted": acceleration(flipped(3, 0)),
    "acceleration up inverted": acceleration(flipped(3, 1)),
    "acceleration z inverted": acceleration(flipped(3, 2)),
    "orientation x inverted": orientation(flipped(4, 1)),
    "orientation y inverted": orientation(flipped(4, 2)),
    "orientation z inverted": orientation(flipped(4, 3)),
    "30 Hz labelled 60 Hz": half_rate,
    "quaternions x 16384": orientation(lambda q: q * 16384),
}


def check(logs: SensorLogs, *, aligned: bool) -> tuple[Finding, ...]:
    """All that is looked at on import."""
    sensors, t_ns = on_common_axis(logs)
    calibration = aligned_calibration(sensors, t_ns, "motion") if aligned else calibrate(sensors, t_ns)
    return check_conventions(logs, sensors, calibration)


def simulated(errors: SensorErrors, seeds: int, heights: tuple[float, ...]) -> Iterator[tuple[str, SensorLogs]]:
    """Sensors in any attitude on every motion."""
    for name in PARTS:
        for height in heights:
            for seed in range(seeds):
                yield name, simulate(motion(name, height), errors, seed, still_until=TIMING.t_pose_end)


def recorded(every: int) -> Iterator[tuple[str, SensorLogs]]:
    """Ten seconds of recorded clips."""
    folder = Path(os.environ["MOCAMBA_DATA"]) / "motion"
    spec = importlib.util.spec_from_file_location("motion_loader", folder / "loader.py")
    assert spec is not None
    assert spec.loader is not None
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    for shard in ("cmu", "uiprmd"):
        for number, clip in enumerate(loader.clips(folder / f"{shard}.npz")):
            if number % every or len(clip["quat"]) < 240:
                continue
            skeleton = Skeleton(clip["offsets"], clip["ends"])
            body = evenly_timed(clip["quat"][:600].astype(float), clip["trans"][:600].astype(float), skeleton, 60.0)
            yield shard, simulate(body, WORN, number, aligned=True)


def table(cases: list[tuple[str, SensorLogs]], mistakes: dict[str, Mistake], *, aligned: bool) -> None:
    """One row a mistake and kind of motion: how often each thing was found."""
    for name, mistake in mistakes.items():
        for kind in dict.fromkeys(kind for kind, _ in cases):
            found: Counter[str] = Counter()
            chosen = [logs for other, logs in cases if other == kind]
            for logs in chosen:
                wrong = [
                    finding
                    for finding in check(tuple(map(mistake, logs)), aligned=aligned)
                    if finding.verdict is Verdict.WRONG
                ]
                found.update({f"{finding.aspect.name}: {finding.detail}" for finding in wrong} or {"nothing"})
            heads: Counter[str] = Counter()
            for text, count in found.items():
                heads[text[:64]] += count
            told = "; ".join(f"{text} ({count})" for text, count in heads.most_common(4))
            print(f"{name:<26}{kind:<8}{len(chosen):>3}  {told}", flush=True)  # noqa: T201


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recorded", action="store_true", help="recorded motion too")
    parser.add_argument("--every", type=int, default=15, help="take one recorded clip in so many")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--clean", action="store_true", help="only sensors without a mistake")
    arguments = parser.parse_args()
    mistakes = {"none": MISTAKES["none"]} if arguments.clean else MISTAKES
    heights = (1.58, 1.72, 1.9)
    cases = [case for errors in (CLEAN, WORN) for case in simulated(errors, arguments.seeds, heights)]
    print("sensors without a mistake, perfect ones and worn ones")  # noqa: T201
    table(cases, {"none": MISTAKES["none"]}, aligned=False)
    worn = list(simulated(WORN, arguments.seeds, (1.72,)))
    table(worn, {name: mistakes[name] for name in mistakes if name != "none"}, aligned=False)
    if arguments.recorded:
        if "MOCAMBA_DATA" not in os.environ:
            parser.error("--recorded needs MOCAMBA_DATA: the folder that motion/ is in.")
        table(list(recorded(arguments.every)), mistakes, aligned=True)


if __name__ == "__main__":
    main()
