"""HMRMamba: human mesh recovery from video, geometry-aware and guided by motion (arXiv 2601.21376).

From 2D keypoints and the features of an image backbone, the lifting module (dual scans over joints and frames, with
deformable attention between) gives 3D joints of every frame. The reconstruction gives the mesh of the middle frame:
features corrected by the motion of the lifted joints steer joints and coarse vertices that refine each other. No code
was published; what is stated, derived and chosen is told apart in docs/networks/hmrmamba.md.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...rig.h36m import PARENTS
from ...rig.topology import Topology
from ..attention import Attention
from ..blocks import Mlp, ResidualBlock, drop_rates
from ..coevolution import Coevolution
from ..deformable import DeformableAttention
from ..doors import check_alike, check_input, check_layout
from ..dual_scan import DualScan

FEATURES = 2048  # of SPIN's ResNet-50
# Adam moves all weights alike, and where thousands make one number, far: within a few steps the picture would drown the
# joints, and the mesh be metres away. So 2048 features and 3 times 844 coarse coordinates are read at a small size.
FEATURE_SCALE = 0.1
COARSE_SCALE = 0.05
MOTION = 512
HEADS = 8


@dataclass(frozen=True)
class HMRMambaConfig:
    """Layout of one HMRMamba. The defaults are S on SMPL's topology.

    `parents` is the tree of the keypoints' skeleton, -1 at its root, which comes first; `vertices` and `coarse` are the
    points of the mesh and of its coarse form.
    """

    depth: int = 3
    vertices: int = 6890
    coarse: int = 431
    parents: tuple[int, ...] = PARENTS
    frames: int = 16
    width: int = 256
    evolution_width: int = 64
    drop_path: float = 0.2

    def __post_init__(self) -> None:
        """Raises ValueError for a layout that is none: configurations are also read from files."""
        check_layout(self, depth=(1, 64), vertices=(1, 10**6), coarse=(1, self.vertices), frames=(1, 1000))
        check_layout(self, width=(HEADS, 4096), evolution_width=(HEADS, 4096), drop_path=(0, 0.99))
        if self.width % HEADS or self.evolution_width % HEADS:
            raise ValueError(f"widths {self.width} and {self.evolution_width} are not multiples of {HEADS}")
        if self.parents[:1] != (-1,) or not all(0 <= p < k for k, p in enumerate(self.parents[1:], start=1)):
            raise ValueError("parents do not make a tree whose root comes first")


VARIANTS = {"s": HMRMambaConfig(), "l": HMRMambaConfig(depth=5)}


def on_body(config: HMRMambaConfig, topology: Topology) -> HMRMambaConfig:
    """The same network for another body."""
    return replace(config, vertices=len(topology.vertices), coarse=len(topology.coarse_vertices))


class HMRMambaOutput(NamedTuple):
    """Metres, camera frame, from the root joint: `lifted (B, T, J, 3)`; of the middle frame, T // 2, the refined
    `joints (B, J, 3)` and the mesh's `vertices (B, V, 3)`."""

    lifted: Tensor
    joints: Tensor
    vertices: Tensor


class Lifting(nn.Module):
    """Geometry-Aware Lifting Module: `(B, T, J, 2)` and `(B, T, 2048)` to 3D joints `(B, T, J, 3)`, metres."""

    def __init__(self, config: HMRMambaConfig) -> None:
        super().__init__()
        width = config.width
        self.embed_joints = nn.Linear(2, width)
        self.embed_image = nn.Linear(FEATURES, width)
        self.position = nn.Parameter(torch.zeros(len(config.parents), width))
        rates = drop_rates(config.drop_path, config.depth)
        self.over_joints = nn.ModuleList(
            ResidualBlock(width, DualScan(width, "joints", config.parents), rate) for rate in rates
        )
        self.over_frames = nn.ModuleList(
            ResidualBlock(width, DualScan(width, "frames", config.parents), rate) for rate in rates
        )
        self.norm_joints = nn.LayerNorm(width, 1e-6)  # one after all blocks over joints, as in PMCE
        self.norm_frames = nn.LayerNorm(width, 1e-6)
        self.look = DeformableAttention(width, HEADS)
        self.head = nn.Sequential(nn.LayerNorm(width, 1e-6), nn.Linear(width, 3))

    def forward(self, keypoints: Tensor, features: Tensor) -> Tensor:
        """Joints of all T frames."""
        image = self.embed_image(features)[:, :, None]
        x = self.embed_joints(keypoints) + image + self.position
        for k, (over_joints, over_frames) in enumerate(zip(self.over_joints, self.over_frames, strict=True)):
            x = self.norm_joints(over_joints(x))
            if k == 0:
                x = x + self.look(image + self.position, x)
            x = self.norm_frames(over_frames(x))
        return self.head(x)  # type: ignore[no-any-return]


class MotionAttention(nn.Module):
    """x + attention to others, then an MLP of four widths with a residual path, over `(B, T, 512)`."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_query = nn.LayerNorm(MOTION)
        self.norm_keys = nn.LayerNorm(MOTION)
        self.norm_mlp = nn.LayerNorm(MOTION)
        self.attention = Attention(MOTION, HEADS)
        self.mlp = Mlp(MOTION, ratio=4)

    def forward(self, x: Tensor, others: Tensor) -> Tensor:
        """Keys and values are the same `others`."""
        others = self.norm_keys(others)
        x = x + self.attention(self.norm_query(x), others, others)
        return x + self.mlp(self.norm_mlp(x))  # type: ignore[no-any-return]


class MotionGuide(nn.Module):
    """Motion-aware attention: image features look at how the lifted joints move.

    Explicit motion is the joints' velocity. Implicit motion is the features corrected by it, and both are looked at in
    turn (paper eq. 12 has them as one set of keys).
    """

    def __init__(self, joints: int) -> None:
        super().__init__()
        self.embed_correcting = nn.Linear(3 * joints, MOTION)
        self.embed_corrected = nn.Linear(FEATURES, MOTION)
        self.correct = MotionAttention()
        self.correction = nn.Linear(MOTION, FEATURES)
        self.embed_velocity = nn.Linear(3 * joints, MOTION)
        self.embed_features = nn.Linear(FEATURES, MOTION)
        self.look_explicit = MotionAttention()
        self.look_implicit = MotionAttention()
        self.out = nn.Linear(MOTION, FEATURES)

    def forward(self, features: Tensor, lifted: Tensor) -> Tensor:
        """`features (B, T, 2048)`, aware of the motion of `lifted (B, T, J, 3)`."""
        velocity = joint_velocity(lifted).flatten(2)
        corrected = self.correct(self.embed_corrected(features), self.embed_correcting(velocity))
        implicit = features + self.correction(corrected)
        x = self.look_explicit(self.embed_features(features), self.embed_velocity(velocity))
        return features + self.out(self.look_implicit(x, self.embed_features(implicit)))  # type: ignore[no-any-return]


def joint_velocity(positions: Tensor) -> Tensor:
    """Displacement since the frame before, `(B, T, J, 3)` to the same; the first frame has the mean of the others."""
    steps = positions.diff(dim=1)
    first = steps.mean(1, keepdim=True) if steps.shape[1] else torch.zeros_like(positions)
    return torch.cat([first, steps], dim=1)


class HMRMamba(nn.Module):
    """Both stages. The topology decides where each coarse vertex starts; it travels with the weights."""

    home: Tensor

    def __init__(self, config: HMRMambaConfig | None = None, topology: Topology | None = None) -> None:
        """Without a `topology`, weights have to be loaded that were trained on one."""
        super().__init__()
        self.config = config or HMRMambaConfig()
        joints, coarse, vertices = len(self.config.parents), self.config.coarse, self.config.vertices
        self.lifting = Lifting(self.config)
        self.guide = MotionGuide(joints)
        self.evolution = nn.ModuleList(
            Coevolution(joints, coarse, self.config.evolution_width, FEATURES, self.config.drop_path)
            for _ in range(self.config.depth)
        )
        self.refine = nn.Conv1d(coarse, vertices, 3, padding=1)  # along x, y, z
        self.shape = nn.Linear(FEATURES, 3 * vertices)
        nn.init.zeros_(self.shape.weight)  # 2048 features of size 1 would move each vertex by half a metre at first
        nn.init.zeros_(self.shape.bias)
        self.register_buffer("home", torch.zeros(coarse, dtype=torch.long))
        if topology is not None:
            self._settle(topology)

    def _settle(self, topology: Topology) -> None:
        """Coarse vertices start at the nearest joint of the topology's own pose, vertices at the nearest coarse one."""
        coarse = topology.coarse_vertices
        joints = topology.joint_regressor @ topology.vertices
        wanted = self.config.vertices, self.config.coarse, len(self.config.parents)
        found = len(topology.vertices), len(coarse), len(joints)
        if wanted != found:
            raise ValueError(f"The layout has {wanted} vertices, coarse vertices and joints, the topology {found}.")
        distance = torch.cdist(torch.from_numpy(topology.vertices[coarse]), torch.from_numpy(joints))
        self.home.copy_(distance.argmin(-1))
        near = torch.cdist(torch.from_numpy(topology.vertices), torch.from_numpy(topology.vertices[coarse])).argmin(-1)
        with torch.no_grad():
            self.refine.weight.zero_()
            self.refine.weight[torch.arange(len(near)), near, 1] = 1 / COARSE_SCALE

    @property
    def look_ahead(self) -> int:
        """Frames after the one whose mesh is given, in a whole window."""
        return self.config.frames - 1 - self.config.frames // 2

    def lift(self, keypoints: Tensor, features: Tensor) -> Tensor:
        """The first stage alone: joints `(B, T, J, 3)`. Raises BadInputError."""
        check_input("HMRMamba", "keypoints", keypoints, (len(self.config.parents), 2), self.config.frames)
        check_input("HMRMamba", "image features", features, (FEATURES,), self.config.frames)
        check_alike("HMRMamba", keypoints=keypoints, features=features)
        return self.lifting(keypoints, FEATURE_SCALE * features)  # type: ignore[no-any-return]

    def forward(self, keypoints: Tensor, features: Tensor) -> HMRMambaOutput:
        """`keypoints (B, T, J, 2)` normalised, `features (B, T, 2048)`, T ≤ `config.frames`. Raises BadInputError."""
        lifted = self.lift(keypoints, features)
        middle = lifted.shape[1] // 2
        feature = self.guide(FEATURE_SCALE * features, lifted)[:, middle]
        joints = lifted[:, middle]
        vertices = joints[:, self.home]
        for step in self.evolution:
            joints, vertices = step(joints, vertices, feature)
        mesh = self.refine(COARSE_SCALE * vertices) + torch.unflatten(self.shape(feature), -1, (-1, 3))
        return HMRMambaOutput(lifted, joints, mesh)
