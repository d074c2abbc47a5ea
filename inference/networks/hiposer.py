"""HiPoser: hierarchical shared learning at parts level from six motion sensors (AAAI 2025).

Four levels, each a backbone and a linear layer, pass their features on; a linear head on each gives one
task: torso, lower limbs, upper limbs (root-relative world rotations, nine matrix entries a joint) and
the pelvis velocity with the foot contacts. Layer sizes follow the layout that reproduces the paper's
Table 5 (docs/networks/hiposer.md). Two motion states are carried between windows of 300 frames:

    R_init  the pose at the end of the last window, 6D, of all joints ("all"), of the six sensor joints
            ("config") or of none ("single", "none")
    P_init  how far the pelvis moved in the last second of that window (not in "none")
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn

from ...rig.imu import SLOT_JOINTS
from ..backbones import BackboneName, MambaStack, Memory, make_backbone
from ..doors import check_input

PARTS: dict[str, tuple[int, ...]] = {
    "torso": (0, 3, 6, 9, 12, 15),
    "lower": (1, 2, 4, 5, 7, 8, 10, 11),
    "upper": (13, 14, 16, 17, 18, 19, 20, 21, 22, 23),
}
SEQ_D = ("torso", "lower", "upper")  # detail priority
SEQ_S = ("upper", "lower", "torso")  # stability priority
FEATURES = 72  # six accelerations, then six rotation matrices
STATE_JOINTS = {"all": tuple(range(24)), "config": SLOT_JOINTS, "single": (), "none": ()}


@dataclass(frozen=True)
class HiPoserConfig:
    """Layout of one HiPoser. The defaults are the paper's network, Seq-D."""

    order: tuple[str, ...] = SEQ_D
    hierarchy: bool = True  # False: every part from the sensors alone, in parallel (paper Table 2, w/o Hier)
    parts: bool = True  # False: one head for the whole body (w/o Parts); neither: its Baseline
    states: Literal["all", "config", "single", "none"] = "all"
    backbone: BackboneName = "mamba"
    width: int = 128
    blocks: int = 1
    residual: bool = False
    sensor_skip: bool = False  # heads correct the measured rotation instead of repeating it
    contact: bool = True
    dropout: float = 0.0
    smoothing: int = 1  # taps of the binomial filter over the heads' rotations; 1 is none
    window: int = 300  # frames between refreshes of the motion states

    def __post_init__(self) -> None:
        """Raises ValueError for a layout that is none: configurations are also read from files."""
        if sorted(self.order) != sorted(PARTS):
            raise ValueError(f"order {self.order} does not name each of {', '.join(PARTS)} once")
        if self.states not in STATE_JOINTS or self.backbone not in get_args(BackboneName):
            raise ValueError(f"no such states or backbone: {self.states}, {self.backbone}")
        limits = {"width": (2, 4096), "blocks": (1, 64), "smoothing": (1, 64), "window": (1, 10**9)}
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} {getattr(self, name)} is not between {least} and {most}")


class MotionState(NamedTuple):
    """`rotations (B, 24, 6)` root-relative 6D, zero where unknown; `displacement (B, 3)` metres, heading frame."""

    rotations: Tensor
    displacement: Tensor


class HiPoserState(NamedTuple):
    """What one frame or window hands to the next: a memory a level, the motion states, and the heads' last
    rotations `(B, smoothing - 1, 216)`. None in a memory or in `recent` means nothing seen yet."""

    memories: tuple[Memory | None, ...]
    motion: MotionState
    recent: Tensor | None = None


class HiPoserOutput(NamedTuple):
    """`rotations (B, T, 24, 3, 3)` root-relative, not yet orthonormal; `velocity (B, T, 3)` of the pelvis,
    heading frame, m/s; `contact (B, T, 2)` logits of left and right foot standing."""

    rotations: Tensor
    velocity: Tensor
    contact: Tensor


Advance = Callable[[nn.Module, Tensor, Memory | None], tuple[Tensor, Memory]]


class Level(nn.Module):
    """Backbone, then a linear layer back to the width."""

    def __init__(self, config: HiPoserConfig) -> None:
        super().__init__()
        self.backbone = make_backbone(config.backbone, config.width, config.blocks, config.residual, config.dropout)
        self.project = nn.Linear(int(self.backbone.features), config.width)  # type: ignore[arg-type]

    def forward(self, x: Tensor, memory: Memory | None) -> tuple[Tensor, Memory]:
        """`(B, T, width)` to the same shape."""
        y, memory = self.backbone(x, memory)
        return self.project(y), memory


class HiPoser(nn.Module):
    """`forward` solves a window of any length, `step` one frame; both give the same."""

    joint_rows: Tensor
    measured_joints: Tensor
    state_joints: Tensor

    def __init__(self, config: HiPoserConfig | None = None) -> None:
        super().__init__()
        self.config = config or HiPoserConfig()
        width = self.config.width
        state_joints = len(STATE_JOINTS[self.config.states])
        with_position = self.config.states != "none"
        self.embed_sensors = nn.Linear(FEATURES, width // 2 if state_joints else width)
        self.embed_pose = nn.Linear(6 * state_joints, width // 2) if state_joints else None
        self.levels = nn.ModuleList(Level(self.config) for _ in range(4))
        self.heads = nn.ModuleDict({task: nn.Linear(width, 9 * len(joints)) for task, joints in self.tasks.items()})
        self.embed_parts = nn.Linear(width, width // 2 if with_position else width)
        self.embed_position = nn.Linear(3, width // 2) if with_position else None
        self.head_velocity = nn.Linear(width, 3)
        self.head_contact = nn.Linear(width, 2) if self.config.contact else None
        joints = [joint for task in self.tasks.values() for joint in task]
        self.register_buffer("joint_rows", torch.argsort(torch.tensor(joints)), persistent=False)
        taps = self.config.smoothing
        self.taps = [math.comb(taps - 1, k) / 2 ** (taps - 1) for k in range(taps)]
        self.register_buffer("measured_joints", torch.tensor(SLOT_JOINTS[:5]), persistent=False)
        self.register_buffer("state_joints", torch.tensor(STATE_JOINTS[self.config.states]), persistent=False)

    @property
    def tasks(self) -> dict[str, tuple[int, ...]]:
        """The joints of each pose head, in the order in which they are solved."""
        if self.config.parts:
            return {part: PARTS[part] for part in self.config.order}
        return {"body": tuple(range(24))}

    @property
    def look_ahead(self) -> int | None:
        """Frames after the present one that an output depends on; None: the whole window."""
        return self.levels[0].backbone.look_ahead  # type: ignore[union-attr,return-value]

    def unknown_motion(self, batch: int) -> MotionState:
        """Motion states of the first window: zeros (paper eqs. 9 and 10)."""
        weight = self.embed_sensors.weight
        return MotionState(weight.new_zeros(batch, 24, 6), weight.new_zeros(batch, 3))

    def initial_state(self, batch: int) -> HiPoserState:
        """Before the first frame."""
        return HiPoserState((None, None, None, None), self.unknown_motion(batch))

    def forward(self, x: Tensor, state: HiPoserState | None = None) -> tuple[HiPoserOutput, HiPoserState]:
        """`x (B, T, 72)` from `features.sensor_features`; the motion states hold for all T frames.

        Raises BadInputError for another shape or NaN.
        """
        check_input("HiPoser", "sensor features", x, (FEATURES,))
        state = state or self.initial_state(len(x))
        entries, h, memories = self._levels(x, state, x.shape[1], lambda level, h, memory: level(h, memory))
        said, recent = self._smooth(entries, state.recent)
        return self._output(x, said, h), HiPoserState(memories, state.motion, recent)

    def step(self, x: Tensor, state: HiPoserState) -> tuple[HiPoserOutput, HiPoserState]:
        """One frame `x (B, 72)`; the caller refreshes `state.motion` every `config.window` frames."""
        entries, h, memories = self._levels(x, state, None, self._advance)
        said, recent = self._smooth(entries[:, None], state.recent)
        return self._output(x, said[:, 0], h), HiPoserState(memories, state.motion, recent)

    def _levels(
        self, x: Tensor, state: HiPoserState, frames: int | None, advance: Advance
    ) -> tuple[Tensor, Tensor, tuple[Memory, ...]]:
        """The heads' entries `(…, 216)`, the last level's features and what each level remembers."""
        parallel, heads = self.config.parts and not self.config.hierarchy, list(self.heads.values())
        h = sensors = self._embed(x, state.motion, frames)
        entries: list[Tensor] = []
        memories: list[Memory] = []
        for k, level in enumerate(self.levels):
            h = sensors if parallel else h
            if k == 3:
                h = self._embed_translation(h, state.motion, frames)
            h, memory = advance(level, h, state.memories[k])
            memories.append(memory)
            if k in self.head_levels:
                entries.append(heads[len(entries)](h))
        return torch.cat(entries, dim=-1), h, tuple(memories)

    @property
    def head_levels(self) -> tuple[int, ...]:
        """Levels that a pose head sits on."""
        if self.config.parts:
            return (0, 1, 2)
        return (2,) if self.config.hierarchy else (3,)

    def _advance(self, level: nn.Module, h: Tensor, memory: Memory | None) -> tuple[Tensor, Memory]:
        h, memory = self._stack(level).step(h, memory)  # type: ignore[arg-type]
        return level.project(h), memory  # type: ignore[operator]

    @staticmethod
    def _stack(level: nn.Module) -> MambaStack:
        backbone = level.backbone
        if not isinstance(backbone, MambaStack):
            raise TypeError("Only HiPoser with the Mamba backbone runs frame by frame.")
        return backbone

    def _embed(self, x: Tensor, motion: MotionState, frames: int | None) -> Tensor:
        if self.embed_pose is None:
            return self.embed_sensors(x)  # type: ignore[no-any-return]
        pose = self.embed_pose(motion.rotations[:, self.state_joints].flatten(1))
        return torch.cat([self.embed_sensors(x), _over_time(pose, frames)], dim=-1)

    def _embed_translation(self, h: Tensor, motion: MotionState, frames: int | None) -> Tensor:
        if self.embed_position is None:
            return self.embed_parts(h)  # type: ignore[no-any-return]
        position = self.embed_position(motion.displacement)
        return torch.cat([self.embed_parts(h), _over_time(position, frames)], dim=-1)

    def _smooth(self, said: Tensor, recent: Tensor | None) -> tuple[Tensor, Tensor]:
        """Causal binomial filter over `said (B, T, 216)`. Trained through, so the network learns to lead its lag."""
        past = said[:, :1].expand(-1, len(self.taps) - 1, -1) if recent is None else recent
        padded = torch.cat([past, said], dim=1)
        smooth = sum(weight * padded[:, k : k + said.shape[1]] for k, weight in enumerate(self.taps))
        return smooth, padded[:, padded.shape[1] - past.shape[1] :]

    def _output(self, x: Tensor, said: Tensor, h: Tensor) -> HiPoserOutput:
        rotations = torch.unflatten(said, -1, (24, 9))[..., self.joint_rows, :]
        if self.config.sensor_skip:
            measured = torch.unflatten(x[..., 18:63], -1, (5, 9)).to(rotations.dtype)
            rotations = rotations.index_add(-2, self.measured_joints, measured)
        contact = h.new_zeros(*h.shape[:-1], 2) if self.head_contact is None else self.head_contact(h)
        return HiPoserOutput(torch.unflatten(rotations, -1, (3, 3)), self.head_velocity(h), contact)


def _over_time(x: Tensor, frames: int | None) -> Tensor:
    """`(B, C)` as it is for one frame, repeated to `(B, T, C)` for a window."""
    return x if frames is None else x[:, None].expand(-1, frames, -1)
