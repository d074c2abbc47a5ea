"""Causal PoseMamba and VIMCAN for one performer, a frame at a time: what their `step` computes, on `GridFrame`s."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .doors import check_input
from .fusion import CrossAttention
from .grid_frame import Affine, GridFrame, Norm, Workspace, stacked
from .lifters import Lifter
from .networks.posemamba import JOINTS, PoseMamba
from .networks.vimcan import Vimcan
from .st_mamba import STMamba

Step = Callable[..., Tensor]


def frame_step(network: Lifter) -> Step:
    """A function from a performer's next frame to the answer, which remembers all before; inputs as for `step` of a
    causal `network`, with a batch of one. The network's weights are read now."""
    if isinstance(network, PoseMamba):
        return _FramePoseMamba(network)
    if isinstance(network, Vimcan) and network.config.skeleton and network.config.fusion == "cross-attention":
        return _FrameVimcan(network)
    return _Stepped(network)


class _Stepped:
    """Variants of the papers' tables that nobody ships: by their own `step`."""

    def __init__(self, network: Any) -> None:
        self._network, self._state = network, None

    def __call__(self, *inputs: Tensor) -> Tensor:
        pose: Tensor
        pose, self._state = self._network.step(*inputs, self._state)
        return pose


class _FramePoseMamba:
    """`PoseMamba.step`."""

    def __init__(self, posemamba: PoseMamba) -> None:
        network: Any = posemamba  # what is in lists of modules has no types
        self._embed, self._place = Affine.of([network.Spatial_patch_to_embedding]), network.Spatial_pos_embed.detach()
        norms, workspace = (Norm([network.Spatial_norm]), Norm([network.Temporal_norm])), Workspace()
        pairs = zip(network.STEblocks, network.TTEblocks, strict=True)
        self._layers = [
            (GridFrame([block], [JOINTS], workspace), norm)
            for pair in pairs
            for block, norm in zip(pair, norms, strict=True)
        ]
        self._head_norm = Norm([network.head[0]])
        self._head = Affine.of([network.head[1]], self._head_norm)

    def __call__(self, keypoints: Tensor) -> Tensor:
        check_input("PoseMamba", "keypoints", keypoints[:, None], (JOINTS, 2))
        x = self._embed(keypoints) + self._place
        for block, norm in self._layers:
            x = norm(block(x))
        return self._head(self._head_norm.plain(x))


class _FrameStMamba:
    """`STMamba`s of equal width side by side, on `(G, J, C)`."""

    def __init__(self, modules: Sequence[STMamba], workspace: Workspace) -> None:
        tokens = [len(module.place) for module in modules]
        self._place = torch.stack([_filled(module.place.detach(), max(tokens)) for module in modules])
        self._layers = [
            (
                GridFrame([getattr(module, kind) for module in modules], tokens, workspace),
                Norm([getattr(module, f"{kind}_norm") for module in modules]),
            )
            for kind in ("spatial", "temporal")
        ]

    def __call__(self, x: Tensor) -> Tensor:
        x = x + self._place
        for block, norm in self._layers:
            x = norm(block(x))
        return x


class _FrameAttention:
    """`CrossAttention`s side by side, from `(G, J, C)` to `others (G, S, C)` of which `there (G, S)` are some."""

    def __init__(self, modules: Sequence[CrossAttention], there: Tensor) -> None:
        layers = [module.attention for module in modules]
        self._heads, self._there = layers[0].heads, there[:, None, None]
        self._query, self._key, self._value, self._out = (
            Affine.of([getattr(layer, name) for layer in layers]) for name in ("query", "key", "value", "out")
        )
        self._norm = Norm([module.norm for module in modules])

    def __call__(self, x: Tensor, others: Tensor) -> Tensor:
        q, k, v = (
            torch.unflatten(layer(tokens), -1, (self._heads, -1)).transpose(1, 2)
            for layer, tokens in ((self._query, x), (self._key, others), (self._value, others))
        )
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self._there)
        return self._norm(self._out.onto(x, y.transpose(1, 2).flatten(2)))


class _FrameVimcan:
    """`Vimcan.step`, all body parts at once."""

    def __init__(self, vimcan: Vimcan) -> None:
        network: Any = vimcan  # what is in lists of modules has no types
        self._sensors = network.config.sensors
        parts, workspace = network.parts, Workspace()
        self._joint_rows, _ = _rows([part.joints for part in parts])
        self._sensor_rows, there = _rows([part.sensors for part in parts])
        self._visual_in, self._inertial_in = Affine.of([network.visual_in]), Affine.of([*network.inertial_in])
        self._visual, self._inertial, self._fused = (
            _FrameStMamba([*modules], workspace) for modules in (network.visual, network.inertial, network.fused)
        )
        self._attention = _FrameAttention([*network.fuse], there)
        tokens = self._joint_rows.shape[1]
        gather = stacked([_filled(layer.weight.mT, tokens * network.config.width) for layer in network.gather])
        self._gather = Affine(gather, stacked([layer.bias for layer in network.gather])[:, None])
        self._spread = Affine.of([network.spread])
        self._body = [_FrameStMamba([layer], workspace) for layer in network.body]
        self._head_norm = Norm([network.head[0]])
        self._head = Affine.of([network.head[1]], self._head_norm)

    def __call__(self, keypoints: Tensor, orientation: Tensor) -> Tensor:
        check_input("VIMCAN", "keypoints", keypoints[:, None], (JOINTS, 2))
        check_input("VIMCAN", "orientations", orientation[:, None], (self._sensors, 4))
        seen = self._visual(self._visual_in(keypoints))[0, self._joint_rows]
        felt = self._inertial(self._inertial_in(orientation[0, self._sensor_rows]))
        fused = self._fused(self._attention(seen, felt))
        groups = self._gather(fused.flatten(1)[:, None])
        x = torch.unflatten(self._spread(groups.view(1, 1, -1))[:, 0], -1, (JOINTS, -1))
        for layer in self._body:
            x = layer(x)
        return self._head(self._head_norm.plain(x))


def _rows(parts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """`(G, J)`: each part's rows, the shorter parts filled up; and which of them are its own."""
    longest = max(map(len, parts))
    rows = torch.tensor([[*part, *[0] * (longest - len(part))] for part in parts])
    return rows, torch.tensor([[k < len(part) for k in range(longest)] for part in parts])


def _filled(rows: Tensor, count: int) -> Tensor:
    """With rows of zeros after them."""
    return F.pad(rows, (0, 0, 0, count - len(rows)))
