"""An armature as numbers."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..joint_names import ancestors
from ..quaternion import Array, conjugate, multiply

SHORT = 1e-6  # share of the armature's size under which a bone has no length


@dataclass(frozen=True, eq=False)
class Bones:
    """N bones at rest in armature space and its unit: `rotations (N, 4)`, `heads (N, 3)`, `lengths (N,)`.

    `parents` are what a bone follows, -1 for none: where a constraint copies another bone as a whole, that bone. `posed
    (N, 4)` is how bones are turned now, from rest and in their own axes. `fixed` are bones whose head cannot be moved
    from their parent's tail, `armature_turn` those that do not inherit rotation, `armature_move` those whose location
    is along the armature's axes.
    """

    owner: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    rotations: Array
    heads: Array
    lengths: Array
    posed: Array
    fixed: NDArray[np.bool_]
    armature_turn: NDArray[np.bool_]
    armature_move: NDArray[np.bool_]
    locked: frozenset[str] = field(default_factory=frozenset)
    driven: frozenset[str] = field(default_factory=frozenset)
    """Bones all of whose rotation is locked; bones that a constraint of their own turns."""
    raised: float = 0.0
    """How high the armature's origin is above the world's floor, in the armature's unit."""

    @cached_property
    def index(self) -> dict[str, int]:
        """Row by name."""
        return {name: row for row, name in enumerate(self.names)}

    def ancestors(self, row: int) -> list[int]:
        """From what the bone follows up to the root."""
        return ancestors(row, self.parents)

    def without_length(self, row: int) -> bool:
        """Whether a bone has no direction of its own."""
        return bool(self.lengths[row] <= SHORT * max(float(np.ptp(self.heads, axis=0).max()), 1e-30))

    def lead(self, row: int, leaders: Collection[int]) -> tuple[int, Array]:
        """The first of `leaders` that bone `row` follows, -1 for none, and the rotation `(4,)` from that bone to where
        `row` is at rest, with the bones between posed as they are now; without a leader, from the armature at rest.
        """
        chain = [row]
        while self.parents[chain[-1]] not in leaders:
            if self.parents[chain[-1]] < 0 or self.armature_turn[chain[-1]]:
                return -1, self.rotations[row]
            chain.append(self.parents[chain[-1]])
        if self.armature_turn[chain[-1]]:
            return -1, self.rotations[row]
        leader = self.parents[chain[-1]]
        turn: Array = np.array([1.0, 0, 0, 0])
        for parent, child in pairwise([leader, *chain[::-1]]):
            turn = multiply(turn, multiply(conjugate(self.rotations[parent]), self.rotations[child]))
            if child != row:
                turn = multiply(turn, self.posed[child])
        return leader, turn
