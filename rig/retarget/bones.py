"""An armature as numbers."""

from collections.abc import Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..joint_names import ancestors
from ..quaternion import Array, conjugate, multiply, rotate

SHORT = 1e-6  # share of the armature's size under which a bone has no length


@dataclass(frozen=True, eq=False)
class Bones:
    """N bones at rest in armature space and its unit: `rotations (N, 4)`, `heads (N, 3)`, `lengths (N,)`.

    `parents` are what a bone follows, -1 for none: where a constraint copies another bone as a whole, that bone. `posed
    (N, 4)` is how bones are turned now, from rest and in their own axes. `fixed` are bones whose head cannot be moved
    from their parent's tail, `armature_turn` those that do not inherit rotation, `parent_move` those whose location is
    along their parent's axes.
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
    parent_move: NDArray[np.bool_]
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

    def hanging_on(self, leaders: Set[int]) -> "Hanging":
        """Where every bone hangs while only `leaders` are turned and the bones between stay posed as they are now."""
        return Hanging.of(self, leaders)


@dataclass(frozen=True, eq=False)
class Hanging:
    """`leader (N,)`: the bone that turns a bone with it, -1 for none. `leads (N, 4)`: from the leader's axes to where
    the bone then is at rest, from the armature's without one. `heads (N, 3)`: in armature space, all leaders at rest.
    """

    leader: NDArray[np.int64]
    leads: Array
    heads: Array

    @classmethod
    def of(cls, bones: Bones, leaders: Set[int]) -> Self:
        """See `Bones.hanging_on`."""
        made = cls(np.full(len(bones.names), -1), bones.rotations.copy(), bones.heads.copy())
        done: set[int] = set()

        def settle(row: int) -> None:
            parent = bones.parents[row]
            if row in done or parent < 0:
                return
            done.add(row)
            settle(parent)
            made._hang(bones, row, parent, parent if parent in leaders else int(made.leader[parent]), leaders)

        for row in range(len(bones.names)):
            settle(row)
        return made

    def _hang(self, bones: Bones, row: int, parent: int, leader: int, leaders: Set[int]) -> None:
        if leader < 0:
            return
        # how the parent is turned from its rest while its leader is at rest
        own = bones.rotations[leader] if parent == leader else multiply(bones.rotations[leader], self.leads[parent])
        since = multiply(own, conjugate(bones.rotations[parent]))
        self.heads[row] = self.heads[parent] + rotate(since, bones.heads[row] - bones.heads[parent])
        if bones.armature_turn[row]:
            return
        self.leader[row] = leader
        turned = multiply(since, bones.rotations[row])
        if row not in leaders:
            turned = multiply(turned, bones.posed[row])
        self.leads[row] = multiply(conjugate(bones.rotations[leader]), turned)
