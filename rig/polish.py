"""What is done to a solved motion afterwards, switched by its user and recorded with it; the motion itself is kept."""

import json
from dataclasses import asdict, dataclass

from .contacts import estimate_contact, standing
from .errors import BadInputError
from .foot_lock import lock_feet, stand_on_floor
from .motion import Motion
from .smooth import smooth_motion

MOST_SMOOTH = 1.0  # seconds


@dataclass(frozen=True)
class Polish:
    """`smooth`: seconds of zero-phase smoothing, 0 for none. `floor`: standing feet on y = 0, none under it. `feet`:
    standing feet do not slide. `contacts`: "network" takes its own where it gives them, "motion" never."""

    smooth: float = 0.0
    floor: bool = False
    feet: bool = False
    contacts: str = "network"

    def __post_init__(self) -> None:
        if not 0 <= self.smooth <= MOST_SMOOTH:
            raise BadInputError(f"Smoothing over {self.smooth:g} s? Choose 0 to {MOST_SMOOTH:g}; 0.05 is a good start.")
        if self.contacts not in ("network", "motion"):
            raise BadInputError(f"There are no contacts '{self.contacts}'. Choose network or motion.")

    @property
    def does_nothing(self) -> bool:
        """The motion stays as it is."""
        return not (self.smooth or self.floor or self.feet)

    def to_json(self) -> str:
        """For the solve's file; empty where nothing is done."""
        return "" if self.does_nothing else json.dumps(asdict(self))


def polished(motion: Motion, options: Polish) -> Motion:
    """`motion` after smoothing, floor and feet, in that order."""
    if options.does_nothing:
        return motion
    if options.smooth:
        motion = smooth_motion(motion, options.smooth)
    if not (options.floor or options.feet):
        return motion
    given = motion.contact if options.contacts == "network" else None
    stands = standing(estimate_contact(motion) if given is None else given, motion.rate)
    if options.floor:
        motion = stand_on_floor(motion, stands)
    return lock_feet(motion, stands) if options.feet else motion
