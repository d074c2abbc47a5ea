"""MDTF: Mamba-Driven Topology Fusion for monocular 3D human pose estimation (arXiv 2505.20611).

2D keypoints to 3D in two stages. The Bone Aware Module (`BoneAware`) is trained first: it tells for each bone which of
six classes its angle to the view is in. Frozen, it gives the second stage (`MDTF`) a picture of every bone in spherical
coordinates beside its joints. Both look at the joints of a frame and at the frames of a joint in turn, by Mamba cells
that read both ways; those over joints pass a graph convolution first. What is known of the layout, and where this
differs from the released code: docs/networks/mdtf.md.
"""

from dataclasses import dataclass, field
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...rig.h36m import BONES, PARENTS
from ..blocks import ResidualBlock, drop_rates
from ..bones import CLASSES, bone_vectors, polar_classes, spherical_features
from ..doors import check_input, check_layout
from ..two_way_mamba import TwoWayMamba

JOINTS = len(PARENTS)
CHANNELS = 3  # x, y, confidence


@dataclass(frozen=True)
class BoneAwareConfig:
    """Layout of the Bone Aware Module. The defaults are the paper's."""

    widths: tuple[int, ...] = (64, 32, 16, 8)
    drop_path: float = 0.1

    def __post_init__(self) -> None:
        """Raises ValueError for a layout that is none: configurations are also read from files."""
        if not self.widths or not all(1 <= width <= 4096 for width in self.widths):
            raise ValueError(f"widths {self.widths} are not between 1 and 4096")
        check_layout(self, drop_path=(0, 0.99))


@dataclass(frozen=True)
class MDTFConfig:
    """Layout of one MDTF. The defaults are Tiny.

    `aligned`: each bone's features go to the joint it ends in. The released code gives joint k the bone that ends in
    joint k + 1, and the last joint none. `framed`: trained on keypoints zoomed by `framing`, which it has to be given.
    """

    width: int = 64
    depth: int = 8
    frames: int = 243
    drop_path: float = 0.1
    aligned: bool = True
    framed: bool = False
    bone_aware: BoneAwareConfig = field(default_factory=BoneAwareConfig)

    def __post_init__(self) -> None:
        """Raises ValueError for a layout that is none: configurations are also read from files."""
        check_layout(self, width=(1, 4096), depth=(1, 256), frames=(1, 100_000), drop_path=(0, 0.99))


VARIANTS = {"tiny": MDTFConfig(), "large": MDTFConfig(width=128, depth=12)}


class SpaceTime(nn.Module):
    """A block over the joints of each frame and one over the frames of each joint, on `(B, T, J, width)`.

    What comes after each (norms, positions) differs between the stages and stays with them.
    """

    def __init__(self, width: int, drop_path: float, adjacency: Tensor | None = None) -> None:
        super().__init__()
        self.joints = ResidualBlock(width, TwoWayMamba(width, adjacency), drop_path)
        self.frames = ResidualBlock(width, TwoWayMamba(width), drop_path)

    def over_joints(self, x: Tensor) -> Tensor:
        """Frames do not see each other."""
        return torch.unflatten(self.joints(x.flatten(0, 1)), 0, x.shape[:2])

    def over_frames(self, x: Tensor) -> Tensor:
        """Joints do not see each other."""
        x = x.transpose(1, 2)
        return torch.unflatten(self.frames(x.flatten(0, 1)), 0, x.shape[:2]).transpose(1, 2)


class NormedPair(nn.Module):
    """`SpaceTime` with a layer normalisation of its own after each block."""

    def __init__(self, width: int, drop_path: float) -> None:
        super().__init__()
        self.pair = SpaceTime(width, drop_path)
        self.norm_joints = nn.LayerNorm(width, 1e-6)
        self.norm_frames = nn.LayerNorm(width, 1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, J, width)` to the same shape."""
        x = self.norm_joints(self.pair.over_joints(x))
        return self.norm_frames(self.pair.over_frames(x))  # type: ignore[no-any-return]


class BoneAware(nn.Module):
    """Stage 1: in which class each bone's angle to the view is. Sequences of any length."""

    look_ahead: int | None = None

    def __init__(self, config: BoneAwareConfig | None = None) -> None:
        super().__init__()
        self.config = config or BoneAwareConfig()
        widths = self.config.widths
        self.embed = nn.Linear(CHANNELS, widths[0])
        rates = drop_rates(self.config.drop_path, len(widths))
        self.levels = nn.ModuleList(NormedPair(width, rate) for width, rate in zip(widths, rates, strict=True))
        self.narrow = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, (*widths[1:], CLASSES), strict=True))

    def forward(self, keypoints: Tensor) -> Tensor:
        """`keypoints (B, T, 17, 3)`, normalised x and y and confidence, to logits `(B, T, 17, 6)`.

        Row j is the bone that ends in joint j; row 0 means nothing. Raises BadInputError.
        """
        check_input("MDTF's Bone Aware Module", "keypoints", keypoints, (JOINTS, CHANNELS))
        x = self.embed(keypoints)
        for level, narrow in zip(self.levels, self.narrow, strict=True):
            x = narrow(level(x))
        return x  # type: ignore[no-any-return]


class MDTF(nn.Module):
    """Stage 2, with its frozen stage 1. Gives `(B, T, 17, 3)`, relative to the pelvis, normalised image units."""

    look_ahead: int | None = None

    def __init__(self, config: MDTFConfig | None = None, bone_aware: BoneAware | None = None) -> None:
        """`bone_aware` is the trained first stage; without one, weights have to be loaded for both."""
        super().__init__()
        self.config = config or MDTFConfig()
        width = self.config.width
        self.bone_aware = bone_aware or BoneAware(self.config.bone_aware)
        if self.bone_aware.config != self.config.bone_aware:
            raise ValueError("The Bone Aware Module has another layout than the configuration says.")
        self.bone_aware.requires_grad_(False).eval()
        self.embed_joints = nn.Linear(CHANNELS, width)
        self.embed_bones = nn.Linear(3, width)
        self.position_joint = nn.Parameter(torch.zeros(JOINTS, width))
        self.position_frame = nn.Parameter(torch.zeros(self.config.frames, 1, width))
        self.bones = NormedPair(width, 0.0)
        rates = drop_rates(self.config.drop_path, self.config.depth)
        self.pairs = nn.ModuleList(SpaceTime(width, rate, skeleton_graph()) for rate in rates)
        self.norm_joints = nn.LayerNorm(width, 1e-6)  # one after all blocks over joints, as in PoseMamba
        self.norm_frames = nn.LayerNorm(width, 1e-6)
        self.fuse = nn.Linear(2 * width, 2)
        nn.init.zeros_(self.fuse.weight)
        nn.init.constant_(self.fuse.bias, 0.5)
        self.head = nn.Sequential(nn.LayerNorm(width, 1e-6), nn.Linear(width, 3))

    def train(self, mode: bool = True) -> Self:
        """The frozen first stage stays in evaluation mode: its DropPath would make the bones random."""
        super().train(mode)
        self.bone_aware.eval()
        return self

    def forward(self, keypoints: Tensor) -> Tensor:
        """`keypoints (B, T, 17, 3)`: normalised x and y, confidence. T up to `config.frames`. Raises BadInputError."""
        check_input("MDTF", "keypoints", keypoints, (JOINTS, CHANNELS), self.config.frames)
        x = self._first_pair(self.pairs[0], self.embed_joints(keypoints) + self.position_joint)
        x = self._fuse(x, self.bones(self.embed_bones(self.bone_features(keypoints))))
        for pair in self.pairs[1:]:
            x = self.norm_joints(pair.over_joints(x))  # type: ignore[operator]
            x = self.norm_frames(pair.over_frames(x))  # type: ignore[operator]
        return self.head(x)  # type: ignore[no-any-return]

    @torch.no_grad()
    def bone_features(self, keypoints: Tensor) -> Tensor:
        """Spherical features `(B, T, 17, 3)` of the bones by joint, zero where a joint has none."""
        classes = self.bone_aware(keypoints).argmax(-1)[..., 1:]
        features = spherical_features(bone_vectors(keypoints[..., :2], PARENTS), classes)
        return F.pad(features, (0, 0, 1, 0) if self.config.aligned else (0, 0, 0, 1))

    def _first_pair(self, pair: nn.Module, x: Tensor) -> Tensor:
        x = self.norm_joints(pair.over_joints(x)) + self.position_frame[: x.shape[1]]  # type: ignore[operator]
        return self.norm_frames(pair.over_frames(x))  # type: ignore[operator,no-any-return]

    def _fuse(self, joints: Tensor, bones: Tensor) -> Tensor:
        """For each token a convex sum of both."""
        share = self.fuse(torch.cat([joints, bones], dim=-1)).softmax(-1)
        return share[..., :1] * joints + share[..., 1:] * bones  # type: ignore[no-any-return]


def skeleton_graph() -> Tensor:
    """Adjacency `(17, 17)` of the skeleton's bones, undirected."""
    adjacency = torch.zeros(JOINTS, JOINTS)
    for parent, child in BONES:
        adjacency[child, parent] = adjacency[parent, child] = 1
    return adjacency


def with_confidence(keypoints: Tensor) -> Tensor:
    """Keypoints `(…, 17, 2)` of which all are certain, as MDTF reads them: `(…, 17, 3)`."""
    return F.pad(keypoints, (0, 1), value=1.0)


def bone_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Stage 1: cross-entropy over the 16 bones of `logits (B, T, 17, 6)`, `targets (B, T, 17, 3)` 3D joints."""
    classes = polar_classes(bone_vectors(targets, PARENTS))
    return F.cross_entropy(logits[..., 1:, :].flatten(0, -2), classes.flatten())


def bone_accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    """Share of bones whose class is right."""
    classes = polar_classes(bone_vectors(targets, PARENTS))
    return (logits[..., 1:, :].argmax(-1) == classes).float().mean()
