"""HiPoser for one performer, one frame at a time: what `streaming.advance` computes, on plain arrays.

A layer is a vector of 128 values here, and most of the time of a PyTorch call on it is the call. NumPy's cost a third;
only the matrix products, where the arithmetic is, stay with PyTorch, which keeps them on one core.
"""

import math
from collections import deque
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..rig.rotation import matrix_to_sixd, sixd_to_matrix
from .backbones import MambaStack
from .features import ACCELERATION_LIMIT, ACCELERATION_SCALE, FRAME_TAPS
from .mamba import MambaBlock
from .networks.hiposer import HiPoser, Level
from .streaming import SECOND

Array = NDArray[np.float32]
_TAPS = np.array(FRAME_TAPS, np.float32)


class Sensed(NamedTuple):
    """One frame of `features.SensorFrames`: `features (72,)`, `root`, `frame` and `heading (3, 3)`."""

    features: Array
    root: Array
    frame: Array
    heading: Array


class FrameOutput(NamedTuple):
    """One frame of `HiPoserOutput`: `rotations (24, 3, 3)`, `velocity (3,)`, `contact (2,)` logits."""

    rotations: Array
    velocity: Array
    contact: Array


class FrameNetwork:
    """A `HiPoser` with Mamba inside, and all that it remembers of one performer."""

    def __init__(self, network: HiPoser) -> None:
        self._config = network.config
        self._levels = [_Level(level) for level in network.levels]
        self._embed_sensors = _Affine(network.embed_sensors)
        self._embed_pose = None if network.embed_pose is None else _Affine(network.embed_pose)
        self._embed_parts = _Affine(network.embed_parts)
        self._embed_position = None if network.embed_position is None else _Affine(network.embed_position)
        self._heads = [_Affine(head) for head in network.heads.values()]
        self._head_levels = network.head_levels
        self._velocity = _Affine(network.head_velocity)
        self._contact = None if network.head_contact is None else _Affine(network.head_contact)
        self._taps = np.array(network.taps, np.float32)
        self._joint_rows = network.joint_rows.numpy()
        self._measured_joints = network.measured_joints.numpy()
        self._state_joints = network.state_joints.numpy()
        self._past: Array | None = None
        self._recent: Array | None = None
        self._steps: deque[Array] = deque(maxlen=SECOND)
        self._frames = 0
        self._refresh(np.zeros((24, 6), np.float32), np.zeros(3, np.float32))

    def sense(self, orientation: Array, acceleration: Array, present: NDArray[np.bool_]) -> Sensed:
        """`sensor_features` of `orientation (6, 3, 3)`, `acceleration (6, 3)` and `present (6,)`."""
        root = orientation[5]
        frame = self._smoothed(root)
        heading = _heading(frame)
        rotations = np.empty_like(orientation)
        rotations[:5] = frame.T @ orientation[:5]
        rotations[5] = heading.T @ root
        free = acceleration * present[:, None]
        free[:5] = acceleration[:5] - free[5]
        free = (free @ frame) / np.float32(ACCELERATION_SCALE)
        free = np.minimum(np.maximum(free, -ACCELERATION_LIMIT), ACCELERATION_LIMIT)
        seen = present[:, None]
        features = np.concatenate([(free * seen).ravel(), (rotations.reshape(6, 9) * seen).ravel()])
        return Sensed(features.astype(np.float32, copy=False), root, frame, heading)

    def say(self, sensed: Sensed) -> FrameOutput:
        """The network's answer; every `config.window` frames the motion states are refreshed."""
        h = self._embed_sensors(sensed.features)
        h = sensors = h if self._pose is None else np.concatenate([h, self._pose])
        parallel = self._config.parts and not self._config.hierarchy
        entries: list[Array] = []
        for k, level in enumerate(self._levels):
            h = sensors if parallel else h
            if k == 3:
                h = self._embed_parts(h)
                h = h if self._position is None else np.concatenate([h, self._position])
            h = level(h)
            if k in self._head_levels:
                entries.append(self._heads[len(entries)](h))
        rotations = self._smooth(np.concatenate(entries)).reshape(24, 9)[self._joint_rows]
        if self._config.sensor_skip:
            rotations[self._measured_joints] += sensed.features[18:63].reshape(5, 9)
        contact = np.zeros(2, np.float32) if self._contact is None else self._contact(h)
        output = FrameOutput(rotations.reshape(24, 3, 3), self._velocity(h), contact)
        self._remember(output, sensed.heading)
        return output

    def _smoothed(self, root: Array) -> Array:
        past = np.repeat(root[None], len(FRAME_TAPS) - 1, axis=0) if self._past is None else self._past
        padded = np.concatenate([past, root[None]])
        self._past = padded[1:]
        x, y = (_TAPS @ padded.reshape(-1, 9)).reshape(3, 3).T[:2]
        x = x / np.sqrt(x @ x)
        y = y - (x @ y) * x
        y = y / np.sqrt(y @ y)
        z = x[[1, 2, 0]] * y[[2, 0, 1]] - x[[2, 0, 1]] * y[[1, 2, 0]]
        return np.stack([x, y, z], axis=-1)

    def _smooth(self, said: Array) -> Array:
        past = np.repeat(said[None], len(self._taps) - 1, axis=0) if self._recent is None else self._recent
        padded = np.concatenate([past, said[None]])
        self._recent = padded[1:]
        smooth: Array = self._taps @ padded
        return smooth

    def _remember(self, output: FrameOutput, heading: Array) -> None:
        self._steps.append(heading @ output.velocity / SECOND)
        self._frames += 1
        if self._frames % self._config.window == 0:
            pose = matrix_to_sixd(sixd_to_matrix(matrix_to_sixd(output.rotations)))
            self._refresh(pose.astype(np.float32), heading.T @ np.sum(self._steps, axis=0))

    def _refresh(self, pose: Array, displacement: Array) -> None:
        """The motion states hold for a window, so their embeddings are computed once for it."""
        self._pose = None if self._embed_pose is None else self._embed_pose(pose[self._state_joints].ravel())
        self._position = None if self._embed_position is None else self._embed_position(displacement)


class _Affine:
    """`nn.Linear` on a vector."""

    def __init__(self, linear: nn.Module) -> None:
        assert isinstance(linear, nn.Linear)
        self._weight = linear.weight.detach().contiguous()
        self._bias = None if linear.bias is None else linear.bias.detach().numpy()
        self._product = torch.zeros(len(self._weight))
        self._values: Array = self._product.numpy()

    def __call__(self, x: Array) -> Array:
        torch.mv(self._weight, torch.from_numpy(x), out=self._product)
        values: Array = self._values.copy() if self._bias is None else self._values + self._bias
        return values


class _Norm:
    """`nn.LayerNorm` on a vector, or nothing."""

    def __init__(self, norm: nn.Module) -> None:
        self._nothing = not isinstance(norm, nn.LayerNorm)
        if isinstance(norm, nn.LayerNorm):
            self._weight: Array = norm.weight.detach().numpy()
            self._bias: Array = norm.bias.detach().numpy()
            self._mean = np.full_like(self._weight, 1 / len(self._weight))
            self._eps = norm.eps

    def __call__(self, x: Array) -> Array:
        if self._nothing:
            return x
        centred = x - x @ self._mean
        scale = 1 / math.sqrt(float(centred @ centred) / len(x) + self._eps)
        normed: Array = centred * (self._weight * np.float32(scale)) + self._bias
        return normed


class _Block:
    """`MambaBlock.step` with its state."""

    def __init__(self, block: MambaBlock) -> None:
        assert block.conv1d.bias is not None
        self._split = block.rank, block.rank + block.states
        self._in, self._out = _Affine(block.in_proj), _Affine(block.out_proj)
        self._select, self._delta = _Affine(block.x_proj), _Affine(block.dt_proj)
        self._taps: Array = np.ascontiguousarray(block.conv1d.weight.detach()[:, 0].numpy().T)
        self._bias: Array = block.conv1d.bias.detach().numpy()
        self._rates: Array = np.ascontiguousarray(-np.exp(block.A_log.detach().numpy()).T)
        self._skip: Array = block.D.detach().numpy()
        self._window = np.zeros_like(self._taps)  # (kernel, inner)
        self._memory = np.zeros_like(self._rates)  # (N, inner): the long axis last, where NumPy is quick

    def __call__(self, x: Array) -> Array:
        both = self._in(x)
        u, gate = both[: len(both) // 2], both[len(both) // 2 :]
        self._window[:-1] = self._window[1:]
        self._window[-1] = u
        u = _silu(np.add.reduce(self._window * self._taps, axis=0) + self._bias)
        selected = self._select(u)
        delta = _softplus(self._delta(selected[: self._split[0]]))
        b, c = selected[self._split[0] : self._split[1]], selected[self._split[1] :]
        decay = delta * self._rates
        self._memory *= np.exp(decay, out=decay)
        self._memory += b[:, None] * (delta * u)
        y = c @ self._memory + self._skip * u
        return self._out(y * _silu(gate))


class _Level:
    """`Level` with its state."""

    def __init__(self, level: nn.Module) -> None:
        assert isinstance(level, Level)
        stack = level.backbone
        if not isinstance(stack, MambaStack):
            raise TypeError("Only HiPoser with the Mamba backbone runs frame by frame.")
        self._residual = stack.residual
        self._norms = [_Norm(norm) for norm in stack.norms]
        self._blocks = [_Block(block) for block in stack.blocks if isinstance(block, MambaBlock)]
        self._project = _Affine(level.project)

    def __call__(self, x: Array) -> Array:
        for norm, block in zip(self._norms, self._blocks, strict=True):
            y = block(norm(x))
            x = x + y if self._residual else y
        return self._project(x)


def _softplus(x: Array) -> Array:
    result: Array = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return result


def _silu(x: Array) -> Array:
    half = x * np.float32(0.5)
    product: Array = half * np.tanh(half) + half  # x · sigmoid(x), which does not overflow this way
    return product


def _heading(frame: Array) -> Array:
    sine, cosine = float(frame[0, 2] - frame[2, 0]), float(frame[0, 0] + frame[2, 2])
    size = (sine * sine + cosine * cosine) ** 0.5
    s, c = (sine / size, cosine / size) if size > 0 else (0.0, 1.0)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)
