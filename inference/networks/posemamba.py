"""PoseMamba: 17 keypoints to 17 joints by bidirectional global-local scans of frames and joints (AAAI 2025).

Pairs of equal blocks; the spatial and temporal ones differ only in the LayerNorm after them, which all pairs share.
The causal variant is ours: forward in time only, both ways over the joints, no temporal position (a stream has no first
frame), and `step()`. What paper and code say of each part: docs/networks/posemamba.md.
"""

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from ...rig.errors import BadInputError, FileFormatError
from ..blocks import drop_rates
from ..doors import check_input, check_layout
from ..fill import fill
from ..grid_scan import Directions, GridBlock, GridState

JOINTS = 17
# The chains from the root and the thorax outwards; place j receives token LIMBS[j] besides its own
LIMBS = (0, 0, 1, 2, 3, 0, 4, 5, 6, 8, 11, 12, 13, 8, 14, 15, 16)
Scan = Literal["global-local", "bidirectional", "fs-ft", "fs-bt", "bs-ft", "bs-bt", "causal"]
State = tuple[GridState, ...]


@dataclass(frozen=True)
class PoseMambaConfig:
    """Layout of one PoseMamba; the defaults are PoseMamba-S. `pairs` is half of the paper's N."""

    width: int = 64
    pairs: int = 10
    frames: int = 243  # the most that are read at once; a causal network reads any number
    scan: Scan = "global-local"
    local_grad: bool = True  # False: the gradient of the published code, which loses the local addend
    framed: bool = False  # trained on keypoints zoomed by `framing`, which it has to be given
    drop_path: float = 0.2

    def __post_init__(self) -> None:
        """Raises ValueError for a layout that is none."""
        check_layout(self, width=(2, 4096), pairs=(1, 256), frames=(1, 100_000), drop_path=(0, 0.9))

    @property
    def causal(self) -> bool:
        """Whether no answer depends on later frames."""
        return self.scan == "causal"


VARIANTS = {
    "s": PoseMambaConfig(),
    "b": PoseMambaConfig(width=128),
    "l": PoseMambaConfig(width=128, pairs=20),
    "x": PoseMambaConfig(width=256, pairs=20),
}
VARIANTS["s-causal"] = replace(VARIANTS["s"], scan="causal")


class PoseMamba(nn.Module):
    """Reads keypoints `(B, T, 17, 2)`: x' = 2x/w − 1, y' = 2y/w − h/w. Gives `(B, T, 17, 3)` in the same units of the
    image, z as deep as x is wide, relative to the pelvis. Parameter names are those of the authors' code."""

    def __init__(self, config: PoseMambaConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or PoseMambaConfig()
        width = config.width
        self.Spatial_patch_to_embedding = nn.Linear(2, width)
        self.Spatial_pos_embed = nn.Parameter(torch.zeros(1, JOINTS, width))
        self.Temporal_pos_embed = None if config.causal else nn.Parameter(torch.zeros(1, config.frames, width))
        self.STEblocks, self.TTEblocks = self._blocks(), self._blocks()
        self.Spatial_norm = nn.LayerNorm(width, eps=1e-6)
        self.Temporal_norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 3))

    def _blocks(self) -> nn.ModuleList:
        config = self.config
        local = LIMBS if config.scan in ("global-local", "causal") else None
        directions: Directions = "two-way" if config.scan in ("global-local", "bidirectional") else config.scan  # type: ignore[assignment]
        rates = drop_rates(config.drop_path, config.pairs)
        return nn.ModuleList(GridBlock(config.width, directions, local, config.local_grad, rate) for rate in rates)

    @property
    def look_ahead(self) -> int | None:
        """0 for the causal variant; None: the whole clip."""
        return 0 if self.config.causal else None

    def forward(self, keypoints: Tensor) -> Tensor:
        """A clip; see the class for shapes and units. Raises BadInputError for another shape or NaN."""
        check_input(
            "PoseMamba", "keypoints", keypoints, (JOINTS, 2), None if self.config.causal else self.config.frames
        )
        return self._solve(keypoints, None)[0]

    def step(self, keypoints: Tensor, state: State | None) -> tuple[Tensor, State]:
        """One frame `(B, 17, 2)` to `(B, 17, 3)`; None before the first. Causal networks only."""
        if not self.config.causal:
            raise BadInputError("This PoseMamba reads whole clips: only the causal variant runs frame by frame.")
        check_input("PoseMamba", "keypoints", keypoints[:, None], (JOINTS, 2))
        pose, state = self._solve(keypoints[:, None], state)
        return pose[:, 0], state

    def _solve(self, keypoints: Tensor, state: State | None) -> tuple[Tensor, State]:
        x = self.Spatial_patch_to_embedding(keypoints) + self.Spatial_pos_embed
        states = []
        blocks = [block for pair in zip(self.STEblocks, self.TTEblocks, strict=True) for block in pair]
        for k, block in enumerate(blocks):
            if k == 1 and self.Temporal_pos_embed is not None:
                x = x + self.Temporal_pos_embed[:, : x.shape[1], None]
            x, after = block(x, None if state is None else state[k])
            x = (self.Temporal_norm if k % 2 else self.Spatial_norm)(x)
            states.append(after)
        return self.head(x), tuple(states)

    @classmethod
    def from_checkpoint(cls, path: Path) -> Self:
        """The authors' checkpoint, in evaluation mode. Width, depth and length are read off its tensors.

        Weights alone are read: a file with code in it is refused. Raises FileFormatError.
        """
        tensors = _plain_tensors(path, _load_pickle(path))
        network = cls(_config_of(path, tensors))
        fill(path, network, tensors)
        return network.eval()


def _load_pickle(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise FileFormatError(path, "there is no such file.") from error
    except pickle.UnpicklingError as error:
        advice = "Ask its author for a file of tensors alone."
        raise FileFormatError(
            path, "it is no checkpoint, or holds more than weights, which is refused.", advice
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise FileFormatError(path, f"cannot be read as a checkpoint ({error}).", "Is it cut off?") from error


def _plain_tensors(path: Path, saved: Any) -> dict[str, Tensor]:
    """Without wrapper, DataParallel's prefix and the counters that a profiler left behind."""
    for wrapper in ("model_pos", "model"):
        if isinstance(saved, dict) and isinstance(saved.get(wrapper), dict):
            saved = saved[wrapper]
    if not isinstance(saved, dict) or not saved:
        raise FileFormatError(path, "holds no weights by name.")
    tensors = {}
    for key, value in saved.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise FileFormatError(path, f"holds {type(value).__name__} under {key!r} where weights are expected.")
        if not key.endswith(("total_ops", "total_params")):
            tensors[key.removeprefix("module.")] = value.float()
    return tensors


def _config_of(path: Path, tensors: dict[str, Tensor]) -> PoseMambaConfig:
    for key in ("Spatial_patch_to_embedding.weight", "Temporal_pos_embed"):
        if key not in tensors:
            raise FileFormatError(path, f"lacks {key}: it is no PoseMamba checkpoint.")
    pairs = len({key.split(".")[1] for key in tensors if key.startswith("STEblocks.")})
    embedding, positions = tensors["Spatial_patch_to_embedding.weight"], tensors["Temporal_pos_embed"]
    if embedding.dim() != 2 or positions.dim() != 3:
        raise FileFormatError(path, "has another shape than PoseMamba's for its embeddings.")
    try:
        return PoseMambaConfig(width=len(embedding), pairs=pairs, frames=positions.shape[1])
    except ValueError as error:
        raise FileFormatError(path, f"is laid out like no PoseMamba ({error}).") from error
