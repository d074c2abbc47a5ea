"""Whether what sensors say looks as it should, and if not, which rule would put it right.

Told from a few seconds of motion: units, gravity, order and norm of quaternions, axes, rate, and whether sensors are
worn where their names say. Where the motion tells too little, that is what is said; nothing is changed here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..devices.log import GRAVITY, SensorLog, SensorLogs, y_up_to_z_up, z_up_to_y_up
from ..rig.quaternion import Array, conjugate, normalise, rotate
from .calibration import Calibration
from .clock import Resampled, common_axis, resample
from .findings import Aspect, Finding, Verdict
from .levers import Swing, explained_by_levers, swings_of
from .places import bones_of, check_limbs, check_sides

LONGEST = 30.0  # seconds that are looked at
SHORTEST = 2.0
NORM = 0.02  # by which a unit quaternion may be off
# Nats a sample by which another rule must explain the motion better. On 19 clips of recorded motion no wrong rule was
# better than the right one.
SUREST = 0.06
TELLING = 0.15  # nats a sample: less is no motion to tell anything from
FLOOR = 0.02  # share of the acceleration that is never explained
STANDING = 0.7  # share that a leg's lever must explain: in steps it changes between ankle and knee
LIVELY = 6.0  # 1/s²: sensors that turn less are drowned in noise
# Units and time are told from longer moments (frames), time from livelier limbs: jitter of orientations looks like
# turning.
SCALE_REACH, TIME_LIVELY = 9, 9.0
# Metres of acceleration over turning. Limbs of recorded motion lay between 0.08 and 0.36, most between 0.13 and 0.3.
# Units of g make it 9.8 times less, of mg a hundred times more; half the true time step, four times less.
G_RATIO, FAST_RATIO, MG_RATIO = 0.037, 0.075, 4.0
FEWEST = 60  # frames
LIMBS = ("forearm", "shin", "thigh", "foot")

Checked = tuple[Finding, SensorLogs]  # and the logs put right, so that one fault is not found twice


def check_conventions(logs: SensorLogs, sensors: Sequence[Resampled], calibration: Calibration) -> tuple[Finding, ...]:
    """One finding an aspect, of `logs` and what calibration made of them (`sensors`, on the common axis, 60 Hz)."""
    bones = bones_of(sensors, calibration)
    signals = check_signals(logs)
    exchanged = check_limbs(bones)
    if exchanged is not None:
        # a forearm does not swing as a shin: what the axes seemed like means nothing
        return (*(one for one in signals if one.aspect is not Aspect.AXES), exchanged)
    if any(one.verdict is Verdict.WRONG for one in signals):
        return (*signals, Finding(Aspect.PLACES, Verdict.UNKNOWN))
    return (*signals, check_sides(bones, calibration.pose))


def check_signals(logs: SensorLogs) -> tuple[Finding, ...]:
    """Everything that can be told before sensors are calibrated; one finding an aspect."""
    findings = []
    for check in (_check_norm, _check_rate_label, _check_gravity, _check_scale, _check_axes):
        found, logs = check(logs)
        findings.append(found)
    units = findings[3]
    if units.aspect is Aspect.RATE:
        # one ratio tells of both: the finding is of the rate, and units are right
        findings[1:4] = [units, findings[2], Finding(Aspect.UNITS, Verdict.RIGHT)]
    return tuple(findings)


def _check_norm(logs: SensorLogs) -> Checked:
    norms = np.concatenate([np.linalg.norm(log.orientation, axis=1) for log in logs])
    good = np.isfinite(norms) & (norms > 0)
    usual = float(np.median(norms[good])) if good.any() else 0.0
    put_right = tuple(_without_bad(log) for log in logs)
    put_right = tuple(log for log in put_right if len(log) > 1)
    off = np.mean(~good | (np.abs(np.where(good, norms, 0) - 1) > NORM))
    if off <= 0.01:
        return Finding(Aspect.NORM, Verdict.RIGHT), put_right
    detail = f"{100 * off:.0f} % of the quaternions are no rotations; their norm is {usual:.5g} instead of 1."
    rule = f"Divide them by {usual:.5g}." if usual and np.std(norms[good]) < 0.05 * usual else "Leave such samples out."
    return Finding(Aspect.NORM, Verdict.WRONG, detail, rule), put_right


def _without_bad(log: SensorLog) -> SensorLog:
    norms = np.linalg.norm(log.orientation, axis=1)
    good = np.isfinite(norms) & (norms > 0) & np.isfinite(log.acceleration).all(axis=1)
    return replace(
        log,
        t_ns=log.t_ns[good],
        t_device=log.t_device[good],
        orientation=normalise(log.orientation[good]),
        acceleration=log.acceleration[good],
    )


def _check_rate_label(logs: SensorLogs) -> Checked:
    for log in logs:
        measured = 1e9 / float(np.median(np.diff(log.t_ns)))
        if log.rate and not 0.75 < measured / log.rate < 1.33:
            detail = f"'{log.name}' is said to run at {log.rate:.4g} Hz, but its time stamps are of {measured:.4g} Hz."
            rule = f"Set its rate to {measured:.4g} Hz, or correct the stamps."
            return Finding(Aspect.RATE, Verdict.WRONG, detail, rule), logs
    return Finding(Aspect.RATE, Verdict.RIGHT), logs


def _check_gravity(logs: SensorLogs) -> Checked:
    """Over some seconds nobody's mean acceleration is large: what is left of it is gravity."""
    if not logs or _seconds(logs) < SHORTEST:
        return Finding(Aspect.GRAVITY, Verdict.UNKNOWN), logs
    size = float(np.median([np.median(np.linalg.norm(log.acceleration, axis=1)) for log in logs]))
    for unit, name in ((GRAVITY, ""), (1.0, " (in g)")):
        for frame, where in ((_as_it_is, ""), (_turned, ", in the sensor's own axes")):
            means = np.array([frame(log).mean(axis=0) for log in logs])
            mean = np.median(means, axis=0)
            agree = float(np.median(np.linalg.norm(means - mean, axis=1)))
            if abs(np.linalg.norm(mean) / unit - 1) > 0.2 or agree > 0.15 * unit or not 0.6 < size / unit < 1.6:
                continue
            return _gravity_found(logs, mean, unit, frame, name, where)
    return Finding(Aspect.GRAVITY, Verdict.RIGHT), logs


def _as_it_is(log: SensorLog) -> Array:
    return log.acceleration


def _turned(log: SensorLog) -> Array:
    return rotate(log.orientation, log.acceleration)


def _gravity_found(
    logs: SensorLogs, mean: Array, unit: float, frame: Callable[[SensorLog], Array], name: str, where: str
) -> Checked:
    up = mean / np.linalg.norm(mean)
    freed = tuple(replace(log, acceleration=frame(log) - unit * up) for log in logs)
    detail = f"Acceleration still holds gravity{name}{where}: its mean is {np.linalg.norm(mean):.3g}."
    if up[1] > 0.9:
        rule = "Take it out" + (
            ": turn acceleration into the world by the orientation, then subtract" if where else ": subtract"
        )
        return Finding(Aspect.GRAVITY, Verdict.WRONG, detail, f"{rule} {unit:.4g} from its upward part."), freed
    if up[1] < -0.9:
        rule = "Turn its sign round before gravity is taken out, or do not take gravity out twice."
        return Finding(Aspect.GRAVITY, Verdict.WRONG, detail, rule), freed
    rule = f"It points along ({up[0]:.1f}, {up[1]:.1f}, {up[2]:.1f}) instead of up: another axis of the world is up."
    return Finding(Aspect.GRAVITY, Verdict.WRONG, detail, rule), freed


def _check_scale(logs: SensorLogs) -> Checked:
    """Units and time from how long the limbs' levers seem to be."""
    sensors = _even([log for log in logs if (log.slot or "").endswith(LIMBS)])
    swings = swings_of(sensors, reach=SCALE_REACH).values()
    told = [one for one in swings if one.speed > LIVELY and one.known.sum() > FEWEST]
    lively = [one for one in told if one.speed > TIME_LIVELY]
    if not told:
        return Finding(Aspect.UNITS, Verdict.UNKNOWN), logs
    ratio = float(np.exp(np.median([np.log(max(one.ratio, 1e-9)) for one in lively or told])))
    seen = f"Limbs seem to swing on levers of {100 * ratio:.2g} cm."
    if ratio < G_RATIO:
        scaled = tuple(replace(log, acceleration=log.acceleration * GRAVITY) for log in logs)
        detail = f"{seen} Acceleration is too small for how fast they turn, as if it were in g."
        return Finding(Aspect.UNITS, Verdict.WRONG, detail, "Multiply acceleration by 9.80665 to get m/s²."), scaled
    if ratio > MG_RATIO:
        detail = f"{seen} Acceleration is far too large for how fast they turn, as if it were in mg."
        return Finding(Aspect.UNITS, Verdict.WRONG, detail, "Multiply acceleration by 0.00980665 to get m/s²."), logs
    if lively and ratio < FAST_RATIO:
        return _rate_halved(logs, seen)
    return Finding(Aspect.UNITS, Verdict.RIGHT), logs


def _rate_halved(logs: SensorLogs, seen: str) -> Checked:
    rate = 1e9 / float(np.median([np.median(np.diff(log.t_ns)) for log in logs]))
    detail = f"{seen} They turn too fast, as if samples of {rate / 2:.3g} Hz were labelled {rate:.3g} Hz."
    start = min(int(log.t_ns[0]) for log in logs)
    spread = tuple(replace(log, t_ns=start + 2 * (log.t_ns - start)) for log in logs)
    return Finding(Aspect.RATE, Verdict.WRONG, detail, f"Set the sample rate to {rate / 2:.3g} Hz."), spread


@dataclass(frozen=True)
class _Rule:
    """A mistake that is undone by `turn` of orientations or `force` of a sensor's acceleration."""

    seen: str
    remedy: str
    turn: Callable[[Array], Array] | None = None
    force: Callable[[Resampled], Array] | None = None


def _check_axes(logs: SensorLogs) -> Checked:
    """The rule under which orientation and acceleration fit each other best; as they are, unless another is better."""
    sensors = _even(logs)
    if not sensors or not any(_tells(one) for one in swings_of(sensors).values()):
        return Finding(Aspect.AXES, Verdict.UNKNOWN), logs
    as_given, *others = _evidence(sensors, [AS_GIVEN, *RULES])
    best = max(others)
    if max(best, as_given) < TELLING:
        return Finding(Aspect.AXES, Verdict.UNKNOWN), logs
    if best - as_given > SUREST:
        rule = RULES[others.index(best)]
        return Finding(Aspect.AXES, Verdict.WRONG, rule.seen, rule.remedy), logs
    return Finding(Aspect.AXES, Verdict.RIGHT if as_given - best > SUREST else Verdict.UNKNOWN), logs


def _evidence(sensors: Sequence[Resampled], rules: Sequence[_Rule]) -> list[float]:
    """Nats a sample by which levers explain the sensors' accelerations under each rule, of the same sensors for all."""
    trunk = next((sensor.log.name for sensor in sensors if sensor.log.slot == "pelvis"), None)
    shares = [explained_by_levers(swings_of(sensors, rule.turn, rule.force), trunk) for rule in rules]
    steps = {sensor.log.name for sensor in sensors if (sensor.log.slot or "").endswith(("shin", "foot"))}
    told = [name for name in shares[0] if name not in steps or max(share[name] for share in shares) > STANDING]
    return [float(np.mean([-np.log(1 - share[name] + FLOOR) for name in told] or [0.0])) for share in shares]


def _tells(one: Swing) -> bool:
    return one.speed > LIVELY and bool(one.known.sum() > FEWEST)


def _even(logs: Sequence[SensorLog]) -> list[Resampled]:
    if not logs or _seconds(logs) < SHORTEST:
        return []
    t_ns = common_axis(tuple(logs))
    t_ns = t_ns[: round(LONGEST * 60)]
    return [resample(log, t_ns) for log in logs]


def _seconds(logs: Sequence[SensorLog]) -> float:
    return min(float(log.t_ns[-1] - log.t_ns[0]) for log in logs) / 1e9


def _in_z_up(change: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """`change` as the device's own world has it: families count axes with Z up."""

    def changed(orientation: Array) -> Array:
        zero = np.zeros((*orientation.shape[:-1], 3))
        return z_up_to_y_up(change(y_up_to_z_up(orientation, zero)[0]), zero)[0]

    return changed


def _signs(*signs: float) -> Callable[[Array], Array]:
    return lambda values: values * np.array(signs)


def _accelerated(change: Callable[[Array], Array]) -> Callable[[Resampled], Array]:
    return lambda sensor: change(sensor.acceleration)


def _rules() -> tuple[_Rule, ...]:
    rules = []
    scalar_last = (
        "Orientation and acceleration fit each other as if quaternions came as x, y, z, w.",
        "Read them in that order.",
    )
    inverse = (
        "Orientations look like those from the world to the sensor.",
        "Take their inverse (x, y, z with the other sign).",
    )
    turns: list[tuple[tuple[str, str], Callable[[Array], Array]]] = [
        (scalar_last, lambda q: np.roll(q, 1, axis=-1)),
        (inverse, conjugate),
    ]
    for index, axis in enumerate("xyz"):
        signs = [1.0, 1.0, 1.0, 1.0]
        signs[1 + index] = -1.0
        words = (f"The {axis} axis of the orientations looks inverted.", f"Change the sign of the quaternions' {axis}.")
        turns.append((words, _signs(*signs)))
    for words, turn in turns:
        rules += [_Rule(*words, turn=turn), _Rule(*words, turn=_in_z_up(turn))]
    # ours, and what the axis is called in a world with Z up
    for index, axis in enumerate(("x", "z (up)", "y")):
        flips = [1.0, 1.0, 1.0]
        flips[index] = -1.0
        flip = _signs(*flips)
        seen = f"The {axis} axis of the accelerations looks inverted."
        rules.append(_Rule(seen, "Change its sign.", force=_accelerated(flip)))
    rules.append(
        _Rule(
            "Acceleration looks as if it were in the sensor's own axes.",
            "Turn it into the world by the orientation.",
            force=lambda sensor: rotate(sensor.orientation, sensor.acceleration),
        )
    )
    return tuple(rules)


AS_GIVEN = _Rule("", "")
RULES = _rules()
