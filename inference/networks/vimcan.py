"""VIMCAN: 17 keypoints and six or eight bone orientations to 17 joints, by Mamba and cross-attention (2026).

Each body part is read by scans of its own, visual and inertial features meet in attention, one stack of scans over all
joints ends it. The authors published no code; what the paper leaves open and how it was settled, with the sizes that
decided it: docs/networks/vimcan.md. The causal variants are ours.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from ...rig.errors import BadInputError
from ..blocks import drop_rates
from ..doors import check_alike, check_input, check_layout
from ..fusion import CrossAttention, CrossMamba
from ..lifting import SENSOR_JOINTS
from ..st_mamba import STMamba, StState
from .posemamba import JOINTS, LIMBS

SENSORS = tuple(SENSOR_JOINTS)
Fusion = Literal["cross-attention", "self-attention", "cross-mamba"]
State = tuple[StState, ...]


@dataclass(frozen=True)
class Part:
    """One group: rows of the 17 joints, rows of the eight sensors."""

    joints: tuple[int, ...]
    sensors: tuple[int, ...]


# Limbs take the joint they hang on with them: 21 tokens in all, which fits the published sizes; 17 do not
PARTS: dict[int, tuple[Part, ...]] = {
    5: (
        Part((0, 7, 8, 9, 10), (4, 5)),
        Part((8, 11, 12, 13), (0, 6)),
        Part((8, 14, 15, 16), (1, 7)),
        Part((0, 4, 5, 6), (2,)),
        Part((0, 1, 2, 3), (3,)),
    ),
    3: (
        Part((0, 7, 8, 9, 10), (4, 5)),
        Part((8, 11, 12, 13, 14, 15, 16), (0, 1, 6, 7)),
        Part((0, 1, 2, 3, 4, 5, 6), (2, 3)),
    ),
    0: (Part(tuple(range(JOINTS)), tuple(range(8))),),
}


@dataclass(frozen=True)
class VimcanConfig:
    """Layout of one VIMCAN; the defaults are VIMCAN-B. `group_width` is the paper's d_group."""

    width: int = 64
    group_width: int = 256
    groups: int = 5
    skeleton: bool = True  # False: parts alone, no order along the limbs (paper Table 4)
    fusion: Fusion = "cross-attention"
    sensors: int = 6
    pairs: int = 4  # the text says 5; the published sizes hold 4
    heads: int = 4
    frames: int = 81  # the most that are read at once; a causal network reads any number
    causal: bool = False
    framed: bool = False  # trained on keypoints zoomed by `framing`, which it has to be given
    drop_path: float = 0.2

    def __post_init__(self) -> None:
        """Raises ValueError for a layout that is none."""
        check_layout(self, width=(4, 4096), group_width=(4, 4096), pairs=(1, 64), heads=(1, 64), frames=(1, 100_000))
        check_layout(self, drop_path=(0, 0.9))
        if self.groups not in PARTS or self.sensors not in (6, 8) or self.width % self.heads:
            raise ValueError(f"no VIMCAN has {self.groups} groups, {self.sensors} sensors, {self.heads} heads")


VARIANTS = {"b": VimcanConfig(), "t": VimcanConfig(group_width=128)}
VARIANTS["t-causal"] = replace(VARIANTS["t"], causal=True)


class Vimcan(nn.Module):
    """Reads keypoints `(B, T, 17, 2)` (`PoseMamba`'s units) and the bones' orientation in the camera's frame
    `(B, T, 6 or 8, 4)`, unit quaternions with w ≥ 0 in the order of `lifting.SENSOR_JOINTS`, zeros where a sensor is
    missing. Gives `(B, T, 17, 3)` in the camera's frame relative to the pelvis, metres."""

    def __init__(self, config: VimcanConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or VimcanConfig()
        self.parts = [
            replace(part, sensors=tuple(s for s in part.sensors if s < config.sensors)) for part in PARTS[config.groups]
        ]
        for k, part in enumerate(self.parts):
            self.register_buffer(f"joints{k}", torch.tensor(part.joints), persistent=False)
            self.register_buffer(f"sensors{k}", torch.tensor(part.sensors), persistent=False)
        rates = drop_rates(config.drop_path, 2 + config.pairs)
        self.visual_in = nn.Linear(2, config.width)
        whole = [self._scans(config.width, JOINTS, rates[0], LIMBS)]
        own = [self._scans(config.width, len(part.joints), rates[0]) for part in self.parts]
        self.visual = nn.ModuleList(whole if config.skeleton else own)
        self.inertial_in, self.inertial = nn.ModuleList(), nn.ModuleList()
        if config.fusion != "self-attention":
            self.inertial_in.extend(nn.Linear(4, config.width) for _ in self.parts)
            self.inertial.extend(self._scans(config.width, len(part.sensors), rates[0]) for part in self.parts)
        tokens = [len(part.joints) for part in self.parts]
        if config.fusion == "cross-mamba":
            self.fuse = nn.ModuleList(CrossMamba(config.width, len(p.joints), len(p.sensors)) for p in self.parts)
            tokens = [len(part.joints) + len(part.sensors) for part in self.parts]
        else:
            self.fuse = nn.ModuleList(CrossAttention(config.width, config.heads) for _ in self.parts)
        self.fused = nn.ModuleList(self._scans(config.width, count, rates[1]) for count in tokens)
        self.gather = nn.ModuleList(nn.Linear(count * config.width, config.group_width) for count in tokens)
        self.spread = nn.Linear(len(self.parts) * config.group_width, JOINTS * config.group_width)
        local = LIMBS if config.skeleton else None
        self.body = nn.ModuleList(self._scans(config.group_width, JOINTS, rate, local) for rate in rates[2:])
        self.head = nn.Sequential(nn.LayerNorm(config.group_width), nn.Linear(config.group_width, 3))

    def _scans(self, width: int, tokens: int, rate: float, local: tuple[int, ...] | None = None) -> STMamba:
        config = self.config
        return STMamba(width, tokens, config.frames, causal=config.causal, local=local, drop_path=rate)

    @property
    def look_ahead(self) -> int | None:
        """0 for the causal variants; None: the whole clip."""
        return 0 if self.config.causal else None

    def forward(self, keypoints: Tensor, orientation: Tensor) -> Tensor:
        """A clip; see the class for shapes and units. Raises BadInputError for what it cannot read."""
        self._check(keypoints, orientation, None if self.config.causal else self.config.frames)
        return self._solve(keypoints, orientation, None)[0]

    def step(self, keypoints: Tensor, orientation: Tensor, state: State | None) -> tuple[Tensor, State]:
        """One frame, `(B, 17, 2)` and `(B, 6 or 8, 4)` to `(B, 17, 3)`; None before the first. Causal networks only."""
        if not self.config.causal:
            raise BadInputError("This VIMCAN reads whole clips: only the causal variants run frame by frame.")
        self._check(keypoints[:, None], orientation[:, None], None)
        pose, state = self._solve(keypoints[:, None], orientation[:, None], state)
        return pose[:, 0], state

    def _check(self, keypoints: Tensor, orientation: Tensor, longest: int | None) -> None:
        check_input("VIMCAN", "keypoints", keypoints, (JOINTS, 2), longest)
        check_input("VIMCAN", "orientations", orientation, (self.config.sensors, 4), longest)
        check_alike("VIMCAN", keypoints=keypoints, orientations=orientation)

    def _solve(self, keypoints: Tensor, orientation: Tensor, state: State | None) -> tuple[Tensor, State]:
        scans = _Scans(state)
        visual = self.visual_in(keypoints)
        joints = [self.get_buffer(f"joints{k}") for k in range(len(self.parts))]
        if self.config.skeleton:
            whole = scans(self.visual[0], visual)
            seen = [whole[:, :, rows] for rows in joints]
        else:
            seen = [scans(own, visual[:, :, rows]) for own, rows in zip(self.visual, joints, strict=True)]
        groups = []
        for k, felt in enumerate(seen):
            if self.config.fusion != "self-attention":
                sensors = orientation[:, :, self.get_buffer(f"sensors{k}")]
                felt = scans(self.inertial[k], self.inertial_in[k](sensors))
            fused = scans(self.fused[k], self.fuse[k](seen[k], felt))
            groups.append(self.gather[k](fused.flatten(2)))
        x = torch.unflatten(self.spread(torch.cat(groups, dim=-1)), -1, (JOINTS, -1))
        for layer in self.body:
            x = scans(layer, x)
        return self.head(x), scans.after()


class _Scans:
    """Runs scan modules one after another, handing each its state of the frame before and keeping the one after."""

    def __init__(self, before: State | None) -> None:
        self._before = None if before is None else iter(before)
        self._after: list[StState] = []

    def __call__(self, module: nn.Module, x: Tensor) -> Tensor:
        y, state = module(x, None if self._before is None else next(self._before))
        self._after.append(state)
        return y  # type: ignore[no-any-return]

    def after(self) -> State:
        return tuple(self._after)


def without_missing(orientation: Tensor, present: Tensor) -> Tensor:
    """`orientation (B, T, S, 4)` with zeros, the sign of a missing sensor, where `present (B, T, S)` is False."""
    return torch.where(present[..., None], orientation, orientation.new_zeros(()))


def missing_sensors(orientation: Tensor) -> dict[str, float]:
    """Which sensors are missing (zeros) in `orientation (B, T, S, 4)`, and in what share of the frames."""
    gone = (orientation == 0).all(-1).float().mean((0, 1)).tolist()
    return {SENSORS[k]: share for k, share in enumerate(gone) if share > 0}
