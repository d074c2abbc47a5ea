"""A person told by shape alone: a trunk with a pair of legs at its foot, and a pair of arms and a head at its top."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..joint_names import spine_between
from ..quaternion import Array, rotate
from ..skeleton import JOINTS, joint
from .bone_map import BoneMap
from .bones import Bones

ALIKE = 0.05  # difference in length of a left and a right limb, as a share
FAMILY = "by shape"


@dataclass(frozen=True)
class _Fork:
    """A bone with a pair of limbs, each the rows of its longest chain."""

    at: int
    limbs: tuple[list[int], list[int]]
    length: float


class _Tree:
    def __init__(self, bones: Bones) -> None:
        self.bones = bones
        self.children: list[list[int]] = [[] for _ in bones.names]
        for row, parent in enumerate(bones.parents):
            if parent >= 0:
                self.children[parent].append(row)

    def chain(self, row: int) -> list[int]:
        """From `row` down to the farthest tip; at a hand, along one finger."""
        best: list[int] = []
        for child in self.children[row]:
            below = self.chain(child)
            if self.length(below) > self.length(best) or not best:
                best = below
        return [row, *best]

    def length(self, chain: list[int]) -> float:
        return float(sum(self.bones.lengths[row] for row in chain))

    def forks(self) -> list[_Fork]:
        """Every bone that carries two limbs of one length, of three bones at least, that do not begin in one place."""
        found = []
        for row, children in enumerate(self.children):
            chains = [chain for child in children if len(chain := self.chain(child)) >= 3]
            for a, b in combinations(chains, 2):
                long, other = self.length(a), self.length(b)
                apart = np.linalg.norm(self.bones.heads[a[1]] - self.bones.heads[b[1]])
                if abs(long - other) <= ALIKE * long and apart > ALIKE * long:
                    found.append(_Fork(row, (a, b), long))
        return found


def match_shape(bones: Bones) -> BoneMap | None:
    """None where the hierarchy has no such shape, or nothing tells front from back."""
    tree = _Tree(bones)
    forks = tree.forks()
    pairs = [(legs, arms) for legs in forks for arms in forks if legs.at in bones.ancestors(arms.at)]
    if not pairs:
        return None
    legs, arms = max(pairs, key=lambda pair: pair[0].length + pair[1].length)
    up = bones.heads[arms.at] - bones.heads[legs.at]
    front = _front(bones, legs, up)
    if front is None:
        return None
    left = np.cross(up, front)
    index = {0: legs.at} | _arms(tree, arms, left) | _head(tree, arms) | _legs(bones, legs, left)
    if {joint("neck"), joint("head")} & index.keys():
        index |= spine_between(index, bones.parents)
    return BoneMap(FAMILY, {JOINTS[j]: bones.names[row] for j, row in sorted(index.items())})


def _tail(bones: Bones, row: int) -> Array:
    tail: Array = bones.heads[row] + rotate(bones.rotations[row], np.array([0.0, bones.lengths[row], 0.0]))
    return tail


def _front(bones: Bones, legs: _Fork, up: Array) -> Array | None:
    """Where the feet point, or None where they point nowhere."""
    along = sum((_tail(bones, chain[-1]) - bones.heads[chain[2]] for chain in legs.limbs), np.zeros(3))
    level: Array = along - along.dot(up) / up.dot(up) * up
    return level if np.linalg.norm(level) > ALIKE * legs.length else None


def _sided(bones: Bones, limbs: tuple[list[int], list[int]], left: Array) -> dict[str, list[int]]:
    first, second = sorted(limbs, key=lambda chain: -float(left @ bones.heads[chain[1]]))
    return {"left": first, "right": second}


def _legs(bones: Bones, legs: _Fork, left: Array) -> dict[int, int]:
    parts = ("hip", "knee", "ankle", "foot")
    sides = _sided(bones, legs.limbs, left).items()
    return {joint(f"{side}_{part}"): row for side, chain in sides for part, row in zip(parts, chain, strict=False)}


def _arms(tree: _Tree, arms: _Fork, left: Array) -> dict[int, int]:
    found = {}
    for side, chain in _sided(tree.bones, arms.limbs, left).items():
        # the hand is where fingers part; without fingers, the fourth bone or the last
        hand = next((k for k in range(2, len(chain)) if len(tree.children[chain[k]]) > 1), min(3, len(chain) - 1))
        parts = ("collar", "shoulder", "elbow", "wrist") if hand >= 3 else ("shoulder", "elbow", "wrist")
        for part, row in zip(parts, chain[hand - len(parts) + 1 : hand + 1], strict=True):
            found[joint(f"{side}_{part}")] = row
    return found


def _head(tree: _Tree, arms: _Fork) -> dict[int, int]:
    first = {chain[0] for chain in arms.limbs}
    others = [child for child in tree.children[arms.at] if child not in first]
    if not others:
        return {}
    chain = tree.chain(max(others, key=lambda row: tree.length(tree.chain(row))))
    if len(chain) == 1:
        return {joint("head"): chain[0]}
    return {joint("neck"): chain[0], joint("head"): chain[1]}
