"""Losses of the lifting networks: PoseMamba section 3.5 and VIMCAN section 3.5, weights as PoseMamba's code has them.

All take `estimate` and `truth (B, T, J, 3)`, relative to the pelvis, in the network's own unit.
"""

from collections.abc import Collection
from typing import Literal

from torch import Tensor

from .constants import constant

Term = Literal["position", "scaled", "velocity", "consistency"]
TERMS: tuple[Term, ...] = ("position", "scaled", "velocity", "consistency")  # MDTF has no last one

# PoseMamba's code: how much a sudden move of each joint costs; limbs more than the trunk
SUDDEN = (1, 1, 2.5, 2.5, 1, 2.5, 2.5, 1, 1, 1, 1.5, 1.5, 4, 4, 1.5, 4, 4)


def mpjpe(estimate: Tensor, truth: Tensor) -> Tensor:
    """Mean distance of the joints."""
    distance: Tensor = (estimate - truth).norm(dim=-1)
    return distance.mean()


def n_mpjpe(estimate: Tensor, truth: Tensor) -> Tensor:
    """The same after the scale, frame by frame, that makes it least."""
    scale = (truth * estimate).sum((-1, -2), keepdim=True) / (estimate**2).sum((-1, -2), keepdim=True).clamp(min=1e-9)
    return mpjpe(scale * estimate, truth)


def velocity_error(estimate: Tensor, truth: Tensor) -> Tensor:
    """Mean error of the steps between frames; 0 for a single frame."""
    if estimate.shape[1] < 2:
        return estimate.sum() * 0
    return mpjpe(estimate.diff(dim=1), truth.diff(dim=1))


def sudden_moves(estimate: Tensor) -> Tensor:
    """Mean square of the steps between frames, weighted by joint; 0 for a single frame."""
    if estimate.shape[1] < 2:
        return estimate.sum() * 0
    weights = constant(SUDDEN, estimate.dtype, estimate.device)
    return (estimate.diff(dim=1) ** 2 * weights[:, None]).mean()


def lifting_losses(estimate: Tensor, truth: Tensor, terms: Collection[Term] = TERMS) -> dict[str, Tensor]:
    """Those of the terms by name, weighted: 1, 0.5, 20 and 0.5 (PoseMamba and VIMCAN)."""
    found: dict[Term, Tensor] = {
        "position": mpjpe(estimate, truth),
        "scaled": 0.5 * n_mpjpe(estimate, truth),
        "velocity": 20 * velocity_error(estimate, truth),
        "consistency": 0.5 * sudden_moves(estimate),
    }
    return {name: found[name] for name in TERMS if name in terms}
