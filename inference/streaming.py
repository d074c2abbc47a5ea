"""HiPoser over time: motion states refreshed every window, memories carried, by frame or by window.

The paper resets the network every 300 frames and hands over the last pose and position only. Here the
memories go on, so that nothing happens at a window's edge, and the motion states are refreshed as in the
paper; docs/networks/hiposer.md has the measurement behind this choice.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from .features import SensorFrames, sensor_features
from .networks.hiposer import HiPoser, HiPoserOutput, HiPoserState, MotionState

SECOND = 60  # frames


class StreamState(NamedTuple):
    """What is carried from frame to frame, for a batch of one or more performers."""

    network: HiPoserState
    past: Tensor | None  # pelvis rotations of the last frames, for `sensor_features`
    travel: Tensor  # (B, up to 60, 3) pelvis steps of the last second, world, metres
    frames: int


class Answer(NamedTuple):
    """One stretch of frames: what the network said and the frames it said it in."""

    output: HiPoserOutput
    sensors: SensorFrames


def start(network: HiPoser, batch: int = 1) -> StreamState:
    """Before the first frame."""
    weight = network.embed_sensors.weight
    return StreamState(network.initial_state(batch), None, weight.new_zeros(batch, 0, 3), 0)


def advance(
    network: HiPoser, orientation: Tensor, acceleration: Tensor, present: Tensor, state: StreamState
) -> tuple[Answer, StreamState]:
    """Frames `(B, T, 6, …)` that do not cross a window's edge; T = 1 takes the network's `step`."""
    sensors = sensor_features(orientation, acceleration, present, state.past)
    if orientation.shape[1] == 1:
        single, after = network.step(sensors.features[:, 0], state.network)
        output = HiPoserOutput(*(value[:, None] for value in single))
    else:
        output, after = network(sensors.features, state.network)
    steps = (sensors.heading @ output.velocity[..., None])[..., 0] / SECOND
    travel = torch.cat([state.travel, steps], dim=1)[:, -SECOND:]
    frames = state.frames + orientation.shape[1]
    if frames % network.config.window == 0:
        after = after._replace(motion=_motion_state(output, sensors, travel))
    return Answer(output, sensors), StreamState(after, sensors.past, travel, frames)


def run(
    network: HiPoser,
    orientation: Tensor,
    acceleration: Tensor,
    present: Tensor,
    progress: Callable[[int], None] = lambda frames: None,
) -> Iterator[Answer]:
    """A whole recording `(B, T, 6, …)`, window by window."""
    state, window = start(network, len(orientation)), network.config.window
    for begin in range(0, orientation.shape[1], window):
        piece = slice(begin, begin + window)
        answer, state = advance(network, orientation[:, piece], acceleration[:, piece], present[:, piece], state)
        progress(min(begin + window, orientation.shape[1]))
        yield answer


def _motion_state(output: HiPoserOutput, sensors: SensorFrames, travel: Tensor) -> MotionState:
    """R_init and P_init from the last frame of a window (paper eqs. 9 and 10)."""
    entries = output.rotations[:, -1]
    x = torch.nn.functional.normalize(entries[..., 0], dim=-1)
    y = entries[..., 1] - (x * entries[..., 1]).sum(-1, keepdim=True) * x
    sixd = torch.cat([x, torch.nn.functional.normalize(y, dim=-1)], dim=-1)
    moved = sensors.heading[:, -1].transpose(-1, -2) @ travel.sum(1)[..., None]
    return MotionState(sixd, moved[..., 0])
