"""One calibration from the first prompt to the result, as a state machine that is fed with samples.

It has no clock and no thread of its own: time is the newest sample's stamp. A step ends when its pose was held, or its
movement seen between two moments of rest; what was not clear is asked for again, as often as the plan allows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...rig.errors import BadInputError
from ...rig.imu import SLOTS
from ...rig.quaternion import Array, angle_between
from ..calibration import Calibration, Pose, SensorCalibration, mount
from .align import Alignment, align
from .finding import Finding, Verdict, bad, in_words
from .forward import Travelled, find_headings, judge_headings
from .movement import EXPECTED, judge_movement, judge_t_pose
from .rest import dead, holes, judge_rest
from .samples import Block, SampleBuffer
from .step import CHECKS, PROMPTS, Plan, Step

LOOK_EVERY = 100_000_000  # ns between two looks at the samples
REST = 0.6  # seconds of rest on either side of a movement
HOLES_ASKED = 3  # times that rest is waited for again because a sensor was not heard all the time
SETTLED = 0.2  # seconds after coming to rest that still belong to the movement


@dataclass(frozen=True)
class Status:
    """For any face: what is asked for, how far its holding is (0 to 1), who moves (degrees per second), and what went
    wrong with the attempt before, if any."""

    step: Step
    prompt: str
    progress: float
    moving: Mapping[str, float]
    attempt: int
    trouble: str


@dataclass(frozen=True)
class Result:
    """`findings` say what is wrong, sensor by sensor; those without one are well."""

    calibration: Calibration
    findings: tuple[Finding, ...]
    camera: Alignment | None = None

    @property
    def sound(self) -> bool:
        """Nothing spoils the motion."""
        return all(found.verdict is not Verdict.BAD for found in self.findings)

    def of(self, sensor: str) -> tuple[Verdict, str]:
        """The worst that was found about `sensor`, and why."""
        about = [found for found in self.findings if found.sensor == sensor]
        if not about:
            reason = next((s.reason for s in self.calibration.sensors if s.sensor == sensor), "was not calibrated")
            return Verdict.OK, reason
        worst = next((found for found in about if found.verdict is Verdict.BAD), about[0])
        return worst.verdict, worst.reason

    @property
    def to_redo(self) -> tuple[str, ...]:
        """Sensors that spoil the motion, in the order they were found."""
        return tuple(dict.fromkeys(found.sensor for found in self.findings if found.verdict is Verdict.BAD))


class CalibrationRun:
    """Of the sensors in `slots` (name to slot). With `only`, those sensors alone get new values ("redo this one");
    the others keep those of `before`."""

    def __init__(
        self,
        slots: Mapping[str, str],
        plan: Plan | None = None,
        *,
        before: Result | None = None,
        only: frozenset[str] = frozenset(),
    ) -> None:
        if not any(slot in SLOTS for slot in slots.values()):
            raise BadInputError("No sensor is on a slot that a network reads, so there is nothing to calibrate.")
        if only and before is None:
            raise BadInputError("Single sensors can be redone only after a whole calibration. Calibrate all of them.")
        self.plan = plan or Plan()
        self._slots, self._before, self._only = dict(slots), before, only
        self._believed = dict(slots)  # where the movements show them to be
        self._buffer = SampleBuffer(slots)
        self._camera: list[tuple[int, float]] = []
        self._index, self._attempt, self._trouble = 0, 1, ""
        self._looked = self._asked_ns = 0
        self._rest_ns: int | None = None
        self._calm: tuple[int, int] | None = None  # the last long rest before the present movement
        self._moving: dict[str, float] = {}
        self._findings: list[Finding] = []
        self._travelled: dict[str, Travelled] = {}
        self._hanging: dict[str, Array] = {}
        self._held: dict[str, Array] = {}
        self._held_ns = (0, 0)
        self._alignment: Alignment | None = None
        self._failed = self._asked_again = False
        self._holes_asked = 0

    @property
    def step(self) -> Step:
        """What is being done."""
        if self._failed:
            return Step.FAILED
        steps = self.plan.steps
        return steps[self._index] if self._index < len(steps) else Step.DONE

    @property
    def status(self) -> Status:
        """As of the last sample."""
        prompt = PROMPTS[self.step]
        return Status(self.step, prompt, self._progress(), dict(self._moving), self._attempt, self._trouble)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """So far."""
        return tuple(self._findings)

    def result(self) -> Result:
        """After the last step. Raises BadInputError before, and where the run failed, with the reason."""
        if self.step is Step.FAILED:
            raise BadInputError(f"Not calibrated: {self._trouble} Try again.")
        if self.step is not Step.DONE:
            raise BadInputError("The calibration is not finished. Follow its prompts to the end, or keep the old one.")
        return self._merged(Result(self._calibration(), tuple(self._findings), self._alignment))

    def add(self, name: str, t_ns: int, orientation: tuple[float, ...], acceleration: tuple[float, ...]) -> None:
        """A sample as `SensorLog` has it; in the order of time for each sensor."""
        if self.step in (Step.DONE, Step.FAILED):
            return
        self._buffer.add(name, t_ns, orientation, acceleration)
        self.advance(self._buffer.newest_ns or t_ns)

    def add_camera(self, t_ns: int, height: float) -> None:
        """Height of the hips in the picture (any unit, upward), with the picture's stamp; wanted for the jump."""
        if self.step is Step.JUMP and np.isfinite(height):
            self._camera.append((t_ns, height))

    def advance(self, now_ns: int) -> None:
        """Let time pass; only needed where no sensor sends at all."""
        if self._asked_ns == 0:
            self._asked_ns = self._looked = now_ns
        if now_ns - self._looked < LOOK_EVERY or self.step in (Step.DONE, Step.FAILED):
            return
        self._looked = now_ns
        self._buffer.newest_ns = max(now_ns, self._buffer.newest_ns or now_ns)
        self._moving = self._buffer.moving()
        self._follow(now_ns)
        if self.step not in (Step.DONE, Step.FAILED) and now_ns - self._asked_ns > self.plan.patience * 1e9:
            self._give_up(now_ns)

    def _follow(self, now: int) -> None:
        """Note rest and movement, and judge where a pose was held or a movement is over."""
        if len(self._buffer.silent()) == len(self._slots):
            self._rest_ns = None
        elif self._moving:
            if self._rest_ns is not None and now - self._rest_ns >= REST * 1e9:
                self._calm = (self._rest_ns, now)
            self._rest_ns = None
        elif self._rest_ns is None:
            self._rest_ns = now
        elif self.step in (Step.STILL, Step.T_POSE):
            seconds = self.plan.still_seconds if self.step is Step.STILL else self.plan.t_pose_seconds
            if now - self._rest_ns >= seconds * 1e9:
                self._judge_hold(self._buffer.block(self._rest_ns, now), now)
        elif self._calm is not None and now - self._rest_ns >= (REST + SETTLED) * 1e9:
            start = max(self._calm[0], self._calm[1] - round((REST + SETTLED) * 1e9) - LOOK_EVERY)
            self._judge_movement(self._buffer.block(start - round(0.2e9), now), now)

    def _judge_hold(self, block: Block, now: int) -> None:
        if self.step is Step.STILL:
            if self._holes_asked < HOLES_ASKED and (set(self._slots) - set(self._buffer.silent())) & holes(
                block, self._slots
            ):
                # a sensor that is heard now and was not a moment ago: clocks settle, radios crowd
                self._holes_asked, self._rest_ns = self._holes_asked + 1, now
                return
            self._next(judge_rest(block, self._slots), now)
            return
        held = {name: block.mean(name) for name in block.sensors}
        headings = {name: way.heading for name, way in self._travelled.items()}
        found = judge_t_pose(self._hanging, held, headings, self._believed)
        if found is None:
            self._trouble = "Your arms are not out to the sides yet."
            return
        self._held, self._held_ns = held, (int(block.t_ns[0]), int(block.t_ns[-1]))
        self._next(found, now)

    def _judge_movement(self, block: Block, now: int) -> None:
        rest = round(REST * 60)
        self._calm = None
        found: list[Finding] | None
        if self.step is Step.HEADING:
            found = self._judge_way(block, rest)
            trouble = "No direction could be told: take two whole, brisk steps straight ahead."
        elif self.step is Step.JUMP:
            found = self._judge_jump(block)
            trouble = "The camera did not see the jump: stay wholly in its picture."
        else:
            if not self._hangs(block, slice(rest)) or not self._hangs(block, slice(-rest, None)):
                return  # the arms came down from the T-pose
            headings = {name: way.heading for name, way in self._travelled.items()}
            found = judge_movement(self.step, block, rest, headings, self._believed)
            trouble = "That was too small to tell: make it a wide movement."
        if found is None:
            self._trouble = trouble
        else:
            self._next(found, now)

    def _hangs(self, block: Block, frames: slice) -> bool:
        """Whether all that turned for the T-pose is nearer to how it hung before."""
        arms = [
            name for name, q in self._held.items() if name in self._hanging and _apart(self._hanging[name], q) > 0.8
        ]
        now = {name: block.mean(name, frames) for name in arms if name in block.sensors}
        return all(_apart(q, self._hanging[name]) < _apart(q, self._held[name]) for name, q in now.items())

    def _judge_way(self, block: Block, rest: int) -> list[Finding] | None:
        ways = find_headings(block, rest, patient=not self._asked_again)
        if ways is None:
            self._asked_again = True
            return None
        self._travelled = ways
        self._hanging = {name: block.mean(name, slice(-rest, None)) for name in block.sensors}
        silent = {found.sensor for found in self._findings}
        heard = {name: slot for name, slot in self._slots.items() if name not in silent}
        return judge_headings(block, ways, heard)

    def _judge_jump(self, block: Block) -> list[Finding] | None:
        pelvis = next((s for name, s in block.sensors.items() if self._believed[name] == "pelvis"), None)
        if pelvis is None or not self._camera:
            return None
        stamps, heights = np.array([t for t, _ in self._camera], np.int64), np.array([h for _, h in self._camera])
        self._alignment = align(block.t_ns, pelvis.acceleration[:, 1], stamps, heights)
        return None if self._alignment is None else []

    def _next(self, found: list[Finding], now: int) -> None:
        self._findings += found
        self._believed |= {one.sensor: one.worn_on for one in found if one.worn_on}
        self._index, self._attempt, self._trouble = self._index + 1, 1, ""
        self._asked_ns, self._calm = now, None
        while self.step in EXPECTED and not self._can_be_checked(EXPECTED[self.step].slot):
            self._index += 1

    def _can_be_checked(self, slot: str) -> bool:
        """Whether somebody is on `slot` of whom nothing bad is known but, perhaps, that it was said to be elsewhere."""
        spoilt = {one.sensor for one in self._findings if one.verdict is Verdict.BAD and one.worn_on is None}
        return any(where == slot and name not in spoilt for name, where in self._believed.items())

    def _give_up(self, now: int) -> None:
        """One more attempt, or the end: a check alone may be missing."""
        self._asked_ns = now
        self._trouble = self._why() or self._trouble or "The movement was not seen."
        if self._attempt < self.plan.attempts:
            self._attempt += 1
        elif self.step in CHECKS or self.step is Step.JUMP:
            self._next(self._unchecked(), now)
        else:
            self._failed = True

    def _unchecked(self) -> list[Finding]:
        if self.step not in EXPECTED:
            return []
        slot = EXPECTED[self.step].slot
        reason = f"The {in_words(slot)} was not seen to move, so that its sensor is unchecked. {self._trouble}"
        return [bad(name, slot, self.step, reason) for name, where in self._slots.items() if where == slot]

    def _why(self) -> str:
        if len(silent := self._buffer.silent()) == len(self._slots):
            return "No sensor says anything."
        moving = [f"{in_words(self._slots[name])} ({speed:.0f}° a second)" for name, speed in self._moving.items()]
        if moving:
            return f"Never at rest: {', '.join(moving)}. Stand still, and strap loose sensors tighter."
        return f"{dead(self._slots[silent[0]])}" if silent and self.step is Step.STILL else ""

    def _progress(self) -> float:
        if self.step is Step.DONE:
            return 1.0
        if self._rest_ns is None or self.step not in (Step.STILL, Step.T_POSE):
            return 0.0
        seconds = self.plan.still_seconds if self.step is Step.STILL else self.plan.t_pose_seconds
        return min(1.0, (self._looked - self._rest_ns) / 1e9 / seconds)

    def _calibration(self) -> Calibration:
        sensors = tuple(self._one(name, slot) for name, slot in self._slots.items() if name in self._held)
        warnings = tuple(f"{in_words(found.slot)}: {found.reason}" for found in self._findings)
        return Calibration(*self._held_ns, Pose.T_POSE, sensors, warnings)

    def _one(self, name: str, slot: str) -> SensorCalibration:
        way = self._travelled.get(name)
        if way is None:
            return mount(name, slot, self._held[name], (0.0, 0.0, "its heading could not be told"), Pose.T_POSE)
        off = float(np.degrees(way.deviation))
        reason = f"went {way.length:.2f} m with the body, heading known to {off:.1f}°; T-pose held at rest"
        return mount(name, slot, self._held[name], (way.heading, max(0.0, 1 - off / 15), reason), Pose.T_POSE)

    def _merged(self, new: Result) -> Result:
        if not self._only or self._before is None:
            return new
        old, chosen = self._before, self._only
        kept = tuple(s for s in old.calibration.sensors if s.sensor not in chosen)
        redone = tuple(s for s in new.calibration.sensors if s.sensor in chosen)
        findings = [f for f in old.findings if f.sensor not in chosen] + [f for f in new.findings if f.sensor in chosen]
        warnings = tuple(f"{in_words(found.slot)}: {found.reason}" for found in findings)
        calibration = replace(new.calibration, sensors=kept + redone, warnings=warnings)
        return Result(calibration, tuple(findings), new.camera or old.camera)


def _apart(a: Array, b: Array) -> float:
    return float(angle_between(a, b))
