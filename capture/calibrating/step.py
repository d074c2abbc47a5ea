"""What the performer is asked to do, one thing after another."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """In the order they are gone through; the last two end a run."""

    STILL = "still"
    HEADING = "heading"
    T_POSE = "t-pose"
    LEFT_ARM = "left-arm"
    RIGHT_LEG = "right-leg"
    NOD = "nod"
    BOW = "bow"
    TURN = "turn"
    JUMP = "jump"
    DONE = "done"
    FAILED = "failed"


PROMPTS: dict[Step, str] = {
    Step.STILL: "Stand still, arms hanging, and look where you want to face.",
    Step.HEADING: "Walk two steps straight forward, stop with your feet side by side, and stand still.",
    Step.T_POSE: "Hold your arms straight out to the sides, palms down, and stand still.",
    Step.LEFT_ARM: "Let your arms hang. Then lift your LEFT arm sideways to the height of the shoulder, and lower it.",
    Step.RIGHT_LEG: "Stand still. Then lift your RIGHT heel towards your seat, knee where it is, and put it down.",
    Step.NOD: "Stand still. Then look down at your feet, with your head alone, and up again.",
    Step.BOW: "Stand still. Then bow from the hips, and come up again.",
    Step.TURN: "Stand still. Then turn a quarter to the left with your whole body, and back again.",
    Step.JUMP: "Stand still in sight of the camera. Then jump once, and stand still.",
    Step.DONE: "Calibrated.",
    Step.FAILED: "Not calibrated.",
}
CHECKS = (Step.LEFT_ARM, Step.RIGHT_LEG, Step.NOD, Step.BOW, Step.TURN)


@dataclass(frozen=True)
class Plan:
    """Which steps are gone through and how long poses are held (seconds).

    `checks` False leaves the check movements out, `camera` asks for the jump that aligns a camera. After `attempts`
    of `patience` seconds each a step has failed.
    """

    checks: bool = True
    camera: bool = False
    still_seconds: float = 2.0
    t_pose_seconds: float = 3.0
    patience: float = 20.0
    attempts: int = 3

    def hold(self, step: Step) -> float:
        """Seconds that the pose of `step` is held; 0 for a movement."""
        return {Step.STILL: self.still_seconds, Step.T_POSE: self.t_pose_seconds}.get(step, 0.0)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Without the two that end a run."""
        steps = (Step.STILL, Step.HEADING, Step.T_POSE, *(CHECKS if self.checks else ()))
        return (*steps, Step.JUMP) if self.camera else steps
