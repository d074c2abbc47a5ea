"""Check movements: who moved, and about which axis. They catch what no pose can tell."""

from dataclasses import dataclass

import numpy as np

from ...rig.quaternion import Array, about_y, angle_between, conjugate, multiply, rotate, to_rotation_vector
from .finding import Finding, bad, in_words, warn
from .samples import Block
from .step import Step

MOVED = np.radians(20.0)  # less is fidgeting
AXIS = np.radians(35.0)  # people do not lift an arm straight to the side
BACK = np.radians(20.0)  # after the movement the bone is where it was
ARMS_OUT = np.radians((50.0, 130.0))  # a forearm's turn from hanging to the T-pose
UPRIGHT = np.radians(35.0)  # the others' turn meanwhile


@dataclass(frozen=True)
class Expected:
    """The slot that turns, about which axis of the performer's world, and the slots that keep still meanwhile."""

    slot: str
    axis: tuple[float, float, float]
    rests: tuple[str, ...]


LEFT_SIDE, FORWARD = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
EXPECTED: dict[Step, Expected] = {
    Step.LEFT_ARM: Expected("left_forearm", FORWARD, ("right_forearm", "left_shin", "right_shin", "head", "pelvis")),
    Step.RIGHT_LEG: Expected("right_shin", LEFT_SIDE, ("left_forearm", "right_forearm", "left_shin", "head", "pelvis")),
    Step.NOD: Expected("head", LEFT_SIDE, ("left_forearm", "right_forearm", "left_shin", "right_shin", "pelvis")),
    Step.BOW: Expected("pelvis", LEFT_SIDE, ("left_shin", "right_shin")),
}


@dataclass(frozen=True)
class Turn:
    """How far a sensor turned from where it rested (rad), about which axis of the performer's world, and how far it
    was from there in the end."""

    angle: float
    axis: Array
    left_over: float


def turn_of(orientation: Array, rest: int, heading: float) -> Turn:
    """The widest turn in `orientation (T, 4)`, of which the first and last `rest` frames are at rest."""
    before, after = orientation[rest // 2], orientation[-1 - rest // 2]
    angles = angle_between(orientation, before)
    peak = orientation[int(np.argmax(angles))]
    vector = to_rotation_vector(multiply(peak, conjugate(before)))
    norm = float(np.linalg.norm(vector))
    axis = rotate(conjugate(about_y(np.array(heading))), vector / max(norm, 1e-9))
    return Turn(norm, axis, float(angle_between(before, after)))


def judge_movement(
    step: Step, block: Block, rest: int, headings: dict[str, float], slots: dict[str, str]
) -> list[Finding] | None:
    """What `step` shows; None where nobody moved enough to tell."""
    if step is Step.TURN:
        return judge_turn(block, rest, slots)
    wanted = EXPECTED[step]
    turns = {
        name: turn_of(sensor.orientation, rest, headings.get(name, 0.0))
        for name, sensor in block.sensors.items()
        if slots[name] == wanted.slot or slots[name] in wanted.rests
    }
    if not turns or max(turn.angle for turn in turns.values()) < MOVED:
        return None
    most = max(turns, key=lambda name: turns[name].angle)
    if slots[most] != wanted.slot:
        return _exchanged(step, wanted.slot, most, slots)
    return _about_its_axis(step, most, wanted, turns[most]) + _slipped(step, turns, slots)


def _exchanged(step: Step, slot: str, most: str, slots: dict[str, str]) -> list[Finding]:
    """The sensor that moved is worn where the movement was; the one said to be there is worn elsewhere."""
    said = slots[most]
    reason = f"'{most}' moved with the {in_words(slot)}, but is said to be on the {in_words(said)}. Exchange them."
    found = [bad(most, said, step, reason, worn_on=slot)]
    for name, where in slots.items():
        if where == slot:
            reason = f"The {in_words(slot)} moved, but '{name}' did not: it seems to be on the {in_words(said)}."
            found.append(bad(name, slot, step, reason, worn_on=said))
    return found


def _about_its_axis(step: Step, name: str, wanted: Expected, turn: Turn) -> list[Finding]:
    off = float(np.arccos(np.clip(turn.axis @ np.array(wanted.axis), -1, 1)))
    where = in_words(wanted.slot)
    if off > np.pi - AXIS:
        reason = f"The {where} turned the opposite way: its sensor reports an inverted rotation. Check its settings."
        return [bad(name, wanted.slot, step, reason)]
    if off > AXIS:
        reason = (
            f"The {where} turned about an axis {np.degrees(off):.0f}° off: its sensor is mounted otherwise than in the "
            f"T-pose, or its heading is wrong. Strap it tight and redo it."
        )
        return [bad(name, wanted.slot, step, reason)]
    return []


def _slipped(step: Step, turns: dict[str, Turn], slots: dict[str, str]) -> list[Finding]:
    return [
        warn(
            name,
            slots[name],
            step,
            f"The {in_words(slots[name])} came back {np.degrees(turn.left_over):.0f}° off: did its sensor slip?",
        )
        for name, turn in turns.items()
        if turn.left_over > BACK
    ]


def judge_turn(block: Block, rest: int, slots: dict[str, str]) -> list[Finding] | None:
    """The body turns to the left as a whole: about the vertical, whatever the mounting and the heading."""
    turns = {name: turn_of(sensor.orientation, rest, 0.0) for name, sensor in block.sensors.items()}
    usual = float(np.median([turn.angle for turn in turns.values()])) if turns else 0.0
    if usual < 2 * MOVED:
        return None
    off = {name: float(np.arccos(np.clip(turn.axis[1], -1, 1))) for name, turn in turns.items()}
    if np.median(list(off.values())) > np.pi / 2:
        off = {name: np.pi - angle for name, angle in off.items()}  # to the right, then
    return [
        bad(name, slots[name], Step.TURN, _not_vertical(slots[name], np.degrees(angle)))
        for name, angle in off.items()
        if angle > AXIS or abs(turns[name].angle - usual) > AXIS
    ]


def _not_vertical(slot: str, off: float) -> str:
    where = in_words(slot)
    if off > 180 - np.degrees(AXIS):
        return f"The {where} turned the opposite way: its sensor reports an inverted rotation. Check its settings."
    return (
        f"The {where} did not turn with the body ({off:.0f}° off the vertical). Check its sensor's axes and its strap."
    )


def judge_t_pose(
    hanging: dict[str, Array], held: dict[str, Array], headings: dict[str, float], slots: dict[str, str]
) -> list[Finding] | None:
    """From arms hanging to arms out only the forearms turn, each to its side; None where none did."""
    turned = {name: float(angle_between(hanging[name], q)) for name, q in held.items() if name in hanging}
    if not turned or max(turned.values()) < ARMS_OUT[0]:
        return None
    wrong = [name for name, angle in turned.items() if not slots[name].endswith("forearm") and angle > UPRIGHT]
    idle = [name for name, angle in turned.items() if slots[name].endswith("forearm") and angle < UPRIGHT]
    if len(wrong) == len(idle) == 1:
        return _exchanged(Step.T_POSE, slots[idle[0]], wrong[0], slots)
    found = []
    for name, angle in turned.items():
        slot = slots[name]
        if name in wrong:
            found.append(_not_an_arm(name, slot, angle))
        elif slot.endswith("forearm"):
            within = ARMS_OUT[0] < angle < ARMS_OUT[1]
            outward = _outward(name, slot, hanging[name], held[name], headings.get(name, 0.0)) if within else None
            found += [_not_out(name, slot, angle)] if outward is None else outward
    return found


def _not_an_arm(name: str, slot: str, angle: float) -> Finding:
    degrees = np.degrees(angle)
    reason = (
        f"'{name}' turned {degrees:.0f}° as the arms went out, so it is worn on an arm and not on the {in_words(slot)}."
    )
    return bad(name, slot, Step.T_POSE, reason)


def _not_out(name: str, slot: str, angle: float) -> Finding:
    reason = f"The {in_words(slot)} turned {np.degrees(angle):.0f}° and not 90° as the arms went out. Hold it level."
    return bad(name, slot, Step.T_POSE, reason)


def _outward(name: str, slot: str, hanging: Array, held: Array, heading: float) -> list[Finding]:
    axis = np.array(FORWARD) * (1.0 if slot.startswith("left") else -1.0)
    vector = to_rotation_vector(multiply(held, conjugate(hanging)))
    turned = rotate(conjugate(about_y(np.array(heading))), vector / np.linalg.norm(vector))
    off = float(np.arccos(np.clip(turned @ axis, -1, 1)))
    if off > np.pi - AXIS:
        other = slot.replace("left", "?").replace("right", "left").replace("?", "right")
        reason = f"'{name}' went out to the other side: it is worn on the {in_words(other)}, or reports inverted."
        return [bad(name, slot, Step.T_POSE, reason, worn_on=other)]
    if off > AXIS:
        reason = (
            f"The {in_words(slot)} went out {np.degrees(off):.0f}° off the side: the arm was not straight to the side, "
            f"or the heading of '{name}' is wrong. Redo it."
        )
        return [bad(name, slot, Step.T_POSE, reason)]
    return []
