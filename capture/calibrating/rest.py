"""What sensors say of themselves while nobody moves: units, gravity, noise, drift."""

from collections.abc import Iterable

import numpy as np

from ...devices.log import GRAVITY
from ...rig.quaternion import angle_between
from .finding import Finding, bad, in_words, warn
from .samples import Block
from .step import Step

HEARD = 0.7  # share of the frames that have to be there
FREE = 1.0  # m/s²: more at rest is a wrong unit, gravity left in, or a tilted calibration
NOISY = 0.5  # m/s² rms
DRIFTING = 2.0  # degrees per second


def judge_rest(block: Block, slots: dict[str, str]) -> list[Finding]:
    """One finding for each sensor that is not as it should be."""
    return [found for name, slot in slots.items() if (found := _judge(block, name, slot)) is not None]


def holes(block: Block, names: Iterable[str]) -> set[str]:
    """Sensors of which too little is there to judge."""
    return {name for name in names if name not in block.sensors or block.sensors[name].present.mean() < HEARD}


def _judge(block: Block, name: str, slot: str) -> Finding | None:
    if holes(block, (name,)):
        return bad(name, slot, Step.STILL, dead(slot))
    sensor = block.sensors[name]
    acceleration = sensor.acceleration[sensor.present]
    lasting = float(np.linalg.norm(acceleration.mean(axis=0)))
    if lasting > FREE:
        return bad(name, slot, Step.STILL, _unit(lasting, slot))
    noise = float(acceleration.std(axis=0).max())
    turned = float(np.degrees(angle_between(sensor.orientation[0], sensor.orientation[-1])))
    if noise > NOISY:
        return warn(name, slot, Step.STILL, f"Its acceleration is noisy at rest ({noise:.1f} m/s²). Strap it tighter.")
    if (drift := turned / (len(block.t_ns) / 60)) > DRIFTING:
        reason = f"It turns by {drift:.1f}° a second at rest. Lay it down for ten seconds so that it finds its zero."
        return warn(name, slot, Step.STILL, reason)
    return None


def dead(slot: str) -> str:
    """Of a sensor that says nothing."""
    return f"The sensor on the {in_words(slot)} says nothing. Look whether it is on, charged and in range."


def _unit(lasting: float, slot: str) -> str:
    if abs(lasting - GRAVITY) < 1.5:
        what = "gravity is still in its acceleration"
    else:
        what = f"its acceleration is {lasting:.1f} m/s² where none is"
    return f"At rest on the {in_words(slot)}, {what}. Choose free acceleration in its settings, or calibrate it anew."
