"""From a session's first samples to a calibration, whichever way it is found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..rig.errors import BadInputError
from .calibrating.finding import Finding
from .calibrating.resets import align_headings
from .calibrating.run import CalibrationRun, Result
from .calibrating.samples import SampleBuffer
from .calibrating.start import Start
from .calibrating.step import Plan, Step
from .calibrating.store import Stored, stored, why_not
from .calibration import Calibration, HeadingSource, Pose
from .simulated_start import simulated_calibration
from .sources import slots_of
from .stamping import Stamped
from .still_start import StillStart

LISTEN = 1.0  # seconds that tell which sensors there are
LATEST = 10.0  # seconds that sensors sure to speak are waited for
REST = 1.0  # seconds of rest in which a kept calibration is turned the way the performer faces
FACE_FORWARD = "Stand still in the T-pose, facing the way that is to be forward: the calibration kept for you is used."
QUICK = "Stand still in the T-pose, then walk a few steps."


@dataclass(frozen=True)
class Wanted:
    """`given`: a calibration of before; `before` and `only`: which sensors of which result are redone."""

    start: Start
    slots: Mapping[str, str]
    performer: str
    kept_in: Path
    heading: HeadingSource
    pose: Pose
    seconds: float
    checks: bool = True
    given: Calibration | None = None
    before: Result | None = None
    only: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CalibrationView:
    """For any face: what the performer is asked to do, how far it is, and what was found about sensors.

    `moving`: degrees per second of what should rest. `kept`: a sentence about a calibration that can be used instead.
    """

    step: str
    prompt: str
    progress: float
    steps: tuple[str, ...] = ()
    moving: tuple[tuple[str, float], ...] = ()
    attempt: int = 1
    attempts: int = 1
    trouble: str = ""
    findings: tuple[Finding, ...] = ()
    kept: str = ""


@dataclass(frozen=True)
class Started:
    """`result` only where the sequence was gone through; `slots` of all sensors that were heard, by name."""

    calibration: Calibration
    slots: Mapping[str, str]
    heard: frozenset[str]
    result: Result | None = None


class Starting:
    """Fed with samples, asked by `poll`. `expected` sensors are sure to speak (0: nobody knows)."""

    def __init__(self, wanted: Wanted, only_simulated: bool, expected: int) -> None:
        self._wanted, self._expected = wanted, expected
        start = wanted.start
        if start is Start.AUTO:
            start = Start.QUICK if only_simulated or wanted.given else Start.SEQUENCE
        self._known_people = only_simulated and wanted.start is Start.AUTO
        self._start = start
        self._quick = StillStart(wanted.seconds, wanted.heading, wanted.pose)
        self._early: list[Stamped] = []
        self._slots: dict[str, str] = {}
        self._run: CalibrationRun | None = None
        self._kept: Stored | None = None
        self._rest: SampleBuffer | None = None
        self._rested_ns = 0
        if start is Start.KEPT and self._kept_of_performer() is None:
            raise BadInputError(f"No calibration is kept for '{wanted.performer}'. Go through the sequence once.")

    def add(self, samples: Iterable[Stamped]) -> None:
        """What came."""
        samples = list(samples)
        self._quick.add(samples)
        if not self._slots:
            self._early += samples
            return
        for one in samples:
            self._follow(one)

    def poll(self) -> Started | None:
        """The calibration, once it is there."""
        if not self._slots:
            if not self._heard_all():
                return None
            self._listened()
        if self._run is not None:
            return self._started(self._run.result()) if self._run.step is Step.DONE else None
        if self._rest is not None:
            return self._faced_forward(self._rest)
        if self._wanted.given is not None or self._known_people:
            found = self._wanted.given or simulated_calibration(self._slots)
        elif self._quick.collected < self._quick.seconds:
            return None
        else:
            found = self._quick.find(self._slots)
        slots = self._slots | {one.sensor: one.slot for one in found.sensors}
        return Started(found, slots, frozenset(self._quick.sensors))

    @property
    def view(self) -> CalibrationView:
        """As of the last sample."""
        if self._run is not None:
            return view_of(self._run, self._offer())
        if self._start is Start.QUICK and not self._known_people and self._wanted.given is None:
            share = min(1.0, self._quick.collected / self._quick.seconds)
            return CalibrationView("quick", QUICK, share, ("quick",))
        if self._rest is not None:
            return CalibrationView("kept", FACE_FORWARD, 0.0, ("kept",), moving=tuple(self._rest.moving().items()))
        return CalibrationView("listening", "Listening for sensors.", min(1.0, self._quick.collected / LISTEN))

    def use_kept(self) -> None:
        """The calibration that `view.kept` tells of. Raises BadInputError where there is none that fits."""
        kept = self._kept_of_performer()
        if kept is None or (reason := why_not(kept, self._slots)):
            raise BadInputError(f"No kept calibration fits. {reason if kept else 'None is kept for this performer.'}")
        self._kept, self._run = kept, None
        self._rest = SampleBuffer(self._slots)

    def _heard_all(self) -> bool:
        collected = self._quick.collected
        return collected >= LISTEN and (len(self._quick.sensors) >= self._expected or collected >= LATEST)

    def _listened(self) -> None:
        self._slots = slots_of(self._quick.sensors, self._wanted.slots)
        match self._start:
            case Start.SEQUENCE:
                wanted = self._wanted
                self._run = CalibrationRun(
                    self._slots, Plan(checks=wanted.checks), before=wanted.before, only=wanted.only
                )
            case Start.KEPT:
                self.use_kept()
        for one in self._early:
            self._follow(one)
        self._early = []

    def _follow(self, one: Stamped) -> None:
        values = one.values
        if self._run is not None:
            self._run.add(one.sensor, one.t_ns, values[:4], values[4:7])
        elif self._rest is not None:
            self._rest.add(one.sensor, one.t_ns, values[:4], values[4:7])

    def _faced_forward(self, rest: SampleBuffer) -> Started | None:
        now = rest.newest_ns or 0
        if not now or rest.moving():
            self._rested_ns = 0
            return None
        self._rested_ns = self._rested_ns or now
        if now - self._rested_ns < REST * 1e9:
            return None
        assert self._kept is not None
        block = rest.block(self._rested_ns, now)
        facing = {name: block.mean(name) for name in block.sensors}
        calibration = align_headings(self._kept.calibration, facing, self._wanted.pose)
        return Started(calibration, self._slots, frozenset(self._quick.sensors))

    def _started(self, result: Result) -> Started:
        return Started(result.calibration, self._slots, frozenset(self._quick.sensors), result)

    def _kept_of_performer(self) -> Stored | None:
        return next((one for one in stored(self._wanted.kept_in)[0] if one.performer == self._wanted.performer), None)

    def _offer(self) -> str:
        kept = self._kept_of_performer() if self._run is not None and self._run.step is Step.STILL else None
        if kept is None or why_not(kept, self._slots):
            return ""
        return f"The calibration of {kept.created[:16].replace('T', ' ')} UTC can be used again if no strap was off."


def view_of(run: CalibrationRun, kept: str = "") -> CalibrationView:
    """A sequence as it stands."""
    status, steps = run.status, run.plan.steps
    return CalibrationView(
        status.step.value,
        status.prompt,
        status.progress,
        tuple(step.value for step in steps),
        tuple(sorted(status.moving.items())),
        status.attempt,
        run.plan.attempts,
        status.trouble,
        run.findings,
        kept,
    )


def result_view(result: Result, steps: Sequence[str]) -> CalibrationView:
    """What stays to be seen of a sequence when it is over."""
    return CalibrationView("done", "Calibrated.", 1.0, tuple(steps), findings=result.findings)
